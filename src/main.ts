#!/usr/bin/env node
import { closeSync, readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import type { Host } from "./cli/host.js";

/** One Ctrl-C may come twice within so long: from the terminal, and once more from whoever runs natcorr (npx, timeout(1)). */
const ONE_WISH_MS = 500;

/** package.json stands beside dist in the repository and in the package alike. */
function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}

/** The process as commands see it. A reader of stdout that goes away asks for an end, like Ctrl-C. */
function makeHost(thread: Worker | undefined): Host {
  const { stdout, stderr, env } = process;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    const end = (): void => {
      stop.abort();
      // then a second Ctrl-C ends a process that does not end by itself
      setTimeout(() => process.off(signal, end), ONE_WISH_MS).unref();
    };
    process.on(signal, end);
  }
  // Node opens its debugger on this one where nothing is done about it
  process.on("SIGUSR1", () => {});
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    // a terminal that was hung up says EIO
    const hasNoReader = error.code === "EPIPE" || (error.code === "EIO" && stdout.isTTY);
    if (!hasNoReader) void fail(`cannot write to standard output: ${error.message}`);
    stop.abort();
  });
  // there is nowhere left to complain to
  stderr.on("error", () => stop.abort());
  return {
    stdout: {
      isTerminal: stdout.isTTY,
      columns: stdout.isTTY ? stdout.columns : undefined,
      write: (text, onTaken) => {
        stdout.write(text);
        if (onTaken === undefined) return;
        // a file takes all at once, as does a pipe with room; the callback of its own write would come later all the same
        if (stdout.writableLength === 0) onTaken();
        else stdout.write("", onTaken);
      },
      block: () => setBlocking(stdout),
      // a write calls back in its turn, and also when there is nobody to write to any more; files have nothing to wait for
      drained: (backlogBytes = 0) =>
        stdout.writableLength > backlogBytes
          ? new Promise((resolve) => stdout.write("", () => resolve()))
          : Promise.resolve(),
    },
    stderr: {
      // nothing can be shown in place on a dumb one
      isTerminal: stderr.isTTY && env["TERM"] !== "dumb",
      get rows() {
        return stderr.isTTY ? stderr.rows : undefined;
      },
      get columns() {
        return stderr.isTTY ? stderr.columns : undefined;
      },
      write: (text) => void stderr.write(text),
    },
    env,
    stop: stop.signal,
    version: version(),
    command: [process.execPath, fileURLToPath(new URL("./main.js", import.meta.url))],
    profile: fileURLToPath(new URL("./wireshark-profile", import.meta.url)),
    dissector: fileURLToPath(new URL("./natcorr.lua", import.meta.url)),
    page: fileURLToPath(new URL("./report.html", import.meta.url)),
    thread,
    onQuestion: (answer) => void process.on("SIGUSR1", answer),
  };
}

/** A stream as Node has it, with what is not documented (20.20, 2026-11). */
interface Handled {
  readonly fd: number;
  readonly _handle?: { setBlocking(isBlocking: boolean): void } | null;
}

/** Has writes to a pipe or a socket wait for its reader, as those to a file or a terminal do. */
function setBlocking({ _handle: handle }: Handled): void {
  if (handle) handle.setBlocking(true);
}

/** Has the process end as it should where its terminal was hung up: Node resets the terminals it began with, or aborts (20.20, 2026-11). */
function leaveTerminals(): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on("exit", () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}

/** Says lines, whatever they hold, and ends the process. */
async function fail(...lines: readonly string[]): Promise<never> {
  const { printable } = await import("./packets/printable.js");
  const { foldedLines } = await import("./report/text/fold.js");
  const { widthOf } = await import("./cli/width.js");
  const { stderr, env } = process;
  stderr.write(`${foldedLines(`natcorr: ${lines.map(printable).join("\n")}`, widthOf(stderr, env))}\n`);
  process.exit(1);
}

async function main(args: readonly string[]): Promise<void> {
  // the version needs nothing loaded
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    process.stdout.write(`${version()}\n`);
    return;
  }
  leaveTerminals();
  const { startEarly } = await import("./pipeline/thread.js");
  const thread = startEarly(args);
  const { setFlagsFromString } = await import("node:v8");
  // What conntrack tells is soon gone: beside 120 MiB that are kept, V8 would let 270 pile up.
  if (args[0] === "live" || args[0] === "extcap") setFlagsFromString("--heap-growing-percent=30");
  if (args[0] === "file") {
    const writes = (option: string): boolean => args.some((arg) => arg === option || arg.startsWith(`${option}=`));
    // V8 collects once 8 MiB more are there, however few are alive: half of that is 1 to 5 MiB less, for no time that can be told.
    setFlagsFromString("--incremental-marking-hard-trigger=50");
    // tables hold a hundred megabytes until they are written: to look through these for each few that are more doubles a run's time
    if (!writes("--parquet")) setFlagsFromString("--optimize-for-size");
    // What captures make objects of is soon gone, and V8 would let it pile up: 30 to 70 MiB. Of a page, less piles up, and to collect it sooner costs a tenth.
    if (!writes("--parquet") && !writes("--html")) {
      const keepYoungSmall = () => setFlagsFromString("--semi-space-growth-factor=1");
      keepYoungSmall();
      // its heap for a thread, once made, has that flag at 2 again (`Heap::ConfigureHeap` in heap.cc of V8 11.3, Node 20)
      if (thread !== undefined) thread.once("online", keepYoungSmall);
    }
  }
  const { run } = await import("./cli/program.js");
  const host = makeHost(thread);
  const code = await run(args, host);
  await host.stdout.drained();
  // a read of a FIFO nobody writes to any more would keep the process alive
  process.exit(code);
}

main(process.argv.slice(2)).catch(async (error: unknown) => {
  const { CaptureError } = await import("./capture/errors.js");
  const { HeapError } = await import("./packets/memory/heap.js");
  if (error instanceof CaptureError) await fail(error.message, ...error.advice.map((each) => `  ${each}`));
  if (error instanceof HeapError) await fail(error.message);
  const stack = (error instanceof Error && error.stack) || String(error);
  await fail("this should not have happened; please report it with what led to it:", ...stack.split("\n"));
});
