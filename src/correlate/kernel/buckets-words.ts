import { size, word } from "../../packets/memory/layout.js";

/** What there is of `Buckets` beside them, which `buckets.ts` and `assembly/filing/buckets.ts` both know: the words of a block. */
export const WORDS = size();

/** The blocks of the timeline, and of the index by key. */
export const LINE = word();
export const INDEX = word();
/** That of the lanes by bucket and way. */
export const LANES = word();
/** Where the buckets begin, how many were used so far, and the one that was closed last, which names the one closed before in OLDEST; or NONE. */
export const BUCKETS = word();
export const END = word();
export const FREE = word();
