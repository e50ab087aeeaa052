/**
 * A packet's record, as the decoder writes it into a `PacketBatch` and the `Timeline` keeps it: 16 words, a cache line. What is
 * done with a packet looks at a dozen of its fields: as columns, those were a dozen lines each. These are the fields' words;
 * most are named as the methods that read them.
 */
export const RECORD_BITS = 4;

/** Doubles, at half the word: the record's first two. */
export const STAMP_NS = 0;
/** Only on the timeline, where the tuple has the addresses … */
export const TIME_NS = 1;
/** … and only in a batch: the addresses over IPv4, over IPv6 their first words. */
export const SRC = 2;
export const DST = 3;
export const KEY = 4;
export const KEY2 = 5;
/** Only on the timeline … */
export const WAY = 6;
/** … and only in a batch: TCP and UDP ports, or an ICMP echo's id as both; else 0. The source's in the upper half. */
export const PORTS = 6;
/** IS_… and HAS_… in the lower 16 bits, then 8 of the protocol, then 8 of the TTL. */
export const FLAGS_PROTO_TTL = 7;
export const FRAME = 8;
export const IP_ID = 9;
export const LENGTH = 10;
export const PAYLOAD_LENGTH = 11;
export const SEQ = 12;
/** TCP's acknowledgement number … */
export const ACK = 13;
/** … and of all other packets a hash of the whole payload, or of what survives in an ICMP error of its quote; 0 if not all of it was kept. */
export const CONTENT = 13;
export const HEAD = 14;
/** Bytes of payload that it is of, at the most: enough to tell one request line from another. */
export const HEAD_BYTES = 32;
/**
 * TCP flags in the lower 8 bits, then 8 of a hash of the TCP options (0 for none), then the TCP window; of an ICMP error, above the
 * lower 8 bits, the row of its quote.
 */
export const TCP_FLAGS_QUOTE = 15;
export const OPTIONS_SHIFT = 8;
export const WINDOW_SHIFT = 16;
export const QUOTE_SHIFT = 8;
