import { double, field, flag, sizeBits, word } from "../memory/layout.js";

/** What `FlowAccounts` has of each flow, for both languages. */

/** Words of a flow's record, a cache line. Stamps of the first pair, and of the last that is none of ICMP errors. */
export const RECORD_BITS = sizeBits();
export const FIRST_NS = double();
export const USED_NS = double();
/** What a `Flow` says; an id of 0 where the slot is free. */
export const ID = word();
export const INSIDE_TUPLE = word();
export const OUTSIDE_TUPLE = word();
/** Where it was first seen: the frames of its first pair, inside and outside. */
export const FIRST_FRAMES = word(2);
/** Pairs, the outbound ones in the upper half, and their IP bytes as long as they are inside: modulo 2^16, and 2^32. */
export const PAIRS = word();
export const BYTES = word();
/**
 * Latencies of both directions, as `sampleOf` has them. Where there are more, the last of these words is the newest chunk of the others. Once one
 * direction has EXACT_SAMPLES, or one that is no sample: at … + outbound, the address of a digest; then what is missing in PAIRS and BYTES.
 */
export const LATENCIES = word(2);
export const MORE_PAIRS = word();
export const MORE_BYTES = word();
export const FEW_LATENCIES = MORE_BYTES + 1 - LATENCIES;
/** What is so of it: in the lowest bit, as `forward` is in a way: a flow reckons with both. */
export const BITS = word();
export const IS_FLIPPED = flag();
/** Whether what is forward on the inside travels inbound, and what is not, outbound. */
export const [BACKWARD_OUTBOUND_BIT] = field(1);
/** Two bits, one a direction, shifted by `forward`: whether NEXT_SEQ holds something. */
export const HAS_NEXT_SEQ = flag(2);
/** Whether the records of its packets are to stay where they are once their pairs were shown. */
export const IS_WATCHED = flag();
/** Whether its tuples have been given to another flow, or let go. */
export const IS_RETIRED = flag();
/** Whether TCP segments of it are cut on their way: each that waits may be a piece. */
export const HAS_CUT_SEGMENTS = flag();
/** Whether its inside tuple had another translation when it was learnt, or got one later. */
export const IS_ONE_OF_SEVERAL = flag();
/** Two bits, shifted by `forward`: whether a SYN or an acknowledgement has crossed … */
export const HAS_BEGUN = flag(2);
/** … and an acknowledgement after that. */
export const HAS_PROGRESS = flag(2);
/** Whether a TCP segment of it was seen that is longer than what a wire takes: it may be cut on its way. */
export const HAS_LONG_SEGMENTS = flag();
/** Whether it has a TCP stream, a row of ranges, and paired TCP segments all of whose bytes had crossed before. */
export const HAS_STREAM = flag();
export const HAS_GAPS = flag();
export const HAS_RETRANSMISSIONS = flag();
/** What packets have rewritten that are forward on the inside: REWRITE_… bits … */
const [FORWARD_SHIFT, REWRITE_MASK] = field(4);
/** Whether no more latencies are kept one by one, and whether there are digests for them by now. */
export const IS_FULL = flag();
export const HAS_DIGESTS = flag();
/**
 * Whether the host took a conversation up again in the middle that had another translation before, by what its other end sent: who opened the
 * conversation is not who began this translation.
 */
export const IS_TAKEN_UP = flag();
/** Whether packets contradicted its translation, and no later pair confirmed it. */
export const IS_CONTRADICTED = flag();
/** … and the others. */
const [BACKWARD_SHIFT] = field(4);
/** Two bits, shifted by the side: whether packets of it there found no twin. */
export const HAS_UNMATCHED = flag(2);
/** Two bits, shifted by 1 for outbound: whether errors crossed that say that nobody gets what they answer. */
export const HAS_UNREACHABLE = flag(2);

/**
 * Words of a flow's TCP stream, which others do not have: half a cache line. Of two each, at … + forward: the sequence number behind the highest byte
 * that has crossed, and where the highest range of bytes that have begins.
 */
export const STREAM_BITS = sizeBits();
export const NEXT_SEQ = word(2);
export const FROM_SEQ = word(2);
/** The highest acknowledgement that has crossed, and what follows the highest byte that has entered; 0 for none. */
export const ACKED = word(2);
export const ENTERED = word(2);

/**
 * Words of half a row of ranges, a cache line, which few flows have: its number is in FROM_SEQ then. Half of it is each direction's, the forward ones' the
 * second: ranges of bytes that have crossed below the highest one, the highest first, each its first number and the one behind its last; then where
 * the highest one begins.
 */
export const HALF_BITS = sizeBits();
const RANGES = word(6);
export const HIGHEST_FROM = word();
export const GAPS_BITS = HALF_BITS + 1;
export const RANGE_BITS = sizeBits();
export const RANGE_FROM = word();
export const RANGE_END = word();
export const MOST_RANGES = ((HIGHEST_FROM - RANGES) >> RANGE_BITS) + 1;

/** 1 where packets of this way and side, or their twins, are forward on the inside: `bits` are their flow's. */
export function forwardOn(bits: number, way: number, side: number): number {
  return (way ^ (bits & side & IS_FLIPPED)) & 1;
}

/** 1 where packets travel outbound that are `forward` (1 or 0) on the inside. They leave the NAT on the side of that number. */
export function outboundFor(bits: number, forward: number): number {
  return (forward ^ (bits >> BACKWARD_OUTBOUND_BIT)) & 1;
}

/** 1 where packets are forward on the inside that travel outbound (1) or inbound (0). */
export function forwardFor(bits: number, outbound: number): number {
  return (outbound ^ (bits >> BACKWARD_OUTBOUND_BIT)) & 1;
}

/** Whether packets of this way and side are where they leave the NAT: `bits` are their flow's. */
export function leavesOn(bits: number, way: number, side: number): boolean {
  return outboundFor(bits, forwardOn(bits, way, side)) === side;
}

/** A flow's bits once it is to be watched; what a segment of one that may be cut is, its bytes tell, and there may be very many. */
export function watchedBits(bits: number): number {
  return (bits & HAS_LONG_SEGMENTS) !== 0 ? bits : bits | IS_WATCHED;
}

/** A flow's bits by what packets have rewritten that are forward on the inside, and the others: REWRITE_… bits. */
export function rewrittenBy(rewriteForward: number, rewriteBackward: number): number {
  return (rewriteForward << FORWARD_SHIFT) | (rewriteBackward << BACKWARD_SHIFT);
}

/** REWRITE_… bits of packets that are `forward` (1 or 0) on the inside, of a flow's bits. */
export function rewriteOf(bits: number, forward: number): number {
  return (bits >>> (forward === 1 ? FORWARD_SHIFT : BACKWARD_SHIFT)) & REWRITE_MASK;
}

/** A latency in whole nanoseconds, with its direction in the lowest bit. */
export function sampleOf(latencyNs: number, outbound: number): number {
  return (latencyNs << 1) | outbound;
}
export function latencyIn(sample: number): number {
  return sample >> 1;
}
export function outboundIn(sample: number): number {
  return sample & 1;
}

/** How many of so many latencies are in the record of their flow: the last of its words is the newest chunk of the others. */
export function keptInRecord(count: number): number {
  return count > FEW_LATENCIES ? FEW_LATENCIES - 1 : count;
}
