import type { Command } from "commander";
import { type SideSelectors, selectorProblem } from "../../pipeline/split/selector.js";
import { fileToWrite, type ReportOptions } from "./report-options.js";
import type { SelectOptions } from "./select-options.js";

/** Options of `natcorr file`, as commander gives them. */
export interface FileOptions extends ReportOptions, SelectOptions {
  inside?: string;
  outside?: string;
  write?: string;
}

/** Adds what tells the two sides of one capture. */
export function addSideOptions(command: Command): Command {
  return command
    .option(
      "--inside <interface|prefix>",
      "of one capture: the inside's interface, by name or number, or its addresses",
    )
    .option("--outside <interface|prefix>", "the outside's (default: all that is not inside, where that is a prefix)");
}

/** Adds what writes the captures again. */
export function addWriteOption(command: Command): Command {
  return command.option(
    "-w, --write <file>",
    "write both captures to one pcapng file, with what became of each frame as its comment",
    fileToWrite,
  );
}

/** The sides of one capture that the options tell, undefined where there are none. What is wrong with them ends the command. */
export function sidesOf(command: Command, { inside, outside }: FileOptions): SideSelectors | undefined {
  if (inside === undefined && outside === undefined) return undefined;
  if (inside === undefined) return command.error("error: --outside needs --inside as well");
  const problem = selectorProblem({ inside, outside });
  return problem === undefined ? { inside, outside } : command.error(`error: ${problem}`);
}
