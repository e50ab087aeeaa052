import { readFileSync } from "node:fs";
import { run } from "../../src/cli/program.js";
import type { Host } from "../../src/cli/host.js";

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);

/** What a command line came to. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command line in this process: most are over before a process would have started. What is about the process itself is
 * tested with one (`test/cli/main.test.ts`).
 */
export function natcorr(...args: readonly string[]): Promise<Printed> {
  return natcorrIn({}, ...args);
}

/** The same with these variables in its environment, and no others. */
export async function natcorrIn(env: Host["env"], ...args: readonly string[]): Promise<Printed> {
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
      drained: () => Promise.resolve(),
    },
    stderr: { isTerminal: false, rows: undefined, write: (text) => void (stderr += text) },
    env,
    stop: new AbortController().signal,
    version,
    onQuestion: () => {},
  };
  const code = await run(args, host);
  return { code, stdout: Buffer.concat(stdout).toString(), stderr };
}
