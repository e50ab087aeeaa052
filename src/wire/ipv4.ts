import {
  HAS_IP_ID,
  HAS_MORE_FRAGMENTS,
  IS_DF,
  IS_FRAGMENT,
  IS_IPV6,
  IS_LATER_FRAGMENT,
  type PacketBatch,
  type Tally,
} from "../packets/packets.js";
import { FLAGS_PROTO_TTL, IP_ID, KEY, KEY2, LENGTH, RECORD_BITS, SEQ } from "../packets/records.js";
import { KEY2_SEED, KEY_SEED, mix, mix2 } from "./hash.js";
import type { Layout } from "./layout.js";
import { undecoded } from "./undecoded.js";

/** Byte offsets in the header, RFC 791 section 3.1. */
export const TOTAL_LENGTH = 2;
export const IDENTIFICATION = 4;
/** DF, MF and the offset in units of 8 bytes. */
export const FRAGMENT = 6;
const TTL = 8;
export const PROTOCOL = 9;
export const SOURCE = 12;
export const DESTINATION = 16;
export const HEADER_BYTES = 20;

const DF = 0x4000;
const MF = 0x2000;
export const OFFSET_MASK = 0x1fff;

/** Tells the keys of the IP versions and of fragments apart, above protocol and identification. */
const VERSION_4 = 4 << 28;
const FRAGMENTED = 1 << 24;

/** The address at `at` into row `row` of `column`; its other three words are 0. */
export function copyAddress(view: DataView, at: number, column: Uint32Array, row: number): void {
  const word = row * 4;
  column[word] = view.getInt32(at);
  column[word + 1] = 0;
  column[word + 2] = 0;
  column[word + 3] = 0;
}

/**
 * Checks the header at `at` and lays out `row`. The version nibble has been checked; `end` is where the captured bytes
 * end, `wireEnd` where the frame ended on the wire. False if the header is of no use, and then the frame is in the tally.
 */
export function locateIpv4(
  view: DataView,
  at: number,
  end: number,
  wireEnd: number,
  layout: Layout,
  row: number,
  tally: Tally,
  frame: number,
): boolean {
  if (end - at < HEADER_BYTES) return undecoded(tally, frame, "IPv4: fewer than the 20 header bytes captured");
  const headerLength = (view.getUint8(at) & 0x0f) << 2;
  if (headerLength < HEADER_BYTES) return undecoded(tally, frame, "IPv4: header length field below 20 bytes");
  const declared = view.getUint16(at + TOTAL_LENGTH);
  // Segmentation offload leaves 0 in what does not fit 16 bits, or in everything (tcpdump: "length 0, suspect TSO").
  const length = declared === 0 ? wireEnd - at : declared;
  if (length < headerLength) {
    return undecoded(tally, frame, "IPv4: total length field below the header length field");
  }
  layout.transport[row] = at + headerLength;
  layout.end[row] = at + length;
  return true;
}

/** Writes the IP columns of the rows that are IPv4, and begins their keys. */
export function ipv4Rows(view: DataView, layout: Layout, out: PacketBatch): void {
  const { ip, transport, end } = layout;
  const { count, records, src, dst } = out;
  for (let row = 0; row < count; row++) {
    const r = row << RECORD_BITS;
    if ((records[r + FLAGS_PROTO_TTL] & IS_IPV6) !== 0) continue;
    const at = ip[row];
    const idAndFragment = view.getInt32(at + IDENTIFICATION);
    const ttlAndProtocol = view.getUint16(at + TTL);
    const id = idAndFragment >>> 16;
    const fragment = idAndFragment & 0xffff;
    const protocol = ttlAndProtocol & 0xff;
    records[r + IP_ID] = id;
    records[r + LENGTH] = end[row] - at;
    copyAddress(view, at + SOURCE, src, row);
    copyAddress(view, at + DESTINATION, dst, row);

    let bits = (id === 0 ? 0 : HAS_IP_ID) | ((fragment & DF) === 0 ? 0 : IS_DF);
    let word = VERSION_4 | (protocol << 16) | id;
    const place = fragment & (MF | OFFSET_MASK);
    const offset = (place & OFFSET_MASK) << 3;
    if (place !== 0) {
      bits |= offset === 0 ? IS_FRAGMENT : IS_FRAGMENT | IS_LATER_FRAGMENT;
      if ((place & MF) !== 0) bits |= HAS_MORE_FRAGMENTS;
      word |= FRAGMENTED;
    }
    records[r + FLAGS_PROTO_TTL] = bits | (protocol << 16) | ((ttlAndProtocol >>> 8) << 24);
    records[r + SEQ] = offset;

    const payload = end[row] - transport[row];
    let a = mix(mix(KEY_SEED, word), payload);
    let b = mix2(mix2(KEY2_SEED, word), payload);
    if (place !== 0) {
      a = mix(a, place);
      b = mix2(b, place);
    }
    records[r + KEY] = a;
    records[r + KEY2] = b;
  }
}
