import { openCapture } from "../capture/open.js";
import type { FrameSource } from "../packets/batches/frames.js";
import type { Heap } from "../packets/memory/heap.js";
import type { Captures, OpenEvents } from "./captures.js";
import { splitCapture } from "./split.js";

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
      onWarning: (text, isDamage) => events.onWarning(text, isDamage),
      onBytes: (read, total) => events.onBytes(capture, read, total),
      heap,
    });
  if (!("sides" in from)) return Promise.all([open(from[0], 0), open(from[1], 1)]);
  return splitCapture(await open(from.path, 0), from.sides, { onWarning: (text) => events.onWarning(text), heap });
}
