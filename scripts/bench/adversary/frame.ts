import { type End, ICMP, ICMPV6, type Icmp, IPV6_FRAGMENT, type Packet, SCTP, TCP, UDP } from "./packet.js";

/** What stands before the IP header on a side. */
export type Link = "ethernet" | "pppoe" | "vxlan";

/** How a side shows a packet: the ends it has there, and how large a frame may be. */
export interface View {
  readonly side: "inside" | "outside";
  readonly src: End;
  readonly dst: End;
  /** Whether `src` is the end behind the NAT. */
  readonly isOutbound: boolean;
  readonly link: Link;
  /** Bytes of an IP packet before it is fragmented. */
  readonly mtu: number;
}

/** ICMPv4 type and code in ICMPv6, RFC 7915 section 4.2. */
const ICMPV6_OF: ReadonlyMap<number, readonly [number, number]> = new Map([
  [8 << 8, [128, 0]],
  [0, [129, 0]],
  [(3 << 8) | 1, [1, 0]],
  [(3 << 8) | 3, [1, 4]],
  [(3 << 8) | 4, [2, 0]],
  [11 << 8, [3, 0]],
]);

/** A packet as a side's frames: one, or the fragments it is cut into. */
export function framesOf(packet: Packet, view: View): Buffer[] {
  const isIpv6 = view.src.address.includes(":");
  const transport = transportOf(packet, view, isIpv6);
  const room = view.mtu - (isIpv6 ? 40 : 20);
  if (transport.length <= room) {
    const place = packet.isAtomic ? { at: 0, isLast: true } : null;
    return [framed(packet, view, isIpv6, transport, isIpv6 ? place : null)];
  }
  const piece = (isIpv6 ? room - 8 : room) & ~7;
  const frames: Buffer[] = [];
  for (let at = 0; at < transport.length; at += piece) {
    const place = { at, isLast: at + piece >= transport.length };
    frames.push(framed(packet, view, isIpv6, transport.subarray(at, at + piece), place));
  }
  return frames;
}

function framed(packet: Packet, view: View, isIpv6: boolean, body: Buffer, place: Place | null): Buffer {
  const header = isIpv6 ? ipv6Header(packet, view, body.length, place) : ipv4Header(packet, view, body.length, place);
  return Buffer.concat([linkHeader(view, isIpv6, header.length + body.length), header, body]);
}

/** Where a fragment stands in its datagram. */
interface Place {
  readonly at: number;
  readonly isLast: boolean;
}

function linkHeader(view: View, isIpv6: boolean, length: number): Buffer {
  const { side, src, dst, isOutbound, link } = view;
  if (link === "vxlan") return vxlanHeader(view, isIpv6, length);
  const header = Buffer.alloc(link === "pppoe" ? 22 : 14);
  macOf(side, dst, !isOutbound).copy(header, 0);
  macOf(side, src, isOutbound).copy(header, 6);
  header.writeUInt16BE(isIpv6 ? 0x86dd : 0x0800, 12);
  if (link === "pppoe") {
    // RFC 2516: version and type 1, code 0, session, length with PPP's protocol number
    header.writeUInt16BE(0x8864, 12);
    header.writeUInt16BE(0x1100, 14);
    header.writeUInt16BE(0x0007, 16);
    header.writeUInt16BE(length + 2, 18);
    header.writeUInt16BE(isIpv6 ? 0x0057 : 0x0021, 20);
  }
  return header;
}

/** The host's tunnel to another node, by RFC 7348: Ethernet, IPv4, UDP and VXLAN in front of the frame itself. */
function vxlanHeader(view: View, isIpv6: boolean, length: number): Buffer {
  const frame = linkHeader({ ...view, link: "ethernet" }, isIpv6, length);
  const ends = [
    { address: HOST_NODE, port: 0 },
    { address: OTHER_NODE, port: 0 },
  ] as const;
  const [src, dst] = view.isOutbound ? ends : [ends[1], ends[0]];
  const outer = { ...view, src, dst, link: "ethernet" } as const;
  const udp = Buffer.alloc(8);
  // the port tells flows apart for those who balance load
  udp.writeUInt16BE(49_152 + ((view.src.port + view.dst.port) & 0x3fff), 0);
  udp.writeUInt16BE(4789, 2);
  udp.writeUInt16BE(Math.min(16 + frame.length + length, 0xffff), 4);
  const vxlan = Buffer.from([8, 0, 0, 0, 0, 0, 42, 0]);
  const carrier = {
    proto: UDP,
    ttl: 64,
    ipId: 0,
    df: true,
    tos: 0,
    label: 0,
    fragmentId: 0,
    isAtomic: false,
    payload: frame,
  };
  const header = ipv4Header(carrier, outer, 16 + frame.length + length, null);
  return Buffer.concat([linkHeader(outer, false, header.length), header, udp, vxlan, frame]);
}

