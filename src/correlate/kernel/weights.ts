/** What speaks for two packets being twins, in bits: how unlikely it is that two strangers look like that. */
export const TCP_NUMBERS_BITS = 32;
/** At the most: 16 bits on paper, but counters that step by 1 collide more often than random ones. */
export const IP_ID_BITS = 14;
export const TTL_BY_ONE_BITS = 4;
export const TTL_LOWER_BITS = 2;
/** A payload that was not seen lately tells by each of its bytes, up to a limit. */
export const NOVEL_BYTE_BITS = 4;
export const MOST_NOVEL_BITS = 12;
/** One that was seen tells little, however long it is: every packet of a kind may carry it (pings). */
export const MOST_PAYLOAD_BITS = 4;
/**
 * Another one has the port that the NAT would have had to give: each pair of strangers that keep step says as much for them as their time and what they carry, however
 * often. It is the other one's, but where a NAT draws ports at random.
 */
export const HELD_PORT_BITS = -32;
/** Strangers are stamped anywhere in the window, twins within microseconds: half the gap, one bit more. */
export const MOST_TIMING_BITS = 12;
/** What looks forwarded otherwise than all before is hardly a twin: as much against it as its time can say for it. */
export const UNLIKE_BITS = -12;
