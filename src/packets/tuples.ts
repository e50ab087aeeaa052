import { field, flag, same, sizeBits, word } from "./memory/layout.js";

/** What a tuple's columns hold where there is nothing to say. */
export const NONE = -1;
/** Whether an end of a tuple is its A, for both of them. */
export const ENDS = [true, false] as const;

/** Words of a tuple's record, half a cache line: the ports of its first packet, as a packet's record has them. */
export const TUPLE_BITS = sizeBits();
export const PORTS = word();
/** What it is: the protocol, whether its packets are of IPv6, their side, and whether they came in a tunnel … */
export const KIND = word();
const [, PROTO_MASK] = field(8);
export const IS_OF_IPV6 = flag();
const [SIDE_SHIFT, SIDE_MASK] = field(1);
const IS_OF_TUNNEL = flag();
/** … and above that in the same word, what is so of it. */
export const FACTS = same(KIND);
/** Some of its packets found no twin: how many of those had no known flow, is counted beside the records … */
export const HAS_UNMATCHED = flag();
/** … and some may have one, and nothing tells which. */
export const HAS_AMBIGUOUS = flag();
/** B has sent something as well. */
export const IS_ANSWERED = flag();
/** Of equal packets of it, one is not accounted for: those behind it may be late, all of them. */
export const IS_DOUBTED = flag();
/** Packets of it were dropped, and whether that matters is not known yet: what else crosses of it is looked at. */
export const HAS_OPEN_DROPS = flag();
/** It is not given back. */
export const IS_ALIVE = flag();
/** The ports are an ICMP echo id. */
export const IS_ECHO_ID = flag();
/** A opened the conversation, not B; as far as is known: see IS_OPENER_KNOWN. */
export const IS_OPENED_BY_A = flag();
/** TCP: B has sent FIN, and A has, at 1 bit more; or one of them RST, which is both. */
export const ENDED_BY_B = flag(2);
export const ENDED_BY_BOTH = 3 * ENDED_BY_B;
/** Some evidence for a translation of an inside tuple has been gathered, not enough by now. */
export const HAS_EVIDENCE = flag();
/** Its first packet was dropped, as another flow took the port at that time: see `Clashes`. */
export const HAS_CLASHED = flag();
/** It may be one of the two connections of a proxied stream. */
export const IS_STREAM = flag();
/** B has sent a packet with a TTL that hosts begin with, and A has, at 1 bit more … */
export const HAS_FULL_TTL = flag(2);
/** Equal packets of it followed each other within what packets take. */
export const IS_BURSTING = flag();
/** What goes from B to A repeats itself, and at 1 bit more, what goes the other way: packets that only their ID or time tells apart. */
export const IS_REPEATING = flag(2);
/** A packet said who opened the conversation, or its ports do. */
export const IS_OPENER_KNOWN = flag();
/** … or with another one: it was lowered on its way. The same two bits. */
export const HAS_OTHER_TTL = flag(2);
/** All that is compared of a tuple beside addresses and ports: the bits of KIND below these. */
export const KIND_MASK = HAS_UNMATCHED - 1;
/** The addresses over IPv4, or their first words: over IPv6, both are in a row of their own. */
export const ADDRESS_A = word();
export const ADDRESS_B = word();
/** Two words, one a direction: at BOUND + forward, whether a pair has proved it, what `bind` was told, and the flow. */
export const BOUND = word(2);
export const PROVED = flag();
export const [FLOW_BITS_SHIFT, FLOW_BITS_MASK] = field(2);
export const [FLOW_SHIFT] = field(29);
/** NONE for a flow, and nothing else. */
export const UNBOUND = NONE << FLOW_SHIFT;
/** A float, which is exact enough to tell what has been silent for seconds: the time of the last packet. */
export const LAST_NS = word();
/** What it is filed under. */
export const HASH = word();

/** Of a row that a tuple over IPv6 has beside that: A's address, and where B's begins. */
export const WIDE_BITS = sizeBits();
word(4);
export const WIDE_B = word(4);

/** What KIND says at first … */
export function kindOf(proto: number, isIpv6: boolean, side: number, isTunneled: boolean): number {
  return proto | (isIpv6 ? IS_OF_IPV6 : 0) | (side << SIDE_SHIFT) | (isTunneled ? IS_OF_TUNNEL : 0);
}
/** … and what it says of that. */
export function protoOf(kind: number): number {
  return kind & PROTO_MASK;
}
export function isOfIpv6(kind: number): boolean {
  return (kind & IS_OF_IPV6) !== 0;
}
export function sideOf(kind: number): number {
  return (kind >> SIDE_SHIFT) & SIDE_MASK;
}
export function isOfTunnel(kind: number): boolean {
  return (kind & IS_OF_TUNNEL) !== 0;
}

/**
 * A tuple is found by its hash in a cell of one word, or in the next ones, up to an empty one, which is 0: so many of the lowest bits of the hash, and
 * above them its number and 1 more, for which 25 bits suffice: so many do not fit the memory. Those of any other hash are mostly passed over without a
 * look at their tuples.
 */
export const TAG_BITS = 7;

/** A tuple and a direction in one number, a *way*: twice the tuple, and 1 more where it leads from the tuple's A to its B. The opposite way is `way ^ 1`. */
export function wayOfTuple(tuple: number, forward: number): number {
  return (tuple << 1) | forward;
}
export function tupleIn(way: number): number {
  return way >> 1;
}
export function forwardIn(way: number): number {
  return way & 1;
}
export function isFromA(way: number): boolean {
  return forwardIn(way) === 1;
}