const HOST_NODE = "10.0.3.15";
const OTHER_NODE = "10.0.3.21";

/** Inside, each container has its own and all others are behind the bridge; outside there are the host and its gateway. */
function macOf(side: "inside" | "outside", { address }: End, isNear: boolean): Buffer {
  if (side === "outside") return isNear ? HOST_MAC : GATEWAY_MAC;
  return isNear ? Buffer.concat([Buffer.from([2, 0x42]), addressBytes(address).subarray(-4)]) : BRIDGE_MAC;
}

const BRIDGE_MAC = Buffer.from([2, 0x42, 0, 0, 0, 1]);
const HOST_MAC = Buffer.from([2, 0x42, 0, 0, 0, 2]);
const GATEWAY_MAC = Buffer.from([2, 0x42, 0, 0, 0, 3]);

function ipv4Header(packet: Packet, { src, dst }: View, bodyLength: number, place: Place | null): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = packet.tos;
  // BIG TCP: more than 65,535 bytes are said as 0, net/ipv4/ip_output.c (iph_set_totlen)
  header.writeUInt16BE(bodyLength + 20 > 0xffff ? 0 : bodyLength + 20, 2);
  header.writeUInt16BE(packet.ipId, 4);
  const where = place === null ? (packet.df ? 0x4000 : 0) : (place.isLast ? 0 : 0x2000) | (place.at >> 3);
  header.writeUInt16BE(where, 6);
  header[8] = packet.ttl;
  header[9] = packet.proto;
  addressBytes(src.address).copy(header, 12);
  addressBytes(dst.address).copy(header, 16);
  header.writeUInt16BE(checksum([header]), 10);
  return header;
}

function ipv6Header(packet: Packet, { src, dst }: View, bodyLength: number, place: Place | null): Buffer {
  const header = Buffer.alloc(place === null ? 40 : 48);
  const proto = packet.proto === ICMP ? ICMPV6 : packet.proto;
  const length = bodyLength + header.length - 40;
  header.writeUInt32BE(((0x60000000 | (packet.tos << 20)) >>> 0) + packet.label, 0);
  header.writeUInt16BE(length > 0xffff ? 0 : length, 4);
  header[6] = place === null ? proto : IPV6_FRAGMENT;
  header[7] = packet.ttl;
  addressBytes(src.address).copy(header, 8);
  addressBytes(dst.address).copy(header, 24);
  if (place !== null) {
    header[40] = proto;
    header.writeUInt16BE(place.at | (place.isLast ? 0 : 1), 42);
    header.writeUInt32BE(packet.fragmentId, 44);
  }
  return header;
}

function transportOf(packet: Packet, view: View, isIpv6: boolean): Buffer {
  const { src, dst } = view;
  switch (packet.proto) {
    case TCP:
      return withChecksum(tcpHeader(packet, src, dst), packet, view, 16);
    case UDP: {
      const header = Buffer.alloc(8);
      header.writeUInt16BE(src.port, 0);
      header.writeUInt16BE(dst.port, 2);
      header.writeUInt16BE(Math.min(8 + packet.payload.length, 0xffff), 4);
      return withChecksum(header, packet, view, 6);
    }
    case ICMP:
      return icmpBytes(packet, view, isIpv6);
    case SCTP: {
      const header = Buffer.alloc(12);
      header.writeUInt16BE(src.port, 0);
      header.writeUInt16BE(dst.port, 2);
      packet.payload.copy(header, 4, 0, 4);
      const whole = Buffer.concat([header, packet.payload.subarray(4)]);
      whole.writeUInt32LE(crc32c(whole), 8);
      return whole;
    }
    default:
      return packet.payload;
  }
}

