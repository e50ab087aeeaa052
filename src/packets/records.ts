import { double, field, fields, flag, halves, same, sizeBits, word } from "./memory/layout.js";

/**
 * A packet's record, as the decoder writes it into a `PacketBatch` and the `Timeline` keeps it: 16 words, a cache line. What is
 * done with a packet looks at a dozen of its fields: as columns, those were a dozen lines each. These are the fields' words;
 * most are named as the methods that read them.
 */
export const RECORD_BITS = sizeBits();
export const RECORD_BYTES = 4 << RECORD_BITS;

export const STAMP_NS = double();
/** Of a packet that crossed and is kept, whose stamp nobody asks for: the slot of its flow; and the pair's inside row, and whether it went outbound (1). */
export const [CROSSING_SLOT, CROSSING_ROW_OUTBOUND] = halves();
fields();
const [, OUTBOUND_MASK] = field(1);
const [ROW_SHIFT] = field(31);
export function crossingOf(row: number, outbound: number): number {
  return (row << ROW_SHIFT) | outbound;
}
export function crossedRow(word: number): number {
  return word >>> ROW_SHIFT;
}
export function crossedOutbound(word: number): number {
  return word & OUTBOUND_MASK;
}
/** From when the packet is taken on, as the tuple has the addresses by then … */
export const TIME_NS = double();
/** … and in a batch until then: the addresses over IPv4, over IPv6 their first words. */
export const [SRC, DST] = halves();
/** Of a copy, which is never looked up, the frame that it is one of. */
export const KEY = word();
export const KEY2 = word();
/** From when the packet is taken on … */
export const WAY = word();
/** … and in a batch until then: TCP and UDP ports, or an ICMP echo's id as both; else 0. */
export const PORTS = same(WAY);
const [, PORT_MASK] = field(16);
const [SOURCE_SHIFT] = field(16);
export function portsFromTo(source: number, destination: number): number {
  return (source << SOURCE_SHIFT) | destination;
}
export function sourceIn(ports: number): number {
  return ports >>> SOURCE_SHIFT;
}
export function destinationIn(ports: number): number {
  return ports & PORT_MASK;
}
/** The ports of packets that go the other way. */
export function swapped(ports: number): number {
  return portsFromTo(destinationIn(ports), sourceIn(ports));
}
/** IS_… and HAS_… of packets.ts, the protocol, and the TTL. */
export const FLAGS_PROTO_TTL = word();
const [, FLAGS_MASK] = field(16);
const [PROTO_SHIFT, PROTO_MASK] = field(8);
export const [TTL_SHIFT] = field(8);
export function flagsProtoTtl(flags: number, proto: number, ttl: number): number {
  return flags | (proto << PROTO_SHIFT) | (ttl << TTL_SHIFT);
}
/** All of that word but the TTL. */
export const FLAGS_PROTO = ~(-1 << TTL_SHIFT);
export function flagsIn(word: number): number {
  return word & FLAGS_MASK;
}
export function protoIn(word: number): number {
  return (word >>> PROTO_SHIFT) & PROTO_MASK;
}
export function ttlIn(word: number): number {
  return word >>> TTL_SHIFT;
}
export const FRAME = word();
/**
 * The identification: 16 bits of IPv4, 32 of an IPv6 fragment. Of TCP, the upper half is what routers are known to rewrite of it, where it
 * is free: 8 bits of a hash of the window, then 8 of one of the options: NO_OPTIONS, or 0 where they are not known.
 */
export const IP_ID = word();
export const [, ID_MASK] = field(16);
export const [WINDOW_SHIFT, WINDOW_MASK] = field(8);
export const [OPTIONS_SHIFT] = field(8);

export const NO_OPTIONS = 1;
/**
 * The length, in as many bits as the longest packet takes that counts: more than a host hands over as one (Linux: 512 KiB). Above them, the tunnel that the packet came
 * in: its number in the `TunnelTable`, or one of these, or 0 for none.
 */
