/**
 * DNS messages over UDP: what tells which others one belongs to, and which addresses an answer gives for the name that was asked for (RFC 1035).
 * Whatever the bytes are, reading them ends: each step is counted.
 */
import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import * as answer from "../../packets/batches/answer-words.js";
import * as column from "../../packets/batches/columns-words.js";
import { setDouble, setWord, wordOf } from "../../packets/memory/assembly/words.js";
import { IS_IPV6 } from "../../packets/packets.js";
import { DNS_QUERY, DNS_RESPONSE, DST, FLAGS_PROTO_TTL, RECORD_BYTES, SEQ, SRC } from "../../packets/records.js";
import * as dns from "../../protocols/dns.js";
import { byteAt, halfAt, wordAt } from "./bytes.js";

/** What reading a message may take at the most, in labels and pointers: no resolver's answer comes near. */
const MOST_STEPS = 2048;
const NO_NAME = -1;

/** Where the answer begins that the frame decoded last is; 0 for none. */
let answerAt = 0;
/** The message being read: where it begins and ends, and how many steps are left. */
let begin = 0;
let end = 0;
let steps = 0;
/** Notes what tells of a message which others it belongs to, if it is one: all that are in use ask one question (RFC 9619). */
export function message(at: i32, held: i32, isFromServer: bool, packet: i32): void {
  if (at + dns.HEADER_BYTES > held || halfAt(at + dns.QUESTIONS) !== 1) return;
  const isResponse = (halfAt(at + dns.FLAGS) & dns.IS_RESPONSE) !== 0;
  store<i32>(packet, (isResponse ? DNS_RESPONSE : DNS_QUERY) | halfAt(at + dns.ID), 4 * SEQ);
  if (isResponse && isFromServer) answerAt = at;
}

/** Whether the packet decoded last is an answer. */
export function isAnswer(): bool {
  return answerAt !== 0;
}

/** What was decoded last is not the row's packet. */
export function forget(): void {
  answerAt = 0;
}

/**
 * Writes what the answer decoded last says, as `answer-words.ts` has it, to `heard`, which has room for it; returns how many bytes that took, 0 where
 * it answers no ordinary query. `held`: where its captured bytes end.
 */
export function hear(heard: usize, held: i32, batch: i32, row: i32, stampNs: f64): i32 {
  begin = answerAt;
  end = held;
  steps = MOST_STEPS;
  if ((halfAt(begin + dns.FLAGS) & dns.OPCODE_MASK) !== 0) return 0;
  const question = begin + dns.HEADER_BYTES;
  const behind = behindName(question, false);
  const size = behind - 1 - question;
  const nameBytes = behind === NO_NAME || size >= dns.MOST_NAME_BYTES ? 0 : size;
  const outcome = hearOutcome(heard, question, nameBytes, batch, row, stampNs);
  return outcome + hearAddresses(heard + outcome, question, nameBytes, batch, row, stampNs);
}

/** Writes what it came to. */
function hearOutcome(heard: usize, question: i32, nameBytes: i32, batch: i32, row: i32, stampNs: f64): i32 {
  const code = halfAt(begin + dns.FLAGS) & dns.RCODE_MASK;
  const bytes = begins(heard, question, code === 0 ? 0 : nameBytes, batch, row, stampNs);
  const isIpv6 = wordOf(heard, answer.IS_CLIENT_IPV6);
  setWord(heard, answer.IS_IPV6, isIpv6);
  setEnd(heard, answer.ADDRESS, isIpv6 !== 0, batch, row, SRC, column.SRC6);
  setWord(heard, answer.OUTCOME, code + answer.OUTCOME_OF);
  setWord(heard, answer.ID, halfAt(begin + dns.ID));
  return bytes;
}

/** Writes the addresses that it gives; 0 bytes where it gives none. */
function hearAddresses(heard: usize, question: i32, nameBytes: i32, batch: i32, row: i32, stampNs: f64): i32 {
  const behind = question + nameBytes + 1;
  if ((halfAt(begin + dns.FLAGS) & dns.NO_ANSWER) !== 0 || nameBytes === 0) return 0;
  if (behind + dns.QUESTION_BYTES > end || halfAt(behind + dns.CLASS) !== dns.IN) return 0;
  const type = halfAt(behind + dns.TYPE);
  if (type !== dns.A && type !== dns.AAAA) return 0;
  const bytes = begins(heard, question, nameBytes, batch, row, stampNs);
  const records = takeAddresses(question, behind + dns.QUESTION_BYTES, type, heard, bytes);
  setWord(heard, answer.IS_IPV6, type === dns.AAAA ? 1 : 0);
  setWord(heard, answer.OUTCOME, 0);
  setWord(heard, answer.ID, 0);
  for (let nth = 1; nth < records; nth++) copyBesideAddress(heard, heard + nth * bytes, bytes);
  return records * bytes;
}

