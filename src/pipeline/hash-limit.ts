import type { CaptureInterface, FrameBatch } from "../packets/frames.js";
import { linkHeaderBytes, mayBeTagged, TAGS_BYTES } from "../protocols/link-types.js";
import type { Limits } from "../wire/decode.js";

/**
 * How many frames at the beginning of a capture tell how it was cut. Counted in frames, not in what a source gives at once: it must not
 * matter whether a capture comes from a file or from a pipe.
 */
export const TELLING_FRAMES = 256;

/** What the beginnings of two captures say of both: of no packet is more looked at than the shorter one keeps of most. */
export function limitsOf(...sides: readonly Beginning[]): Limits {
  const limits = sides.flatMap(({ batches, interfaces, isLive }) => {
    const frames = firstFrames(batches);
    const used = isLive ? interfaces : interfaces.filter((_, iface) => frames.some((frame) => frame.iface === iface));
    return [declared(used), observed(frames, interfaces)];
  });
  const shortest = (limit: (of: Limits) => number): number => Math.max(0, Math.min(...limits.map(limit)));
  return { key: shortest(({ key }) => key), headers: shortest(({ headers }) => headers) };
}

export interface Beginning {
  readonly batches: readonly FrameBatch[];
  readonly interfaces: readonly CaptureInterface[];
  /** Then all its interfaces are known, those that are silent as well. */
  readonly isLive: boolean;
}

/** What a capture's writer meant to keep. */
function declared(interfaces: readonly CaptureInterface[]): Limits {
  const limited = interfaces.filter(({ snaplen }) => snaplen > 0);
  const headers = limited.map(({ snaplen, linkType }) => snaplen - linkHeaderBytes(linkType));
  const keys = limited.map(({ linkType }, n) => headers[n] - tagsBytes(linkType));
  return { key: Math.min(...keys), headers: Math.min(...headers) };
}

/**
 * Where a capture was cut: tools that trim one later leave in its header what that said before. It is the shortest length that at least
 * half of the frames were cut to which are longer: a few odd frames do not decide for all.
 */
function observed(frames: readonly Frame[], interfaces: readonly CaptureInterface[]): Limits {
  const linkTypes = frames.map(({ iface }) => interfaces[iface]?.linkType ?? 0);
  const kept = frames.map(({ captured }, n) => captured - linkHeaderBytes(linkTypes[n]));
  const sent = frames.map(({ original }, n) => original - linkHeaderBytes(linkTypes[n]));
  const cuts = kept.filter((bytes, n) => bytes < sent[n]).sort((a, b) => a - b);
  const cut = cuts.find((bytes) => {
    const asShort = cuts.filter((other) => other <= bytes).length;
    const longer = sent.filter((other) => other > bytes).length;
    return 2 * asShort >= longer;
  });
  const headers = cut ?? Number.POSITIVE_INFINITY;
  return { key: headers - Math.max(0, ...linkTypes.map(tagsBytes)), headers };
}

function tagsBytes(linkType: number): number {
  return mayBeTagged(linkType) ? TAGS_BYTES : 0;
}

interface Frame {
  readonly captured: number;
  readonly original: number;
  readonly iface: number;
}

function firstFrames(batches: readonly FrameBatch[]): Frame[] {
  const frames: Frame[] = [];
  for (const { count, captured, original, iface } of batches) {
    for (let row = 0; row < count && frames.length < TELLING_FRAMES; row++)
      frames.push({ captured: captured[row], original: original[row], iface: iface[row] });
  }
  return frames;
}
