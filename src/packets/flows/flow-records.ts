/** What `FlowAccounts` has of each flow, for both languages. */

/** Words of a flow's record, a cache line. What is so of it: see the bits below. */
export const BITS = 0;
/** What a `Flow` says; an id of 0 where the slot is free. */
export const ID = 1;
export const INSIDE_TUPLE = 2;
export const OUTSIDE_TUPLE = 3;
/** Doubles, at half the word: stamps of the first pair, and of the last that is none of ICMP errors. */
export const FIRST_NS = 2;
export const USED_NS = 3;
/** Where it was first seen: the frames of its first pair, inside and outside. */
export const FIRST_FRAMES = 8;
/** Pairs, the outbound ones in the upper half, and their IP bytes as long as they are inside: modulo 2^16, and 2^32. */
export const PAIRS = 10;
export const BYTES = 11;
/**
 * Latencies of both directions, as `sampleOf` has them. Where there are more, the last of these words is the newest chunk of the others. Once one
 * direction has EXACT_SAMPLES, or one that is no sample: at … + outbound, the address of a digest; then what is missing in PAIRS and BYTES.
 */
export const LATENCIES = 12;
export const FEW_LATENCIES = 4;
export const MORE_PAIRS = 14;
export const MORE_BYTES = 15;
export const RECORD_BITS = 4;

/**
 * Words of a flow's TCP stream, which others do not have: half a cache line. Of two each, at … + forward: the sequence number behind the highest byte
 * that has crossed, and where the highest range of bytes that have begins.
 */
export const NEXT_SEQ = 0;
export const FROM_SEQ = 2;
/** The highest acknowledgement that has crossed, and what follows the highest byte that has entered; 0 for none. */
export const ACKED = 4;
export const ENTERED = 6;
export const STREAM_BITS = 3;

/**
 * Words of a row of ranges, a cache line, which few flows have: its number is in FROM_SEQ then. Half of it each direction's, the forward ones' the
 * second: ranges of bytes that have crossed below the highest one, the highest first, each its first number and the one behind its last; then where
 * the highest one begins.
 */
export const GAPS_BITS = 4;
export const MOST_RANGES = 4;
export const HIGHEST_FROM = 6;
/** Of a row that is free, the next one. */
export const NEXT_FREE = 7;

/** In the lowest bit, as `forward` is in a way: a flow reckons with both. */
export const IS_FLIPPED = 1;
/** Whether what is forward on the inside travels inbound, and what is not, outbound. */
export const BACKWARD_OUTBOUND_BIT = 1;

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

/** What packets have rewritten that are forward on the inside, and the others: REWRITE_… bits, in the upper half of a flow's bits. */
export function rewrittenBy(rewriteForward: number, rewriteBackward: number): number {
  return (rewriteForward << 16) | (rewriteBackward << 24);
}

/** REWRITE_… bits of packets that are `forward` (1 or 0) on the inside, of a flow's bits. */
export function rewriteOf(bits: number, forward: number): number {
  return (bits >>> (forward === 1 ? 16 : 24)) & 0xf;
}

/** A latency in whole nanoseconds, with its direction in the lowest bit. */
export function sampleOf(latencyNs: number, outbound: number): number {
  return (latencyNs << 1) | outbound;
}

/** Two bits, one a direction, shifted by `forward`: whether NEXT_SEQ holds something. */
export const HAS_NEXT_SEQ = 4;
/** Whether the records of its packets are to stay where they are once their pairs were shown. */
export const IS_WATCHED = 16;
/** Whether its tuples have been given to another flow, or let go. */
export const IS_RETIRED = 32;
/** Whether TCP segments of it are cut on their way: each that waits may be a piece. */
export const HAS_CUT_SEGMENTS = 64;
/** Whether its inside tuple had another translation when it was learnt, or got one later. */
export const IS_ONE_OF_SEVERAL = 128;
/** Two bits, shifted by `forward`: whether a SYN or an acknowledgement has crossed … */
export const HAS_BEGUN = 256;
/** … and an acknowledgement after that. */
export const HAS_PROGRESS = 1024;
/** Whether a TCP segment of it was seen that is longer than what a wire takes: it may be cut on its way. */
export const HAS_LONG_SEGMENTS = 4096;
/** Whether it has a TCP stream, a row of ranges, and paired TCP segments all of whose bytes had crossed before. */
export const HAS_STREAM = 1 << 13;
export const HAS_GAPS = 1 << 14;
export const HAS_RETRANSMISSIONS = 1 << 15;
/** Whether no more latencies are kept one by one, and whether there are digests for them by now. */
export const IS_FULL = 1 << 20;
export const HAS_DIGESTS = 1 << 21;
/**
 * Whether the host took a conversation up again in the middle that had another translation before, by what its other end sent: who opened the
 * conversation is not who began this translation.
 */
export const IS_TAKEN_UP = 1 << 22;
/** Whether packets contradicted its translation, and no later pair confirmed it. */
export const IS_CONTRADICTED = 1 << 23;
/** Two bits, shifted by the side: whether packets of it there found no twin. */
export const HAS_UNMATCHED = 1 << 28;
/** Two bits, shifted by 1 for outbound: whether errors crossed that say that nobody gets what they answer. */
export const HAS_UNREACHABLE = 1 << 30;
