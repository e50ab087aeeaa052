/** Byte offsets in the header of ICMP (RFC 792) and ICMPv6 (RFC 4443) alike, behind type, code and checksum. */
export const ID = 4;
export const SEQUENCE = 6;
export const HEADER_BYTES = 8;

/** Whether an ICMP message of this type is an echo request or reply, which a NAT tells apart by their id. */
export function isEcho(type: i32, isIpv6: bool): bool {
  return isIpv6 ? type === 128 || type === 129 : type === 8 || type === 0;
}
