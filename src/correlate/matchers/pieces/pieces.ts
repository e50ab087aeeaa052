import type { Range } from "../../../packets/results/results.js";
import type { Timeline } from "../../../packets/timeline.js";

/** What says which bytes of a stream a segment has. */
export type Bytes = Pick<Timeline, "seq" | "payloadLength">;

/**
 * Which of some packets are pieces of a segment that was cut evenly, in order: all but the last are of one size (Linux:
 * net/ipv4/tcp_offload.c, tcp_gso_segment). Where `isCounting`, the IP ID of each tells as well which one it is
 * (net/ipv4/af_inet.c, inet_gso_segment). None where they fit several sizes, or two are the same piece.
 *
 * Precondition: each of the packets is a part of the segment, as `isPartOf` has it.
 */
export function evenPieces(t: Timeline, whole: number, rows: readonly number[], isCounting: boolean): number[] {
  const sizes = new Set<number>();
  const pieces: number[] = [];
  for (const row of rows) {
    const size = sizeFor(t, whole, row, isCounting ? (t.ipId(row) - t.ipId(whole)) & 0xffff : undefined);
    if (size === 0) continue;
    pieces.push(row);
    if (size !== ANY) sizes.add(size);
  }
  const [size] = sizes;
  const places = new Set(pieces.map((row) => offsetIn(t, whole, row) / size));
  const isFitting = sizes.size === 1 && [...places].every(Number.isInteger) && places.size === pieces.length;
  return isFitting ? pieces.sort((a, b) => offsetIn(t, whole, a) - offsetIn(t, whole, b)) : [];
}

/** A segment is cut at once, and merged from what comes at once, nanoseconds: without IP IDs, pieces further apart are of several. */
export const BURST_NS = 1_000_000;

/** Whether packets came at once. */
export function areAtOnce(t: Timeline, rows: readonly number[]): boolean {
  const times = rows.map((row) => t.timeNs(row));
  return Math.max(...times) - Math.min(...times) <= BURST_NS;
}

/** Whether two segments have some bytes in common. */
export function shareBytes(t: Bytes, a: number, b: number): boolean {
  const from = offsetIn(t, a, b);
  return from < t.payloadLength(a) && -from < t.payloadLength(b);
}

/** Whether two segments have the very same bytes. */
export function haveSameBytes(t: Timeline, a: number, b: number): boolean {
  return t.seq(a) === t.seq(b) && t.payloadLength(a) === t.payloadLength(b);
}

/** Whether a packet has bytes of a segment, nothing else, and not all of them. */
export function isPartOf(t: Timeline, row: number, whole: number): boolean {
  const from = offsetIn(t, whole, row);
  const [bytes, most] = [t.payloadLength(row), t.payloadLength(whole)];
  return from >= 0 && from + bytes <= most && bytes > 0 && bytes < most;
}

/** The bytes of a segment that none of some of its pieces has. `pieces`: in order. */
export function missingBetween(t: Timeline, whole: number, pieces: readonly number[]): Range[] {
  const missing: Range[] = [];
  let end = 0;
  const lack = (to: number): void => {
    if (to > end) missing.push({ seq: (t.seq(whole) + end) >>> 0, length: to - end });
  };
  for (const piece of pieces) {
    const from = offsetIn(t, whole, piece);
    lack(from);
    end = from + t.payloadLength(piece);
  }
  lack(t.payloadLength(whole));
  return missing;
}

/** Said of a last piece: whatever the size of the others. */
const ANY = -1;

/** Which size the pieces of a segment must have for a packet to be one of them, the `place`-th from 0 where that is known; 0 where it can be none. */
function sizeFor(t: Timeline, whole: number, row: number, place: number | undefined): number {
  const from = offsetIn(t, whole, row);
  const bytes = t.payloadLength(row);
  const isLast = from + bytes === t.payloadLength(whole);
  if (place === undefined) return isLast ? ANY : bytes;
  if (place === 0) return from === 0 ? bytes : 0;
  const size = from / place;
  return Number.isInteger(size) && (isLast ? bytes <= size : bytes === size) ? size : 0;
}

/** Where a packet begins in a segment. */
export function offsetIn(t: Bytes, whole: number, row: number): number {
  return (t.seq(row) - t.seq(whole)) | 0;
}
