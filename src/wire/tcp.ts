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
  const { count, flags, proto, srcPort, dstPort, seq, ack, tcpFlags, payloadLength, head, key, key2 } = out;
  for (let row = 0; row < count; row++) {
    if (proto[row] !== TCP || (flags[row] & (IS_LATER_FRAGMENT | IS_HEADLESS)) !== 0) continue;
    const at = transport[row];
    const keptEnd = kept[row];
    const word = keptEnd - at < HEADER_BYTES ? 0 : view.getInt32(at + OFFSET_FLAGS_WINDOW);
    const headerLength = (word >>> 28) << 2;
    const payload = at + headerLength;
    if (headerLength < HEADER_BYTES || payload > end[row]) {
      flags[row] |= IS_HEADLESS;
      continue;
    }
    const sequence = view.getInt32(at + SEQUENCE);
    const acknowledgement = view.getInt32(at + ACKNOWLEDGEMENT);
    const ports = view.getInt32(at);
    const control = (word >>> 16) & 0xff;
    srcPort[row] = ports >>> 16;
    dstPort[row] = ports;
    seq[row] = sequence;
    ack[row] = acknowledgement;
    tcpFlags[row] = control;
    payloadLength[row] = end[row] - payload;

    const flagsAndWindow = word & 0xffffff;
    key[row] = mix(mix(mix(key[row], sequence), acknowledgement), flagsAndWindow);
    key2[row] = mix2(mix2(mix2(key2[row], sequence), acknowledgement), flagsAndWindow);
    // Routers clamp the MSS in the options of a SYN (iptables TCPMSS); they leave the others alone.
    if (headerLength > HEADER_BYTES && (control & SYN) === 0 && payload <= keptEnd) {
      mixBytes(view, at + HEADER_BYTES, payload, key, key2, row);
    }

    head[row] = headOf(view, payload, end[row], keptEnd);

    // The numbers and the length decide what the payload is, unless there are no numbers, or the length is a fragment's.
    const hasNumbers = (sequence | acknowledgement) !== 0;
    if (hasNumbers) flags[row] |= HAS_TCP_NUMBERS;
    if (payload < keptEnd && (!hasNumbers || (flags[row] & IS_FRAGMENT) !== 0)) {
      flags[row] |= HAS_PAYLOAD;
      mixBytes(view, payload, keptEnd, key, key2, row);
    }
  }
}
