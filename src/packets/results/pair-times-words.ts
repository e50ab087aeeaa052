import { double, size, word } from "../memory/layout.js";

/** What `PairTimes` counts, which `pair-times.ts` and `assembly/pair-times.ts` both know: the words of a block. */
export const WORDS = size();

/** When the first bin begins, nanoseconds on the inside's clock; NaN before there is one … */
export const FROM_NS = double();
/** … and how wide each is. */
export const BIN_NS = double();
/** How many bins there are. */
export const BINS = word();
/** Two each, inbound and outbound: where pairs are counted by bin, and their latencies by bin and bucket. */
export const PAIRS = word(2);
export const LATENCIES = word(2);

/** So many bins there are at the most: about as many as a page has points across. */
export const MOST_BINS = 720;
/** Latencies are counted by quarters of an octave from 1 ns on: a quantile is off by 9 % at the most. */
export const BUCKETS_PER_OCTAVE = 4;
/** So many each bin has: up to 2^40 ns, which are 18 minutes. */
export const BUCKETS = 160;
