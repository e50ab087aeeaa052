import type { CaptureInterface, FrameBatch, FrameSource } from "../packets/batches/frames.js";
import { linkHeaderBytes } from "../protocols/link-types.js";
import type { Decoder, Limits } from "../wire/decode.js";

/**
 * How many frames at the beginning of a capture tell how it was cut. Counted in frames, not in what a source gives at once: it must not
 * matter whether a capture comes from a file or from a pipe.
 */
export const TELLING_FRAMES = 256;

/**
 * What the beginnings of two captures say of both: of no packet is more looked at than the shorter one keeps of most. What stands between
 * link header and IP header, as tags do, takes its part of a snaplen: as much as that is in these frames.
 */
export function limitsOf(decoder: Decoder, ...sides: readonly Opening<"interfaces" | "isLive">[]): Limits {
  const limits = sides.flatMap((side) => {
    const { interfaces, isLive } = side.source;
    const frames = firstFrames(decoder, side);
    const tags = interfaces.map((_, iface) => tagsOf(frames.filter((frame) => frame.iface === iface)));
    const used = interfaces.flatMap((one, iface) =>
      // of one that is running, all are known, those that are silent as well
      isLive === true || frames.some((frame) => frame.iface === iface) ? [{ ...one, ...tags[iface] }] : [],
    );
    return [declared(used), observed(frames)];
  });
  const shortest = (limit: (of: Limits) => number): number => Math.max(0, Math.min(...limits.map(limit)));
  return { key: shortest(({ key }) => key), headers: shortest(({ headers }) => headers) };
}

/** A capture, of which what is asked for is to be known, and its first frames. */
export interface Opening<Asked extends keyof FrameSource> {
  readonly source: Pick<FrameSource, Asked>;
  readonly batches: readonly FrameBatch[];
}

/** Bytes between the link header and the IP header of some frames. */
interface Tags {
  readonly fewest: number;
  readonly most: number;
}

function tagsOf(frames: readonly Frame[]): Tags {
  const tags = frames.flatMap(({ tagged }) => (tagged === undefined ? [] : [tagged]));
  return tags.length === 0 ? { fewest: 0, most: 0 } : { fewest: Math.min(...tags), most: Math.max(...tags) };
}

/** What a capture's writer meant to keep. */
function declared(interfaces: readonly (CaptureInterface & Tags)[]): Limits {
  const limited = interfaces
    .filter(({ snaplen }) => snaplen > 0)
    .map(({ snaplen, linkType, fewest, most }) => ({ bytes: snaplen - linkHeaderBytes(linkType), fewest, most }));
  return {
    key: Math.min(...limited.map(({ bytes, most }) => bytes - most)),
    headers: Math.min(...limited.map(({ bytes, fewest }) => bytes - fewest)),
  };
}

/**
 * Where a capture was cut: tools that trim one later leave in its header what that said before. It is the shortest length that at least
 * half of the frames were cut to which are longer: a few odd frames do not decide for all.
 */
function observed(frames: readonly Frame[]): Limits {
  const cuts = frames.filter(({ kept, sent }) => kept < sent).map(({ kept }) => kept);
  const cut = cuts
    .sort((a, b) => a - b)
    .find((bytes) => {
      const asShort = cuts.filter((other) => other <= bytes).length;
      const longer = frames.filter(({ sent }) => sent > bytes).length;
      return 2 * asShort >= longer;
    });
  const { fewest, most } = tagsOf(frames);
  const bytes = cut ?? Number.POSITIVE_INFINITY;
  return { key: bytes - most, headers: bytes - fewest };
}

/** A frame, by its bytes behind the link header. */
interface Frame {
  readonly kept: number;
  readonly sent: number;
  /** How many of them stand before the IP header; undefined where there is none. */
  readonly tagged: number | undefined;
  readonly iface: number;
}

function firstFrames(decoder: Decoder, { source: { interfaces }, batches }: Opening<"interfaces">): Frame[] {
  const frames: Frame[] = [];
  for (const batch of batches) {
    const ipHeaders = decoder.ipHeaders(batch, interfaces);
    const { count, start, captured, original, iface } = batch;
    for (let row = 0; row < count && frames.length < TELLING_FRAMES; row++) {
      const header = linkHeaderBytes(interfaces[iface[row]]?.linkType ?? 0);
      frames.push({
        kept: captured[row] - header,
        sent: original[row] - header,
        tagged: ipHeaders[row] < 0 ? undefined : ipHeaders[row] - start[row] - header,
        iface: iface[row],
      });
    }
  }
  return frames;
}
