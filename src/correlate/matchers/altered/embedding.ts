/** Lengths a translation prefix may have, RFC 6052 section 2.2, bits. */
const PREFIX_BITS: readonly number[] = [32, 40, 48, 56, 64, 96];
/** Bits 64 to 71 are kept free of the address, and zero. */
const FREE_BYTE = 8;

/**
 * Whether an IPv6 address, four words from `at` on, holds an IPv4 address as translators write it (RFC 6052 section 2.2):
 * behind a prefix of one of six lengths, around bits 64 to 71, and with nothing but zeros behind it.
 */
export function isEmbedded(ipv4: number, words: Uint32Array, at: number): boolean {
  return PREFIX_BITS.some((bits) => {
    let byte = bits / 8;
    for (let shift = 24; shift >= 0; shift -= 8, byte++) {
      if (byte === FREE_BYTE) byte++;
      if (byteAt(words, at, byte) !== ((ipv4 >>> shift) & 255)) return false;
    }
    if (byteAt(words, at, FREE_BYTE) !== 0) return false;
    for (; byte < 16; byte++) if (byteAt(words, at, byte) !== 0) return false;
    return true;
  });
}

function byteAt(words: Uint32Array, at: number, byte: number): number {
  return (words[at + (byte >> 2)] >>> (24 - 8 * (byte & 3))) & 255;
}
