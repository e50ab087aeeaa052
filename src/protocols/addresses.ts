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
