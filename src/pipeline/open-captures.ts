import { openCapture } from "../capture/open.js";
import type { FrameSource } from "../packets/batches/frames.js";
import type { Heap } from "../packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import { type Captures, type OpenEvents, pathsOf, type SideFrames } from "./captures.js";
import { openChain } from "./chain.js";
import { splitCapture } from "./split.js";

/**
 * Opens the frames of both sides, their bytes in the heap.
 *
 * @throws CaptureError where a capture cannot be used.
 */
export async function openCaptures(from: Captures, events: OpenEvents, heap: Heap): Promise<SideFrames> {
  const open = (path: string, capture: number, isLook = false): Promise<FrameSource> =>
    openCapture(path, {
      onWarning: (text, isDamage) => isLook || events.onWarning(text, isDamage),
      onBytes: (read, total) => isLook || events.onBytes(capture, read, total),
      heap,
    });
  if ("sides" in from)
    return splitCapture(await open(from.path, 0), from.sides, { onWarning: (text) => events.onWarning(text), heap });
  // all at the same time: a FIFO waits for its writer
  const paths = pathsOf(from);
  const opening = [...from[INSIDE], ...from[OUTSIDE]].map((files) =>
    files.length === 1
      ? open(files[0], paths.indexOf(files[0]))
      : openChain(`${files[0]} and ${files.length - 1} more`, files, (path, isLook) =>
          open(path, paths.indexOf(path), isLook),
        ),
  );
  const opened = await Promise.allSettled(opening);
  const failed = opened.find((each) => each.status === "rejected");
  const sources = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (failed !== undefined) {
    await Promise.all(sources.map((each) => each.close()));
    throw failed.reason;
  }
  return [sources.slice(0, from[INSIDE].length), sources.slice(from[INSIDE].length)];
}
