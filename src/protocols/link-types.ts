/** Link types, https://www.tcpdump.org/linktypes.html; 12 and 14 are DLT_RAW of the BSDs, which old files carry. */
export const NULL = 0;
export const ETHERNET = 1;
export const PPP = 9;
export const RAW = 101;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
export const PPPOE = 51;
export const LOOP = 108;
export const SLL = 113;
export const IPV4 = 228;
export const IPV6 = 229;
export const SLL2 = 276;

/** How long a header is, and where in it the ethertype lies: no other link type has it there. */
export const ETHERNET_BYTES = 14;
export const ETHERNET_TYPE = 12;
/** Where the MAC addresses lie that the frame goes to, and is from … */
export const ETHERNET_DESTINATION = 0;
export const ETHERNET_SOURCE = 6;
/** … and the bit of the first byte that makes one a group's (IEEE 802, section 8.2). */
export const ETHERNET_GROUP = 1;

/** Cooked captures, https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and LINKTYPE_LINUX_SLL2.html */
export const SLL_BYTES = 16;
export const SLL_PACKET_TYPE = 0;
const SLL_TYPE = 14;
export const SLL2_BYTES = 20;
const SLL2_TYPE = 0;
export const SLL2_IFINDEX = 4;
export const SLL2_PACKET_TYPE = 10;

/** Packet types of cooked captures that tell which way a frame went, linux/if_packet.h. */
export const TO_US = 0;
/** For another station: what a bridge port shows of a packet that its bridge then shows as its own. */
export const TO_OTHERS = 3;
export const FROM_US = 4;

/** The address family of NULL and LOOP. */
const LOOPBACK_BYTES = 4;
/** RFC 2516 section 4: version and type (both 1), code (0 for a session's packets), session, length. */
export const PPPOE_BYTES = 6;
export const PPPOE_SESSION = 0x1100;
/** Address and control of a PPP frame, which some links leave out (RFC 1662 section 3.1), and its protocol. */
export const PPP_ADDRESS_BYTES = 2;
export const PPP_PROTOCOL_BYTES = 2;
export const PPP_ADDRESS_AND_CONTROL = 0xff03;
/** PPP protocol numbers, https://www.iana.org/assignments/ppp-numbers */
export const PPP_IPV4 = 0x0021;
export const PPP_IPV6 = 0x0057;

/** The longest snaplen, MAXIMUM_SNAPLEN of libpcap's pcap-int.h: what asks for the whole frame. No frame has more. */
export const MOST_SNAPLEN = 262_144;

/** What tells which version of IP, if any, comes behind a header … */
const NOTHING_KNOWN = 0;
export const BY_ETHERTYPE = 1;
/** … an address family, in network order, or in that of the capturing host … */
export const BY_FAMILY = 2;
export const BY_OWN_FAMILY = 3;
export const BY_PPP = 4;
export const BY_PPPOE = 5;
/** … the IP header itself, or the link type. */
export const BY_VERSION = 6;
export const ONLY_IPV4 = 7;
export const ONLY_IPV6 = 8;

/** Bits of each part of what is known of a link type: no header is longer than that. */
const PART_BITS = 8;
const PART_MASK = (1 << PART_BITS) - 1;
const TYPE_SHIFT = 2 * PART_BITS;

/** All that is to be known of a link type in one number: what tells, how many bytes come before the IP header, and where an ethertype is. */
export function linkBy(what: number, bytes: number, typeAt: number): number {
  return what | (bytes << PART_BITS) | (typeAt << TYPE_SHIFT);
}

export function whatTells(link: number): number {
  return link & PART_MASK;
}

export function bytesOf(link: number): number {
  return (link >> PART_BITS) & PART_MASK;
}

export function typeAtOf(link: number): number {
  return link >> TYPE_SHIFT;
}

/** All that frames are decoded of, and what messages call those that may be too short. */
const LINKS: ReadonlyMap<number, readonly [link: number, name?: string]> = new Map([
  [NULL, [linkBy(BY_OWN_FAMILY, LOOPBACK_BYTES, 0), "loopback"]],
  [ETHERNET, [linkBy(BY_ETHERTYPE, ETHERNET_BYTES, ETHERNET_TYPE), "Ethernet"]],
  [PPP, [linkBy(BY_PPP, PPP_ADDRESS_BYTES + PPP_PROTOCOL_BYTES, 0)]],
  [RAW, [linkBy(BY_VERSION, 0, 0)]],
  [RAW_BSD, [linkBy(BY_VERSION, 0, 0)]],
  [RAW_OPENBSD, [linkBy(BY_VERSION, 0, 0)]],
  [PPPOE, [linkBy(BY_PPPOE, PPPOE_BYTES + PPP_PROTOCOL_BYTES, 0)]],
  [LOOP, [linkBy(BY_FAMILY, LOOPBACK_BYTES, 0), "loopback"]],
  [SLL, [linkBy(BY_ETHERTYPE, SLL_BYTES, SLL_TYPE), "Linux SLL"]],
  [IPV4, [linkBy(ONLY_IPV4, 0, 0)]],
  [IPV6, [linkBy(ONLY_IPV6, 0, 0)]],
  [SLL2, [linkBy(BY_ETHERTYPE, SLL2_BYTES, SLL2_TYPE), "Linux SLL2"]],
]);

export const LINK_TYPES: readonly number[] = [...LINKS.keys()];

/** What is known of a link type, as `linkBy` has it; NOTHING_KNOWN where it is not supported. */
export function linkOf(linkType: number): number {
  return LINKS.get(linkType)?.[0] ?? NOTHING_KNOWN;
}

/** What messages call the header of a link type. */
export function linkName(linkType: number): string {
  return LINKS.get(linkType)?.[1] ?? `link type ${linkType}`;
}

/**
 * Bytes the link header takes before the IP header, for turning a snaplen into bytes of the IP datagram; 0 for a link
 * type without a header, and for one that is not supported. VLAN tags, PPPoE and MPLS are not in it.
 */
export function linkHeaderBytes(linkType: number): number {
  return bytesOf(linkOf(linkType));
}
