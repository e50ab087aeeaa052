import type { FramePlaces } from "../../packets/frame-places.js";

/** Most flows, and most frames of a side, that are named of one thing: what can be read. NDJSON has more of them. */
export const MOST_NAMED = 5;

/** The first of some frames of a side, in their order, as `#12 #15`; where it has several captures, as `#12@docker0 #15@br-app`. */
export function framesText(frames: readonly number[], places: FramePlaces): string {
  return frames
    .toSorted((a, b) => a - b)
    .slice(0, MOST_NAMED)
    .map((frame) => `#${places.text(frame)}`)
    .join(" ");
}
