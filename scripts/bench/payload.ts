import { Rng } from "./rng.js";

/** Bytes of random payload to cut slices from; any even offset below it is a payload's start. */
export const RANDOM_BYTES = 0x10000;
/** Bytes after which a stream repeats itself. */
export const STREAM_BYTES = 0x10000;
/** No other payload is longer than this: an Ethernet frame's worth. */
const LONGEST = 2048;

/** Where in the pool the payloads begin that programs send again and again. */
export const ZEROS_AT = RANDOM_BYTES + LONGEST;
export const ALPHABET_AT = ZEROS_AT + LONGEST;
export const COUNTING_AT = ALPHABET_AT + LONGEST;
/** DNS messages after their id and flags: a cell each for name, question type, and whether it is the answer. */
const DNS_AT = COUNTING_AT + LONGEST;
const DNS_CELL = 128;
export const DNS_NAMES = 12;

/** Long payloads are cut out of this, twice its period, wherever they begin within the first. */
const STREAM_AT = DNS_AT + DNS_NAMES * 4 * DNS_CELL;

const pool = Buffer.alloc(STREAM_AT + 2 * STREAM_BYTES);
const dnsLengths: number[] = [];
/** Sum of the 16-bit words before each even offset: any slice's part of a checksum is then one subtraction. */
const sums = new Float64Array(pool.length / 2 + 1);

function fill(): void {
  const rng = new Rng(1);
  for (let at = 0; at < ZEROS_AT; at += 4) pool.writeUInt32BE(rng.word(), at);
  for (let i = 0; i < LONGEST; i++) {
    // Windows' ping sends a … w over and over; iputils counts on from 0x10, after its timestamp.
    pool[ALPHABET_AT + i] = 0x61 + (i % 23);
    pool[COUNTING_AT + i] = (0x10 + i) & 0xff;
  }
  for (let cell = 0; cell < DNS_NAMES * 4; cell++) {
    const message = dnsBody(`${"api-".repeat((cell >> 2) % 3)}host${cell >> 2}`, (cell & 2) !== 0, (cell & 1) !== 0);
    message.copy(pool, DNS_AT + cell * DNS_CELL);
    dnsLengths.push(message.length);
  }
  const stream = new Rng(2);
  for (let at = STREAM_AT; at < STREAM_AT + STREAM_BYTES; at += 4) pool.writeUInt32BE(stream.word(), at);
  pool.copy(pool, STREAM_AT + STREAM_BYTES, STREAM_AT, STREAM_AT + STREAM_BYTES);
  for (let at = 0; at < pool.length; at += 2) {
    sums[at / 2 + 1] = sums[at / 2] + pool.readUInt16BE(at);
  }
}
/** Counts, question and answer of a message about name.example, RFC 1035 section 4.1. */
function dnsBody(name: string, isAaaa: boolean, isAnswer: boolean): Buffer {
  const type = isAaaa ? [0, 28, 0, 1] : [0, 1, 0, 1];
  const address = isAaaa ? [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7] : [192, 0, 2, 7];
  const answer = isAnswer ? [0xc0, 12, ...type, 0, 0, 0, 60, 0, address.length, ...address] : [];
  return Buffer.concat([
    Buffer.from([0, 1, 0, isAnswer ? 1 : 0, 0, 0, 0, 0, name.length]),
    Buffer.from(`${name}\x07example\0`, "latin1"),
    Buffer.from([...type, ...answer]),
  ]);
}

fill();

/** Where a DNS message begins in the pool, and its bytes, both without id and flags. */
export function dnsMessage(name: number, isAaaa: boolean, isAnswer: boolean): { at: number; length: number } {
  const cell = name * 4 + (isAaaa ? 2 : 0) + (isAnswer ? 1 : 0);
  return { at: DNS_AT + cell * DNS_CELL, length: dnsLengths[cell] };
}

/** Where byte `offset` of a stream lies in the pool; even, and up to 64 KiB follow it. Streams differ by where they start. */
export function streamAt(start: number, offset: number): number {
  return STREAM_AT + ((start + offset) % STREAM_BYTES);
}

/** Copies `length` bytes of the pool from `at` to `target`. */
export function copyPayload(target: Buffer, targetAt: number, at: number, length: number): void {
  pool.copy(target, targetAt, at, at + length);
}

/** Sum of the 16-bit words of a slice, its last odd byte padded with zero; `at` must be even. */
export function payloadSum(at: number, length: number): number {
  const even = length & ~1;
  const odd = length === even ? 0 : pool[at + even] << 8;
  return sums[(at + even) >> 1] - sums[at >> 1] + odd;
}
