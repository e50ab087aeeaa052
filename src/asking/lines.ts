import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable, type Writable } from "node:stream";
import { CaptureError } from "../capture/errors.js";
import { failureText } from "./tools.js";

/**
 * The lines of a file, however long it is.
 *
 * @throws CaptureError naming the file, where it cannot be read.
 */
export async function* linesIn(path: string): AsyncGenerator<string> {
  try {
    yield* createInterface(createReadStream(path));
  } catch (error) {
    throw new CaptureError(`${path}: cannot be read: ${failureText(error)}`);
  }
}

/** Hands on each line that a process prints, as it comes. */
export function linesOf(
  stream: Readable | Writable | null | undefined,
  take: (line: string) => void,
  onEnd = nothing,
): void {
  if (stream instanceof Readable) createInterface(stream).on("line", take).on("close", onEnd);
}

function nothing(): void {}
