import { decodePacket, type Packet } from "./packet.js";

/** A frame of a capture. */
export interface Frame {
  /** 1-based, as Wireshark counts. */
  readonly number: number;
  readonly timeNs: bigint;
  /** What it carries; `undefined` where it is neither IPv4 nor IPv6. */
  readonly packet: Packet | undefined;
}

/** What the fragments of one datagram have in common, within a capture; `undefined` for what is not fragmented. */
export function datagramKey({ tuple: { proto, src, dst }, fragment }: Packet): string | undefined {
  return fragment && `${proto} ${src} ${dst} ${fragment.id}`;
}

const ETHERTYPE_OFFSET = 12;
const ETHERNET_HEADER_BYTES = 14;

/** Reads a little-endian classic pcap with nanosecond stamps and Ethernet frames, which is what `lab record` writes; throws on anything else. */
export function readCapture(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0xa1b23c4d) throw new Error("not a nanosecond pcap of this byte order");
  if (view.getUint32(20, true) !== 1) throw new Error("not a capture of Ethernet frames");
  const frames: Frame[] = [];
  for (let at = 24; at < bytes.length; ) {
    const captured = view.getUint32(at + 8, true);
    const number = frames.length + 1;
    frames.push({
      number,
      timeNs: BigInt(view.getUint32(at, true)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)),
      packet: packetIn(bytes.subarray(at + 16, at + 16 + captured)),
    });
    at += 16 + captured;
  }
  return frames;
}

function packetIn(frame: Uint8Array): Packet | undefined {
  const etherType = (frame[ETHERTYPE_OFFSET] << 8) | frame[ETHERTYPE_OFFSET + 1];
  if (etherType !== 0x0800 && etherType !== 0x86dd) return undefined;
  return decodePacket(frame.subarray(ETHERNET_HEADER_BYTES));
}
