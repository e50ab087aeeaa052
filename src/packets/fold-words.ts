import { field, rest, sizeBits, word } from "./memory/layout.js";

/**
 * What is kept of a pair that waits to be shown: what its packets share, once, and what each has of its own. The last words of pairs that are alike are
 * the same, but for a few (`assembly/fold-blocks.ts`). Of a number of 64 bits, each half is a word.
 */
export const FOLD_BITS = sizeBits();

/** When the inside capture stamped its packet, nanoseconds, which is when it passed on the timeline … */
export const STAMP_LOW = word();
/** … and the outside one passed so many nanoseconds later. */
export const GAP_NS = word();
export const INSIDE_FRAME = word();
export const OUTSIDE_FRAME = word();
export const TWIN = word();
/** As the inside record has them: LENGTH; SEQ and ACK_SEQ; and FLAGS_PROTO_TTL, the TTL first. */
export const LENGTH = word();
export const NUMBERS = word(2);
export const TTL_FLAGS_PROTO = word();
field(8);
export const [FLAGS_PROTO_SHIFT] = field(24);
/** As the fate has it. */
export const HOW = word();
/** The IP ID, as IP_ID has it, then the TCP flags, then by how much the outside TTL is higher, where FLAGS_PROTO_TTL has the TTL. */
export const ID_TCP_FLAGS_TTL = word();
field(16);
export const [TCP_FLAGS_SHIFT] = field(8);
/** The first of the last words: by how much PAYLOAD_LENGTH_CLASS is more than LENGTH in the inside record. */
export const HEADERS = word();
export const STAMP_HIGH = word();
/** By how much the outside stamp is ahead of when that packet passed. */
export const AHEAD_LOW = word();
export const AHEAD_HIGH = word();
/** As the fate has it. */
export const FLOW = word();

/** A block of so many, as bits: its span, or ~ the first piece of what is packed; and how many of its folds are in use. */
export const FOLDS_BITS = 8;
export const BLOCK_BITS = sizeBits();
export const SPAN = word();
export const IN_USE = word();
/** Words of a span, which has all folds of a block. */
export const SPAN_BITS = FOLDS_BITS + FOLD_BITS;

/**
 * Bytes that a packed block takes at the most: half of the slot of each fold, and of each all words, with a word and a half that say which it is like and how
 * long these are.
 */
export const PACKED_BYTES = (2 + 6 + (4 << FOLD_BITS)) << FOLDS_BITS;

/** A piece of what is packed: the number of the next one, then bytes. */
export const PIECE_BITS = sizeBits(6);
export const NEXT_PIECE = word();
export const PACKED = rest();
