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

/** How long a header is, and where in it the ethertype lies. */
export const ETHERNET_BYTES = 14;
export const ETHERNET_TYPE = 12;

/** Cooked captures, https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and LINKTYPE_LINUX_SLL2.html */
export const SLL_BYTES = 16;
export const SLL_PACKET_TYPE = 0;
export const SLL_TYPE = 14;
export const SLL2_BYTES = 20;
export const SLL2_TYPE = 0;
export const SLL2_IFINDEX = 4;
export const SLL2_PACKET_TYPE = 10;

/** Packet types of cooked captures that tell which way a frame went, linux/if_packet.h. */
export const TO_US = 0;
/** For another station: what a bridge port shows of a packet that its bridge then shows as its own. */
export const TO_OTHERS = 3;
export const FROM_US = 4;

/** The address family of NULL and LOOP. */
export const LOOPBACK_BYTES = 4;
/** RFC 2516 section 4: version and type (both 1), code (0 for a session's packets), session, length. */
export const PPPOE_BYTES = 6;
/** Address and control of a PPP frame, which some links leave out (RFC 1662 section 3.1), and its protocol. */
export const PPP_ADDRESS_BYTES = 2;
export const PPP_PROTOCOL_BYTES = 2;

/** All that frames are decoded of: the bytes before the IP header, or before tags that may stand between. */
const HEADERS: ReadonlyMap<number, number> = new Map([
  [NULL, LOOPBACK_BYTES],
  [ETHERNET, ETHERNET_BYTES],
  [PPP, PPP_ADDRESS_BYTES + PPP_PROTOCOL_BYTES],
  [RAW, 0],
  [RAW_BSD, 0],
  [RAW_OPENBSD, 0],
  [PPPOE, PPPOE_BYTES + PPP_PROTOCOL_BYTES],
  [LOOP, LOOPBACK_BYTES],
  [SLL, SLL_BYTES],
  [IPV4, 0],
  [IPV6, 0],
  [SLL2, SLL2_BYTES],
]);

export const LINK_TYPES: readonly number[] = [...HEADERS.keys()];

/**
 * Bytes the link header takes before the IP header, for turning a snaplen into bytes of the IP datagram; 0 for a link
 * type without a header, and for one that is not supported. VLAN tags, PPPoE and MPLS are not in it.
 */
export function linkHeaderBytes(linkType: number): number {
  return HEADERS.get(linkType) ?? 0;
}
