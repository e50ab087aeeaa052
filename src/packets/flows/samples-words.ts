import { size, word } from "../memory/layout.js";

/** What there is of `Samples` beside them, which `samples.ts` and `assembly/samples.ts` both know: the words of a block. */
export const WORDS = size();

/** Where the chunks begin; those used so far are below END. */
export const CHUNKS = word();
export const END = word();
/** The newest chunks of lists that were dropped, the last one first to be used again, and how many they are. */
export const DROPPED = word();
export const DROPPED_COUNT = word();
/** What is left of a list that is being used again: its newest chunk, or NONE. */
export const REST = word();
/** What the stamps of all captures are multiples of, nanoseconds. */
export const UNIT_NS = word();
