import { writeIpv6, writeMac } from "./addresses.js";
import { ACK, type Fragment, ICMP, type IcmpError, type Packet, SYN, TCP } from "./packet.js";
import { copyPayload, payloadSum } from "./payload.js";

const ETHERNET = 14;
const ICMPV6 = 58;
const FRAGMENT_HEADER = 44;
/** TOS of what the kernel itself sends: internetwork control, net/ipv4/icmp.c. */
const CONTROL = 0xc0;
/** What an error may quote: up to 576 bytes of IPv4 (RFC 1812), or IPv6's least MTU (RFC 4443), with its headers. */
const QUOTED_IPV4 = 576 - 28;
const QUOTED_IPV6 = 1280 - 48;

/** Where a datagram is put together before it is cut. */
const datagram = Buffer.alloc(0x10000 + 64);

/** One's complement sum down to 16 bits, RFC 1071. */
function folded(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

function wordSum(bytes: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += (bytes[at] << 8) | bytes[at + 1];
  return sum;
}

/** TCP header length in bytes: Linux' usual options, or an MSS alone where timestamps are off. */
function tcpHeaderLength(packet: Packet): number {
  const isSyn = (packet.tcpFlags & SYN) !== 0;
  if (packet.tsVal < 0) return isSyn ? 24 : 20;
  return isSyn ? 40 : 32;
}

function writeTcp(bytes: Buffer, at: number, packet: Packet, length: number): void {
  bytes.writeUInt16BE(packet.srcPort, at);
  bytes.writeUInt16BE(packet.dstPort, at + 2);
  bytes.writeUInt32BE(packet.seq, at + 4);
  bytes.writeUInt32BE((packet.tcpFlags & ACK) === 0 ? 0 : packet.ack, at + 8);
  bytes[at + 12] = length << 2;
  bytes[at + 13] = packet.tcpFlags;
  bytes.writeUInt16BE(packet.window, at + 14);
  bytes.writeUInt32BE(0, at + 16);
  let option = at + 20;
  if ((packet.tcpFlags & SYN) !== 0) {
    bytes.writeUInt32BE(0x020405b4, option); // MSS 1460
    option += 4;
  }
  if (packet.tsVal < 0) return;
  bytes.writeUInt32BE(length === 40 ? 0x0402080a : 0x0101080a, option); // SACK permitted or padding, timestamps
  bytes.writeUInt32BE(packet.tsVal, option + 4);
  bytes.writeUInt32BE(packet.tsEcr, option + 8);
  if (length === 40) bytes.writeUInt32BE(0x01030307, option + 12); // window scale 7
}

function writeUdp(bytes: Buffer, at: number, packet: Packet): void {
  bytes.writeUInt16BE(packet.srcPort, at);
  bytes.writeUInt16BE(packet.dstPort, at + 2);
  bytes.writeUInt16BE(8 + packet.payloadLength, at + 4);
  bytes.writeUInt16BE(0, at + 6);
}

function writeEcho(bytes: Buffer, at: number, packet: Packet): void {
  bytes[at] = packet.isIpv6 ? (packet.isEchoReply ? 129 : 128) : packet.isEchoReply ? 0 : 8;
  bytes[at + 1] = 0;
  bytes.writeUInt16BE(0, at + 2);
  bytes.writeUInt16BE(packet.srcPort, at + 4);
  bytes.writeUInt16BE(packet.echoSeq, at + 6);
}

/** @returns the length of what is quoted. */
function writeError(bytes: Buffer, at: number, isIpv6: boolean, { type, code, mtu, quoted }: IcmpError): number {
  bytes[at] = type;
  bytes[at + 1] = code;
  bytes.writeUInt16BE(0, at + 2);
  bytes.writeUInt32BE(mtu, at + 4);
  const room = isIpv6 ? QUOTED_IPV6 : QUOTED_IPV4;
  const length = Math.min(writeIp(bytes, at + 8, quoted, at + 8 + room) - at - 8, room);
  bytes[at + 8 + length] = 0; // pads an odd last byte for the checksum
  return length;
}

function writeIpv4(bytes: Buffer, at: number, packet: Packet, length: number): void {
  bytes.writeUInt16BE(0x4500 | (packet.error === null ? 0 : CONTROL), at);
  bytes.writeUInt16BE(length, at + 2);
  bytes.writeUInt16BE(packet.ipId, at + 4);
  bytes.writeUInt16BE(packet.df ? 0x4000 : 0, at + 6);
  bytes[at + 8] = packet.ttl;
  bytes[at + 9] = packet.proto;
  bytes.writeUInt16BE(0, at + 10);
  bytes.writeUInt32BE(packet.src, at + 12);
  bytes.writeUInt32BE(packet.dst, at + 16);
  bytes.writeUInt16BE(~folded(wordSum(bytes, at, at + 20)) & 0xffff, at + 10);
}

function writeIpv6Header(bytes: Buffer, at: number, packet: Packet, length: number): void {
  bytes.writeUInt32BE(0x60000000, at);
  bytes.writeUInt16BE(length - 40, at + 4);
  bytes[at + 6] = packet.proto === ICMP ? ICMPV6 : packet.proto;
  bytes[at + 7] = packet.ttl;
  writeIpv6(bytes, at + 8, packet.src);
  writeIpv6(bytes, at + 24, packet.dst);
}

function writeArp(bytes: Buffer, packet: Packet, side: "inside" | "outside"): number {
  bytes.fill(0xff, 0, 6);
  writeMac(bytes, 6, packet.src, side);
  bytes.writeUInt16BE(0x0806, 12);
  bytes.write("0001080006040001", ETHERNET, "hex");
  writeMac(bytes, ETHERNET + 8, packet.src, side);
  bytes.writeUInt32BE(packet.src, ETHERNET + 14);
  bytes.fill(0, ETHERNET + 18, ETHERNET + 24);
  bytes.writeUInt32BE(packet.dst, ETHERNET + 24);
  return ETHERNET + 28;
}

/** Writes the payload's bytes up to `limit` and returns the sum of all of them, for the checksum. */
function writePayload(bytes: Buffer, at: number, limit: number, packet: Packet): number {
  const leadBytes = packet.leadWords * 4;
  let sum = 0;
  for (let i = 0; i < packet.leadWords; i++) {
    const word = packet.lead[i];
    bytes.writeUInt32BE(word, at + 4 * i);
    sum += (word >>> 16) + (word & 0xffff);
  }
  const rest = packet.payloadLength - leadBytes;
  const room = Math.min(rest, limit - at - leadBytes);
  if (room > 0) copyPayload(bytes, at + leadBytes, packet.poolAt, room);
  return sum + payloadSum(packet.poolAt, rest);
}

/**
 * Writes an IP packet: its headers, and its payload up to `limit`. Checksums cover the whole packet.
 *
 * @param limit where payload ends in `bytes` at the latest.
 * @returns where the packet would end in `bytes` if it were written whole.
 */
function writeIp(bytes: Buffer, at: number, packet: Packet, limit: number): number {
  const { proto, isIpv6, error } = packet;
  const transport = at + (isIpv6 ? 40 : 20);
  const headerLength = proto === TCP ? tcpHeaderLength(packet) : 8;
  const payloadAt = transport + headerLength;
  let { payloadLength } = packet;
  let payload = 0;
  if (error !== null) {
    payloadLength = writeError(bytes, transport, isIpv6, error);
    payload = wordSum(bytes, payloadAt, payloadAt + payloadLength);
  } else if (proto === TCP) writeTcp(bytes, transport, packet, headerLength);
  else if (proto === ICMP) writeEcho(bytes, transport, packet);
  else writeUdp(bytes, transport, packet);
  if (error === null) payload = writePayload(bytes, payloadAt, Math.max(limit, payloadAt), packet);

  const end = payloadAt + payloadLength;
  if (isIpv6) writeIpv6Header(bytes, at, packet, end - at);
  else writeIpv4(bytes, at, packet, end - at);
  let pseudo = 0;
  if (proto !== ICMP || isIpv6) {
    pseudo = wordSum(bytes, isIpv6 ? at + 8 : at + 12, transport);
    pseudo += (proto === ICMP ? ICMPV6 : proto) + headerLength + payloadLength;
  }
  const checksumAt = transport + (proto === TCP ? 16 : proto === ICMP ? 2 : 6);
  const isPartial = packet.isPartial && proto !== ICMP;
  const sum = isPartial ? folded(pseudo) : ~folded(pseudo + wordSum(bytes, transport, payloadAt) + payload) & 0xffff;
  bytes.writeUInt16BE(sum === 0 && proto !== TCP && proto !== ICMP ? 0xffff : sum, checksumAt);
  return end;
}

/** Writes one fragment of a packet, whole. @returns where it ends. */
function writeFragment(bytes: Buffer, at: number, packet: Packet, fragment: Fragment): number {
  writeIp(datagram, 0, packet, datagram.length);
  const more = fragment.isLast ? 0 : 1;
  const header = packet.isIpv6 ? 40 : 20;
  let payloadAt = at + header;
  datagram.copy(bytes, at, 0, header);
  if (packet.isIpv6) {
    bytes.writeUInt16BE(8 + fragment.bytes, at + 4);
    bytes[at + 6] = FRAGMENT_HEADER;
    bytes.writeUInt16BE(datagram[6] << 8, payloadAt);
    bytes.writeUInt16BE(fragment.at | more, payloadAt + 2);
    bytes.writeUInt32BE(fragment.id, payloadAt + 4);
    payloadAt += 8;
  } else {
    bytes.writeUInt16BE(20 + fragment.bytes, at + 2);
    bytes.writeUInt16BE((more << 13) | (fragment.at >> 3), at + 6);
    bytes.writeUInt16BE(0, at + 10);
    bytes.writeUInt16BE(~folded(wordSum(bytes, at, payloadAt)) & 0xffff, at + 10);
  }
  datagram.copy(bytes, payloadAt, header + fragment.at, header + fragment.at + fragment.bytes);
  return payloadAt + fragment.bytes;
}

/** Bytes that `writeFrame` may need of its target. */
export function frameRoom(packet: Packet, snaplen: number): number {
  return 1536 + (packet.fragment === null ? Math.min(packet.payloadLength, snaplen) : 0);
}

/**
 * Writes a packet as an Ethernet frame to the start of `bytes`, all headers and as much payload as `snaplen` keeps.
 *
 * @param bytes with `frameRoom`.
 * @returns the frame's length on the wire, bytes.
 */
export function writeFrame(bytes: Buffer, packet: Packet, side: "inside" | "outside", snaplen: number): number {
  if (packet.isArp) return writeArp(bytes, packet, side);
  writeMac(bytes, 0, packet.dst, side);
  writeMac(bytes, 6, packet.src, side);
  bytes.writeUInt16BE(packet.isIpv6 ? 0x86dd : 0x0800, 12);
  if (packet.fragment !== null) return writeFragment(bytes, ETHERNET, packet, packet.fragment);
  return writeIp(bytes, ETHERNET, packet, snaplen);
}
