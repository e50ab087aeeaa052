/** What packets carry as a number: see `packets/joined-content.ts`. Bytes are taken from the last to the first: what is behind them weighs more. */
import { PRIME_BELOW } from "../../packets/joined-content.js";

/** Powers of 2^32, by their remainders: the first three are small enough that the words of 16 bytes times these need no remainder. */
const POWER1: u64 = PRIME_BELOW;
const POWER2: u64 = POWER1 * POWER1;
const POWER3: u64 = POWER2 * POWER1;
const PRIME: u64 = 0x100000000 - POWER1;
const POWER4: u64 = (POWER2 * POWER2) % PRIME;
const POWER8: u64 = (POWER4 * POWER4) % PRIME;

/** 1 for each byte of a word, and of 16 bytes. */
const ONES: u64 = 0x01010101;
const ONES16: u64 = ONES * (1 + POWER1 + POWER2 + POWER3);

/** The number of the bytes `from` … `to`-1, which begin `place` bytes behind where they are counted from. */
export function numberOf(from: i32, to: i32, place: i32): i32 {
  let at = to;
  let number: u64 = 0;
  while (((at - from) & 3) !== 0) number = folded((number << 8) + <u64>load<u8>(--at) + 1);
  while (((at - from) & 31) !== 0) {
    at -= 4;
    number = folded(number * POWER1 + <u64>load<u32>(at) + ONES);
  }
  while (at > from) {
    at -= 32;
    // each of the three is less than 2^43
    number = folded(folded(number * POWER8) + folded(words16(at)) + folded(remainder(words16(at + 16)) * POWER4));
  }
  return <i32>remainder(remainder(number) * weightOf(place));
}

/** What 16 bytes come to: less than 2^63, as the prime is less than 2^10 below 2^32. */
function words16(at: i32): u64 {
  const low = <u64>load<u32>(at) + <u64>load<u32>(at, 4) * POWER1;
  return low + <u64>load<u32>(at, 8) * POWER2 + <u64>load<u32>(at, 12) * POWER3 + ONES16;
}

/** Something less that has the same remainder: of what is less than 2^64, less than 2^43; of that, little more than 2^32. */
function folded(number: u64): u64 {
  return (number >>> 32) * POWER1 + (number & 0xffffffff);
}

function remainder(number: u64): u64 {
  const least = folded(folded(number));
  return least >= PRIME ? least - PRIME : least;
}

/** What so many bytes before one make of its weight. */
function weightOf(bytes: i32): u64 {
  let weight: u64 = 1;
  weight <<= (bytes & 3) << 3;
  let factor = POWER1;
  for (let words = bytes >>> 2; words !== 0; words >>>= 1) {
    if ((words & 1) !== 0) weight = remainder(weight * factor);
    factor = remainder(factor * factor);
  }
  return weight;
}
