/**
 * The match key: 64 bits that take words of 64 bits. Each step is a bijection of the word, so two packets that differ in a single
 * word never share a key; and the word is spread over all bits before it enters, so that no difference in another word undoes what
 * one has done. That spreading waits for nothing: what follows one another is a single multiplication a word.
 *
 * While a packet is being decoded its key lives in its record.
 */
import { IS_IPV6 } from "../../packets/packets.js";
import { CONTENT, HEAD_BYTES, KEY } from "../../packets/records.js";

const SEED: u64 = 0x2545f4914f6cdd1d;

/** Takes a word into a key. */
export function mix(key: u64, word: u64): u64 {
  const spread = (word ^ (word >>> 32)) * <u64>0x9e3779b97f4a7c15;
  const product = (key ^ spread ^ (spread >>> 29)) * <u64>0xd6e8feb86659fd93;
  return product ^ (product >>> 32);
}

/** From so many bytes on, four words are taken at once: three steps more at the end, and each fourth waits for one before. */
const LONG = 64;

/** Takes the bytes `from` … `to`-1 into a key, eight a step; `from` ≤ `to`. Precondition: the eight before `to` may be read. */
export function mixBytes(key: u64, from: i32, to: i32): u64 {
  let mixed = key;
  let at = from;
  if (to - from >= LONG) {
    let second = key;
    let third = key;
    let fourth = key;
    for (; at + 32 <= to; at += 32) {
      mixed = mix(mixed, load<u64>(at));
      second = mix(second, load<u64>(at, 8));
      third = mix(third, load<u64>(at, 16));
      fourth = mix(fourth, load<u64>(at, 24));
    }
    mixed = mix(mix(mix(mixed, second), third), fourth);
  }
  for (; at + 8 <= to; at += 8) mixed = mix(mixed, load<u64>(at));
  return at < to ? mix(mixed, load<u64>(to - 8) >>> ((<u64>(8 - (to - at))) << 3)) : mixed;
}

/** Spreads every bit over all 64: the finaliser of MurmurHash3. */
function avalanche(key: u64): u64 {
  let h = (key ^ (key >>> 33)) * <u64>0xff51afd7ed558ccd;
  h = (h ^ (h >>> 33)) * <u64>0xc4ceb9fe1a85ec53;
  return h ^ (h >>> 33);
}

/** Begins the key in a record, with a word. */
export function beginKey(record: i32, word: u64): void {
  setKey(record, mix(SEED, word));
}

export function keyOf(record: i32): u64 {
  return load<u64>(record, 4 * KEY);
}

export function setKey(record: i32, key: u64): void {
  store<u64>(record, key, 4 * KEY);
}

/** Takes a word into the key in a record. */
export function mixWord(record: i32, word: u64): void {
  setKey(record, mix(keyOf(record), word));
}

/** Ends the key in a record: KEY and KEY2 are its halves from now on. */
export function endKey(record: i32): void {
  setKey(record, avalanche(keyOf(record)));
}

/** Two words as one. */
export function joined(high: i32, low: i32): u64 {
  return ((<u64>(<u32>high)) << 32) | <u64>(<u32>low);
}

/** Hash of the first bytes (HEAD_BYTES, or all if fewer) of the payload `from` … `end`-1; 0 if there are none, or not all were kept. */
export function headOf(from: i32, end: i32, keptEnd: i32): i32 {
  const to = min(end, from + HEAD_BYTES);
  if (from === to || to > keptEnd) return 0;
  return <i32>avalanche(mixBytes(to - from, from, to));
}

/** Takes the payload `from` … `kept`-1 into the key in a record, and notes its hash as the content if that is all up to `end`. */
export function takePayload(record: i32, from: i32, end: i32, kept: i32): void {
  const hash = avalanche(mixBytes(kept - from, from, kept));
  mixWord(record, hash);
  if (kept === end) store<i32>(record, <i32>hash, 4 * CONTENT);
}

/** A hash of 8 bits of TCP options; 0 for none. */
export function optionsHash(from: i32, to: i32): i32 {
  return from === to ? 0 : <i32>(avalanche(mixBytes(0, from, to)) & 0x7f) + 1;
}

/** Two words as one hash of 32 bits. */
export function hashOfPair(high: i32, low: i32): i32 {
  return <i32>avalanche(joined(high, low));
}

/**
 * A hash of version, protocol, ports (the source's in the upper half) and addresses that is the same for both directions: each end is
 * well mixed by itself, and then they are added up. `src`, `dst`: the addresses over IPv4; `src6`, `dst6`: where they are over IPv6.
 */
export function hashOfTuple(flags: i32, proto: i32, ports: i32, src: i32, dst: i32, src6: i32, dst6: i32): i32 {
  const srcPort = ports >>> 16;
  const dstPort = ports & 0xffff;
  const ends =
    (flags & IS_IPV6) !== 0
      ? endpoint6(src6, srcPort) + endpoint6(dst6, dstPort) + 0x100
      : mix(srcPort, <u32>src) + mix(dstPort, <u32>dst);
  return <i32>avalanche(ends + proto);
}

function endpoint6(address: i32, port: i32): u64 {
  return mix(mix(port, load<u64>(address)), load<u64>(address, 8));
}
