import type { FrameFilter } from "../../pipeline/frame-filter.js";
import type { Host } from "../host.js";
import type { Messages } from "../messages.js";
import { untilAborted } from "../../asking/until.js";

/**
 * The filter of a command line, compiled; undefined where it is empty, and where the host wants an end before the names in it are known.
 *
 * @throws CaptureError where libpcap is missing.
 * @throws FilterError where libpcap does not take the filter.
 */
export async function filterFor(text: string, messages: Messages, host: Host): Promise<FrameFilter | undefined> {
  if (text === "") return undefined;
  const { frameFilter } = await import("../../pipeline/compile-filter.js");
  return untilAborted(
    frameFilter(text, (said) => messages.warn(said)),
    host.stop,
  );
}
