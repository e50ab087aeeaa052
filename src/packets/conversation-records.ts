/**
 * Bytes of what `Conversations` compares of each: the head of any (ports, protocol and version, the addresses' first words), four of
 * them in a cache line; and over IPv6 the addresses.
 */
export const HEAD_BYTES_BITS = 4;
export const TAIL_BYTES_BITS = 5;

/** Conversations that have numbers at the most, in 16 bits; then counting begins anew. */
export const MOST_CONVERSATIONS = 65_536;
