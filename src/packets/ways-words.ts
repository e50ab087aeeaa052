/** What `TupleTable.findWays` and `assembly/ways.ts` pass to each other: the words of a block. Tables and columns by address. */
export const WORDS = 16;

/** The batch in the heap, of which side it is, which of its packets are asked for (from … count - 1), and where the answers go. */
export const BATCH = 0;
export const SIDE = 1;
export const FROM = 2;
export const COUNT = 3;
export const WAYS = 4;
/** The table, and the index of it by hash. */
export const RECORDS = 5;
export const CELLS = 6;
export const CELLS_MASK = 7;
/** Rows that were given back, how many they are, and where those begin that never were handed out: before and after. */
export const FREE = 8;
export const FREE_COUNT = 9;
export const END = 10;
/** How many tuples were made. */
export const MADE = 11;
