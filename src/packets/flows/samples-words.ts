import { field, rest, size, sizeBits, word } from "../memory/layout.js";

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

/** A chunk, half a cache line, which ends with a word. */
export const CHUNK_BITS = sizeBits(3);
const NUMBERS = rest();
/** How many bytes before it are in use, and the chunk filled before this one. */
export const BEFORE = word();
export const [, FILLED_MASK] = field(5);
export const [BEFORE_SHIFT] = field(27);
/** So many bytes are numbers, seven bits each, the lowest ones first: of each number, all but the last have MORE_BYTES as well. */
export const CHUNK_BYTES = 4 * (BEFORE - NUMBERS);
export const MORE_BYTES = 0x80;
