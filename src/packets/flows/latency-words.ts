import { double, size, word } from "../memory/layout.js";

/** Samples kept as they are before a digest turns to buckets: up to here its quantiles are samples, exactly. */
export const EXACT_SAMPLES = 64;
/** Buckets an octave (a doubling) is cut into: a quantile is then off by 1.6 % at most. */
export const OCTAVE_BITS = 5;
export const BUCKETS_PER_OCTAVE = 1 << OCTAVE_BITS;

/** Words of a digest: how many latencies it has … */
export const WORDS = size();
export const COUNT = word();
/** … and where they are counted, of which bucket first and of how many; or where they are themselves, as doubles, and 0 buckets. */
export const COUNTS = word();
export const LOWEST = word();
export const BUCKETS = word();
export const MIN_NS = double();
export const MAX_NS = double();
