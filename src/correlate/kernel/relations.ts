/** How two packets with equal keys stand to each other. Ordered: a greater one is the stronger claim. */
export const IMPOSSIBLE = 0;
/** At least one of them has another translation: twins only if that translation has ended, or is not the only one. */
export const CONFLICT = 1;
/** Neither has a known translation, and a NAT could have made one of the other. */
export const POSSIBLE = 2;
/** A known translation makes one of the other. */
export const KNOWN = 3;

/** Beside the relation: the time between the two is longer than what packets take now, or by clocks that are not certain far shorter … */
export const IS_LATE = 4;
/** … they may be sent again byte for byte, or others of their way carry the same, so that it takes time to tell them apart … */
export const IS_REPEATABLE = 8;
/** … and an equal one follows or went before so closely that time does not. */
export const IS_CLOSE = 16;
export const IS_RELATED_OUTBOUND = 32;
/** An end is the same, TTL and options became what those of the pairs before did: where several contend, the others are not meant. */
export const IS_USUAL = 64;
/**
 * Equal ones follow each other closely, and captures miss packets: another one of two may have been missed on each side. Or queues are about as long as
 * the window: one that was given up may come out yet.
 */
export const MAY_HIDE = 128;
/** IMPOSSIBLE by the clocks alone, which nothing vouches for: it may be the twin of each all the same. */
export const IS_UNVOUCHED = 256;
/** What left took long enough to be a piece of a segment that entered later, with the same bytes and more. */
export const MAY_BE_PIECE = 512;
/** It took longer than all lately, and not far less than equal ones are apart: one that was lost, or missed, may be meant. */
export const MAY_BE_CHANCE = 1024;
/**
 * KNOWN by a translation, or in CONFLICT with one, that nothing used for so long, or that packets contradict, so that another container may have what it made
 * of this one's packets.
 */
export const IS_STALE = 2048;
/** What entered says again what its way said before the window, and what left is the first to say it: what was said first was lost, or comes out yet. */
export const IS_REPEAT = 4096;
/** IMPOSSIBLE, as the end that is rewritten says that they went the other way than their stamps, and the TTL does not speak for those. */
export const IS_BACKWARD = 8192;
/** It was quicker than the last that crossed and no other is like: what left may be an equal one that was not seen to enter, if what entered before is under way. */
export const IS_AHEAD = 16384;
export const RELATION_MASK = 3;

/** Whether rows that were related so travel outbound. */
export function goesOutbound(related: number): boolean {
  return (related & IS_RELATED_OUTBOUND) !== 0;
}

/**
 * Evidence it takes to believe in a translation never seen before, in bits: how unlikely it is that two unrelated packets look like
 * twins, against how many strangers there are.
 */
export const LEARN_BITS = 33;
/** Replacing a translation that is in use, or adding one to it, takes more: TCP numbers, or several packets. */
export const REPLACE_BITS = 45;

/**
 * How seldom a packet that was lost and one that the other capture missed may follow each other by chance, by what was seen of both: once in
 * the square of so many pairs. That their stamps look like a pair's comes on top of it.
 */
export const COINCIDENCE_PAIRS = 256;

/** What packets take now is at most twice what the slowest one took lately, and this more: scheduling, interrupt moderation. Nanoseconds. */
export const JITTER_NS = 100_000;

/**
 * A packet that is this quick is hardly a copy that was sent again, nor one that others overtook, nanoseconds. Where a TTL grows on its way, as a router
 * sets it, or is kept while the rewritten end says otherwise, a pair is only believed that is.
 */
export const QUICK_NS = 1_000_000;

/** A translation of what is not TCP may be forgotten once nothing used it for so long, nanoseconds (nf_conntrack_udp_timeout, nf_conntrack_icmp_timeout). */
export const FORGOTTEN_NS = 30_000_000_000;

/** How far an effect may seem to precede its cause where nothing vouches for the clocks: stamps of two processors, nanoseconds. */
export const UNVOUCHED_SLACK_NS = 20_000;
