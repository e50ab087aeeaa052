import { double, size, word } from "../../packets/memory/layout.js";

/** A list of pairs: how many there were, and where those are that it has, the first `MOST_LISTED`. */
const LIST_WORDS = size();
export const LISTED_COUNT = word();
export const LISTED_PAIRS = word();

/**
 * What the kernel is told, what it knows, and what it says: the words of a block that `kernel.ts` and `assembly/` both know. The entries of
 * tables are in `entries.ts`.
 * Where a name stands for two words or doubles, one is a side's or a direction's: at … + side, at … + outbound.
 */
export const WORDS = size();

/** Doubles, at half the word. Two: when each side's next packet comes, nanoseconds on the timeline. */
export const NEXT_NS = double(2);
/** Two: how far it is known that none comes behind the last one, nanoseconds on the timeline. */
export const REACHED_NS = double(2);
/** Two: when the last packet of a side came, nanoseconds on the timeline; Infinity as long as more may come. */
export const ENDED_NS = double(2);
/** The latest time of a packet so far, nanoseconds. */
export const NOW_NS = double();
export const WINDOW_NS = double();
/** What happens within it may have one stamp, nanoseconds. */
export const RESOLUTION_NS = double();
/** Packets of one capture whose stamps are farther apart passed in that order, nanoseconds. */
export const ORDER_NS = double();
/** Equal packets that are no farther apart are not told by their stamps, as a clock may have been set by as much. */
export const DOUBT_NS = double();
/** What brings an outside stamp to the timeline. */
export const SHIFT_NS = double();
/** How far an effect may seem to precede its cause, nanoseconds; Infinity where stamps of both sides do not compare. */
export const SLACK_NS = double();
/** The same, taken as one clock's where they do not compare. */
export const CAUSAL_SLACK_NS = double();
/** Behind which time and up to which one no packet tells how the clocks stand, nanoseconds on the timeline. */
export const UNTOLD_AFTER_NS = double();
export const UNTOLD_UNTIL_NS = double();
/**
 * What three pairs of a direction in a row took there at the least, or its first ones, where that is most; and two of each: what its last pair took, and the one
 * before; 0 elsewhere, and Infinity before the first.
 */
export const UNTOLD_MOST_NS = double();
export const UNTOLD_TOOK_NS = double(4);
/** Two each: what the slowest packet of a direction took, of all that crossed, the quickest, and what all of them took together, nanoseconds. */
export const LONGEST_NS = double(2);
export const SHORTEST_NS = double(2);
export const TAKEN_NS = double(2);
/** Two each: what the slowest packets of a direction took lately, and the quickest, and when the last one crossed, nanoseconds. */
export const SLOWEST_NS = double(2);
export const QUICKEST_NS = double(2);
export const PACE_AT_NS = double(2);

/**
 * Two each: when the packet entered, and left, that entered last of those that are like none before them, by direction; and when one left last that another
 * one had overtaken, -Infinity where none did, nanoseconds on the timeline.
 */
export const LAST_ENTERED_NS = double(2);
export const LAST_LEFT_NS = double(2);
export const OVERTAKEN_NS = double(2);
/** Two: when the packet entered that entered last of all that crossed, by direction, nanoseconds on the timeline. */
export const CROSSED_NS = double(2);
/** When a packet last passed the outside that says what was said there before, by a way that no translation is known of; nanoseconds on the timeline. */
export const UNKNOWN_NS = double();
/** When a segment of a conversation that no translation is known of last had the numbers of another one on its side, nanoseconds on the timeline. */
export const SHARED_NS = double();
/** Two: by how much packets of one flow may overtake each other at the most, as far as any did, nanoseconds. */
export const REORDERED_NS = double(2);

/** Words. Two: where each side's next packet stands among its packets, and where those end. */
export const AT = word(2);
export const END = word(2);
/** The row that is not for this stretch any more. */
export const STOP_ROW = word();
/** The first row that is to be decided about once its window is over, or the timeline's end. */
export const DUE = word();
/** Pairs of an inside row before this one are late. */
export const SHOWN = word();

/**
 * Two: 1 from a packet of a direction on that took more than half of the window, until one takes less that is no copy of another packet, where packets keep
 * their order: more may be under way than wait.
 */
export const IS_QUEUE_LONG = word(2);

/** Two: 1 while packets of a direction may come that were sent twice, and cross twice: nothing but time tells one from its second one. */
export const MAY_BE_SENT_TWICE = word(2);

