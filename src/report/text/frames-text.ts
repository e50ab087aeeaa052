/** Most flows, and most frames of a side, that are named of one thing: what can be read. NDJSON has more of them. */
export const MOST_NAMED = 5;

/** The first of some frames, in their order, as `#12 #15`. */
export function framesText(frames: readonly number[]): string {
  return frames
    .toSorted((a, b) => a - b)
    .slice(0, MOST_NAMED)
    .map((frame) => `#${frame}`)
    .join(" ");
}
