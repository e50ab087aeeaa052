import type { CaptureInterface, FrameBatch } from "../packets/frames.js";
import { linkHeaderBytes } from "../wire/decode.js";

/** Ethernet frames may carry two VLAN tags, and those take their bytes out of the snaplen too. */
const ETHERNET = 1;
const VLAN_TAGS_BYTES = 8;

/**
 * Bytes of a datagram, IP header included, that a capture is sure to have kept of every packet; Infinity where it cut
 * none. Twins are compared by no more than both captures kept.
 *
 * The snaplens in a capture's header are what its writer meant to keep. Tools that trim a capture later leave them as
 * they are, so the frames of its first batch have a say: one that was cut shows where.
 */
export function hashLimit(first: FrameBatch | null, interfaces: readonly CaptureInterface[]): number {
  let limit = first === null ? Number.POSITIVE_INFINITY : shortestCut(first, interfaces);
  for (const { snaplen, linkType } of interfaces) {
    if (snaplen > 0) limit = Math.min(limit, snaplen - headerBytes(linkType));
  }
  return Math.max(0, limit);
}

function shortestCut(frames: FrameBatch, interfaces: readonly CaptureInterface[]): number {
  const { count, captured, original, iface } = frames;
  let shortest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    if (captured[row] >= original[row]) continue;
    const linkType = interfaces[iface[row]]?.linkType ?? 0;
    shortest = Math.min(shortest, captured[row] - headerBytes(linkType));
  }
  return shortest;
}

function headerBytes(linkType: number): number {
  return linkHeaderBytes(linkType) + (linkType === ETHERNET ? VLAN_TAGS_BYTES : 0);
}
