/**
 * The content of packets, but of TCP: what they carry as one number, the byte of least weight first, and 1 more for each byte, so that zeros
 * count; the remainder of that by a prime. Of pieces, wherever the whole was cut, these numbers add up to its own, each times what the bytes
 * before it weigh. No sum of two powers of 256 is a multiple of this prime, and no difference of two that are less than 2^31 apart: two packets
 * that differ by as much in two bytes, or that have two bytes in each other's place, have two contents.
 */

/** The prime is so much less than 2^32. */
export const PRIME_BELOW = 929;

const PRIME = 2 ** 32 - PRIME_BELOW;

/** What the bytes before a part of something make of its content: 256 to the power of them. */
export function weightOf(bytes: number): number {
  let weight = 1;
  let factor = 256;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) weight = timesWeight(weight, factor);
    factor = timesWeight(factor, factor);
  }
  return weight;
}

/** A content, or another weight, times a weight: in two steps, as a double holds 53 bits. */
export function timesWeight(content: number, weight: number): number {
  const factor = content >>> 0;
  return (((factor * (weight >>> 16)) % PRIME) * 2 ** 16 + factor * (weight & 0xffff)) % PRIME;
}

/** The content of what two parts are together, from theirs at their places. */
export function joinedContent(a: number, b: number): number {
  return (((a >>> 0) + (b >>> 0)) % PRIME) | 0;
}
