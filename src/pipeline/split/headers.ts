import {
  SLL,
  SLL2,
  SLL2_BYTES,
  SLL2_IFINDEX,
  SLL2_PACKET_TYPE,
  SLL_BYTES,
  SLL_PACKET_TYPE,
} from "../../protocols/link-types.js";

/** Packet type of a frame that does not tell. */
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
