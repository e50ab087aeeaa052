/**
 * Packets for tests, from plain options, with right checksums. Built inside out, as they nest:
 * `ethernet(ipv4({ src: "172.17.0.2", dst: "180.101.49.11" }, tcp({ srcPort: 1000, dstPort: 80 })))`.
 */

/** What an IP header can carry: its protocol number and its bytes, the checksum still 0 at `checksumAt`. */
export interface Transport {
  readonly proto: number;
  readonly bytes: Uint8Array;
  /** Offset of the 16-bit checksum to fill in, or -1 for a protocol without one. */
  readonly checksumAt: number;
  /** Whether the checksum covers the pseudo header as well (TCP, UDP, ICMPv6). */
  readonly overPseudoHeader: boolean;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Bytes of a hex dump, white space ignored. */
export function hex(dump: string): Uint8Array {
  return Uint8Array.from(Buffer.from(dump.replaceAll(/\s+/g, ""), "hex"));
}

/** `length` bytes that differ from one `seed` to the next. */
export function filler(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at * 7 + seed * 31 + 1;
  return bytes;
}

function set16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 8) & 0xff;
  bytes[at + 1] = value & 0xff;
}

function set32(bytes: Uint8Array, at: number, value: number): void {
  set16(bytes, at, (value >>> 16) & 0xffff);
  set16(bytes, at + 2, value & 0xffff);
}

/** Internet checksum, RFC 1071. */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += (part[at] << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = Math.floor(sum / 0x10000) + (sum & 0xffff);
  return ~sum & 0xffff;
}

function groups(half: string): number[] {
  return half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16));
}

/** The 4 bytes of a dotted address or the 16 of an IPv6 one ("::" understood, no dotted tail). */
export function address(text: string): Uint8Array {
  if (!text.includes(":")) {
    const bytes = new Uint8Array(4);
    for (const [at, byte] of text.split(".").entries()) bytes[at] = Number(byte);
    return bytes;
  }
  const [head = "", tail] = text.split("::");
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >>> 8, group & 0xff]));
}

export interface TcpOptions {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly seq?: number;
  readonly ack?: number;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32; ACK alone by default. */
  readonly flags?: number;
  readonly window?: number;
  readonly urgent?: number;
  /** Option bytes; padded with zeros to a multiple of 4. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

export function tcp(of: TcpOptions = {}): Transport {
  const options = of.options ?? new Uint8Array(0);
  const headerLength = 20 + Math.ceil(options.length / 4) * 4;
  const header = new Uint8Array(headerLength);
  set16(header, 0, of.srcPort ?? 40000);
  set16(header, 2, of.dstPort ?? 80);
  set32(header, 4, of.seq ?? 1000);
  set32(header, 8, of.ack ?? 2000);
  header[12] = (headerLength / 4) << 4;
  header[13] = of.flags ?? 0x10;
  set16(header, 14, of.window ?? 64240);
  set16(header, 18, of.urgent ?? 0);
  header.set(options, 20);
  return { proto: 6, bytes: concat(header, of.payload ?? new Uint8Array(0)), checksumAt: 16, overPseudoHeader: true };
}

export interface UdpOptions {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly payload?: Uint8Array;
}

export function udp(of: UdpOptions = {}): Transport {
  const payload = of.payload ?? new Uint8Array(0);
  const header = new Uint8Array(8);
  set16(header, 0, of.srcPort ?? 40000);
  set16(header, 2, of.dstPort ?? 53);
  set16(header, 4, 8 + payload.length);
  return { proto: 17, bytes: concat(header, payload), checksumAt: 6, overPseudoHeader: true };
}

export interface IcmpOptions {
  readonly type: number;
  readonly code?: number;
  /** The 32 bits after the checksum: an echo's id and seq, an error's next-hop MTU or pointer. */
  readonly word?: number;
  readonly payload?: Uint8Array;
}

function icmpMessage(of: IcmpOptions): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = of.type;
  header[1] = of.code ?? 0;
  set32(header, 4, of.word ?? 0);
  return concat(header, of.payload ?? new Uint8Array(0));
}

