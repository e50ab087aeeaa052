import type { Address } from "./address.js";

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;
const FRAGMENT_HEADER = 44;

/** The two ends of a packet. An ICMP echo has its id as both ports; what has no ports has 0. */
export interface Tuple {
  readonly proto: number;
  readonly src: Address;
  readonly srcPort: number;
  readonly dst: Address;
  readonly dstPort: number;
}

/** An IPv4 or IPv6 packet, decoded for comparing rather than for speed. */
export interface Packet {
  readonly tuple: Tuple;
  readonly isIpv6: boolean;
  /** Of IPv4: whether it must not be cut. */
  readonly isDf: boolean;
  readonly ttl: number;
  /** RFC 2474: six bits of DSCP, then two of ECN. */
  readonly trafficClass: number;
  /** 0 for IPv4. */
  readonly flowLabel: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly ipId: number;
  /** Length of the IP packet on the wire, bytes, headers included. */
  readonly length: number;
  /**
   * Present on every piece of a fragmented datagram. `id` is the IPv6 fragment identification, or the IPv4 one; `use` says how many
   * datagrams of the capture had it before.
   */
  readonly fragment: { id: number; use: number; offset: number; hasMore: boolean } | undefined;
  readonly tcp: { seq: number; ack: number; flags: number; window: number } | undefined;
  /** `seq` is 0 unless it is an echo. */
  readonly icmp: { type: number; code: number; seq: number } | undefined;
  /** What an ICMP error quotes. */
  readonly quote: Packet | undefined;
  /** Bytes after the transport header, as far as they were captured; of a later fragment, all after the IP headers. */
  readonly payload: Uint8Array;
  /** Where those begin in the datagram that the IP headers carry, the transport header counted in. */
  readonly payloadOffset: number;
  /** How many of those the packet had on the wire. */
  readonly payloadLength: number;
}

/** Decodes an IP packet, possibly cut off; throws where even its IP header is. */
export function decodePacket(bytes: Uint8Array): Packet {
  if (bytes[0] >> 4 === 4) return decodeIpv4(bytes);
  if (bytes[0] >> 4 === 6) return decodeIpv6(bytes);
  throw new Error(`IP version ${bytes[0] >> 4}`);
}

interface IpFacts {
  isIpv6: boolean;
  proto: number;
  src: Address;
  dst: Address;
  isDf: boolean;
  ttl: number;
  trafficClass: number;
  flowLabel: number;
  ipId: number;
  length: number;
  fragment: Packet["fragment"];
  /** What follows the IP headers: as captured, and its length on the wire. */
  body: Uint8Array;
  bodyLength: number;
}

function decodeIpv4(bytes: Uint8Array): Packet {
  const headerBytes = (bytes[0] & 15) * 4;
  const length = u16(bytes, 2);
  const offset = (u16(bytes, 6) & 0x1fff) * 8;
  const hasMore = (bytes[6] & 0x20) !== 0;
  const ipId = u16(bytes, 4);
  return decodeTransport({
    isIpv6: false,
    proto: bytes[9],
    src: hex(bytes, 12, 4),
    dst: hex(bytes, 16, 4),
    isDf: (bytes[6] & 0x40) !== 0,
    ttl: bytes[8],
    trafficClass: bytes[1],
    flowLabel: 0,
    ipId,
    length,
    fragment: offset > 0 || hasMore ? { id: ipId, use: 0, offset, hasMore } : undefined,
    body: bytes.subarray(headerBytes, length),
    bodyLength: length - headerBytes,
  });
}

// Hop-by-hop options are stepped over (neighbour discovery and multicast reports have them); nothing in the lab has others.
function decodeIpv6(bytes: Uint8Array): Packet {
  const length = 40 + u16(bytes, 4);
  let proto = bytes[6];
  let at = 40;
  let fragment: Packet["fragment"];
  if (proto === 0) {
    proto = bytes[at];
    at += 8 + bytes[at + 1] * 8;
  }
  if (proto === FRAGMENT_HEADER) {
    proto = bytes[at];
    fragment = {
      id: u32(bytes, at + 4),
      use: 0,
      offset: u16(bytes, at + 2) & 0xfff8,
      hasMore: (bytes[at + 3] & 1) !== 0,
    };
    at += 8;
  }
  return decodeTransport({
    isIpv6: true,
    proto,
    src: hex(bytes, 8, 16),
    dst: hex(bytes, 24, 16),
    isDf: false,
    ttl: bytes[7],
    trafficClass: (u16(bytes, 0) >> 4) & 0xff,
    flowLabel: u32(bytes, 0) & 0xf_ffff,
    ipId: 0,
    length,
    fragment,
    body: bytes.subarray(at, length),
    bodyLength: length - at,
  });
}

function decodeTransport(ip: IpFacts): Packet {
  const { body, proto } = ip;
  const isLater = (ip.fragment?.offset ?? 0) > 0;
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const isTcp = proto === TCP && !isLater && body.length >= 8;
  let ports: [number, number] = [0, 0];
  let icmp: Packet["icmp"];
  let quote: Packet["quote"];
  let headerBytes = isLater ? 0 : 8;
  if (isTcp && body.length >= 20) headerBytes = (body[12] >> 4) * 4;
  if (!isLater && (isTcp || proto === UDP)) ports = [u16(body, 0), u16(body, 2)];
  if (!isLater && isIcmp) {
    const isEcho = isEchoType(proto, body[0]);
    icmp = { type: body[0], code: body[1], seq: isEcho ? u16(body, 6) : 0 };
    if (isEcho) ports = [u16(body, 4), u16(body, 4)];
    if (isErrorType(proto, body[0])) quote = decodePacket(body.subarray(8));
  }
  return {
    tuple: { proto, src: ip.src, srcPort: ports[0], dst: ip.dst, dstPort: ports[1] },
    isIpv6: ip.isIpv6,
    isDf: ip.isDf,
    ttl: ip.ttl,
    trafficClass: ip.trafficClass,
    flowLabel: ip.flowLabel,
    ipId: ip.ipId,
    length: ip.length,
    fragment: ip.fragment,
    tcp: isTcp
      ? { seq: u32(body, 4), ack: u32(body, 8), flags: body[13] ?? 0, window: body.length >= 16 ? u16(body, 14) : 0 }
      : undefined,
    icmp,
    quote,
    payload: body.subarray(headerBytes),
    payloadOffset: (ip.fragment?.offset ?? 0) + headerBytes,
    payloadLength: ip.bodyLength - headerBytes,
  };
}

function isEchoType(proto: number, type: number): boolean {
  return proto === ICMP ? type === 8 || type === 0 : type === 128 || type === 129;
}

/** RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. RFC 4443: types below 128. */
function isErrorType(proto: number, type: number): boolean {
  return proto === ICMP ? [3, 4, 5, 11, 12].includes(type) : type < 128;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function hex(bytes: Uint8Array, at: number, count: number): Address {
  return Buffer.from(bytes.subarray(at, at + count)).toString("hex");
}
