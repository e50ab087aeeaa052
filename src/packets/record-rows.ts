import { idOf, IS_IPV6 } from "./packets.js";
import {
  ACK_SEQ,
  CONTENT,
  FLAGS_PROTO_TTL,
  flagsIn,
  FRAME,
  HEAD,
  IP_ID,
  KEY,
  KEY2,
  LENGTH,
  LENGTH_MASK,
  PAYLOAD_LENGTH_CLASS,
  protoIn,
  SEQ,
  STAMP_NS,
  TCP_FLAGS_MASK,
  TCP_FLAGS_QUOTE,
  ttlIn,
  TUNNEL_SHIFT,
} from "./records.js";

/** What is known of packets by row, as the decoder wrote it into a record of each, wherever that lies: see `records.ts`. */
export abstract class RecordRows {
  abstract records: Int32Array;
  /** The same memory. */
  abstract doubles: Float64Array;

  /** The first word of a row's record. */
  abstract recordOf(row: number): number;

  /** The first of its doubles, which are the same memory. */
  protected doublesOf(row: number): number {
    return this.recordOf(row) >> 1;
  }

  /** When its capture stamped it, nanoseconds since that one's epoch. */
  stampNs(row: number): number {
    return this.doubles[this.doublesOf(row) + STAMP_NS];
  }

  /** Two 32-bit hashes over everything a NAT leaves alone (the match key), signed; equal on both sides for twins. */
  key(row: number): number {
    return this.records[this.recordOf(row) + KEY];
  }

  key2(row: number): number {
    return this.records[this.recordOf(row) + KEY2];
  }

  /** The bits IS_… and HAS_… of packets.ts. */
  flags(row: number): number {
    return flagsIn(this.records[this.recordOf(row) + FLAGS_PROTO_TTL]);
  }

  isIpv6(row: number): boolean {
    return (this.flags(row) & IS_IPV6) !== 0;
  }

  /** IP protocol of the last header reached: 1, 6, 17, 58 or any other. */
  proto(row: number): number {
    return protoIn(this.records[this.recordOf(row) + FLAGS_PROTO_TTL]);
  }

  /** IPv4 TTL or IPv6 hop limit. */
  ttl(row: number): number {
    return ttlIn(this.records[this.recordOf(row) + FLAGS_PROTO_TTL]);
  }

  /** 1-based frame number in its capture. */
  frame(row: number): number {
    return this.records[this.recordOf(row) + FRAME] >>> 0;
  }

  /** IPv4 identification (16 bits), IPv6 fragment identification (32 bits), or 0. */
  ipId(row: number): number {
    return idOf(this.flags(row), this.records[this.recordOf(row) + IP_ID]);
  }

  /** IP datagram length in bytes, headers included, as on the wire (never the captured length). */
  length(row: number): number {
    return this.records[this.recordOf(row) + LENGTH] & LENGTH_MASK;
  }

  /** The tunnel that it came in, by its number in the `TunnelTable`, or in a batch CARRIED or CARRIER; 0 for none. */
  tunnel(row: number): number {
    return this.records[this.recordOf(row) + LENGTH] >>> TUNNEL_SHIFT;
  }

  /** Transport payload bytes on the wire (TCP data, UDP data, ICMP body after its 8 bytes). */
  payloadLength(row: number): number {
    return this.records[this.recordOf(row) + PAYLOAD_LENGTH_CLASS] & LENGTH_MASK;
  }

  /** TCP sequence number; ICMP: type << 24 | code << 16 | echo sequence number, or the MTU that is too small; a fragment: its offset in bytes. */
  seq(row: number): number {
    return this.records[this.recordOf(row) + SEQ] >>> 0;
  }

  /** TCP acknowledgement number; of no meaning otherwise. */
  ack(row: number): number {
    return this.records[this.recordOf(row) + ACK_SEQ] >>> 0;
  }

  /**
   * Of anything but TCP: all that the packet carries behind the header that a NAT rewrites, as a number. Of the fragments of a datagram,
   * they add up (`joinedContent`) to that of the whole, however it was cut. 0 if there is nothing, or not all of it was kept. Of an ICMP
   * error, a hash of what survives of its quote.
   */
  content(row: number): number {
    return this.records[this.recordOf(row) + CONTENT];
  }

  /**
   * Hash of the first payload bytes (32, or all if fewer), which compares what is cut or numbered differently; 0 if there are none, or
   * not all kept.
   */
  head(row: number): number {
    return this.records[this.recordOf(row) + HEAD];
  }

  tcpFlags(row: number): number {
    return this.records[this.recordOf(row) + TCP_FLAGS_QUOTE] & TCP_FLAGS_MASK;
  }
}
