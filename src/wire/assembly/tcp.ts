import { HAS_IP_ID, HAS_TCP_NUMBERS, IS_HEADLESS, IS_IPV6 } from "../../packets/packets.js";
import {
  ACK_SEQ,
  BEGINNING_BYTES,
  BEGINNING_SHIFT,
  FLAGS_PROTO_TTL,
  IP_ID,
  NO_OPTIONS,
  OPTIONS_SHIFT,
  PAYLOAD_LENGTH_CLASS,
  PORTS,
  SEQ,
  TCP_FLAGS_QUOTE,
  WINDOW_SHIFT,
} from "../../packets/records.js";
import { ACKNOWLEDGEMENT, HEADER_BYTES, LEAST_BYTES, OFFSET_FLAGS_WINDOW, SEQUENCE, SYN } from "../../protocols/tcp.js";
import { byteAt, wordAt } from "./bytes.js";
import { briefOf, joined, keyOf, mix, mixWord, restOf, setKey, sumOf } from "./hash.js";
import { payload } from "./payload.js";

const LONGEST_HEADER = 60;

const FLAGS_AND_WINDOW = 0x00ff_ffff;
const DATA_OFFSET = 0xf000_0000;
const WINDOW = 0xffff;

/** Kinds of options, https://www.iana.org/assignments/tcp-parameters */
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const MAXIMUM_SEGMENT_SIZE_BYTES = 4;

/**
 * Writes what the header at `at` says into a record, and takes into the key what a NAT leaves alone of it, and what it carries.
 * `end` is where the datagram ends on the wire, `taken` where its captured bytes do, `headers` how far headers are read of all packets, `covered`
 * how far the key goes, and `kept` how far it goes of this one, which may end before.
 */
export function tcp(at: i32, end: i32, taken: i32, headers: i32, covered: i32, kept: i32, record: i32): void {
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  const held = min(taken, headers) - at;
  const hasWindow = headers - at >= HEADER_BYTES;
  const found = (hasWindow ? HEADER_BYTES : LEAST_BYTES) > held ? 0 : wordAt(at + OFFSET_FLAGS_WINDOW);
  const word = hasWindow ? found : found & ~WINDOW;
  const headerLength = (word >>> 28) << 2;
  const body = at + headerLength;
  if (headerLength < HEADER_BYTES || body > end) {
    store<i32>(record, flags | IS_HEADLESS, 4 * FLAGS_PROTO_TTL);
    mixWord(record, end - at);
    return;
  }
  const sequence = wordAt(at + SEQUENCE);
  const acknowledgement = wordAt(at + ACKNOWLEDGEMENT);
  const control = (word >>> 16) & 0xff;
  store<i32>(record, wordAt(at), 4 * PORTS);
  store<i32>(record, sequence, 4 * SEQ);
  store<i32>(record, acknowledgement, 4 * ACK_SEQ);
  store<i32>(record, control, 4 * TCP_FLAGS_QUOTE);
  store<i32>(record, end - body, 4 * PAYLOAD_LENGTH_CLASS);
  if ((sequence | acknowledgement) !== 0) store<i32>(record, flags | HAS_TCP_NUMBERS, 4 * FLAGS_PROTO_TTL);

  const isSyn = (control & SYN) !== 0;
  const areKnown = headerLength > HEADER_BYTES && body <= taken;
  const optionsSum = areKnown ? sumOf(at + HEADER_BYTES, body, 0) : 0;
  // where an identification of 32 bits leaves room for it
  if ((flags & (IS_IPV6 | HAS_IP_ID)) !== (IS_IPV6 | HAS_IP_ID)) {
    const options = areKnown
      ? max(NO_OPTIONS + 1, briefOf(optionsSum))
      : headerLength === HEADER_BYTES
        ? NO_OPTIONS
        : 0;
    const rewritable = (briefOf(word & WINDOW) << WINDOW_SHIFT) | (options << OPTIONS_SHIFT);
    store<i32>(record, load<i32>(record, 4 * IP_ID) | rewritable, 4 * IP_ID);
    // acknowledgements and keep-alives often differ in their timestamps alone
    if (end - body < BEGINNING_BYTES && areKnown)
      store<i32>(record, control | (restOf(optionsSum) << BEGINNING_SHIFT), 4 * TCP_FLAGS_QUOTE);
  }

  // both numbers in one: in which order their bytes are does not matter here
  let key = mix(keyOf(record), load<u64>(at + SEQUENCE));
  key = mix(key, joined(word & (isSyn ? FLAGS_AND_WINDOW : FLAGS_AND_WINDOW | DATA_OFFSET), end - body));
  const options = at + HEADER_BYTES;
  if (isSyn) key = mixSynOptions(key, options, body, kept < end ? kept : covered);
  else if (headerLength > HEADER_BYTES) key = mix(key, body <= kept ? optionsSum : sumOf(options, kept, 0));
  setKey(record, key);
  // of a SYN, the options of the twin may be longer: all that is behind them is taken, or nothing
  if (!isSyn || at + LONGEST_HEADER + (end - body) <= covered) payload(body, end, kept, 0, record);
}

/**
 * Takes the options of a SYN into a key, but for the MSS, which routers clamp or add (iptables TCPMSS), and what fills up the header.
 * What follows an option that is malformed is taken as it is. `until`: how far the key goes. Of a SYN without an MSS, it goes less far by what
 * one takes: behind an MSS that a router adds, the twin has no more of the others.
 */
function mixSynOptions(key: u64, from: i32, end: i32, until: i32): u64 {
  let mixed = key;
  let at = from;
  let to = min(end, until - MAXIMUM_SEGMENT_SIZE_BYTES);
  while (at < to) {
    const kind = byteAt(at);
    if (kind === END_OF_OPTIONS) break;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    const size = at + 1 < to ? byteAt(at + 1) : 0;
    const next = size < 2 || at + size > end ? end : at + size;
    if (kind === MAXIMUM_SEGMENT_SIZE && next - at === size) to = min(end, until);
    else mixed = mix(mixed, sumOf(at, min(next, to), 0));
    at = next;
  }
  return mixed;
}
