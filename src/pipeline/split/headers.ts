import { SLL, SLL2 } from "../../wire/link-types.js";

/** Offsets in the cooked headers, https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html and LINKTYPE_LINUX_SLL.html */
const SLL2_IFINDEX = 4;
const SLL2_PACKET_TYPE = 10;
const SLL2_BYTES = 20;
const SLL_PACKET_TYPE = 0;
const SLL_BYTES = 16;

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
