import { size, word } from "../memory/layout.js";

/** What there is of `FlowAccounts` beside them, which `flow-accounts.ts` and `assembly/flow-accounts.ts` both know: the words of a block. */
export const WORDS = size();

/** By slot: where the accounts begin, and their TCP streams; the slots used so far are below END. */
export const RECORDS = word();
export const STREAMS = word();
export const END = word();
/** Slots of flows that were let go, the last one first to be used again, and how many they are. */
export const FREE = word();
export const FREE_COUNT = word();
/** How many flows were taken so far: the id of the last one. */
export const LEARNT = word();
/** Where the slots of the newest flows stand, by the lowest NEWEST_BITS bits of their ids. */
export const NEWEST = word();
export const NEWEST_BITS = 14;
/** Where rows of ranges begin, the first number that none ever had, and the one that was given back last, which names the one before; or NONE. */
export const GAPS = word();
export const GAPS_END = word();
export const GAPS_FREE = word();
/** The block of the latencies. */
export const SAMPLES = word();

/** Bits of a digit of what flows are ordered by: three of them make a key, and each of its values is counted in a word. */
export const DIGIT_BITS = 11;
export const DIGITS = 1 << DIGIT_BITS;