export function icmp(of: IcmpOptions): Transport {
  return { proto: 1, bytes: icmpMessage(of), checksumAt: 2, overPseudoHeader: false };
}

export function icmpv6(of: IcmpOptions): Transport {
  return { proto: 58, bytes: icmpMessage(of), checksumAt: 2, overPseudoHeader: true };
}

export interface EchoOptions {
  readonly id?: number;
  readonly seq?: number;
  readonly reply?: boolean;
  /** 56 bytes by default, as ping sends. */
  readonly payload?: Uint8Array;
}

export function echo(of: EchoOptions = {}): Transport {
  const word = ((of.id ?? 4096) * 0x10000 + (of.seq ?? 1)) >>> 0;
  return icmp({ type: of.reply ? 0 : 8, word, payload: of.payload ?? filler(56) });
}

export function echo6(of: EchoOptions = {}): Transport {
  const word = ((of.id ?? 4096) * 0x10000 + (of.seq ?? 1)) >>> 0;
  return icmpv6({ type: of.reply ? 129 : 128, word, payload: of.payload ?? filler(56) });
}

/** Any other protocol, its bytes as they are. */
export function transport(proto: number, bytes: Uint8Array): Transport {
  return { proto, bytes, checksumAt: -1, overPseudoHeader: false };
}

function withChecksum(of: Transport, src: Uint8Array, dst: Uint8Array): Uint8Array {
  if (of.checksumAt < 0) return of.bytes;
  const bytes = of.bytes.slice();
  const pseudo = new Uint8Array(8);
  set32(pseudo, 0, bytes.length);
  pseudo[7] = of.proto;
  const sum = of.overPseudoHeader ? checksum(src, dst, pseudo, bytes) : checksum(bytes);
  // A UDP checksum of 0 means none was made, so the sum 0 is sent as 0xffff (RFC 768).
  set16(bytes, of.checksumAt, of.proto === 17 && sum === 0 ? 0xffff : sum);
  return bytes;
}

export interface Ipv4Options {
  readonly src?: string;
  readonly dst?: string;
  readonly id?: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  /** Fragment offset, bytes, a multiple of 8. */
  readonly offset?: number;
  /** Option bytes; padded with zeros to a multiple of 4. */
  readonly options?: Uint8Array;
  /** The total length to declare, where it is not the true one (0: segmentation offload). */
  readonly totalLength?: number;
}

export function ipv4(of: Ipv4Options, carried: Transport): Uint8Array {
  const src = address(of.src ?? "172.17.0.2");
  const dst = address(of.dst ?? "180.101.49.11");
  const body = withChecksum(carried, src, dst);
  const options = of.options ?? new Uint8Array(0);
  const headerLength = 20 + Math.ceil(options.length / 4) * 4;
  const header = new Uint8Array(headerLength);
  header[0] = 0x40 | (headerLength / 4);
  header[1] = of.tos ?? 0;
  set16(header, 2, of.totalLength ?? headerLength + body.length);
  set16(header, 4, of.id ?? 0);
  set16(header, 6, (of.df ? 0x4000 : 0) | (of.mf ? 0x2000 : 0) | ((of.offset ?? 0) / 8));
  header[8] = of.ttl ?? 64;
  header[9] = carried.proto;
  header.set(src, 12);
  header.set(dst, 16);
  header.set(options, 20);
  set16(header, 10, checksum(header));
  return concat(header, body);
}

/** The datagram as fragments of at most `mtu` bytes; its header must have no options. */
export function fragments(datagram: Uint8Array, mtu: number): Uint8Array[] {
  const room = Math.floor((mtu - 20) / 8) * 8;
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < datagram.length - 20; offset += room) {
    const piece = concat(datagram.subarray(0, 20), datagram.subarray(20 + offset, 20 + offset + room));
    const last = 20 + offset + room >= datagram.length;
    set16(piece, 2, piece.length);
    set16(piece, 6, (last ? 0 : 0x2000) | (offset / 8));
    set16(piece, 10, 0);
    set16(piece, 10, checksum(piece.subarray(0, 20)));
    pieces.push(piece);
  }
  return pieces;
}

