import { double, field, fields, flag, sizeBits, word } from "../../packets/memory/layout.js";

/**
 * The entries of the tables whose places the kernel's block has, and how many there are: `assembly/` and the classes that read them know both. None of
 * these numbers depends on how captures are read.
 */

/** A pair that waits for an equal packet, in a ring (`assembly/pairing/pending.ts`). */
export const PENDING_BITS = sizeBits();
/** When it is over, nanoseconds on the timeline. */
export const PENDING_UNTIL_NS = double();
/** The row of the packet that came last. */
export const PENDING_ROW = word();
/** So many at the most, a power of two: some milliseconds of a busy host. */
export const PENDING_ENTRIES = 16_384;

/** A packet that crossed: when it entered, and when it left, nanoseconds on the timeline. */
export const PASSAGE_BITS = sizeBits();
export const ENTERED_NS = double();
export const LEFT_NS = double();

/** So many of those that were held up are kept for each direction, a power of two (`assembly/timing/held.ts`). */
export const HELD_ENTRIES_BITS = 6;
export const HELD_ENTRIES = 1 << HELD_ENTRIES_BITS;

/** A window has so many parts. The last packet of each that is like none before it is kept, for two windows (`assembly/timing/passed.ts`). */
export const PASSED_A_WINDOW = 128;
export const PASSED_ENTRIES_BITS = 8;
export const PASSED_ENTRIES = 1 << PASSED_ENTRIES_BITS;

/** The same of each flow: the last one of it in each part of a window, as far as there is room. It begins as a passage does. */
export const OWN_PASSED_BITS = sizeBits();
double(2);
/** The flow's slot, and the direction in the lowest bit, and 1 more. */
export const OWN_PASSED_KEY = word();
export const OWN_PASSED_ENTRIES_BITS = 14;
export const OWN_PASSED_ENTRIES = 1 << OWN_PASSED_ENTRIES_BITS;

/** What passed lately (`assembly/weighing/alike.ts`). It need not hold a window: what follows at a distance is told apart by time. */
export const ALIKE_BITS = sizeBits();
export const ALIKE_NS = double();
export const ALIKE_HASH = word();
export const ALIKE_NOTE = word();
export const ALIKE_ENTRIES = 65_536;

/** A segment that crossed just before (`assembly/pairing/shown-twice.ts`): more of them than cross within COPY_NS. */
export const SHOWN_BITS = sizeBits();
export const SHOWN_NS = double();
export const SHOWN_HASH = word();
export const SHOWN_SAID = word();
export const SHOWN_ENTRIES = 4096;

/** Who has a port (`assembly/weighing/holders.ts`), the one that came last before the others: each the number of a tuple and 1 more, 0 for none. */
export const HOLDERS_A_LINE = 4;
export const HOLDER_LINE_BITS = sizeBits();
word(HOLDERS_A_LINE);
/** A power of two. */
export const HOLDER_LINES = 16_384;

/** A pair that is listed: its frames, by side; and beside it, of the flows that had such pairs, the id of one, 0 for none. */
export const LISTED_BITS = sizeBits();
export const LISTED_FRAME = word(2);
export const LISTED_FLOW = word();

/** A latency that is to be counted elsewhere. */
export const LATENCY_BITS = sizeBits();
export const LATENCY_NS = double();
/** The slot of the flow whose digest needs it, or NONE. */
export const LATENCY_SLOT = word();
/** Whether it is outbound, whether only the flow's digest needs it, and how many pairs the flow had before. */
export const LATENCY_FACTS = word();
fields();
export const IS_OUTBOUND = flag();
export const IS_COUNTED = flag();
export const [KNOWN_SHIFT] = field(30);
/**
 * With so many it is time to count them: then a digest has the place to count others of their size in WebAssembly. Pairs that waited may be so
 * many, and the packet that comes behind them is one more.
 */
export const MOST_LATENCIES = 127;

/** A packet that matchers are to see later: its row, and its WANTS_… bits. */
export const WANTED_BITS = sizeBits();
export const WANTED_ROW = word();
export const WANTED_FOR = word();

/** So many packets are kept that crossed, a power of two: some seconds of what is sent again. Each is a record (CROSSING_… of `records.ts`). */
export const CROSSING_ENTRIES = 32_768;
