import { size, word } from "./memory/layout.js";

/** What there is of a `Timeline` beside its rows, which `timeline.ts` and `assembly/timeline.ts` both know: the words of a block. */
export const WORDS = size();

/** The oldest row still held, and the one that the next packet will get. */
export const FIRST = word();
export const END = word();
/** By row: where the rings begin, and what makes a place in them of a row. */
export const STATES = word();
export const PLACES = word();
export const MASK = word();
/** By place: where these tables begin, how many places were used so far, and those of them that were given back, the last one first to be used again. */
export const RECORDS = word();
export const FATES = word();
export const PLACES_END = word();
export const FREE = word();
export const FREE_COUNT = word();
/** Where the folds of pairs begin (`fold-words.ts`), how many were used so far, and the one that was given back last, or NONE. */
export const FOLDS = word();
export const FOLDS_END = word();
export const FREE_FOLD = word();