function tcpHeader({ tcp }: Packet, src: End, dst: End): Buffer {
  if (tcp === undefined) throw new Error("a TCP packet without its numbers");
  const header = Buffer.alloc(20 + tcp.options.length);
  header.writeUInt16BE(src.port, 0);
  header.writeUInt16BE(dst.port, 2);
  header.writeUInt32BE(tcp.seq >>> 0, 4);
  header.writeUInt32BE(tcp.ack >>> 0, 8);
  header[12] = header.length << 2;
  header[13] = tcp.flags;
  header.writeUInt16BE(tcp.window, 14);
  tcp.options.copy(header, 20);
  return header;
}

function icmpBytes(packet: Packet, view: View, isIpv6: boolean): Buffer {
  const { icmp } = packet;
  if (icmp === undefined) throw new Error("an ICMP packet without its type");
  const header = Buffer.alloc(8);
  const [type, code] = isIpv6 ? icmpv6Of(icmp) : [icmp.type, icmp.code];
  header[0] = type;
  header[1] = code;
  if (icmp.quote === undefined) header.writeUInt16BE(view.src.port || view.dst.port, 4);
  header.writeUInt16BE(icmp.value, 6);
  if (icmp.quote === undefined) return withChecksum(header, packet, view, 2);
  const { packet: quoted, ends } = icmp.quote;
  const [src, dst] = ends[view.side];
  const whole = framesOf(quoted, { ...view, src, dst, link: "ethernet", mtu: 0x10000 })[0].subarray(14);
  // RFC 1812 section 4.3.2.3, RFC 4443 section 3
  const kept = whole.subarray(0, isIpv6 ? 1232 : 548);
  return withChecksum(header, { ...packet, payload: kept }, view, 2);
}

function icmpv6Of({ type, code }: Icmp): readonly [number, number] {
  const translated = ICMPV6_OF.get((type << 8) | code);
  if (translated === undefined) throw new Error(`ICMP type ${type}, code ${code} has no translation`);
  return translated;
}

/** A header with its payload, and the sum of both and the pseudo-header written to it. */
function withChecksum(header: Buffer, { proto, payload }: Packet, { src, dst }: View, at: number): Buffer {
  const whole = Buffer.concat([header, payload]);
  const isIpv6 = src.address.includes(":");
  const parts: Buffer[] = [whole];
  if (proto !== ICMP || isIpv6) {
    const tail = Buffer.alloc(8);
    tail.writeUInt32BE(whole.length, 0);
    tail[7] = proto === ICMP ? ICMPV6 : proto;
    parts.push(addressBytes(src.address), addressBytes(dst.address), tail);
  }
  const sum = checksum(parts);
  whole.writeUInt16BE(sum === 0 && proto === UDP ? 0xffff : sum, at);
  return whole;
}

/** RFC 1071, over parts that each begin at an even place. */
function checksum(parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    const even = part.length & ~1;
    for (let at = 0; at < even; at += 2) sum += (part[at] << 8) | part[at + 1];
    if (even < part.length) sum += part[even] << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** RFC 9260 appendix A. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const addresses = new Map<string, Buffer>();

/** An address in the order of the wire. IPv6 is written with at most one `::`. */
function addressBytes(text: string): Buffer {
  let bytes = addresses.get(text);
  if (bytes === undefined) {
    bytes = text.includes(":") ? ipv6Bytes(text) : Buffer.from(text.split(".").map(Number));
    addresses.set(text, bytes);
  }
  return bytes;
}

function ipv6Bytes(text: string): Buffer {
  const [left, right] = text.split("::");
  const [high, low] = [wordsOf(left), wordsOf(right ?? "")];
  const bytes = Buffer.alloc(16);
  for (const [i, word] of high.entries()) bytes.writeUInt16BE(word, 2 * i);
  for (const [i, word] of low.entries()) bytes.writeUInt16BE(word, 16 - 2 * (low.length - i));
  return bytes;
}

function wordsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
}
