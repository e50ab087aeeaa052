import {
  HAS_PAYLOAD,
  HAS_TCP_NUMBERS,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_LATER_FRAGMENT,
  type PacketBatch,
  SYN,
  TCP,
} from "../packets/packets.js";
import {
  ACK,
  FLAGS_PROTO_TTL,
  HEAD,
  KEY,
  KEY2,
  PAYLOAD_LENGTH,
  RECORD_BITS,
  SEQ,
  TCP_FLAGS_QUOTE,
} from "../packets/records.js";
import { headOf, mix, mix2, mixBytes } from "./hash.js";
import type { Layout } from "./layout.js";

/** Byte offsets in the header, RFC 9293 section 3.1. */
export const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
/** Data offset in words (4 bits), reserved bits, flags (8 bits), window (16 bits). */
const OFFSET_FLAGS_WINDOW = 12;
const HEADER_BYTES = 20;

/** Writes the TCP columns of the rows that have a TCP header, and takes into their keys what a NAT leaves alone of it. */
export function tcpRows(view: DataView, layout: Layout, out: PacketBatch): void {
  const { transport, end, kept } = layout;
  const { count, records, srcPort, dstPort } = out;
  for (let row = 0; row < count; row++) {
    const r = row << RECORD_BITS;
    const flags = records[r + FLAGS_PROTO_TTL];
    if (((flags >>> 16) & 0xff) !== TCP || (flags & (IS_LATER_FRAGMENT | IS_HEADLESS)) !== 0) continue;
    const at = transport[row];
    const keptEnd = kept[row];
    const word = keptEnd - at < HEADER_BYTES ? 0 : view.getInt32(at + OFFSET_FLAGS_WINDOW);
    const headerLength = (word >>> 28) << 2;
    const payload = at + headerLength;
    if (headerLength < HEADER_BYTES || payload > end[row]) {
      records[r + FLAGS_PROTO_TTL] = flags | IS_HEADLESS;
      continue;
    }
    const sequence = view.getInt32(at + SEQUENCE);
    const acknowledgement = view.getInt32(at + ACKNOWLEDGEMENT);
    const ports = view.getInt32(at);
    const control = (word >>> 16) & 0xff;
    srcPort[row] = ports >>> 16;
    dstPort[row] = ports;
    records[r + SEQ] = sequence;
    records[r + ACK] = acknowledgement;
    records[r + TCP_FLAGS_QUOTE] = control;
    records[r + PAYLOAD_LENGTH] = end[row] - payload;

    const flagsAndWindow = word & 0xffffff;
    records[r + KEY] = mix(mix(mix(records[r + KEY], sequence), acknowledgement), flagsAndWindow);
    records[r + KEY2] = mix2(mix2(mix2(records[r + KEY2], sequence), acknowledgement), flagsAndWindow);
    // Routers clamp the MSS in the options of a SYN (iptables TCPMSS); they leave the others alone.
    if (headerLength > HEADER_BYTES && (control & SYN) === 0 && payload <= keptEnd) {
      mixBytes(view, at + HEADER_BYTES, payload, records, r);
    }

    records[r + HEAD] = headOf(view, payload, end[row], keptEnd);

    // The numbers and the length decide what the payload is, unless there are no numbers, or the length is a fragment's.
    const hasNumbers = (sequence | acknowledgement) !== 0;
    const isPayloadTaken = payload < keptEnd && (!hasNumbers || (flags & IS_FRAGMENT) !== 0);
    records[r + FLAGS_PROTO_TTL] = flags | (hasNumbers ? HAS_TCP_NUMBERS : 0) | (isPayloadTaken ? HAS_PAYLOAD : 0);
    if (isPayloadTaken) mixBytes(view, payload, keptEnd, records, r);
  }
}
