/** Address families of Linux, bits/socket.h. */
export const AF_INET = 2;
export const AF_INET6 = 10;

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

/**
 * Whether a router never forwards packets to this address, which begins at `at`: multicast of the local network (224.0.0.0/24, RFC 5771; IPv6
 * scopes up to link-local, RFC 4291 2.7), limited broadcast, link-local, loopback and unspecified addresses.
 */
export function isLinkScoped(isIpv6: boolean, words: Uint32Array, at: number): boolean {
  const word = words[at];
  if (!isIpv6) {
    const top = word >>> 24;
    return word === 0xffff_ffff || top === 0 || top === 127 || word >>> 8 === 0xe0_0000 || word >>> 16 === 0xa9fe;
  }
  const top = word >>> 16;
  if (top >>> 8 === 0xff) return (top & 15) <= 2;
  if ((top & 0xffc0) === 0xfe80) return true;
  return word === 0 && words[at + 1] === 0 && words[at + 2] === 0 && words[at + 3] <= 1;
}

/**
 * The private link that an address looks to be on, as a key, where no capture tells the real prefix: the first 16 bits in 10/8 and
 * 172.16/12 (Docker's default pools are /16), 24 in 192.168/16, 64 in IPv6. Null for other addresses: what carriers share (RFC 6598) is on none.
 */
export function privateLinkOf(isIpv6: boolean, words: Uint32Array, at: number): string | null {
  const word = words[at];
  if (isIpv6) return `${word} ${words[at + 1]}`;
  const first = word >>> 24;
  if (!isPrivate(word, false) || first === 100) return null;
  return first === 192 ? `${word >>> 8}/24` : `${word >>> 16}/16`;
}

/** Whether two addresses look like neighbours on one private link. */
export function isSameLink(isIpv6: boolean, a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  const link = privateLinkOf(isIpv6, a, atA);
  return link !== null && link === privateLinkOf(isIpv6, b, atB);
}
