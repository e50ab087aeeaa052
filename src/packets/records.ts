/**
 * A packet's record, as the decoder writes it into a `PacketBatch` and the `Timeline` keeps it: 16 words, a cache line. What is
 * done with a packet looks at a dozen of its fields: as columns, those were a dozen lines each. These are the fields' words;
 * most are named as the methods that read them.
 */
export const RECORD_BITS = 4;

/** Doubles, at half the word: the record's first two. */
export const STAMP_NS = 0;
/** From when the packet is taken on, as the tuple has the addresses by then … */
export const TIME_NS = 1;
/** … and in a batch until then: the addresses over IPv4, over IPv6 their first words. */
export const SRC = 2;
export const DST = 3;
/** Of a copy, which is never looked up, the frame that it is one of. */
export const KEY = 4;
export const KEY2 = 5;
/** From when the packet is taken on … */
export const WAY = 6;
/** … and in a batch until then: TCP and UDP ports, or an ICMP echo's id as both; else 0. The source's in the upper half. */
export const PORTS = 6;
/** IS_… and HAS_… in the lower 16 bits, then 8 of the protocol, then 8 of the TTL. */
export const FLAGS_PROTO_TTL = 7;
export function flagsProtoTtl(flags: number, proto: number, ttl: number): number {
  return flags | (proto << 16) | (ttl << 24);
}
export function protoIn(word: number): number {
  return (word >>> 16) & 0xff;
}
export function ttlIn(word: number): number {
  return word >>> 24;
}
export const FRAME = 8;
/**
 * The identification: 16 bits of IPv4, 32 of an IPv6 fragment. Of TCP, the upper half is what routers are known to rewrite of it, where it
 * is free: 8 bits of a hash of the window, then 8 of one of the options: NO_OPTIONS, or 0 where they are not known.
 */
export const IP_ID = 9;
export const WINDOW_SHIFT = 16;
export const OPTIONS_SHIFT = 24;

export const NO_OPTIONS = 1;
/**
 * The length, in as many bits as the longest packet takes (`MOST_BYTES` of decode-words.ts); above them, the tunnel that the packet came
 * in: its number in the `TunnelTable`, or one of these, or 0 for none.
 */
export const LENGTH = 10;
export const LENGTH_MASK = 0xf_ffff;
export const TUNNEL_SHIFT = 20;
/** It came in a tunnel, and its batch knows what carried it: see `Outers`. */
export const CARRIED = 0xfff;
/** It carries a packet that was not looked at. */
export const CARRIER = 0xffe;
/** So many numbers there are. */
export const MOST_TUNNELS = 0xffd;
/**
 * The length of the payload, as LENGTH has it; above it, what the key leaves out of the IP header, as a router may write it anew: 8 bits of
 * traffic class (RFC 2474: six of DSCP, then two of ECN), then 4 of a hash of the flow label, 0 for none.
 */
export const PAYLOAD_LENGTH_CLASS = 11;
export const CLASS_SHIFT = 20;
export const DSCP_SHIFT = 22;
export const LABEL_SHIFT = 28;
/**
 * The number of TCP; of ICMP, the type, the code, and an echo's sequence number; of a later fragment, its offset. Of a DNS message over UDP, which it
 * is, and its transaction's id, where so much of it was captured; else 0.
 */
export const SEQ = 12;
export function icmpTypeIn(word: number): number {
  return word >>> 24;
}
export function icmpCodeIn(word: number): number {
  return (word >>> 16) & 0xff;
}
export const DNS_QUERY = 1 << 16;
export const DNS_RESPONSE = 2 << 16;
/** Of TCP; of anything else, the sum over what it carries, or of an ICMP error, a hash of what survives of its quote. */
export const ACK = 13;
export const CONTENT = 13;
export const HEAD = 14;
/** Bytes of payload that it is of, at the most: enough to tell one request line from another. */
export const HEAD_BYTES = 32;
/**
 * TCP flags in the lower 8 bits, then 13 of the row of the quote, and 1 more, so that 0 is none, and one that is free; then a hash of how the
 * payload begins, 0 if too little of it was kept, or of a segment with less than that, further bits of that of its options. What is no ICMP error has no quote: the kernel takes its bits, and the free one (`REMEMBERED_MASK`).
 */
export const TCP_FLAGS_QUOTE = 15;
export const QUOTE_SHIFT = 8;
export const QUOTE_MASK = 0x1fff;
export const BEGINNING_SHIFT = 22;
/** Bytes of payload that it is of, no more and no fewer: a frame cut to 60 bytes has so many of UDP over IPv4. */
export const BEGINNING_BYTES = 16;
