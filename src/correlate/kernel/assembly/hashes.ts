/** Hashes of what tables remember. */

/** Spreads every bit over all 32: the finaliser of MurmurHash3. */
export function spread(word: i32): i32 {
  let h = word ^ (word >>> 16);
  h = h * 0x85ebca6b;
  h ^= h >>> 13;
  h = h * 0xc2b2ae35;
  return h ^ (h >>> 16);
}

/** A hash of an address of four words; over IPv4, of one that three zeros follow. */
export function hashOfAddress(address: usize, isIpv6: bool): i32 {
  let hash = load<i32>(address);
  for (let word = 4; word < 16; word += 4) hash = hash * 0x9e3779b1 + (isIpv6 ? load<i32>(address + word) : 0);
  return hash;
}
