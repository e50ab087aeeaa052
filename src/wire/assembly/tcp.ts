import { HAS_PAYLOAD, HAS_TCP_NUMBERS, IS_FRAGMENT, IS_HEADLESS, SYN } from "../../packets/packets.js";
import {
  ACK,
  FLAGS_PROTO_TTL,
  HEAD,
  OPTIONS_SHIFT,
  PAYLOAD_LENGTH,
  PORTS,
  SEQ,
  TCP_FLAGS_QUOTE,
  WINDOW_SHIFT,
} from "../../packets/records.js";
import { wordAt } from "./bytes.js";
import { headOf, keyOf, mix, mixBytes, optionsHash, setKey } from "./hash.js";

/** Byte offsets in the header, RFC 9293 section 3.1. */
export const SEQUENCE = 4;
const ACKNOWLEDGEMENT = 8;
/** Data offset in words (4 bits), reserved bits, flags (8 bits), window (16 bits). */
const OFFSET_FLAGS_WINDOW = 12;
const HEADER_BYTES = 20;

/**
 * Writes what the header at `at` says into a record, and takes into the key what a NAT leaves alone of it.
 * `end` is where the datagram ends on the wire, `kept` where those bytes of it end that both captures have.
 */
export function tcp(at: i32, end: i32, kept: i32, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const word = kept - at < HEADER_BYTES ? 0 : wordAt(at + OFFSET_FLAGS_WINDOW);
  const headerLength = (word >>> 28) << 2;
  const payload = at + headerLength;
  if (headerLength < HEADER_BYTES || payload > end) {
    store<i32>(record, flags | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
    return;
  }
  const sequence = wordAt(at + SEQUENCE);
  const acknowledgement = wordAt(at + ACKNOWLEDGEMENT);
  const control = (word >>> 16) & 0xff;
  store<i32>(record, wordAt(at), 4 * PORTS);
  store<i32>(record, sequence, 4 * SEQ);
  store<i32>(record, acknowledgement, 4 * ACK);
  const options = payload <= kept ? optionsHash(at + HEADER_BYTES, payload) : 0;
  store<i32>(record, control | (options << OPTIONS_SHIFT) | (word << WINDOW_SHIFT), 4 * TCP_FLAGS_QUOTE);
  store<i32>(record, end - payload, 4 * PAYLOAD_LENGTH);

  // both numbers in one, then flags and window: in which order their bytes are does not matter here
  let key = mix(keyOf(record), load<u64>(at + SEQUENCE));
  key = mix(key, word & 0xffffff);
  // Routers clamp the MSS in the options of a SYN (iptables TCPMSS); they leave the others alone.
  if (headerLength > HEADER_BYTES && (control & SYN) === 0 && payload <= kept)
    key = mixBytes(key, at + HEADER_BYTES, payload);

  store<i32>(record, headOf(payload, end, kept), 4 * HEAD);

  // The numbers and the length decide what the payload is, unless there are no numbers, or the length is a fragment's.
  const hasNumbers = (sequence | acknowledgement) !== 0;
  const isPayloadTaken = payload < kept && (!hasNumbers || (flags & IS_FRAGMENT) !== 0);
  store<i32>(
    record,
    flags | (hasNumbers ? HAS_TCP_NUMBERS : 0) | (isPayloadTaken ? HAS_PAYLOAD : 0),
    4 * FLAGS_PROTO_TTL,
  );
  setKey(record, isPayloadTaken ? mixBytes(key, payload, kept) : key);
}
