import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { at, textAt } from "../host/snapshot/json.js";

const execute = promisify(execFile);
/** A full conntrack table (262,144 entries of some 200 bytes) fits. */
const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;
/** A tool that takes longer hangs: tens of thousands of rules take some tenths of a second. */
export const MOST_MS = 10_000;
const LIMITS = { timeout: MOST_MS, killSignal: "SIGKILL" } as const;

/** Lines of a text, as many as somebody wants, and how many more it has. */
export interface FirstLines {
  readonly lines: readonly string[];
  readonly more: number;
}

/** How tools of the host's are asked: `printed` and `printedLines` below say what they give. */
export interface Tools {
  readonly printed: (tool: string, ...args: readonly string[]) => Promise<string>;
  readonly printedLines: (most: number, tool: string, ...args: readonly string[]) => Promise<FirstLines>;
}

/** As the user that natcorr is. */
export const OWN_TOOLS: Tools = { printed, printedLines };

/** What a tool of the host's prints. Throws an Error that says in one line why there is nothing. */
export async function printed(tool: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(tool, args, { ...LIMITS, maxBuffer: MOST_OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    throw new Error(failureText(error), { cause: error });
  }
}

/** The first lines that a tool prints, however many there are. Throws as `printed` does. */
async function printedLines(most: number, tool: string, ...args: readonly string[]): Promise<FirstLines> {
  try {
    const process = spawn(tool, args, { ...LIMITS, stdio: ["ignore", "pipe", "pipe"] });
    const [found, stderr, [code]] = await Promise.all([
      firstLines(most, createInterface(process.stdout)),
      text(process.stderr),
      once(process, "close"),
    ]);
    if (code !== 0) throw Object.assign(new Error(`ended with ${code}`), { stderr, killed: process.killed });
    return found;
  } catch (error) {
    throw new Error(failureText(error), { cause: error });
  }
}

export async function firstLines(most: number, from: AsyncIterable<string>): Promise<FirstLines> {
  const lines: string[] = [];
  let more = 0;
  for await (const line of from) {
    if (lines.length < most) lines.push(line);
    else more++;
  }
  return { lines, more };
}

/** Why a tool, or a file of the system's, gave nothing: in one line, without its name. */
export function failureText(error: unknown): string {
  const code = textAt(error, "code");
  if (code === "ENOENT") return "not found";
  if (code === "EACCES") return "not permitted";
  if (at(error, "killed") === true) return `did not end within ${MOST_MS / 1000} s`;
  const message = error instanceof Error ? error.message : String(error);
  return (textAt(error, "stderr") ?? message).trim().split("\n", 1)[0];
}
