/**
 * What the fast path is told, and what it says: the words of a block that `fast-path.ts` and `assembly/fast-path.ts` both know.
 * Where a name stands for two words or doubles, one is a side's or a direction's: at … + side.
 */
export const WORDS = 74;

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

/** Words. Two: where each side's next packet stands among its packets, and where those end. */
export const AT = 16;
export const END = 18;
/** The row that the next packet gets. */
export const ROW = 20;
/** The first row that is to be decided about once its window is over, or the timeline's end. */
export const DUE = 21;
/** Pairs of an inside row before this one are late. */
export const SHOWN = 22;
/** The oldest row. */
export const FIRST = 23;

/** Where the tables are, in bytes. Two each: the packets of each side that are about to be merged, and which way they go … */
export const PACKETS = 24;
export const WAYS = 26;
/** … the timeline … */
export const STATES = 28;
export const SIDES = 29;
export const PLACES = 30;
export const ROWS_MASK = 31;
export const RECORDS = 32;
export const FATES = 33;
export const PLACES_END = 34;
export const FREE_PLACES = 35;
export const FREE_PLACE_COUNT = 36;
/** … those that wait, by their keys … */
export const CELLS = 37;
export const CELLS_MASK = 38;
/** … the conversations … */
export const TUPLES = 39;
/** … and the flows. */
export const FLOWS = 40;
export const FLOWS_END = 41;
export const FREE_SLOTS = 42;
export const FREE_SLOT_COUNT = 43;
export const CHUNKS = 44;
export const CHUNKS_END = 45;
export const DROPPED = 46;
export const DROPPED_COUNT = 47;
export const REST = 48;

/** 1 where it is so. */
export const IS_SHOWING = 49;
/** Where pairs are counted whose keys were equal. */
export const INTACT = 50;
export const IS_UNCUT = 51;
export const IS_ESTIMATED = 52;
/** 1 where a packet that nobody waited for may have nothing but its verdict before it once its window is over … */
export const MAY_JUDGE = 53;

/** How many flows were learnt so far. */
export const FLOWS_LEARNT = 55;
/** The NAT's address of the flow that was told of last, over IPv4; 0 for none. */
export const NEWEST_NAT = 56;
/** How many conversations more there may be before idle ones are let go. */
export const ROOM = 57;

/** Pairs that there had been of any flow. */
export const PAIRS_BEFORE = 58;

/** What there was: pairs, conversations that had their first packet, and how many more packets wait than did. */
export const PAIRS = 59;
export const FIRSTS = 60;
export const FILED = 61;
/** Two: where the digests of all latencies are. */
export const DIGESTS = 64;
/** Where the latencies go that are to be counted elsewhere, one after the other, and how many there are. */
export const LATENCIES = 66;
export const LATENCY_COUNT = 67;
/** Where the rows go, one after the other, of TCP segments that came without a translation and wait, and how many there are. */
export const STRANGERS = 68;
export const STRANGER_COUNT = 69;
/** The same of TCP segments of a translation that came out of the NAT before they went in. */
export const LEAVERS = 70;
export const LEAVER_COUNT = 71;
/** 1 where the next packet is not for the fast path. */
export const IS_AT_OTHER = 72;

/**
 * A latency: nanoseconds, a double; then where the flow's digest is, or -1 where it needs none; then 1 if it is outbound, and
 * 2 more if only the flow's digest needs it.
 */
export const LATENCY_BITS = 2;
/** So many at the most: once they are counted, a digest has the place to count others of their size in WebAssembly. */
export const MOST_LATENCIES = 128;
export const DIGEST = 2;
export const OUTBOUND = 3;
export const IS_COUNTED = 2;
