import { LINK_TYPES } from "../protocols/link-types.js";
import { compileFilter } from "../capture/live/filter.js";
import type { FrameFilter } from "./frame-filter.js";

/**
 * Compiles a filter for all link types, of which a capture may have several.
 *
 * @throws FilterError where there is none that libpcap takes it for, CaptureError where libpcap is missing.
 */
export function frameFilter(text: string): FrameFilter {
  const programs = new Map<number, Int32Array>();
  const refusals = new Map<number, string>();
  const errors: Error[] = [];
  for (const linkType of LINK_TYPES) {
    const compiled = compileFilter(text, linkType);
    if (compiled instanceof Int32Array) programs.set(linkType, compiled);
    else {
      refusals.set(linkType, compiled.message);
      errors.push(compiled);
    }
  }
  if (programs.size === 0) throw errors[0];
  return { programs, refusals };
}
