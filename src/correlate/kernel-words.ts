/**
 * What the kernel is told, what it knows, and what it says: the words of a block that `kernel.ts` and `assembly/` both know.
 * Where a name stands for two words or doubles, one is a side's or a direction's: at … + side, at … + outbound.
 */
export const WORDS = 96;

/** Doubles, at half the word. Two: when each side's next packet comes, nanoseconds on the timeline. */
export const NEXT_NS = 0;
/** Two: how far it is known that none comes behind the last one, nanoseconds on the timeline. */
export const REACHED_NS = 2;
/** The latest time of a packet so far, nanoseconds. */
export const NOW_NS = 4;
export const WINDOW_NS = 5;
/** What brings an outside stamp to the timeline. */
export const SHIFT_NS = 6;
/** How far an effect may seem to precede its cause, nanoseconds; Infinity where stamps of both sides do not compare. */
export const SLACK_NS = 7;
/** Two: what the slowest packets of a direction took lately, and when the last one crossed, nanoseconds. */
export const SLOWEST_NS = 8;
export const SLOWEST_AT_NS = 10;

/** Words. Two: where each side's next packet stands among its packets, and where those end. */
export const AT = 24;
export const END = 26;
/** The row that the next packet gets. */
export const ROW = 28;
/** The first row that is to be decided about once its window is over, or the timeline's end. */
export const DUE = 29;
/** Pairs of an inside row before this one are late. */
export const SHOWN = 30;
/** The oldest row. */
export const FIRST = 31;

/** Where the tables are, in bytes. Two each: the packets of each side that are about to be merged, and which way they go … */
export const PACKETS = 32;
export const WAYS = 34;
/** … the timeline … */
export const STATES = 36;
export const SIDES = 37;
export const PLACES = 38;
export const ROWS_MASK = 39;
export const RECORDS = 40;
export const FATES = 41;
export const PLACES_END = 42;
export const FREE_PLACES = 43;
export const FREE_PLACE_COUNT = 44;
/** … those that wait, by their keys … */
export const CELLS = 45;
export const CELLS_MASK = 46;
/** … the conversations … */
export const TUPLES = 47;
/** … what passed lately … */
export const ALIKE = 48;
/** … and the flows. */
export const FLOWS = 49;
export const FLOWS_END = 50;
export const FREE_SLOTS = 51;
export const FREE_SLOT_COUNT = 52;
export const CHUNKS = 53;
export const CHUNKS_END = 54;
export const DROPPED = 55;
export const DROPPED_COUNT = 56;
export const REST = 57;

/** What is kept beside the flows' accounts. */
export const FLOW_SUMS = 74;
/** Where copies go of packets that crossed and that `Impacts` is to know of, in a ring, and how many there were. */
export const CROSSINGS = 75;
export const CROSSING_COUNT = 64;
/** So many are kept, a power of two: some seconds of what is sent again. It does not depend on how captures are read. */
export const CROSSING_ENTRIES = 32_768;
/** Each is the record of what entered, as on the timeline; but for its stamp, which nobody asks for, the slot of its flow … */
export const CROSSING_SLOT = 0;
/** … and twice the pair's inside row, with 1 more where it went outbound. */
export const CROSSING_ROW_OUTBOUND = 1;
/** Until a direction of a flow had so many pairs, all of them are told of, but for TCP: too many others may have passed to know what repeats. */
export const FEW_PAIRS = 8;

/** 1 where it is so. */
export const IS_SHOWING = 58;
export const HAS_CUTS = 61;
export const IS_ESTIMATED = 62;
/** 1 where a packet that nobody waited for may have nothing but its verdict before it once its window is over. */
export const MAY_JUDGE = 63;

/** How many flows were learnt so far. */
export const FLOWS_LEARNT = 65;
/** The NAT's address of the flow that was told of last, over IPv4; 0 for none. */
export const NEWEST_NAT = 66;
/** How many conversations more there may be before idle ones are let go. */
export const ROOM = 67;

/** Two: pairs of a direction so far. */
export const PAIRED = 68;
/** Two: until there are so many pairs of a direction, what enters that way is reckoned with having been missed, by either capture. */
export const UNSURE = 59;
/** Two: by how much the TTL of the last pair of a direction was lowered. */
export const LOWERED = 86;
/**
 * Eight: how many pairs had equal keys. By direction, 4 for outbound, then by `identityOf`: whether they had an IP ID, and of which version they are.
 */
export const INTACT = 88;
/** How many of those had other TCP options: an MSS, which is all of them that is not in the key. */
export const OTHER_OPTIONS = 85;
/** What there was in a stretch: pairs, and conversations that had their first packet. */
export const PAIRS = 70;
export const FIRSTS = 71;
/** How many packets waited by their keys before the stretch, and how many more do now. */
export const FILED_BEFORE = 72;
export const FILED = 73;
/** Two: where the digests of all latencies are. */
export const DIGESTS = 76;
/** Where the latencies go that are to be counted elsewhere, one after the other, and how many there are. */
export const LATENCIES = 78;
export const LATENCY_COUNT = 79;
/** Where the rows go, one after the other, of TCP segments that came without a translation and wait, and how many there are. */
export const STRANGERS = 80;
export const STRANGER_COUNT = 81;
/** The same of TCP segments of a translation that came out of the NAT before they went in. */
export const LEAVERS = 82;
export const LEAVER_COUNT = 83;
/** 1 where the next packet is not for the loop. */
export const IS_AT_OTHER = 84;

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

/** What passed lately: so many entries of four words. It need not hold a window: what follows at a distance is told apart by time. */
export const ALIKE_BITS = 2;
export const ALIKE_ENTRIES = 16_384;

/**
 * In the place that a record has for a quote, what is no ICMP error says what was found as it passed: how long before it an equal one of
 * its way did, in 11 bits, as much of a float's microseconds; whether what it carries is new on its side; and that it was asked.
 */
export const SINCE_SHIFT = 8;
export const SINCE_BITS = 11;
export const SINCE_MASK = 0x7ff;
export const IS_NOVEL = 1 << 19;
export const IS_REMEMBERED = 1 << 20;
export const REMEMBERED_MASK = 0x1f_ff00;
