import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import * as column from "../../packets/batches/columns-words.js";
import { IS_ERROR, IS_IPV6 } from "../../packets/packets.js";
import {
  CONTENT,
  FLAGS_PROTO_TTL,
  HEAD_BYTES,
  portsFromTo,
  QUOTE_SHIFT,
  TCP_FLAGS_QUOTE,
} from "../../packets/records.js";
import * as icmp from "../../protocols/icmp.js";
import { hasPorts, ICMP, ICMPV6, PORTS_BYTES, TCP, UDP } from "../../protocols/ip-protocols.js";
import * as header4 from "../../protocols/ipv4.js";
import * as header6 from "../../protocols/ipv6.js";
import * as tcp from "../../protocols/tcp.js";
import * as udp from "../../protocols/udp.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";
import { hashOfPair, headOf, joined, mixWord, sumOf } from "./hash.js";
import * as ip4 from "./ipv4.js";
import * as ip6 from "./ipv6.js";
import { rewritten } from "./other.js";

/** What every error quotes at least of the transport header (RFC 792): ports, sequence number, ICMP id. */
const TRANSPORT_BYTES = 8;

/** Where the IP header of a quote leads if it cannot be used at all, or to no transport header. */
const UNUSABLE = -1;
const NOWHERE = 0x7fff_0000;

/** The batch whose quotes are written, and how many it has. */
let batch = 0;
export let count = 0;
/** Where that ends which the key takes of the quote added last. */
export let takenEnd = 0;

/** Goes on with the quotes of a batch, which has so many by now. */
export function goOn(filled: i32, quoted: i32): void {
  batch = filled;
  count = quoted;
}

/**
 * Adds the packet that the error in a record quotes at `at` to the quotes, makes the record point there, and takes into its
 * key what a NAT leaves alone of it. `captured` is where this capture's bytes of the datagram end, `kept` where those
 * end that both captures have. A quote whose IP header is malformed, or not in both captures, is left out, and the row is not marked as
 * an error: its conversation is to be the same one in both. Ports are 0 where they are not in both, or of a later fragment; so is seq where
 * this capture does not have 8 transport bytes.
 */
export function quote(at: i32, captured: i32, kept: i32, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const isIpv6 = (flags & IS_IPV6) !== 0;
  const transport = isIpv6 ? quoteIpv6(at, kept, record) : quoteIpv4(at, kept, record);
  if (transport === UNUSABLE) return;
  const quoted = count - 1;
  store<i32>(record, (quoted + 1) << QUOTE_SHIFT, 4 * TCP_FLAGS_QUOTE);
  store<i32>(record, flags | IS_ERROR, 4 * FLAGS_PROTO_TTL);
  setPorts(quoted, 0, 0);
  setSeq(quoted, 0);
  setHead(quoted, 0);
  takenEnd =
    transport === NOWHERE ? at + (isIpv6 ? header6.HEADER_BYTES : header4.HEADER_BYTES) : transport + TRANSPORT_BYTES;
  const proto = quotedProto(quoted);
  const isIcmp = proto === (isIpv6 ? ICMPV6 : ICMP);
  if (hasPorts(proto) && transport + PORTS_BYTES <= kept) setPorts(quoted, halfAt(transport), halfAt(transport + 2));
  const isEcho = isIcmp && transport + icmp.SEQUENCE <= kept && icmp.isEcho(byteAt(transport), isIpv6);
  if (isEcho) setPorts(quoted, halfAt(transport + icmp.ID), halfAt(transport + icmp.ID));
  if (transport + TRANSPORT_BYTES > captured) return;

  let invariant = 0;
  // across IP versions, too: the numbers, a UDP length, an echo's sequence number
  let content = 0;
  if (proto === UDP) content = halfAt(transport + udp.LENGTH);
  if (proto === TCP) {
    invariant = wordAt(transport + tcp.SEQUENCE);
    content = invariant;
    setSeq(quoted, invariant);
  }
  if (isIcmp) {
    content = halfAt(transport + icmp.SEQUENCE);
    invariant = (halfAt(transport) << 16) | content;
    if (isEcho) setSeq(quoted, content);
  }
  if (proto !== TCP) {
    const place = proto === UDP || isIcmp ? TRANSPORT_BYTES : rewritten(proto, transport, captured);
    noteHead(quoted, transport + place, place, at + quotedLength(quoted), captured);
  }
  if (transport + TRANSPORT_BYTES > kept) return;
  mixWord(record, invariant);
  store<i32>(record, hashOfPair(proto === ICMPV6 ? ICMP : proto, content), 4 * CONTENT);
}

