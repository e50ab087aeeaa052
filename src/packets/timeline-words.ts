import { size, word } from "./memory/layout.js";

/** What there is of a `Timeline` beside its rows, which `timeline.ts` and `assembly/timeline.ts` both know: the words of a block. */
export const WORDS = size();

/** The oldest row still held, and the one that the next packet will get. */
export const FIRST = word();
export const END = word();
/** Where the table of sections is: see `timeline.ts`. */
export const SECTIONS = word();
/** By place: where these tables begin, how many places were used so far, and those of them that were given back, the last one first to be used again. */
export const RECORDS = word();
export const FATES = word();
export const PLACES_END = word();
export const FREE = word();
export const FREE_COUNT = word();
/**
 * Pairs that are FOLDED, in blocks (`assembly/fold-blocks.ts`): where the table of these begins, how many were used so far, and the one that was given
 * back last, or NONE …
 */
export const BLOCKS = word();
export const BLOCKS_END = word();
export const FREE_BLOCK = word();
/** … the same of the spans that those have which are not packed, and of the pieces of those that are … */
export const SPANS = word();
export const SPANS_END = word();
export const FREE_SPAN = word();
export const PIECES = word();
export const PIECES_END = word();
export const FREE_PIECE = word();
/** … the fold behind the last one that was taken; the blocks that were opened last, and how many ever were; room to pack; and the block that was looked at. */
export const NEXT_FOLD = word();
export const OPENED = word();
export const MOST_RECENT = 32;
export const RECENT = word(MOST_RECENT);
export const PACKING = word();
export const LOOKED_AT = word();
