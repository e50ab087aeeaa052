import { IS_IPV6, type PacketBatch } from "../packets/packets.js";
import { FLAGS_PROTO_TTL, KEY, KEY2, RECORD_BITS, TCP_FLAGS_QUOTE } from "../packets/records.js";

/**
 * The match key: two 32-bit lanes that take the same words. A word enters one lane by XOR and the other by addition, with
 * another multiplier and another shift, so that what cancels out in one lane does not in the other. Within a lane each
 * step is a bijection of the word: two packets that differ in a single word never share a lane.
 *
 * While a row is being decoded its lanes live in its record. Math.imul takes signed and unsigned alike.
 */

export const KEY_SEED = 0x2545f491;
export const KEY2_SEED = 0x6c078965;

export function mix(lane: number, word: number): number {
  const product = Math.imul(lane ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

export function mix2(lane: number, word: number): number {
  const product = Math.imul((lane + word) | 0, 0x85ebca77);
  return product ^ (product >>> 13);
}

/** Spreads every bit over all 32: the finaliser of MurmurHash3. */
function avalanche(lane: number): number {
  let h = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Takes `word` into both lanes of the record that begins at `r`. */
export function mixWord(records: Int32Array, r: number, word: number): void {
  records[r + KEY] = mix(records[r + KEY], word);
  records[r + KEY2] = mix2(records[r + KEY2], word);
}

/** Takes the bytes `from` … `to`-1 of `view` into both lanes of the record at `r`, four a step; `from` ≤ `to` ≤ the view's length. */
export function mixBytes(view: DataView, from: number, to: number, records: Int32Array, r: number): void {
  let a = records[r + KEY];
  let b = records[r + KEY2];
  let at = from;
  for (const whole = to - 3; at < whole; at += 4) {
    const word = view.getInt32(at, true);
    a = mix(a, word);
    b = mix2(b, word);
  }
  if (at < to) {
    let word = 0;
    for (; at < to; at++) word = (word << 8) | view.getUint8(at);
    a = mix(a, word);
    b = mix2(b, word);
  }
  records[r + KEY] = a;
  records[r + KEY2] = b;
}

/** Enough to tell one request line from another. */
const HEAD_BYTES = 32;

/** Hash of the first bytes (32, or all if fewer) of the payload `from` … `end`-1; 0 if there are none, or not all were kept. */
export function headOf(view: DataView, from: number, end: number, keptEnd: number): number {
  const to = Math.min(end, from + HEAD_BYTES);
  if (from === to || to > keptEnd) return 0;
  let h = to - from;
  let at = from;
  for (; at < to - 3; at += 4) h = mix(h, view.getInt32(at, true));
  for (; at < to; at++) h = mix(h, view.getUint8(at));
  return avalanche(h);
}

/** One end of a packet, well mixed by itself because the two ends are then added up. */
function endpoint(address: Uint32Array, at: number, isIpv6: boolean, port: number): number {
  let h = mix(mix(KEY_SEED, port), address[at]);
  if (isIpv6) h = mix(mix(mix(h, address[at + 1]), address[at + 2]), address[at + 3]);
  return avalanche(h);
}

/** A hash of version, protocol, addresses and ports that is the same for both directions: a sum is. */
function hashOfTuple(
  isIpv6: boolean,
  proto: number,
  src: Uint32Array,
  dst: Uint32Array,
  row: number,
  srcPort: number,
  dstPort: number,
): number {
  const ends = endpoint(src, row * 4, isIpv6, srcPort) + endpoint(dst, row * 4, isIpv6, dstPort);
  return avalanche(mix(ends | 0, isIpv6 ? proto | 0x100 : proto));
}

/** Ends the keys of all rows of `out`, and gives each the hash of its tuple: an ICMP error, that of the packet it quotes. */
export function finish(out: PacketBatch): void {
  const { count, records, src, dst, srcPort, dstPort, tupleHash, quotes } = out;
  for (let row = 0; row < count; row++) {
    const r = row << RECORD_BITS;
    records[r + KEY] = avalanche(records[r + KEY]);
    records[r + KEY2] = avalanche(records[r + KEY2]);
    const flagsAndProto = records[r + FLAGS_PROTO_TTL];
    const isIpv6 = (flagsAndProto & IS_IPV6) !== 0;
    const q = (records[r + TCP_FLAGS_QUOTE] >>> 8) - 1;
    tupleHash[row] =
      q < 0
        ? hashOfTuple(isIpv6, (flagsAndProto >>> 16) & 0xff, src, dst, row, srcPort[row], dstPort[row])
        : hashOfTuple(isIpv6, quotes.proto[q], quotes.src, quotes.dst, q, quotes.srcPort[q], quotes.dstPort[q]);
  }
}
