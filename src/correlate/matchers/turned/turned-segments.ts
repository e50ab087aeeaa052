import { IS_FRAGMENT } from "../../../packets/packets.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { AMBIGUOUS, DECIDED } from "../../../packets/fates.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { firstBehind } from "../behind.js";
import { areAtOnce, evenPieces, isPartOf, missingBetween, shareBytes } from "../pieces/pieces.js";

/** The packets of one side that a packet was, before a rewrite and after it. */
export type Forms = readonly [befores: readonly number[], afters: readonly number[]];

/**
 * The two forms of a TCP segment that was turned round on its side and cut differently there (TSO, GSO, GRO): one packet that all others make up,
 * evenly cut, with IP IDs that count. Without IP IDs, `limitNs` is the longest that it may have taken, and none may be sent twice. `row`: the first packet of the form
 * before the rewrite; `afterWay`: the way of the other one. Null where there is no such segment.
 */
export function turnedSegment(t: Timeline, row: number, afterWay: number, limitNs: number): Forms | null {
  const hasId = t.ipId(row) !== 0;
  const untilNs = hasId ? Number.POSITIVE_INFINITY : t.timeNs(row) + limitNs;
  const [befores, afters]: [number[], number[]] = [[row], []];
  const isPast = (later: number): boolean => {
    if (t.timeNs(later) > untilNs) return true;
    if (t.side(later) !== t.side(row) || t.proto(later) !== TCP || t.ack(later) !== t.ack(row)) return false;
    if (t.way(later) === t.way(row)) befores.push(later);
    else if (t.way(later) === afterWay && t.ttl(row) - t.ttl(later) === 1) afters.push(later);
    return false;
  };
  firstBehind(t, row, AMBIGUOUS, isPast);
  const cut = partsOf(t, row, afters, hasId);
  if (cut.length > 0)
    return hasId || !befores.some((each) => each !== row && shareBytes(t, each, row)) ? [[row], cut] : null;
  const wholes = afters.filter((whole) => isPartOf(t, row, whole));
  const merged = wholes.map((whole) => partsOf(t, whole, befores, hasId)).filter((parts) => parts[0] === row);
  return merged.length === 1 && (hasId || wholes.length === 1) ? [merged[0], [wholes[0]]] : null;
}

/** Whether a packet that is turned round may have come out as something that waits behind it, or is left undecided. `afterWay` as above. */
export function mayHaveComeOut(t: Timeline, row: number, afterWay: number): boolean {
  if ((t.flags(row) & IS_FRAGMENT) !== 0) return true;
  // an IPv6 packet has an identification from where it is cut on
  const isIpv6 = t.isIpv6(row);
  const isPart = (later: number): boolean => {
    if (t.side(later) !== t.side(row) || t.proto(later) !== t.proto(row)) return false;
    return t.proto(row) === TCP
      ? t.way(later) === afterWay && shareBytes(t, later, row)
      : (t.flags(later) & IS_FRAGMENT) !== 0 && (isIpv6 || t.ipId(later) === t.ipId(row));
  };
  return firstBehind(t, row, DECIDED, isPart) !== NONE;
}

/** All of the packets that make up a segment; none where they do not. */
function partsOf(t: Timeline, whole: number, rows: readonly number[], hasId: boolean): readonly number[] {
  const parts = evenPieces(
    t,
    whole,
    rows.filter((row) => isPartOf(t, row, whole)),
    hasId,
  );
  const isOne = parts.length > 1 && (hasId || areAtOnce(t, parts));
  return isOne && missingBetween(t, whole, parts).length === 0 ? parts : [];
}
