/**
 * What the fast path is told, and what it says: the words of a block that `fast-path.ts` and `assembly/fast-path.ts` both know.
 * Where a name stands for two words or doubles, one is a side's or a direction's: at … + side.
 */
export const WORDS = 64;

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

/** Words. Two: where each side's next packet stands in the queue, and where its packets end. */
export const AT = 16;
export const END = 18;
/** The row that the next packet gets, and the one that none is to get. */
export const ROW = 20;
export const LAST_ROW = 21;
/** The first row that is to be decided about once its window is over, or the timeline's end. */
export const DUE = 22;
/** Pairs of an inside row before this one are late. */
export const SHOWN = 23;
/** The oldest row. */
export const FIRST = 24;

/** Where the tables are, in bytes: of the queue … */
export const PACKETS = 25;
export const WAYS = 26;
/** … the timeline … */
export const TIMELINE = 27;
export const FATES = 28;
export const STATES = 29;
export const SIDES = 30;
export const ROWS_MASK = 31;
/** … those that wait, by their keys … */
export const CELLS = 32;
export const CELLS_MASK = 33;
/** … the conversations … */
export const TUPLES = 34;
export const ENDED = 35;
export const OPENED_BY_A = 36;
export const IS_ECHO = 37;
/** … and the flows. */
export const FLOWS = 38;
export const FLOWS_END = 39;
export const FREE_SLOTS = 40;
export const FREE_SLOT_COUNT = 41;
export const CHUNKS = 42;
export const CHUNKS_END = 43;
export const FREE_CHUNKS = 44;
export const FREE_COUNT = 45;

/** 1 where it is so. */
export const IS_SHOWING = 46;
export const IS_IPV4_ONLY = 47;
export const IS_UNCUT = 48;
export const IS_ESTIMATED = 49;

/** Pairs that there had been of any flow. */
export const PAIRS_BEFORE = 50;

/** What there was: pairs, conversations that had their first packet, and how many more packets wait than did. */
export const PAIRS = 51;
export const FIRSTS = 52;
export const FILED = 53;
/** Where the latencies of the pairs go, one after the other. */
export const LATENCIES = 54;
/** Where what is left to do goes, one after the other, and how much there is. */
export const EVENTS = 55;
export const EVENT_COUNT = 56;

/** A latency: nanoseconds, a double; then where the flow's digest is, or -1 where it needs none; then 1 if it is outbound. */
export const LATENCY_BITS = 2;
export const DIGEST = 2;
export const OUTBOUND = 3;

/** An event: a flow that was learnt, by its slot, with what `Flow` has of it; or, with NONE for a slot, a TCP segment without a translation. */
export const EVENT_BITS = 3;
export const EVENT_SLOT = 0;
export const EVENT_ROW = 1;
export const EVENT_INSIDE_TUPLE = 1;
export const EVENT_OUTSIDE_TUPLE = 2;
export const EVENT_FLOW_BITS = 3;
export const EVENT_REWRITE_FORWARD = 4;
export const EVENT_REWRITE_BACKWARD = 5;
