import { size, word } from "./memory/layout.js";

/** What there is of a `TupleTable` beside its rows, which `tuples.ts` and `assembly/tuples.ts` both know: the words of a block. */
export const WORDS = size();

/** Where the rows begin, and their addresses over IPv6. */
export const RECORDS = word();
export const WIDE = word();
/** Where the words of ways begin: `macHash` of who sent the first packet. */
export const MACS = word();
/** Where the cells begin that they are found in by their hashes, and how many there are. */
export const CELLS = word();
export const CELL_COUNT = word();
/** Rows that were given back, the last one first to be used again, and how many they are; and where those begin that never were handed out. */
export const FREE = word();
export const FREE_COUNT = word();
export const END = word();
/** How many have had a packet. */
export const SEEN = word();