/** Writes what a record begins with, and the name; returns how many bytes it takes. */
function begins(heard: usize, question: i32, nameBytes: i32, batch: i32, row: i32, stampNs: f64): i32 {
  const bytes = (4 * answer.HEADER_WORDS + nameBytes + 7) & ~7;
  const packet = batch + row * RECORD_BYTES;
  const isIpv6 = (load<i32>(packet, 4 * FLAGS_PROTO_TTL) & IS_IPV6) !== 0;
  setDouble(heard, answer.STAMP_NS, stampNs);
  setWord(heard, answer.ENTRY_BYTES, bytes);
  setWord(heard, answer.NAME_BYTES, nameBytes);
  setWord(heard, answer.IS_CLIENT_IPV6, isIpv6 ? 1 : 0);
  setEnd(heard, answer.CLIENT, isIpv6, batch, row, DST, column.DST6);
  const name = heard + 4 * answer.HEADER_WORDS;
  for (let at = 0; at < nameBytes; at++) store<u8>(name + at, <u8>lower(byteAt(question + at)));
  return bytes;
}

/** Writes an address of the row's packet: `word` of its record, or that column of IPv6. */
function setEnd(heard: usize, to: i32, isIpv6: bool, batch: i32, row: i32, word: i32, column6: i32): void {
  const at6 = batch + BATCH_FRAMES * column6 + row * column.ADDRESS_BYTES;
  for (let nth = 0; nth < 4; nth++) setWord(heard, to + nth, isIpv6 ? load<i32>(at6 + 4 * nth) : 0);
  if (!isIpv6) setWord(heard, to, load<i32>(batch + row * RECORD_BYTES + 4 * word));
}

/** Copies all but the address. */
function copyBesideAddress(from: usize, to: usize, bytes: i32): void {
  const behind = 4 * (answer.ADDRESS + 4);
  memory.copy(to, from, 4 * answer.ADDRESS);
  memory.copy(to + behind, from + behind, bytes - behind);
}

/**
 * Takes the addresses of a type that the records from `first` on give for a name, or for what it is another name of: to `heard`, so many bytes
 * apart. Returns how many there are.
 */
function takeAddresses(question: i32, first: i32, type: i32, heard: usize, bytes: i32): i32 {
  const length = type === dns.A ? 4 : 16;
  let taken = 0;
  let name = question;
  let at = first;
  for (let left = halfAt(begin + dns.ANSWERS); left > 0 && taken < answer.MOST_ADDRESSES; left--) {
    const behind = behindName(at, true);
    if (behind === NO_NAME || behind + dns.RECORD_BYTES > end) break;
    const data = behind + dns.RECORD_BYTES;
    const next = data + halfAt(behind + dns.DATA_LENGTH);
    if (next > end) break;
    if (halfAt(behind + dns.CLASS) === dns.IN && isSame(at, name)) {
      const its = halfAt(behind + dns.TYPE);
      if (its === dns.CNAME) name = data;
      else if (its === type && next - data === length) setAddress(heard + bytes * taken++, data, length);
    }
    at = next;
  }
  return taken;
}

function setAddress(record: usize, at: i32, length: i32): void {
  for (let word = 0; word < 4; word++)
    setWord(record, answer.ADDRESS + word, 4 * word < length ? wordAt(at + 4 * word) : 0);
}

/** Where a name ends that begins there; NO_NAME where it is none. */
function behindName(from: i32, mayPoint: bool): i32 {
  let at = from;
  while (at < end && --steps > 0) {
    const length = byteAt(at);
    if (length === 0) return at + 1;
    if (length > dns.MOST_LABEL_BYTES)
      return mayPoint && (length & dns.IS_POINTER) === dns.IS_POINTER && at + 2 <= end ? at + 2 : NO_NAME;
    at += 1 + length;
  }
  return NO_NAME;
}

/** Whether two names are the same, whatever their case (RFC 4343). */
function isSame(one: i32, other: i32): bool {
  let a = one;
  let b = other;
  while (steps > 0) {
    a = labelAt(a);
    b = labelAt(b);
    if (a === NO_NAME || b === NO_NAME) return false;
    if (a === b) return true;
    const length = byteAt(a);
    if (byteAt(b) !== length || a + length >= end || b + length >= end) return false;
    if (length === 0) return true;
    for (let place = 1; place <= length; place++)
      if (lower(byteAt(a + place)) !== lower(byteAt(b + place))) return false;
    a += 1 + length;
    b += 1 + length;
  }
  return false;
}

/** Where the label is that stands there, or that a pointer there leads to; NO_NAME where there is none. A pointer leads back. */
function labelAt(from: i32): i32 {
  let at = from;
  while (at < end && --steps > 0) {
    const length = byteAt(at);
    if (length <= dns.MOST_LABEL_BYTES) return at;
    if ((length & dns.IS_POINTER) !== dns.IS_POINTER || at + 2 > end) return NO_NAME;
    const to = begin + (halfAt(at) & dns.POINTER_MASK);
    if (to >= at) return NO_NAME;
    at = to;
  }
  return NO_NAME;
}

function lower(byte: i32): i32 {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
