/**
 * Whether an address, of which `word` is the first 32 bits, is that of a group, or of all (255.255.255.255): NAT does not apply to those,
 * and a host may send to one on each interface. RFC 5771, RFC 4291 section 2.7.
 */
export function isGroup(word: number, isIpv6: boolean): boolean {
  return isIpv6 ? word >>> 24 === 0xff : word >>> 28 === 0xe || ~word === 0;
}

/** Whether an address, of which `word` is the first 32 bits, is one that a NAT stands for: RFC 1918 and 6598, of IPv6 RFC 4193. */
export function isPrivate(word: number, isIpv6: boolean): boolean {
  return isIpv6
    ? word >>> 25 === 0x7e
    : word >>> 24 === 10 || word >>> 20 === 0xac1 || word >>> 16 === 0xc0a8 || word >>> 22 === 0x191;
}

/**
 * Whether an address, of which `word` is the first 32 bits, is one that only hosts behind a translator between IP versions use: as their own
 * (192.0.0.0/29, RFC 7335), or to call somebody of the other version (64:ff9b::/96, RFC 6052 section 3; 64:ff9b:1::/48, RFC 8215).
 */
export function isBehindTranslator(word: number, isIpv6: boolean): boolean {
  return isIpv6 ? word === 0x0064_ff9b : word >>> 3 === 0x1800_0000;
}
