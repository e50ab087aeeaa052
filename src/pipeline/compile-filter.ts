import { LINK_TYPES } from "../protocols/link-types.js";
import { compileFilter } from "../capture/live/filter.js";
import type { FrameFilter } from "./frame-filter.js";

/** A filter that is compiled for so long has names in it that are being looked up. */
const SOON_MS = 1500;

/**
 * Compiles a filter for all link types, of which a capture may have several. `warn` is told what is waited for, where that takes its time.
 *
 * @throws FilterError where there is none that libpcap takes it for, or a name in it is not known, CaptureError where libpcap is missing.
 */
export async function frameFilter(text: string, warn: (text: string) => void = () => {}): Promise<FrameFilter> {
  const waiting = setTimeout(() => warn(`filter '${text}': waiting for its names to be looked up (DNS)`), SOON_MS);
  const programs = new Map<number, Int32Array>();
  const refusals = new Map<number, string>();
  const errors: Error[] = [];
  try {
    for (const linkType of LINK_TYPES) {
      // one after the other: not all that libpcap looks names up by may be called twice at a time (getnetbyname)
      const compiled = await compileFilter(text, linkType);
      if (compiled instanceof Int32Array) programs.set(linkType, compiled);
      else {
        refusals.set(linkType, compiled.message);
        errors.push(compiled);
      }
    }
  } finally {
    clearTimeout(waiting);
  }
  if (programs.size === 0) throw errors[0];
  return { programs, refusals };
}
