/** What speaks for two packets being twins, in bits: how unlikely it is that two strangers look like that. */
export const TCP_NUMBERS_BITS = 32;
/** 16 bits on paper; counters that start at 0 and step by 1 collide more often than random ones. */
export const IP_ID_BITS = 14;
export const TTL_BY_ONE_BITS = 4;
export const TTL_LOWER_BITS = 2;
/** Strangers are stamped anywhere in the window, twins within microseconds: half the gap, one bit more. */
export const MOST_TIMING_BITS = 12;
