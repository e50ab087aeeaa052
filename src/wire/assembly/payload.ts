import { HAS_PAYLOAD } from "../../packets/packets.js";
import {
  BEGINNING_BYTES,
  BEGINNING_SHIFT,
  CONTENT,
  FLAGS_PROTO_TTL,
  HEAD,
  HEAD_BYTES,
  TCP_FLAGS_QUOTE,
} from "../../packets/records.js";
import { headOf, keyOf, mix, setKey, sumOf } from "./hash.js";
import { numberOf } from "./number.js";

/**
 * Takes the payload `from` … `end`-1, as far as it is `kept`, into the key in a record, and notes how it begins. `place`: bytes from where
 * the datagram's transport header begins to it, but of TCP, whose options a router may change: there it is 0.
 */
export function payload(from: i32, end: i32, kept: i32, place: i32, record: i32): void {
  if (from >= kept) return;
  // sums of pieces are those of whole words
  const start = from - (place & 7);
  const headEnd = min(end, start + HEAD_BYTES);
  const beginningEnd = min(start + BEGINNING_BYTES, min(headEnd, kept));
  let sum = sumOf(from, beginningEnd, place);
  if (beginningEnd - start === BEGINNING_BYTES) {
    // 0 stands for none
    const bits = max(1, headOf(BEGINNING_BYTES, sum) >>> BEGINNING_SHIFT);
    store<i32>(record, load<i32>(record, 4 * TCP_FLAGS_QUOTE) | (bits << BEGINNING_SHIFT), 4 * TCP_FLAGS_QUOTE);
    sum += sumOf(beginningEnd, min(headEnd, kept), place + beginningEnd - from);
  }
  if (headEnd <= kept) {
    store<i32>(record, headOf(headEnd - from, sum), 4 * HEAD);
    sum += sumOf(headEnd, kept, place + headEnd - from);
  }
  store<i32>(record, load<i32>(record, 4 * FLAGS_PROTO_TTL) | HAS_PAYLOAD, 4 * FLAGS_PROTO_TTL);
  setKey(record, mix(keyOf(record), sum));
}

/** As `payload`, of anything but TCP: its number is the packet's content where all of it was taken, as `isWhole` says. */
export function content(from: i32, end: i32, kept: i32, place: i32, isWhole: bool, record: i32): void {
  payload(from, end, kept, place, record);
  if (isWhole) store<i32>(record, numberOf(from, end, place), 4 * CONTENT);
}
