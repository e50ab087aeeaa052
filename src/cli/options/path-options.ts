import { statSync } from "node:fs";
import { basename } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ClockOption } from "../../correlate/correlate.js";
import type { CaptureFiles } from "../../pipeline/captures.js";
import { addDisplayOptions, durationNs, type ReportOptions } from "./report-options.js";
import { addAskedOptions, type SelectOptions, wordsIn } from "./select-options.js";
import { capturesIn } from "./side-words.js";

/** Options of `natcorr path`, as commander gives them. */
export interface PathOptions
  extends Pick<ReportOptions, "quiet" | "format" | "window" | "width" | "color">,
    Pick<SelectOptions, "only" | "all" | "failOn"> {
  /** One for all hops, or one for each. */
  clockOffset: readonly ClockOption[];
}

/** Adds those options. */
export function addPathOptions(command: Command): Command {
  return addAskedOptions(addDisplayOptions(command)).addOption(
    new Option(
      "--clock-offset <auto|none|duration,...>",
      "each point's clock minus that of the point before it: a duration a hop",
    )
      .argParser(clockOptions)
      .default([{ kind: "auto" }], "auto"),
  );
}

/** The captures of each point that the words name. What is wrong with them ends the command. */
export function pointsOf(command: Command, words: readonly string[], { clockOffset }: PathOptions): CaptureFiles[][] {
  const points = words.map((word) => capturesIn(word));
  const seen = new Set<string>();
  for (const [at, captures] of points.entries()) {
    const isEnd = at === 0 || at === points.length - 1;
    for (const path of captures.flat()) {
      if (seen.has(path)) command.error(`error: '${path}' is given as two points`);
      seen.add(path);
      if (!isEnd && isRead(path))
        command.error(
          `error: '${path}' can be the first point or the last one only: a capture between two hops is read for each of them, and what comes by a pipe can be read once`,
        );
    }
  }
  const hops = points.length - 1;
  if (clockOffset.length > 1 && clockOffset.length !== hops)
    command.error(`error: --clock-offset has ${clockOffset.length} durations for ${hops} hops`);
  return points;
}

/** Whether what a capture holds is gone once it was read. */
function isRead(path: string): boolean {
  if (path === "-") return true;
  try {
    return statSync(path).isFIFO();
  } catch {
    // who opens it says what is wrong
    return false;
  }
}

/** What points are called: by the interface that their captures are of, else by their files, as far as that tells them apart. */
export function pointNames(points: readonly (readonly CaptureFiles[])[], interfaces: readonly string[]): string[] {
  const paths = points.map((captures) => captures.map(([first]) => first).join("+"));
  const short = points.map((captures) => captures.map(([first]) => stem(first)).join("+"));
  for (const names of [interfaces, short])
    if (names.every((name) => name !== "") && new Set(names).size === names.length) return [...names];
  return paths;
}

function stem(path: string): string {
  return basename(path).replace(/(\.(pcap|pcapng|cap|gz|zst))+\d*$/, "");
}

function clockOptions(text: string): ClockOption[] {
  if (text === "auto" || text === "none") return [{ kind: text }];
  try {
    return wordsIn(text).map((each) => ({ kind: "given", offsetNs: durationNs(each) }));
  } catch {
    throw new InvalidArgumentError("It must be auto, none, or a duration a hop, such as 0s,-3.5s,2ms.");
  }
}