/** An IPv6 extension header; its first byte (next header) is filled in, the rest is `bytes` from the second one on. */
export interface Extension {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface Ipv6Options {
  readonly src?: string;
  readonly dst?: string;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly extensions?: readonly Extension[];
  /** The payload length to declare, where it is not the true one (0: jumbo or segmentation offload). */
  readonly payloadLength?: number;
}

export function ipv6(of: Ipv6Options, carried: Transport): Uint8Array {
  const src = address(of.src ?? "fd00::2");
  const dst = address(of.dst ?? "2001:db8::11");
  const extensions = of.extensions ?? [];
  const types = [...extensions.map((extension) => extension.type), carried.proto];
  const chain = extensions.map((extension, at) => concat(Uint8Array.of(types[at + 1]), extension.bytes));
  const body = concat(...chain, withChecksum(carried, src, dst));
  const header = new Uint8Array(40);
  set32(header, 0, (0x60000000 | ((of.trafficClass ?? 0) << 20) | (of.flowLabel ?? 0)) >>> 0);
  set16(header, 4, of.payloadLength ?? body.length);
  header[6] = types[0];
  header[7] = of.hopLimit ?? 64;
  header.set(src, 8);
  header.set(dst, 24);
  return concat(header, body);
}

/** An IPv6 fragment header (RFC 8200 section 4.5); `offset` in bytes, a multiple of 8. */
export function fragmentHeader(of: {
  readonly offset: number;
  readonly more: boolean;
  readonly id: number;
}): Extension {
  const bytes = new Uint8Array(7);
  set16(bytes, 1, of.offset | (of.more ? 1 : 0));
  set32(bytes, 3, of.id);
  return { type: 44, bytes };
}

export interface EthernetOptions {
  readonly src?: Uint8Array;
  readonly dst?: Uint8Array;
  /** Tags from the outside in; each is its protocol identifier (0x8100, 0x88a8, 0x9100) and its control information. */
  readonly tags?: readonly (readonly [tpid: number, tci: number])[];
  /** The ethertype; of the IP version found in the payload by default. */
  readonly type?: number;
  /** Pads the frame with zeros to this many bytes (60 is what a card hands over of the shortest frame). */
  readonly padTo?: number;
}

function ethertypeOf(payload: Uint8Array): number {
  return payload[0] >>> 4 === 6 ? 0x86dd : 0x0800;
}

const DST_MAC = hex("0242ac110001");
const SRC_MAC = hex("0242ac110002");

export function ethernet(payload: Uint8Array, of: EthernetOptions = {}): Uint8Array {
  const tail = new Uint8Array(2);
  set16(tail, 0, of.type ?? ethertypeOf(payload));
  const tags = (of.tags ?? []).map(([tpid, tci]) => Uint8Array.of(tpid >>> 8, tpid & 0xff, tci >>> 8, tci & 0xff));
  const frame = concat(of.dst ?? DST_MAC, of.src ?? SRC_MAC, ...tags, tail, payload);
  const missing = (of.padTo ?? 0) - frame.length;
  return missing > 0 ? concat(frame, new Uint8Array(missing)) : frame;
}

/** Linux cooked capture, LINKTYPE_LINUX_SLL: an outgoing frame of an Ethernet card. */
export function sll(payload: Uint8Array, type = ethertypeOf(payload)): Uint8Array {
  return concat(hex("0004 0001 0006 0242ac110002 0000"), Uint8Array.of(type >>> 8, type & 0xff), payload);
}

/** Linux cooked capture version 2, LINKTYPE_LINUX_SLL2: an outgoing frame of interface 2, an Ethernet card. */
export function sll2(payload: Uint8Array, type = ethertypeOf(payload)): Uint8Array {
  return concat(Uint8Array.of(type >>> 8, type & 0xff), hex("0000 00000002 0001 04 06 0242ac110002 0000"), payload);
}
