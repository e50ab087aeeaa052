import { writeIpv6, writeMac } from "./addresses.js";
import { ACK, ICMP, type Packet, SYN, TCP } from "./packet.js";
import { copyPayload, payloadSum } from "./payload.js";

const ETHERNET = 14;
const ICMPV6 = 58;

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

function writeIpv4(bytes: Buffer, at: number, packet: Packet, length: number): void {
  bytes.writeUInt16BE(0x4500, at);
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
 * Writes a packet as an Ethernet frame to the start of `bytes`, all headers and as much payload as `snaplen` keeps.
 * Checksums cover the whole packet.
 *
 * @param bytes room for 1,514 bytes.
 * @returns the frame's length on the wire, bytes.
 */
export function writeFrame(bytes: Buffer, packet: Packet, side: "inside" | "outside", snaplen: number): number {
  if (packet.isArp) return writeArp(bytes, packet, side);
  const { proto, isIpv6 } = packet;
  const transport = ETHERNET + (isIpv6 ? 40 : 20);
  const headerLength = proto === TCP ? tcpHeaderLength(packet) : 8;
  const payloadAt = transport + headerLength;
  const end = payloadAt + packet.payloadLength;

  writeMac(bytes, 0, packet.dst, side);
  writeMac(bytes, 6, packet.src, side);
  bytes.writeUInt16BE(isIpv6 ? 0x86dd : 0x0800, 12);
  if (isIpv6) writeIpv6Header(bytes, ETHERNET, packet, end - ETHERNET);
  else writeIpv4(bytes, ETHERNET, packet, end - ETHERNET);
  if (proto === TCP) writeTcp(bytes, transport, packet, headerLength);
  else if (proto === ICMP) writeEcho(bytes, transport, packet);
  else writeUdp(bytes, transport, packet);

  const payload = writePayload(bytes, payloadAt, Math.max(snaplen, payloadAt), packet);
  let pseudo = 0;
  if (proto !== ICMP || isIpv6) {
    pseudo = wordSum(bytes, isIpv6 ? ETHERNET + 8 : ETHERNET + 12, transport);
    pseudo += (proto === ICMP ? ICMPV6 : proto) + headerLength + packet.payloadLength;
  }
  const checksumAt = transport + (proto === TCP ? 16 : proto === ICMP ? 2 : 6);
  const isPartial = packet.isPartial && proto !== ICMP;
  const sum = isPartial ? folded(pseudo) : ~folded(pseudo + wordSum(bytes, transport, payloadAt) + payload) & 0xffff;
  bytes.writeUInt16BE(sum === 0 && proto !== TCP && proto !== ICMP ? 0xffff : sum, checksumAt);
  return end;
}
