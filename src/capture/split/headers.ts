/** Link types, https://www.tcpdump.org/linktypes.html; 12 and 14 are DLT_RAW of the BSDs. */
const NULL = 0;
const ETHERNET = 1;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const RAW = 101;
const LOOP = 108;
const SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
export const SLL2 = 276;

/** Offsets in the cooked headers, https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html and LINKTYPE_LINUX_SLL.html */
const SLL2_IFINDEX = 4;
const SLL2_PACKET_TYPE = 10;
const SLL2_BYTES = 20;
const SLL_PACKET_TYPE = 0;
const SLL_BYTES = 16;

/** Ethertypes of VLAN tags, 4 bytes each. */
const VLAN_TYPES: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;

/** Packet types of cooked captures that tell which way a frame went, linux/if_packet.h. */
export const TO_US = 0;
/** For another station: what a bridge port shows of a packet that its bridge then shows as its own. */
export const TO_OTHERS = 3;
export const FROM_US = 4;
/** Of a frame that does not tell. */
export const UNTOLD = -1;

/** The kernel's number of the interface an SLL2 frame was seen on, or -1 where that was not captured. */
export function ifindexOf(view: DataView, start: number, end: number): number {
  return end - start < SLL2_BYTES ? -1 : view.getUint32(start + SLL2_IFINDEX);
}

export function packetTypeOf(view: DataView, start: number, end: number, linkType: number): number {
  if (linkType === SLL2 && end - start >= SLL2_BYTES) return view.getUint8(start + SLL2_PACKET_TYPE);
  if (linkType === SLL && end - start >= SLL_BYTES) return view.getUint16(start + SLL_PACKET_TYPE);
  return UNTOLD;
}

/** Offset of an IP header of which the addresses were captured, or -1. */
export function ipHeaderAt(view: DataView, start: number, end: number, linkType: number): number {
  const at = networkHeaderAt(view, start, end, linkType);
  if (at < 0 || at >= end) return -1;
  const version = view.getUint8(at) >>> 4;
  return (version === 4 && end - at >= 20) || (version === 6 && end - at >= 40) ? at : -1;
}

function networkHeaderAt(view: DataView, start: number, end: number, linkType: number): number {
  switch (linkType) {
    case ETHERNET:
      return afterEthertype(view, start + 12, start + 14, end);
    case SLL:
      return afterEthertype(view, start + 14, start + SLL_BYTES, end);
    case SLL2:
      return afterEthertype(view, start, start + SLL2_BYTES, end);
    case NULL:
    case LOOP:
      return start + 4;
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4:
    case IPV6:
      return start;
    default:
      return -1;
  }
}

function afterEthertype(view: DataView, typeAt: number, payload: number, end: number): number {
  if (payload > end) return -1;
  let type = view.getUint16(typeAt);
  let at = payload;
  for (; VLAN_TYPES.has(type); at += 4) {
    if (at + 4 > end) return -1;
    type = view.getUint16(at + 2);
  }
  return type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6 ? at : -1;
}
