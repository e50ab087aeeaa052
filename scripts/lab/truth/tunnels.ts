import type { Frame } from "./capture.js";
import { decodePacket, type Packet, TCP, UDP } from "./packet.js";

const VXLAN_PORT = 4789;
/** VXLAN's header, and the Ethernet header of what it carries. */
const VXLAN_BYTES = 8;
const ETHERNET_BYTES = 14;
const ETHERTYPE_OFFSET = 12;
/** Where the checksum is in the header of what it carries. */
const CHECKSUM_OFFSET: Readonly<Record<number, number>> = { [TCP]: 16, [UDP]: 6 };

/**
 * Both captures with VXLAN as it is to be judged: outside, what is carried in place of its carrier, unless that is inside as well, as a
 * container ends the tunnel. Of carriers that stay, the checksum of what they carry is left out: where a container sends, it is
 * often still to be filled in.
 */
export function judged(inside: readonly Frame[], outside: readonly Frame[]): [Frame[], Frame[]] {
  const passing = new Set(inside.flatMap(({ packet }) => (isCarrier(packet) ? [nameOf(packet)] : [])));
  const judgedAs = (packet: Packet): Packet => {
    if (!isCarrier(packet)) return packet;
    return passing.has(nameOf(packet)) ? withoutChecksum(packet) : (carriedBy(packet) ?? packet);
  };
  const all = (frames: readonly Frame[]) =>
    frames.map((frame) => (frame.packet ? { ...frame, packet: judgedAs(frame.packet) } : frame));
  return [all(inside), all(outside)];
}

function isCarrier(packet: Packet | undefined): packet is Packet {
  return packet?.tuple.proto === UDP && packet.tuple.dstPort === VXLAN_PORT && (packet.fragment?.offset ?? 0) === 0;
}

/** What a NAT leaves of a carrier. */
function nameOf({ ipId, length }: Packet): string {
  return `${ipId} ${length}`;
}

function carriedBy({ payload }: Packet): Packet | undefined {
  const frame = payload.subarray(VXLAN_BYTES);
  const etherType = (frame[ETHERTYPE_OFFSET] << 8) | frame[ETHERTYPE_OFFSET + 1];
  return etherType === 0x0800 || etherType === 0x86dd ? decodePacket(frame.subarray(ETHERNET_BYTES)) : undefined;
}

function withoutChecksum(carrier: Packet): Packet {
  const carried = carriedBy(carrier);
  const offset = CHECKSUM_OFFSET[carried?.tuple.proto ?? 0];
  if (carried === undefined || carried.isIpv6 || offset === undefined) return carrier;
  const payload = carrier.payload.slice();
  const at = VXLAN_BYTES + ETHERNET_BYTES + (payload[VXLAN_BYTES + ETHERNET_BYTES] & 15) * 4 + offset;
  payload.fill(0, at, at + 2);
  return { ...carrier, payload };
}
