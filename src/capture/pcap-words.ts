/** What `Pcap` and `assembly/pcap.ts` pass to each other: the words of a block. Columns are a `FrameBatch`'s, by address. */
export const WORDS = 20;

/** Doubles, at half the word: what stamps are told from, and how long a tick of theirs is. */
export const EPOCH_SECONDS = 0;
export const EPOCH_TICKS = 1;
export const NS_PER_TICK = 2;

/** Where the bytes are, where among them the next record begins (before and after), and where they end. */
export const DATA = 6;
export const AT = 7;
export const END = 8;
/** Bytes of a record's header, and 1 where its numbers begin with the lowest byte. */
export const HEADER_BYTES = 9;
export const IS_LITTLE = 10;
/** How many rows there may be, and how many there are. */
export const ROWS = 11;
export const COUNT = 12;
export const START = 13;
export const CAPTURED = 14;
export const ORIGINAL = 15;
export const TIME_NS = 16;
/** Why it ended: one of those below. */
export const STOP = 17;

export const FULL = 0;
export const MORE = 1;
export const OVERSIZED = 2;
