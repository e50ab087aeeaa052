import { size, sizeBits, word } from "./layout.js";

/** What there is of a `HashIndex` beside its cells, which `hash-index.ts` and `assembly/hash-index.ts` both know: the words of a block. */
export const WORDS = size();

/** Where the cells begin, and what makes one of them of a hash. */
export const CELLS = word();
export const MASK = word();
/** How many ids it has. */
export const SIZE = word();

/** A cell: a hash, and an id and 1 more, or 0 where it is empty. */
export const CELL_BITS = sizeBits();
export const HASH = word();
export const ID = word();
