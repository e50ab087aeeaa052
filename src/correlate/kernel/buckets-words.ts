import { size, sizeBits, word } from "../../packets/memory/layout.js";

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

/** A bucket, half a cache line; two each, one a side: at … + side. */
export const BUCKET_BITS = sizeBits();
export const OLDEST = word(2);
export const NEWEST = word(2);
export const COUNT = word(2);
export const KEY2 = word();
/** 1 where it is a crowd: more than CROWD of a side waited in it at once, since it was opened. */
export const IS_CROWD = word();

/** Stands for a packet's bucket while no other packet waits under its key. */
export const ALONE = -2;
/**
 * What two have that are taken for a pair unless an equal one comes soon: the older one stands in the index, and `Timeline.next` of each
 * names the other.
 */
export const PENDING = -3;

/** With more of a side, a bucket is not searched as a whole when a packet comes, as that is quadratic: see `assembly/filing/lanes.ts`. */
export const CROWD = 512;