/** Where the tables are, in bytes. Two each: the packets of each side that are about to be merged, and which way they go … */
export const PACKETS = word(2);
export const WAYS = word(2);
/** … the blocks of the timeline, of the packets that wait by their keys and of their index, of the conversations, and of the flows … */
export const LINE = word();
export const BUCKETS = word();
export const INDEX = word();
export const TUPLES = word();
export const ACCOUNTS = word();
/** … what passed lately … */
export const ALIKE = word();
/** … which segments crossed just before (`assembly/pairing/shown-twice.ts`) … */
export const SHOWN_SEGMENTS = word();
/** … and who has a port, by a hash of it and of the end it speaks with. */
export const HOLDERS = word();

/** Where copies go of packets that crossed and that `Impacts` is to know of, in a ring, and how many there were. */
export const CROSSINGS = word();
export const CROSSING_COUNT = word();
/** Until a direction of a flow had so many pairs, all of them are told of: what was lost before them may have come when nobody knew the flow. */
export const FEW_PAIRS = 8;

/** Where the pairs are that wait for an equal packet, in a ring (`assembly/pairing/pending.ts`), how many there were, and how many of them are over. */
export const PENDING_PAIRS = word();
export const PENDING_COUNT = word();
export const PENDING_OVER = word();

/** Where the packets are that were held up, in a ring for each direction (`assembly/timing/held.ts`), and two: how many there were. */
export const HELD = word();
export const HELD_COUNT = word(2);

/** Where the packets are that crossed and are like none before them, by when they left, for each direction (`assembly/timing/passed.ts`). */
export const PASSED = word();
/** The same of each flow. */
export const OWN_PASSED = word();

/** 1 where it is so. */
export const IS_SHOWING = word();
export const HAS_LONG_SEGMENTS = word();
export const IS_ESTIMATED = word();

/** Where the `PairTimes` is that pairs are counted in instead of shown, 0 for none. */
export const TIMES = word();

/** The NAT's address of the flow that was told of last, over IPv4; 0 for none. */
export const NEWEST_NAT = word();
/** Of which kinds the translations of one end are that were learnt (`assembly/weighing/learning.ts`), the last ones, and how many there were … */
export const MOST_KINDS = 16;
export const NAT_KINDS = word(MOST_KINDS);
export const KIND_COUNT = word();
/** … and two: whether there are any, of IPv4 and of IPv6. */
export const HAS_KINDS = word(2);
/** Whether others are told of each flow, 1 where it is so. */
export const TELLS_ALL = word();
/** From how many conversations on idle ones are let go … */
export const TIDY_AT = word();
/** … and so many packets between two looks at that: a power of two, as row numbers wrap at one. */
export const TIDY_EVERY = 1024;

/** Two: pairs of a direction so far. */
export const PAIRED = word(2);
/** Two: until there are so many pairs of a direction, what enters that way is reckoned with having been missed, by either capture. */
export const UNSURE = word(2);
/** Two: by how much the TTL of the last pair of a direction was lowered. */
export const LOWERED = word(2);
/** Two: how many pairs of a direction left with a TTL that was not lowered: a router keeps it, or sets one of its own. */
export const UNLOWERED = word(2);
/** Two: how many pairs of a direction had their TTL lowered by something else than the one before: routes of several lengths, or a router that sets it. */
export const LOWERED_ANEW = word(2);
/**
 * Eight: how many pairs had equal keys. By direction, 4 for outbound, then by `identityOf`: whether they had an IP ID, and of which version they are.
 */
export const INTACT = word(8);
/**
 * Two lists of pairs: those of TCP segments all of whose bytes had crossed before, and those that the router altered beyond what a translation does.
 */
export const AGAIN = word(LIST_WORDS);
export const ALTERED = word(LIST_WORDS);
/** Eleven: how many pairs the router altered in what, by the bits of ALTERED in `evidence.ts`. */
export const ALTERED_IN = word(11);
/** How many pairs there were in a stretch, and how many of them were counted instead of shown. */
export const PAIRS = word();
export const COUNTED = word();
/** How many that waited to be shown were counted instead, since `findShown` began. */
export const COUNTED_FOLDS = word();
/** Two: where the digests of all latencies are. */
export const DIGESTS = word(2);
/** Where the latencies go that are to be counted elsewhere, one after the other, and how many there are. */
export const LATENCIES = word();
export const LATENCY_COUNT = word();
/** Where the packets go that matchers are to see LATER, one after the other, and how many there are. */
export const WANTED = word();
export const WANTED_COUNT = word();
/** 1 where the next packet is not for the loop. */
export const IS_AT_OTHER = word();
