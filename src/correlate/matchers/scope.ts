/**
 * Whether a router never forwards packets to this address: multicast of the local network (224.0.0.0/24, RFC 5771; IPv6
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
 * 172.16/12 (Docker's default pools are /16), 24 in 192.168/16, 64 in IPv6. Null for other addresses.
 */
export function linkOf(isIpv6: boolean, words: Uint32Array, at: number): string | null {
  const word = words[at];
  if (isIpv6) return `${word} ${words[at + 1]}`;
  if (word >>> 24 === 10 || word >>> 20 === 0xac1) return `${word >>> 16}/16`;
  return word >>> 16 === 0xc0a8 ? `${word >>> 8}/24` : null;
}

/** Whether two addresses look like neighbours on one private link. */
export function isSameLink(isIpv6: boolean, a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  const link = linkOf(isIpv6, a, atA);
  return link !== null && link === linkOf(isIpv6, b, atB);
}
