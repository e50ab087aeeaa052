import { size, word } from "./layout.js";

/** What there is of a `TupleTable` beside its rows, which `tuples.ts` and `assembly/tuples.ts` both know: the words of a block. */
export const WORDS = size();

/** Where the rows begin, their addresses over IPv6, and the block of the index of them by hash. */
export const RECORDS = word();
export const WIDE = word();
export const INDEX = word();
/** Rows that were given back, the last one first to be used again, and how many they are; and where those begin that never were handed out. */
export const FREE = word();
export const FREE_COUNT = word();
export const END = word();
/** How many have had a packet. */
export const SEEN = word();
