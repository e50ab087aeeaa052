import { double, size, word } from "../../packets/memory/layout.js";

/** What is remembered of how a side goes on: the words of a block that `twins.ts` and `assembly/twins.ts` both know. */
export const WORDS = size();

/** Doubles, at half the word: how far the side has come, by its greatest stamp and by its packets … */
export const REACHED_NS = double();
export const PACKETS = double();
/** … and the stamp from which on its rate is being measured. */
export const SINCE_NS = double();
/** Words: packets since then. */
export const ROWS = word();
/** These bits of what is drawn from a packet must be 0. */
export const SAMPLE_MASK = word();
