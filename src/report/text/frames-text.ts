/** The first of some frames, as `#12 #15`. */
export function framesText(frames: readonly number[], most: number): string {
  return frames
    .slice(0, most)
    .map((frame) => `#${frame}`)
    .join(" ");
}