export const LENGTH = word();
const LENGTH_BITS = 20;
export const [, LENGTH_MASK] = field(LENGTH_BITS);
/** It came in a tunnel, and its batch knows what carried it: see `Outers`. */
export const [TUNNEL_SHIFT, CARRIED] = field(12);
/** It carries a packet that was not looked at. */
export const CARRIER = CARRIED - 1;
/** So many numbers there are. */
export const MOST_TUNNELS = CARRIER - 1;
/**
 * The length of the payload, as LENGTH has it; above it, what the key leaves out of the IP header, as a router may write it anew: the
 * traffic class (RFC 2474: two bits of ECN, above them six of DSCP), then a hash of the flow label, 0 for none.
 */
export const PAYLOAD_LENGTH_CLASS = word();
fields(LENGTH_BITS);
export const [CLASS_SHIFT, ECN_MASK] = field(2);
export const [DSCP_SHIFT, DSCP_MASK] = field(6);
export const [LABEL_SHIFT, LABEL_MASK] = field(4);
/**
 * The number of TCP; of ICMP, the type, the code, and an echo's sequence number, or an error's MTU; of a later fragment, its offset. Of a DNS message over UDP, which it
 * is, and its transaction's id, where so much of it was captured; else 0.
 */
export const SEQ = word();
const [, ICMP_NUMBER_MASK] = field(16);
const [ICMP_CODE_SHIFT, ICMP_CODE_MASK] = field(8);
const [ICMP_TYPE_SHIFT] = field(8);
export function icmpTypeIn(word: number): number {
  return word >>> ICMP_TYPE_SHIFT;
}
export function icmpCodeIn(word: number): number {
  return (word >>> ICMP_CODE_SHIFT) & ICMP_CODE_MASK;
}
/** The sequence number of an echo, or the MTU that an error says is too small. */
export function icmpNumberIn(word: number): number {
  return word & ICMP_NUMBER_MASK;
}
fields(ICMP_CODE_SHIFT);
export const DNS_QUERY = flag();
export const DNS_RESPONSE = flag();
/** Of TCP; of anything else, what it carries as a number (`joined-content.ts`), 0 if not all of that was kept, or of an ICMP error, a hash of what survives of its quote. */
export const ACK_SEQ = word();
export const CONTENT = same(ACK_SEQ);
export const HEAD = word();
/** Bytes of payload that it is of, at the most: enough to tell one request line from another. */
export const HEAD_BYTES = 32;
/**
 * TCP flags; the row of the quote, and 1 more, so that 0 is none; a bit that is free; then a hash of how the
 * payload begins, 0 if too little of it was kept, or of a segment with less than that, further bits of that of its options.
 */
export const TCP_FLAGS_QUOTE = word();
export const [, TCP_FLAGS_MASK] = field(8);
export const [QUOTE_SHIFT, QUOTE_MASK] = field(13);
flag();
export const [BEGINNING_SHIFT] = field(10);
/**
 * In the place of the quote and of the free bit, what is no ICMP error says what the kernel found as it passed: how long before it an equal one of
 * its way did, as much of a float's microseconds; whether what it carries is new on its side; that it was asked; and of a segment without an
 * IP ID, whether its way has said the same within the last minute.
 */
fields(QUOTE_SHIFT);
export const SINCE_BITS = 11;
export const [SINCE_SHIFT, SINCE_MASK] = field(SINCE_BITS);
export const IS_NOVEL = flag();
export const IS_REMEMBERED = flag();
export const IS_SAID_AGAIN = flag();
export const REMEMBERED_MASK = (SINCE_MASK << SINCE_SHIFT) | IS_NOVEL | IS_REMEMBERED | IS_SAID_AGAIN;
/** Bytes of payload that it is of, no more and no fewer: a frame cut to 60 bytes has so many of UDP over IPv4. */
export const BEGINNING_BYTES = 16;
