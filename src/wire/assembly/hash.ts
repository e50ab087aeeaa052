/**
 * The match key: 64 bits that take words of 64 bits. Each step is a bijection of the word, so two packets that differ in a single
 * word never share a key; and the word is spread over all bits before it enters, so that no difference in another word undoes what
 * one has done. That spreading waits for nothing: what follows one another is a single multiplication a word. Of a payload, it takes
 * the sum.
 *
 * While a packet is being decoded its key lives in its record.
 */
import { IS_IPV6 } from "../../packets/packets.js";
import { KEY } from "../../packets/records.js";

const SEED: u64 = 0x2545f4914f6cdd1d;

/** Takes a word into a key. */
export function mix(key: u64, word: u64): u64 {
  const spread = (word ^ (word >>> 32)) * <u64>0x9e3779b97f4a7c15;
  const product = (key ^ spread ^ (spread >>> 29)) * <u64>0xd6e8feb86659fd93;
  return product ^ (product >>> 32);
}

/** What each word of eight bytes adds to a place's number. */
const NEXT_PLACE: u64 = 0x9e3779b97f4a7c15;

/** What a word of eight bytes adds to the sum of those it stands among, at its place. */
function summand(word: u64, place: u64): u64 {
  const product = (word ^ place) * <u64>0xd6e8feb86659fd93;
  const spread = (product ^ (product >>> 32)) * <u64>0x9fb21c651e98df25;
  return spread ^ (spread >>> 29);
}

/**
 * The sum over the bytes `from` … `to`-1, which begin `place` bytes behind where they are counted from: eight at once, by what they are
 * and where they stand. Nothing waits for what comes before it. Precondition: the eight before `from` may be read.
 */
export function sumOf(from: i32, to: i32, place: i32): u64 {
  if (from >= to) return 0;
  const skipped = place & 7;
  let at = from - skipped;
  let number = <u64>(place >>> 3) * NEXT_PLACE + NEXT_PLACE;
  let sum: u64 = 0;
  if (skipped !== 0) {
    const bits = <u64>(skipped << 3);
    sum = summand((wordUpTo(at, to) >>> bits) << bits, number);
    at += 8;
    number += NEXT_PLACE;
  }
  for (; at + 32 <= to; at += 32) {
    sum += summand(load<u64>(at), number);
    sum += summand(load<u64>(at, 8), number + NEXT_PLACE);
    sum += summand(load<u64>(at, 16), number + 2 * NEXT_PLACE);
    sum += summand(load<u64>(at, 24), number + 3 * NEXT_PLACE);
    number += 4 * NEXT_PLACE;
  }
  for (; at < to; at += 8) {
    sum += summand(wordUpTo(at, to), number);
    number += NEXT_PLACE;
  }
  return sum;
}

/** The eight bytes at `at`, without those from `to` on. */
function wordUpTo(at: i32, to: i32): u64 {
  return at + 8 <= to ? load<u64>(at) : load<u64>(to - 8) >>> ((<u64>(8 - (to - at))) << 3);
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

/** Hash of so many first bytes of a payload, by their sum. */
export function headOf(bytes: i32, sum: u64): i32 {
  return <i32>avalanche(mix(bytes, sum));
}

/** A hash of 8 bits, not 0, of a word, or of what a sum is over. */
export function briefOf(word: u64): i32 {
  return max(1, <i32>(multiplied(word) >>> 56));
}

/** The 10 bits that follow those of `briefOf`. */
export function restOf(word: u64): i32 {
  return <i32>(multiplied(word) >>> 46) & 0x3ff;
}

/** A word whose upper bits are of all of it. */
function multiplied(word: u64): u64 {
  return word * <u64>0x9e3779b97f4a7c15;
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
