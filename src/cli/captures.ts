import { openCapture } from "../capture/open.js";
import { type SideSelectors, splitCapture } from "../capture/split.js";
import type { FrameSource } from "../packets/frames.js";
import type { Heap } from "../packets/heap.js";

/** The captures of the inside and of the outside, or one with both. */
export type Captures =
  | readonly [inside: string, outside: string]
  | { readonly path: string; readonly sides: SideSelectors };

/** What there is to tell while captures are read. */
export interface OpenEvents {
  /** Of damage and of what a capture leaves out; the text is complete. */
  onWarning(text: string): void;
  /** Of progress: bytes of a file read so far, and how many it has, where that is known. `capture`: its index. */
  onBytes(capture: number, read: number, total: number | undefined): void;
}

/** The files to be read. */
export function pathsOf(from: Captures): readonly string[] {
  return "sides" in from ? [from.path] : from;
}

/**
 * Opens the frames of both sides, their bytes in the heap.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function openCaptures(
  from: Captures,
  events: OpenEvents,
  heap: Heap,
): Promise<[FrameSource, FrameSource]> {
  const open = (path: string, capture: number): Promise<FrameSource> =>
    openCapture(path, {
      onWarning: (text) => events.onWarning(text),
      onBytes: (read, total) => events.onBytes(capture, read, total),
      heap,
    });
  if (!("sides" in from)) return Promise.all([open(from[0], 0), open(from[1], 1)]);
  return splitCapture(await open(from.path, 0), from.sides, events);
}
