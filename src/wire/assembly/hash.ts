/**
 * The match key: two 32-bit lanes that take the same words. A word enters one lane by XOR and the other by addition, with
 * another multiplier and another shift, so that what cancels out in one lane does not in the other. Within a lane each
 * step is a bijection of the word: two packets that differ in a single word never share a lane.
 *
 * While a packet is being decoded its lanes live in its record.
 */
import { IS_IPV6 } from "../../packets/packets.js";
import { KEY, KEY2 } from "../../packets/records.js";

const KEY_SEED: i32 = 0x2545f491;
const KEY2_SEED: i32 = 0x6c078965;

function mix(lane: i32, word: i32): i32 {
  const product = (lane ^ word) * <i32>0x9e3779b1;
  return product ^ (product >>> 15);
}

function mix2(lane: i32, word: i32): i32 {
  const product = (lane + word) * <i32>0x85ebca77;
  return product ^ (product >>> 13);
}

/** Spreads every bit over all 32: the finaliser of MurmurHash3. */
function avalanche(lane: i32): i32 {
  let h = (lane ^ (lane >>> 16)) * <i32>0x85ebca6b;
  h = (h ^ (h >>> 13)) * <i32>0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** Begins the key in a record. */
export function beginKey(record: i32): void {
  store<i32>(record, KEY_SEED, 4 * KEY);
  store<i32>(record, KEY2_SEED, 4 * KEY2);
}

/** Takes a word into both lanes of a record. */
export function mixWord(record: i32, word: i32): void {
  store<i32>(record, mix(load<i32>(record, 4 * KEY), word), 4 * KEY);
  store<i32>(record, mix2(load<i32>(record, 4 * KEY2), word), 4 * KEY2);
}

/** Takes the bytes `from` … `to`-1 into both lanes of a record, four a step; `from` ≤ `to`. */
export function mixBytes(record: i32, from: i32, to: i32): void {
  let a = load<i32>(record, 4 * KEY);
  let b = load<i32>(record, 4 * KEY2);
  let at = from;
  for (const whole = to - 3; at < whole; at += 4) {
    const word = load<i32>(at);
    a = mix(a, word);
    b = mix2(b, word);
  }
  if (at < to) {
    let word = 0;
    for (; at < to; at++) word = (word << 8) | <i32>load<u8>(at);
    a = mix(a, word);
    b = mix2(b, word);
  }
  store<i32>(record, a, 4 * KEY);
  store<i32>(record, b, 4 * KEY2);
}

/** Ends the key in a record. */
export function endKey(record: i32): void {
  store<i32>(record, avalanche(load<i32>(record, 4 * KEY)), 4 * KEY);
  store<i32>(record, avalanche(load<i32>(record, 4 * KEY2)), 4 * KEY2);
}

/** Enough to tell one request line from another. */
const HEAD_BYTES = 32;

/** Hash of the first bytes (32, or all if fewer) of the payload `from` … `end`-1; 0 if there are none, or not all were kept. */
export function headOf(from: i32, end: i32, keptEnd: i32): i32 {
  const to = min(end, from + HEAD_BYTES);
  if (from === to || to > keptEnd) return 0;
  let h = to - from;
  let at = from;
  for (; at < to - 3; at += 4) h = mix(h, load<i32>(at));
  for (; at < to; at++) h = mix(h, load<u8>(at));
  return avalanche(h);
}

/** One end of a packet, well mixed by itself because the two ends are then added up. */
function endpoint(address: i32, isIpv6: bool, port: i32): i32 {
  let h = mix(mix(KEY_SEED, port), load<i32>(address));
  if (isIpv6) h = mix(mix(mix(h, load<i32>(address, 4)), load<i32>(address, 8)), load<i32>(address, 12));
  return avalanche(h);
}

/** A hash of version, protocol, addresses (four words each) and ports that is the same for both directions: a sum is. */
export function hashOfTuple(flags: i32, proto: i32, src: i32, dst: i32, srcPort: i32, dstPort: i32): i32 {
  const isIpv6 = (flags & IS_IPV6) !== 0;
  const ends = endpoint(src, isIpv6, srcPort) + endpoint(dst, isIpv6, dstPort);
  return avalanche(mix(ends, isIpv6 ? proto | 0x100 : proto));
}
