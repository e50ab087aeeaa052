import { decodePacket, type Packet } from "./packet.js";
import { type FileRecord, isPcapng, readPcapng } from "./pcapng.js";
import type { SideName } from "./report.js";

/** A frame of a capture. */
export interface Frame {
  /** 1-based, as Wireshark counts. */
  readonly number: number;
  readonly timeNs: bigint;
  /** What it carries; `undefined` where it is neither IPv4 nor IPv6. */
  readonly packet: Packet | undefined;
}

/** What the fragments of one datagram have in common, within a capture; `undefined` for what is not fragmented. */
export function datagramKey(packet: Packet): string | undefined {
  return packet.fragment && `${packet.fragment.use} ${idOf(packet)}`;
}

/** The same, where no other datagram had its identification before. */
function idOf({ tuple: { proto, src, dst }, fragment }: Packet): string {
  return `${proto} ${src} ${dst} ${fragment?.id}`;
}

/** Fragments that follow others of their identification so late are of another datagram. */
const NEXT_USE_NS = 1_000_000_000n;

/** Tells datagrams apart that have an identification one after the other. */
function numberUses(frames: readonly Frame[]): void {
  const last = new Map<string, { timeNs: bigint; use: number }>();
  for (const { packet, timeNs } of frames) {
    if (packet?.fragment === undefined) continue;
    const before = last.get(idOf(packet));
    const use = before === undefined ? 0 : before.use + (timeNs - before.timeNs > NEXT_USE_NS ? 1 : 0);
    packet.fragment.use = use;
    last.set(idOf(packet), { timeNs, use });
  }
}

const ETHERTYPE_OFFSET = 12;
const ETHERNET_HEADER_BYTES = 14;

/** Nanoseconds in the unit of a classic pcap's fractions, by its magic number. */
const FRACTION_NS: Readonly<Record<number, bigint>> = { 0xa1b23c4d: 1n, 0xa1b2c3d4: 1000n };

/** Reads a little-endian classic pcap of this link type, which is what the lab's tcpdump writes; throws on anything else. */
export function readRecords(bytes: Uint8Array, linkType: number): FileRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fractionNs = FRACTION_NS[view.getUint32(0, true)];
  if (fractionNs === undefined) throw new Error("not a pcap of this byte order");
  if (view.getUint32(20, true) !== linkType) throw new Error(`not a capture of link type ${linkType}`);
  const records: FileRecord[] = [];
  for (let at = 24; at < bytes.length; ) {
    const captured = view.getUint32(at + 8, true);
    const timeNs =
      BigInt(view.getUint32(at, true)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)) * fractionNs;
    records.push({ timeNs, bytes: bytes.subarray(at + 16, at + 16 + captured) });
    at += 16 + captured;
  }
  return records;
}

const ETHERNET = 1;

/** Reads a capture of Ethernet frames, classic or pcapng of one interface. */
export function readCapture(bytes: Uint8Array): Frame[] {
  return framesOf(isPcapng(bytes) ? readPcapng(bytes).map(({ record }) => record) : readRecords(bytes, ETHERNET));
}

/** What `natcorr live -w` wrote of two interfaces, by sides; and of each frame of the file its place in that side's capture, counting from 1. */
export function splitLive(bytes: Uint8Array): { sides: Record<SideName, Frame[]>; places: number[] } {
  const counts = [0, 0];
  const records = readPcapng(bytes);
  const of = (side: number) =>
    framesOf(records.filter(({ interfaceId }) => interfaceId === side).map(({ record }) => record));
  return { sides: { inside: of(0), outside: of(1) }, places: records.map(({ interfaceId }) => ++counts[interfaceId]) };
}

function framesOf(records: readonly FileRecord[]): Frame[] {
  const frames = records.map(({ timeNs, bytes }, index) => ({ number: index + 1, timeNs, packet: packetIn(bytes) }));
  numberUses(frames);
  return frames;
}

function packetIn(frame: Uint8Array): Packet | undefined {
  const etherType = (frame[ETHERTYPE_OFFSET] << 8) | frame[ETHERTYPE_OFFSET + 1];
  if (etherType !== 0x0800 && etherType !== 0x86dd) return undefined;
  return decodePacket(frame.subarray(ETHERNET_HEADER_BYTES));
}
