import { double, first, next, size, word } from "../packets/memory/layout.js";

/** What `Pcap` and `assembly/pcap.ts` pass to each other: the words of a block. Columns are a `FrameBatch`'s, by address. */
export const WORDS = size();

/** Doubles, at half the word: what stamps are told from, and how long a tick of theirs is. */
export const EPOCH_SECONDS = double();
export const EPOCH_TICKS = double();
export const NS_PER_TICK = double();

/** Where the bytes are, where among them the next record begins (before and after), and where they end. */
export const DATA = word();
export const AT = word();
export const END = word();
/** Bytes of a record's header, and 1 where its numbers begin with the lowest byte. */
export const HEADER_BYTES = word();
export const IS_LITTLE = word();
/** How many rows there may be, and how many there are. */
export const ROWS = word();
export const COUNT = word();
export const START = word();
export const CAPTURED = word();
export const ORIGINAL = word();
export const TIME_NS = word();
/** Why it ended: one of those below. */
export const STOP = word();

export const FULL = first();
export const MORE = next();
export const OVERSIZED = next();

/** Byte offsets in a record's header, draft-ietf-opsawg-pcap section 5. */
export const TICKS = 4;
export const CAPTURED_LENGTH = 8;
export const ORIGINAL_LENGTH = 12;
