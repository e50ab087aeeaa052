/** Link types, https://www.tcpdump.org/linktypes.html; 12 and 14 are DLT_RAW of the BSDs, which old files carry. */
export const NULL = 0;
export const ETHERNET = 1;
export const PPP = 9;
export const RAW = 101;
export const RAW_BSD = 12;
export const RAW_OPENBSD = 14;
export const PPPOE = 51;
export const LOOP = 108;
export const SLL = 113;
export const IPV4 = 228;
export const IPV6 = 229;
export const SLL2 = 276;

/** All that frames are decoded of. */
export const LINK_TYPES: readonly number[] = [
  NULL,
  ETHERNET,
  PPP,
  RAW,
  RAW_BSD,
  RAW_OPENBSD,
  PPPOE,
  LOOP,
  SLL,
  IPV4,
  IPV6,
  SLL2,
];

/** Bytes that two VLAN tags take, or PPPoE with one, behind a header that tells the ethertype. */
export const TAGS_BYTES = 12;

/**
 * Bytes the link header takes before the IP header, for turning a snaplen into bytes of the IP datagram; 0 for a link
 * type without a header, and for one that is not supported. VLAN tags, PPPoE and MPLS are not in it.
 */
export function linkHeaderBytes(linkType: number): number {
  switch (linkType) {
    case ETHERNET:
      return 14;
    case SLL:
      return 16;
    case SLL2:
      return 20;
    case PPPOE:
      return 8;
    case PPP:
    case NULL:
    case LOOP:
      return 4;
    default:
      return 0;
  }
}

/** Whether tags may follow the link header. */
export function mayBeTagged(linkType: number): boolean {
  return linkType === ETHERNET || linkType === SLL || linkType === SLL2;
}
