import { size, word } from "./layout.js";

/** What `TupleTable.findWays` and `assembly/ways.ts` pass to each other: the words of a block. Tables and columns by address. */
export const WORDS = size();

/** The batch in the heap, of which side it is, which of its packets are asked for (from … count - 1), and where the answers go. */
export const BATCH = word();
export const SIDE = word();
export const FROM = word();
export const COUNT = word();
export const WAYS = word();
/** The table, and the index of it by hash. */
export const RECORDS = word();
export const CELLS = word();
export const CELLS_MASK = word();
/** Rows that were given back, how many they are, and where those begin that never were handed out: before and after. */
export const FREE = word();
export const FREE_COUNT = word();
export const END = word();
/** How many tuples were made. */
export const MADE = word();
