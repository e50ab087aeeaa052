import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { run } from "../../src/cli/program.js";
import type { Host } from "../../src/cli/host.js";

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** What a command line came to. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command line in this process: most are over before a process would have started. What is about the process itself is
 * tested with one (`test/cli/main.test.ts`). No message is folded.
 */
export function natcorr(...args: readonly string[]): Promise<Printed> {
  return printed(run, {}, args, NO_FOLD);
}

/** The same with these variables in its environment, and no others; messages are folded as these say. */
export function natcorrIn(env: Host["env"], ...args: readonly string[]): Promise<Printed> {
  return printed(run, env, args);
}

/**
 * The same as it was built, which is what a user runs: for the fixtures alone, as V8 compiles this other copy of the program anew, which takes as long as
 * 200 short runs (Node 20, 2026-12).
 */
export function builtNatcorr(...args: readonly string[]): Promise<Printed> {
  const built: { readonly run: typeof run } = createRequire(import.meta.url)("../../dist/lib/program.js");
  return printed(built.run, {}, args, NO_FOLD);
}

/** What `natcorr file --format ndjson` prints in this process; it must end with 0. */
export async function filed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await natcorr("file", "--format", "ndjson", ...args);
  if (code !== 0) throw new Error(`natcorr file ended with ${code}: ${stderr}`);
  return stdout;
}

/** Columns of a terminal on which every message has one line. */
const NO_FOLD = 10_000;

async function printed(
  program: typeof run,
  env: Host["env"],
  args: readonly string[],
  columns?: number,
): Promise<Printed> {
  const stdout: Buffer[] = [];
  let stderr = "";
  const host: Host = {
    stdout: {
      isTerminal: false,
      columns: undefined,
      write(text, onTaken) {
        // a copy: once it is taken, its bytes are used again
        stdout.push(Buffer.from(text));
        onTaken?.();
      },
      block: () => {},
      drained: () => Promise.resolve(),
    },
    stderr: { isTerminal: false, rows: undefined, columns, write: (text) => void (stderr += text) },
    env,
    stop: new AbortController().signal,
    version,
    command: [process.execPath, MAIN],
    profile: fileURLToPath(new URL("../../src/report/annotated/profile", import.meta.url)),
    dissector: fileURLToPath(new URL("../../src/report/annotated/natcorr.lua", import.meta.url)),
    page: fileURLToPath(new URL("../../dist/report.html", import.meta.url)),
    onQuestion: () => {},
  };
  const code = await program(args, host);
  return { code, stdout: Buffer.concat(stdout).toString(), stderr };
}
