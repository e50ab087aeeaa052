/**
 * What speaks for two packets with equal keys being twins, before anything is known of their translation: in bits, how unlikely it is that
 * two unrelated packets look like that. `assembly/learning.ts` says the same of first pairs over IPv4. `i` and `o` are the rows of the
 * inside packet and the outside one.
 */
import { sameAddress } from "../packets/columns.js";
import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../packets/flows.js";
import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, IS_ERROR } from "../packets/packets.js";
import type { Timeline } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";
import { isMulticast } from "./scope.js";

export const TCP_NUMBERS_BITS = 32;
/** 16 bits on paper; counters that start at 0 and step by 1 collide more often than random ones. */
export const IP_ID_BITS = 14;
const QUOTE_BITS = 8;
/** A payload may be the same in every packet of a kind (pings), so it weighs little however long it is. */
export const MOST_PAYLOAD_BITS = 4;
export const TTL_BY_ONE_BITS = 4;
export const TTL_LOWER_BITS = 2;
export const SAME_PORTS_BITS = 4;
/** Both ends the same on both sides, and the TTL lowered: plain forwarding hardly looks otherwise. */
export const FORWARDED_BITS = 8;
/** With both ends rewritten nothing of the addresses speaks for the pair. */
export const BOTH_ENDS_PENALTY_BITS = 8;
/** Strangers are stamped anywhere in the window, twins within microseconds: half the gap, one bit more … */
export const MOST_TIMING_BITS = 12;
/** … from this gap on, nanoseconds; a wider one speaks against the pair. */
export const NEUTRAL_GAP_NS = 60_000_000;

/** Whether a NAT could have turned one into the other: it leaves an end alone, or the evidence can do without that. */
export function isTranslatable(t: Timeline, tuples: TupleTable, i: number, o: number): boolean {
  const insideTuple = t.tuple(i);
  const outsideTuple = t.tuple(o);
  const rewrite = rewriteBetween(tuples, insideTuple, t.forward(i) === 1, outsideTuple, t.forward(o) === 1);
  const destination = tuples.address(insideTuple, t.forward(i) !== 1);
  if (isMulticast(tuples.isIpv6(insideTuple), tuples.words, destination)) return false;
  const isSourceKept = (rewrite & (REWRITE_SRC | REWRITE_SRC_PORT)) === 0;
  const isDestinationKept = (rewrite & (REWRITE_DST | REWRITE_DST_PORT)) === 0;
  if (isSourceKept || isDestinationKept) return true;
  if ((t.flags(i) & HAS_TCP_NUMBERS) !== 0) return true;
  // both ends rewritten: forwarding must show, and the IP ID must be there
  return t.ttl(i) !== t.ttl(o) && (t.flags(i) & HAS_IP_ID) !== 0;
}

/** What headers and payload of two packets with equal keys say for their being twins. */
export function headerBits(t: Timeline, tuples: TupleTable, i: number, o: number): number {
  const flags = t.flags(i);
  let bits = 0;
  if (flags & HAS_TCP_NUMBERS) bits += TCP_NUMBERS_BITS;
  if (flags & HAS_IP_ID) bits += IP_ID_BITS;
  if (flags & IS_ERROR) bits += QUOTE_BITS;
  if (flags & HAS_PAYLOAD) bits += Math.min(MOST_PAYLOAD_BITS, t.payloadLength(i));
  const lowered = Math.abs(t.ttl(i) - t.ttl(o));
  if (lowered === 1) bits += TTL_BY_ONE_BITS;
  else if (lowered > 1) bits += TTL_LOWER_BITS;
  const rewrite = rewriteBetween(tuples, t.tuple(i), t.forward(i) === 1, t.tuple(o), t.forward(o) === 1);
  if ((rewrite & (REWRITE_SRC_PORT | REWRITE_DST_PORT)) === 0) bits += SAME_PORTS_BITS;
  if (rewrite === 0 && lowered !== 0) bits += FORWARDED_BITS;
  if ((rewrite & REWRITE_SRC) !== 0 && (rewrite & REWRITE_DST) !== 0) bits -= BOTH_ENDS_PENALTY_BITS;
  return bits;
}

/** What the gap between the stamps of a candidate pair says for it, in bits; negative where it speaks against it. */
export function timingBits(gapNs: number): number {
  return Math.min(MOST_TIMING_BITS, Math.log2(NEUTRAL_GAP_NS / Math.max(1, Math.abs(gapNs))));
}

/** REWRITE_… bits between two tuples, each read forward or backward. An ICMP echo has one id: it counts as the source's. */
export function rewriteBetween(
  tuples: TupleTable,
  insideTuple: number,
  insideForward: boolean,
  outsideTuple: number,
  outsideForward: boolean,
): number {
  const { words } = tuples;
  const isSame = (isSource: boolean): boolean =>
    sameAddress(
      words,
      tuples.address(insideTuple, isSource === insideForward),
      words,
      tuples.address(outsideTuple, isSource === outsideForward),
    );
  let rewrite = 0;
  if (!isSame(true)) rewrite |= REWRITE_SRC;
  if (!isSame(false)) rewrite |= REWRITE_DST;
  const isOtherSource = tuples.port(insideTuple, insideForward) !== tuples.port(outsideTuple, outsideForward);
  if (tuples.isEcho(insideTuple)) {
    // one id for both ends: it follows the end whose address was rewritten
    if (isOtherSource) rewrite |= rewrite === REWRITE_DST ? REWRITE_DST_PORT : REWRITE_SRC_PORT;
    return rewrite;
  }
  if (isOtherSource) rewrite |= REWRITE_SRC_PORT;
  if (tuples.port(insideTuple, !insideForward) !== tuples.port(outsideTuple, !outsideForward))
    rewrite |= REWRITE_DST_PORT;
  return rewrite;
}
