import { HAS_IP_ID, HAS_MORE_FRAGMENTS, IS_DF, IS_FRAGMENT, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import { DST, FLAGS_PROTO_TTL, flagsProtoTtl, IP_ID, LENGTH, SEQ, SRC } from "../../packets/records.js";
import {
  DESTINATION,
  DF,
  HEADER_BYTES,
  IDENTIFICATION,
  MF,
  OFFSET_MASK,
  SOURCE,
  TOTAL_LENGTH,
  TTL,
} from "../../protocols/ipv4.js";
import { IPV4_CUT, IPV4_HEADER_LENGTH, IPV4_TOTAL_LENGTH } from "../reasons.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";
import { beginKey, joined } from "./hash.js";

/** Tells the keys of the IP versions apart, above protocol and identification. */
const VERSION_4 = 4 << 28;

/** The address at `at` into the four words at `to`; the other three are 0. */
export function copyAddress(at: i32, to: i32): void {
  store<i64>(to, <i64>(<u32>wordAt(at)));
  store<i64>(to, 0, 8);
}

/**
 * Writes what the header at `at` says into a record, and begins the key. The version nibble has been
 * checked; `end` is where the captured bytes end, `wireEnd` where the frame ended on the wire. Returns where the header
 * behind it begins, which may lie beyond the captured bytes; or ~ the reason why it is of no use.
 */
export function ipv4(at: i32, end: i32, wireEnd: i32, record: i32): i32 {
  if (end - at < HEADER_BYTES) return ~IPV4_CUT;
  const headerLength = (byteAt(at) & 0x0f) << 2;
  if (headerLength < HEADER_BYTES) return ~IPV4_HEADER_LENGTH;
  const declared = halfAt(at + TOTAL_LENGTH);
  // Segmentation offload leaves 0 in what does not fit 16 bits, or in everything (tcpdump: "length 0, suspect TSO").
  const length = declared === 0 ? wireEnd - at : declared;
  if (length < headerLength) return ~IPV4_TOTAL_LENGTH;

  const idAndFragment = wordAt(at + IDENTIFICATION);
  const ttlAndProtocol = halfAt(at + TTL);
  const id = idAndFragment >>> 16;
  const fragment = idAndFragment & 0xffff;
  const protocol = ttlAndProtocol & 0xff;
  store<i32>(record, id, 4 * IP_ID);
  store<i32>(record, length, 4 * LENGTH);
  store<i32>(record, wordAt(at + SOURCE), 4 * SRC);
  store<i32>(record, wordAt(at + DESTINATION), 4 * DST);

  let bits = (id === 0 ? 0 : HAS_IP_ID) | ((fragment & DF) === 0 ? 0 : IS_DF);
  const place = fragment & (MF | OFFSET_MASK);
  const offset = (place & OFFSET_MASK) << 3;
  if (place !== 0) {
    bits |= offset === 0 ? IS_FRAGMENT : IS_FRAGMENT | IS_LATER_FRAGMENT;
    if ((place & MF) !== 0) bits |= HAS_MORE_FRAGMENTS;
  }
  store<i32>(record, flagsProtoTtl(bits, protocol, ttlAndProtocol >>> 8), 4 * FLAGS_PROTO_TTL);
  store<i32>(record, offset, 4 * SEQ);

  beginKey(record, joined(VERSION_4 | (protocol << 16) | id, place));
  return at + headerLength;
}
