import type { Timeline } from "../../packets/timeline.js";
import type { TupleTable } from "../../packets/tuple-table.js";
import { TupleEnds } from "./flows/flow-summary.js";
import { OUTSIDE, type Side, SIDE_NAMES } from "../../packets/sides.js";
import { TCP } from "../../protocols/ip-protocols.js";
import type { Known } from "./known.js";

/** Why a packet's twin may not be in a capture, in words. */
export function whyLost(capture: string): string {
  return `${capture} lost frames about then, and may have lost this one`;
}

/** Why a packet that was answered is not said to be dropped, in words. */
export const WHY_ARRIVED =
  "what it carried was acknowledged or answered, and nothing of that was seen to cross: it, or a copy of it, crossed unseen";

/** Why an answer is not said to be dropped whose flow has another translation by now, in words. */
export const WHY_REPLACED =
  "what it answers has another translation behind it: the host may have forgotten its own, and taken it";

/** What decides where a packet may have come out behind its window, in words. */
export const WHAT_TELLS_LATE = "a longer --window would tell";

/** A time in the unit that suits it. */
export function seconds(ns: number): string {
  if (ns < 1e6) return `${+(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${+(ns / 1e6).toPrecision(3)} ms`;
  return `${+(ns / 1e9).toPrecision(6)} s`;
}

/** Why a packet is missed that should have come out on a side, in words. */
export function whyMissing({ cover, timeline: t, windowNs }: Known, row: number, side: Side): string {
  const what = t.proto(row) === TCP ? "segment" : "packet";
  const isCutOff = cover[side].of(row).some(({ endNs }) => endNs - t.timeNs(row) < windowNs);
  return `no ${what} like it came out on ${SIDE_NAMES[side]} ${isCutOff ? "before that ended" : `within ${seconds(windowNs)}`}`;
}

/** Why a packet was discarded whose TTL ran out, in words. */
export function whySpent(t: Timeline, row: number): string {
  const [ttl, rfc] = t.isIpv6(row) ? ["hop limit", "8200 section 3"] : ["TTL", "1812 section 5.3.1"];
  return `its ${ttl} was ${t.ttl(row)} and ran out at the host, which forwards no such packet (RFC ${rfc}); no ICMP error that says so was seen`;
}

/** Why nothing follows from what a capture lacks that shows nothing of a direction, in words. */
export function whyOneWay(side: Side): string {
  const direction = side === OUTSIDE ? "outbound" : "inbound";
  return `nor (nearly) any other ${direction} packet so far: the host drops all of them, or ${SIDE_NAMES[side]} was captured in one direction alone, as with tcpdump -Q`;
}

/** Why a datagram is called proxied, in words. `other`: where its other conversation is. */
export function whySentAgain(tuples: TupleTable, other: Conversation): string {
  return `a proxy on the host sends it again: ${conversationText(tuples, other)}`;
}

interface Conversation {
  readonly side: Side;
  readonly tuple: number;
}

/** A conversation, from who opened it. */
export function conversationText(tuples: TupleTable, { side, tuple }: Conversation): string {
  const { src, srcPort, dst, dstPort } = new TupleEnds(tuples).of(tuple, tuples.isOpenedByA(tuple));
  return `${src}.${srcPort} > ${dst}.${dstPort} on ${SIDE_NAMES[side]}`;
}
