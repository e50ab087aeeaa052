/**
 * What the fast path is told, and what it says: the words of a block that `fast-path.ts` and `assembly/fast-path.ts` both know.
 * Where a name stands for two words or doubles, one is a side's or a direction's: at … + side.
 */
export const WORDS = 78;

/** Doubles, at half the word. Two: when each side's next packet comes, nanoseconds on the timeline. */
export const NEXT_NS = 0;
/** Two: how far it is known that none comes behind the last one, nanoseconds on the timeline. */
export const REACHED_NS = 2;
/** The latest time of a packet so far, nanoseconds. */
export const NOW_NS = 4;
export const WINDOW_NS = 5;
/** What brings an outside stamp to the timeline. */
export const SHIFT_NS = 6;
export const SURELY_IN_TIME_NS = 7;
/** Two each: the least and the most of the latencies that were counted. */
export const LEAST_NS = 8;
export const MOST_NS = 10;

/** Words. Two: where each side's next packet stands among its packets, and where those end. */
export const AT = 24;
export const END = 26;
/** The row that the next packet gets, and the one that none is to get. */
export const ROW = 28;
export const LAST_ROW = 29;
/** The first row that is to be decided about once its window is over, or the timeline's end. */
export const DUE = 30;
/** Pairs of an inside row before this one are late. */
export const SHOWN = 31;
/** The oldest row. */
export const FIRST = 32;

/** Where the tables are, in bytes. Two each: the packets of each side that are about to be merged, and which way they go … */
export const PACKETS = 33;
export const WAYS = 35;
/** … the timeline … */
export const TIMELINE = 37;
export const FATES = 38;
export const STATES = 39;
export const SIDES = 40;
export const ROWS_MASK = 41;
/** … those that wait, by their keys … */
export const CELLS = 42;
export const CELLS_MASK = 43;
/** … the conversations … */
export const TUPLES = 44;
export const TUPLE_STATES = 45;
export const ENDED = 46;
export const OPENED_BY_A = 47;
export const IS_ECHO = 48;
/** … and the flows. */
export const FLOWS = 49;
export const FLOWS_END = 50;
export const FREE_SLOTS = 51;
export const FREE_SLOT_COUNT = 52;
export const CHUNKS = 53;
export const CHUNKS_END = 54;
export const FREE_CHUNKS = 55;
export const FREE_COUNT = 56;

/** 1 where it is so. */
export const IS_SHOWING = 57;
export const IS_IPV4_ONLY = 58;
export const IS_UNCUT = 59;
export const IS_ESTIMATED = 60;

/** Pairs that there had been of any flow. */
export const PAIRS_BEFORE = 61;

/** What there was: pairs, conversations that had their first packet, and how many more packets wait than did. */
export const PAIRS = 62;
export const FIRSTS = 63;
export const FILED = 64;
/** Two each: where latencies are counted, the first bucket and how many there are, and how many were counted. */
export const COUNTS = 65;
export const LOWEST_BUCKET = 67;
export const BUCKETS = 69;
export const COUNTED = 71;
/** Where the latencies go that are to be counted elsewhere, one after the other, and how many there are. */
export const LATENCIES = 73;
export const LATENCY_COUNT = 74;
/** Where what is left to do goes, one after the other, and how much there is. */
export const EVENTS = 75;
export const EVENT_COUNT = 76;

/**
 * A latency: nanoseconds, a double; then where the flow's digest is, or -1 where it needs none; then 1 if it is outbound, and
 * 2 more if only the flow's digest needs it.
 */
export const LATENCY_BITS = 2;
export const DIGEST = 2;
export const OUTBOUND = 3;
export const IS_COUNTED = 2;

/** An event: a flow that was learnt, by its slot, with what `Flow` has of it; or, with NONE for a slot, a TCP segment without a translation. */
export const EVENT_BITS = 3;
export const EVENT_SLOT = 0;
export const EVENT_ROW = 1;
export const EVENT_INSIDE_TUPLE = 1;
export const EVENT_OUTSIDE_TUPLE = 2;
export const EVENT_FLOW_BITS = 3;
export const EVENT_REWRITE_FORWARD = 4;
export const EVENT_REWRITE_BACKWARD = 5;
