import { ICMP, ICMPV6, IS_ERROR, IS_IPV6, type PacketBatch, TCP, UDP } from "../packets/packets.js";
import { FLAGS_PROTO_TTL, RECORD_BITS, TCP_FLAGS_QUOTE } from "../packets/records.js";
import { mixWord } from "./hash.js";
import * as icmp from "./echo.js";
import * as ip4 from "./ipv4.js";
import * as ip6 from "./ipv6.js";
import * as tcp from "./tcp.js";

/** What every error quotes at least of the transport header (RFC 792): ports, sequence number, ICMP id. */
const TRANSPORT_BYTES = 8;

/** Where the IP header of a quote leads if it cannot be used at all, or to no transport header. */
const UNUSABLE = -1;
const NOWHERE = Infinity;

/**
 * Adds the packet that the error in `row` quotes at `at` to the quotes, makes the row point there, and takes into its
 * key what a NAT leaves alone of it. `captured` is where this capture's bytes of the datagram end, `kept` where those
 * end that both captures have. A quote whose IP header is cut or malformed is left out, and the row is not marked as an
 * error; of one without 8 transport bytes, or of a later fragment, ports and seq are 0.
 */
export function quote(view: DataView, at: number, captured: number, kept: number, out: PacketBatch, row: number): void {
  const isIpv6 = (out.flags(row) & IS_IPV6) !== 0;
  const transport = isIpv6
    ? quoteIpv6(view, at, captured, kept, out, row)
    : quoteIpv4(view, at, captured, kept, out, row);
  if (transport === UNUSABLE) return;
  const { quotes } = out;
  const quoted = quotes.count - 1;
  const r = row << RECORD_BITS;
  out.records[r + TCP_FLAGS_QUOTE] = (quoted + 1) << 8;
  out.records[r + FLAGS_PROTO_TTL] |= IS_ERROR;
  quotes.srcPort[quoted] = 0;
  quotes.dstPort[quoted] = 0;
  quotes.seq[quoted] = 0;
  if (transport + TRANSPORT_BYTES > captured) return;

  const proto = quotes.proto[quoted];
  const first = view.getUint16(transport);
  let invariant = 0;
  if (proto === TCP || proto === UDP) {
    quotes.srcPort[quoted] = first;
    quotes.dstPort[quoted] = view.getUint16(transport + 2);
    if (proto === TCP) {
      invariant = view.getInt32(transport + tcp.SEQUENCE);
      quotes.seq[quoted] = invariant;
    }
  } else if (proto === (isIpv6 ? ICMPV6 : ICMP)) {
    const seq = view.getUint16(transport + icmp.SEQUENCE);
    invariant = (first << 16) | seq;
    if (icmp.isEcho(view.getUint8(transport), isIpv6)) {
      const id = view.getUint16(transport + icmp.ID);
      quotes.srcPort[quoted] = id;
      quotes.dstPort[quoted] = id;
      quotes.seq[quoted] = seq;
    }
  }
  if (transport + TRANSPORT_BYTES <= kept) mixWord(out.records, row << RECORD_BITS, invariant);
}

/** Adds a quote with its IPv4 columns; returns the offset of its transport header, NOWHERE, or UNUSABLE. */
function quoteIpv4(view: DataView, at: number, captured: number, kept: number, out: PacketBatch, row: number): number {
  if (captured - at < ip4.HEADER_BYTES || view.getUint8(at) >>> 4 !== 4) return UNUSABLE;
  const headerLength = (view.getUint8(at) & 0x0f) << 2;
  if (headerLength < ip4.HEADER_BYTES) return UNUSABLE;
  const { quotes } = out;
  const quoted = quotes.add();
  const proto = view.getUint8(at + ip4.PROTOCOL);
  const ipId = view.getUint16(at + ip4.IDENTIFICATION);
  const length = view.getUint16(at + ip4.TOTAL_LENGTH);
  quotes.proto[quoted] = proto;
  quotes.ipId[quoted] = ipId;
  quotes.length[quoted] = length;
  ip4.copyAddress(view, at + ip4.SOURCE, quotes.src, quoted);
  ip4.copyAddress(view, at + ip4.DESTINATION, quotes.dst, quoted);
  if (at + ip4.HEADER_BYTES <= kept) {
    mixWord(out.records, row << RECORD_BITS, (proto << 16) | ipId);
    mixWord(out.records, row << RECORD_BITS, length);
  }
  const isLaterFragment = (view.getUint16(at + ip4.FRAGMENT) & ip4.OFFSET_MASK) !== 0;
  return isLaterFragment ? NOWHERE : at + headerLength;
}

/** Adds a quote with its IPv6 columns; returns the offset of its transport header, NOWHERE, or UNUSABLE. */
function quoteIpv6(view: DataView, at: number, captured: number, kept: number, out: PacketBatch, row: number): number {
  if (captured - at < ip6.HEADER_BYTES || view.getUint8(at) >>> 4 !== 6) return UNUSABLE;
  const { quotes } = out;
  const quoted = quotes.add();
  const { chain, HEADER_BYTES, NEXT_HEADER } = ip6;
  const transport = ip6.walkExtensions(view, at + HEADER_BYTES, view.getUint8(at + NEXT_HEADER), captured, Infinity);
  const length = HEADER_BYTES + view.getUint16(at + ip6.PAYLOAD_LENGTH);
  quotes.proto[quoted] = chain.proto;
  quotes.ipId[quoted] = chain.fragmentId;
  quotes.length[quoted] = length;
  ip6.copyAddress(view, at + ip6.SOURCE, quotes.src, quoted);
  ip6.copyAddress(view, at + ip6.DESTINATION, quotes.dst, quoted);
  if (chain.end !== ip6.COMPLETE) return NOWHERE;
  // A walk that ended within what both captures have ended at the same place in both.
  if (transport <= kept) {
    mixWord(out.records, row << RECORD_BITS, chain.fragmentId);
    mixWord(out.records, row << RECORD_BITS, (chain.proto << 24) | length);
  }
  return chain.fragment < 8 ? transport : NOWHERE;
}
