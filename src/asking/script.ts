import type { ChildProcess } from "node:child_process";
import { linesOf } from "./lines.js";

/** Why a script, which goes on until its input ends, did not begin: what it says first on stderr, or that it ended. Never resolves while all is well. */
export function failureOf(script: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve) => {
    script.on("error", () => resolve(`${name} is not there`));
    // one that has ended says why on stderr; that its input is closed says less
    script.stdin?.on("error", nothing);
    script.on("close", () => resolve(`${name} ended`));
    linesOf(script.stderr, resolve);
  });
}

function nothing(): void {}
