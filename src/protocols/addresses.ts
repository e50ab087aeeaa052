/**
 * Whether an address, of which `word` is the first 32 bits, is that of a group, or of all (255.255.255.255): NAT does not apply to those,
 * and a host may send to one on each interface. RFC 5771, RFC 4291 section 2.7.
 */
export function isGroup(word: number, isIpv6: boolean): boolean {
  return isIpv6 ? word >>> 24 === 0xff : word >>> 28 === 0xe || ~word === 0;
}
