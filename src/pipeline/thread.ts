import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** A thread takes 30 to 50 ms to start (Node 20, 2026-11): as long as decoding this many bytes, or longer. */
const WORTH_A_THREAD_BYTES = 32 * 2 ** 20;

/** What decoding makes objects of is gone with the batch: V8 would let it pile up to four times that. */
const YOUNG_MB = 2;

/** What the thread runs, as it was built. */
const THREAD = new URL("./decoding-thread.js", import.meta.url);

/** Starts the thread that decodes, which then waits for its `Task`. `thread`: what it runs. */
export function startThread(thread: URL = THREAD): Worker {
  return new Worker(thread, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
}

/**
 * Starts it before the command line is read, which takes nearly as long, where there are files among its words for which it will be
 * wanted; undefined where there are none.
 */
export function startEarly(args: readonly string[], thread: URL = THREAD): Worker | undefined {
  if (args[0] !== "file") return undefined;
  const bytes = args.map(bytesOf).filter((bytes) => !Number.isNaN(bytes));
  return areEnough(bytes) ? startThread(thread) : undefined;
}

/** Whether captures are large enough for a thread of their own to save time; of streams, whose size is not known, none is. */
export function isWorthAThread(paths: readonly string[]): boolean {
  return areEnough(paths.map(bytesOf));
}

function areEnough(bytes: readonly number[]): boolean {
  return bytes.reduce((sum, each) => sum + each, 0) >= WORTH_A_THREAD_BYTES;
}

/** How large a file is; NaN for what is none, or cannot be looked at: who opens it says why. */
function bytesOf(path: string): number {
  try {
    const file = statSync(path);
    return file.isFile() ? file.size : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
