import { openCapture } from "../capture/open.js";
import type { FrameSource } from "../packets/batches/frames.js";
import type { Heap } from "../packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import type { Captures, OpenEvents } from "./captures.js";
import { splitCapture } from "./split.js";

/** The captures of each side. */
export type SideFrames = readonly [inside: readonly FrameSource[], outside: readonly FrameSource[]];

/**
 * Opens the frames of both sides, their bytes in the heap.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function openCaptures(from: Captures, events: OpenEvents, heap: Heap): Promise<SideFrames> {
  const open = (path: string, capture: number): Promise<FrameSource> =>
    openCapture(path, {
      onWarning: (text, isDamage) => events.onWarning(text, isDamage),
      onBytes: (read, total) => events.onBytes(capture, read, total),
      heap,
    });
  if ("sides" in from) {
    const [inside, outside] = await splitCapture(await open(from.path, 0), from.sides, {
      onWarning: (text) => events.onWarning(text),
      heap,
    });
    return [[inside], [outside]];
  }
  // all at the same time: a FIFO waits for its writer
  const opening = [...from[INSIDE], ...from[OUTSIDE]].map(([path], capture) => open(path, capture));
  const opened = await Promise.allSettled(opening);
  const failed = opened.find((each) => each.status === "rejected");
  const sources = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (failed !== undefined) {
    await Promise.all(sources.map((each) => each.close()));
    throw failed.reason;
  }
  return [sources.slice(0, from[INSIDE].length), sources.slice(from[INSIDE].length)];
}