/** Adds a quote with its IPv4 columns; returns where its transport header is, NOWHERE, or UNUSABLE. */
function quoteIpv4(at: i32, kept: i32, record: i32): i32 {
  if (kept - at < header4.HEADER_BYTES || byteAt(at) >>> 4 !== 4) return UNUSABLE;
  const headerLength = (byteAt(at) & 0x0f) << 2;
  if (headerLength < header4.HEADER_BYTES) return UNUSABLE;
  const proto = byteAt(at + header4.PROTOCOL);
  const ipId = halfAt(at + header4.IDENTIFICATION);
  const length = halfAt(at + header4.TOTAL_LENGTH);
  const quoted = add(proto, ipId, length);
  ip4.copyAddress(at + header4.SOURCE, quotedSrc(quoted));
  ip4.copyAddress(at + header4.DESTINATION, quotedDst(quoted));
  mixWord(record, joined((proto << 16) | ipId, length));
  const isLaterFragment = (halfAt(at + header4.FRAGMENT) & header4.OFFSET_MASK) !== 0;
  return isLaterFragment ? NOWHERE : at + headerLength;
}

/** Adds a quote with its IPv6 columns; returns where its transport header is, NOWHERE, or UNUSABLE. */
function quoteIpv6(at: i32, kept: i32, record: i32): i32 {
  if (kept - at < header6.HEADER_BYTES || byteAt(at) >>> 4 !== 6) return UNUSABLE;
  const transport = ip6.walkExtensions(at + header6.HEADER_BYTES, byteAt(at + header6.NEXT_HEADER), kept, NOWHERE);
  const length = header6.HEADER_BYTES + halfAt(at + header6.PAYLOAD_LENGTH);
  const quoted = add(ip6.proto, ip6.fragmentId, length);
  ip6.copyAddress(at + header6.SOURCE, quotedSrc(quoted));
  ip6.copyAddress(at + header6.DESTINATION, quotedDst(quoted));
  if (ip6.walkEnd !== ip6.COMPLETE) return NOWHERE;
  // A walk that ended within what both captures have ended at the same place in both.
  if (transport <= kept) {
    mixWord(record, joined(ip6.fragmentId, (ip6.proto << 24) | length));
  }
  return ip6.fragment < 8 ? transport : NOWHERE;
}

function add(proto: i32, ipId: i32, length: i32): i32 {
  const quoted = count++;
  store<u8>(batch + quoted, <u8>proto, BATCH_FRAMES * column.QUOTE_PROTO);
  store<i32>(batch + (quoted << 2), ipId, BATCH_FRAMES * column.QUOTE_IP_ID);
  store<i32>(batch + (quoted << 2), length, BATCH_FRAMES * column.QUOTE_LENGTH);
  return quoted;
}

/** Where the four words of a quote's addresses are. */
export function quotedSrc(quoted: i32): i32 {
  return batch + BATCH_FRAMES * column.QUOTE_SRC + quoted * column.ADDRESS_BYTES;
}

export function quotedDst(quoted: i32): i32 {
  return batch + BATCH_FRAMES * column.QUOTE_DST + quoted * column.ADDRESS_BYTES;
}

function setPorts(quoted: i32, src: i32, dst: i32): void {
  store<u16>(batch + (quoted << 1), <u16>src, BATCH_FRAMES * column.QUOTE_SRC_PORT);
  store<u16>(batch + (quoted << 1), <u16>dst, BATCH_FRAMES * column.QUOTE_DST_PORT);
}

function setSeq(quoted: i32, seq: i32): void {
  store<i32>(batch + (quoted << 2), seq, BATCH_FRAMES * column.QUOTE_SEQ);
}

function setHead(quoted: i32, head: i32): void {
  store<i32>(batch + (quoted << 2), head, BATCH_FRAMES * column.QUOTE_HEAD);
}

function quotedLength(quoted: i32): i32 {
  return load<i32>(batch + (quoted << 2), BATCH_FRAMES * column.QUOTE_LENGTH);
}

/** Notes how the payload `from` … `end`-1 of a quoted packet begins, as `payload` does of a packet, if that much is there. */
function noteHead(quoted: i32, from: i32, place: i32, end: i32, captured: i32): void {
  const headEnd = min(end, from - (place & 7) + HEAD_BYTES);
  if (from < headEnd && headEnd <= captured) setHead(quoted, headOf(headEnd - from, sumOf(from, headEnd, place)));
}

/** The hash of a quote's tuple needs its protocol and ports. */
export function quotedProto(quoted: i32): i32 {
  return load<u8>(batch + quoted, BATCH_FRAMES * column.QUOTE_PROTO);
}

/** As in a record. */
export function quotedPorts(quoted: i32): i32 {
  const src = <i32>load<u16>(batch + (quoted << 1), BATCH_FRAMES * column.QUOTE_SRC_PORT);
  return portsFromTo(src, load<u16>(batch + (quoted << 1), BATCH_FRAMES * column.QUOTE_DST_PORT));
}
