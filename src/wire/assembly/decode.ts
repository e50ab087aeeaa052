/** `Decoder`'s loop: frame by frame from the link header to the transport header, each protocol in a file of its own. */
import { rowAt, setDouble, setWord, wordOf } from "../../packets/memory/assembly/words.js";
import * as column from "../../packets/batches/columns-words.js";
import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import {
  IS_CUT,
  IS_ERROR,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  IS_LATER_FRAGMENT,
  IS_SELECTED,
} from "../../packets/packets.js";
import {
  ACK_SEQ,
  CARRIED,
  CARRIER,
  CLASS_SHIFT,
  DST,
  FLAGS_PROTO_TTL,
  flagsIn,
  FRAME,
  HEAD,
  LABEL_SHIFT,
  LENGTH,
  LENGTH_MASK,
  PAYLOAD_LENGTH_CLASS,
  PORTS,
  protoIn,
  QUOTE_MASK,
  QUOTE_SHIFT,
  RECORD_BYTES,
  SEQ,
  SRC,
  STAMP_NS,
  TCP_FLAGS_QUOTE,
  TUNNEL_SHIFT,
} from "../../packets/records.js";
import { ICMP, ICMPV6, TCP, UDP } from "../../protocols/ip-protocols.js";
import { HEADER_BYTES as IPV4_BYTES } from "../../protocols/ipv4.js";
import { HEADER_BYTES as IPV6_BYTES } from "../../protocols/ipv6.js";
import { NO_MAC } from "../../protocols/mac.js";
import * as words from "../decode-words.js";
import { NO_INTERFACE, NOT_IP } from "../reasons.js";
import { passes } from "./bpf.js";
import { byteAt, wordAt } from "./bytes.js";
import * as dns from "./dns.js";
import { endKey, hashOfTuple, joined, keyOf, mixWord } from "./hash.js";
import { icmp } from "./icmp.js";
import { ipv4 } from "./ipv4.js";
import { ipv6 } from "./ipv6.js";
import { hasMacs, ipHeader, macFrom, macTo } from "./link.js";
import { other } from "./other.js";
import { content } from "./payload.js";
import * as carriers from "./outers.js";
import * as quotes from "./quote.js";
import { noteSender } from "./senders.js";
import { tcp } from "./tcp.js";
import * as tunnel from "./tunnel.js";
import { udp } from "./udp.js";

/** What the batch is decoded to: the `PacketBatch`, and how many outer packets that has. */
let batch: usize = 0;
let outers = 0;
/** … and how: see LIMIT, HEADER_LIMIT and OPENS_TUNNELS. */
let limit = 0;
let headerLimit = 0;
let opensTunnels = false;

/** Decodes a batch of frames to behind the rows there are, and says in `block` what came of it. */
export function decode(block: usize): void {
  const count = wordOf(block, words.COUNT);
  const data = wordOf(block, words.DATA);
  const starts = wordOf(block, words.START);
  const captureds = wordOf(block, words.CAPTURED);
  const originals = wordOf(block, words.ORIGINAL);
  const frames = wordOf(block, words.FRAME);
  const ifaces = wordOf(block, words.IFACE);
  const stamps = wordOf(block, words.TIME_NS);
  const links = wordOf(block, words.LINKS);
  const programs = wordOf(block, words.PROGRAMS);
  const interfaces = wordOf(block, words.INTERFACES);
  const senders = wordOf(block, words.SENDERS);
  const answers = wordOf(block, words.ANSWERS);
  begin(block);
  let heard = 0;
  let row = wordOf(block, words.ROWS);
  let cut = 0;
  let isInOrder = wordOf(block, words.IS_IN_ORDER) !== 0;
  let latestNs = row === 0 ? -Infinity : load<f64>(recordAt(row - 1), 8 * STAMP_NS);
  for (let index = 0; index < count; index++) {
    const captured = load<u32>(captureds + (index << 2));
    const original = load<u32>(originals + (index << 2));
    const iface = <i32>load<u16>(ifaces + (index << 1));
    const start = data + load<i32>(starts + (index << 2));
    const end = start + <i32>captured;
    const stampNs = load<f64>(stamps + (index << 3));
    const wireEnd = start + <i32>min<u32>(original, LENGTH_MASK);
    const link = iface < interfaces ? load<i32>(links + (iface << 2)) : 0;
    const reason = iface < interfaces ? packet(start, end, wireEnd, link, row) : NO_INTERFACE;
    if (reason === MAY_CARRY) lookInside(end, row);
    if (reason >= 0) {
      leaveOut(block, index, load<i32>(frames + (index << 2)), reason);
      continue;
    }
    if (dns.isAnswer()) {
      if (answers !== 0) heard += dns.hear(answers + heard, min(end, packetEnd), batch, row, stampNs);
      dns.forget();
    }
    const record = recordAt(row);
    if (senders !== 0) noteSender(senders, record);
    noteMacs(row, start, link);
    if (stampNs < latestNs) isInOrder = false;
    latestNs = stampNs;
    store<f64>(record, stampNs, 8 * STAMP_NS);
    store<i32>(record, load<i32>(frames + (index << 2)), 4 * FRAME);
    const program = load<i32>(programs + (iface << 2));
    if (program !== 0 && passes(program, start, captured, original)) select(record);
    if (captured < original) cut++;
    row++;
  }
  setWord(block, words.HEARD, heard);
  setWord(block, words.ROWS, row);
  setWord(block, words.QUOTES, quotes.count);
  setWord(block, words.OUTERS, outers);
  setWord(block, words.CUT, cut);
  setWord(block, words.IS_IN_ORDER, isInOrder ? 1 : 0);
  noteSpan(block, stamps, count);
}

/** Takes from the block what the batch is decoded to, and how. */
function begin(block: usize): void {
  batch = wordOf(block, words.BATCH);
  outers = wordOf(block, words.OUTERS);
  limit = wordOf(block, words.LIMIT);
  headerLimit = wordOf(block, words.HEADER_LIMIT);
  opensTunnels = wordOf(block, words.OPENS_TUNNELS) !== 0;
  quotes.goOn(batch, wordOf(block, words.QUOTES));
  setWord(block, words.NOT_IP, 0);
  setWord(block, words.UNDECODED, 0);
}

function recordAt(row: i32): usize {
  return batch + row * RECORD_BYTES;
}

/** Notes a row's MAC addresses, of the frame that begins at `start`. What came in a tunnel is between others than its frame. */
function noteMacs(row: i32, start: i32, link: i32): void {
  const tells = hasMacs(link) && load<i32>(recordAt(row), 4 * LENGTH) >>> TUNNEL_SHIFT !== CARRIED;
  store<i32>(batch + (row << 2), tells ? macFrom(start) : NO_MAC, BATCH_FRAMES * column.MAC_FROM);
  store<i32>(batch + (row << 2), tells ? macTo(start) : NO_MAC, BATCH_FRAMES * column.MAC_TO);
}

/** Notes the earliest and the latest stamp of a batch of frames, whatever they are. */
function noteSpan(block: usize, stamps: usize, count: i32): void {
  let firstNs = Infinity;
  let lastNs = -Infinity;
  for (let index = 0; index < count; index++) {
    const stampNs = load<f64>(stamps + (index << 3));
    firstNs = min<f64>(firstNs, stampNs);
    lastNs = max<f64>(lastNs, stampNs);
  }
  setDouble(block, words.FIRST_NS, firstNs);
  setDouble(block, words.LAST_NS, lastNs);
}

/** Notes a frame that no row is made of, by its place in the block, and why. */
function leaveOut(block: usize, index: i32, frame: i32, reason: i32): void {
  const rowless = wordOf(block, words.ROWLESS);
  setWord(block, words.ROWLESS, rowless + 1);
  store<i32>(batch + (rowless << 2), frame, BATCH_FRAMES * column.ROWLESS_FRAME);
  store<u8>(batch + rowless, reason === NOT_IP ? 0 : 1, BATCH_FRAMES * column.ROWLESS_IS_UNDECODABLE);
  if (reason === NOT_IP) {
    setWord(block, words.NOT_IP, wordOf(block, words.NOT_IP) + 1);
    return;
  }
  const undecoded = wordOf(block, words.UNDECODED);
  setWord(block, words.UNDECODED, undecoded + 1);
  const entry = rowAt(block, words.REASONS, undecoded, words.UNDECODED_BITS);
  store<i32>(entry, index, 4 * words.UNDECODED_INDEX);
  store<i32>(entry, reason, 4 * words.UNDECODED_REASON);
}

/** Notes that the pcap filter that says what is shown selects a packet. */
function select(record: usize): void {
  store<i32>(record, load<i32>(record, 4 * FLAGS_PROTO_TTL) | IS_SELECTED, 4 * FLAGS_PROTO_TTL);
}

/**
 * Finds the IP header of each frame of a batch: where it begins, in bytes from where `starts` count, or -1 where there is none of which
 * the addresses were captured.
 */
export function ipHeaders(block: usize): void {
  const data = wordOf(block, words.DATA);
  const starts = wordOf(block, words.START);
  const captureds = wordOf(block, words.CAPTURED);
  const ifaces = wordOf(block, words.IFACE);
  const links = wordOf(block, words.LINKS);
  const found = wordOf(block, words.IP_HEADERS);
  for (let index = 0; index < wordOf(block, words.COUNT); index++) {
    const start = data + load<i32>(starts + (index << 2));
    const end = start + load<i32>(captureds + (index << 2));
    const iface = <i32>load<u16>(ifaces + (index << 1));
    const at = ipHeader(start, end, load<i32>(links + (iface << 2)));
    const isWhole = at >= 0 && end - at >= (byteAt(at) >>> 4 === 4 ? IPV4_BYTES : IPV6_BYTES);
    store<i32>(found + (index << 2), isWhole ? at - data : -1);
  }
}

/** A row was written … */
const DECODED = -1;
/** … of a packet whose protocol may be a tunnel's. */
const MAY_CARRY = -2;

/** Of the packet decoded last: where it and the header behind its IP header begin, and where it ends on the wire. */
let packetAt = 0;
let transportAt = 0;
let packetEnd = 0;

/** Decodes the frame at `start` … `end`-1 into a row. Returns DECODED, MAY_CARRY, or the reason why there is none. */
function packet(start: i32, end: i32, wireEnd: i32, link: i32, row: i32): i32 {
  const at = ipHeader(start, end, link);
  return at < 0 ? ~at : datagram(at, end, wireEnd, row);
}

/**
 * Puts the packet that a row's carries through a tunnel in its place, and keeps that beside it; or notes that it carries one, where
 * tunnels are not opened. `end` is where the frame's captured bytes end.
 *
 * One tunnel is opened and not what is in it: what comes out of it is what its end takes for a packet.
 */
function lookInside(end: i32, row: i32): void {
  const record = recordAt(row);
  const carrier = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  // the first of several fragments has the beginning of what they carry
  const isFragment = (carrier & IS_FRAGMENT) !== 0;
  if ((carrier & (IS_LATER_FRAGMENT | IS_HEADLESS)) !== 0 || (isFragment && !opensTunnels)) return;
  const outerEnd = packetEnd;
  const heldEnd = min(end, outerEnd);
  const isWhole = !isFragment && heldEnd === outerEnd && outerEnd - packetAt <= limit;
  const at = tunnel.carriedBy(record, transportAt, heldEnd);
  if (at === tunnel.NOTHING) return;
  carriers.copy(batch, row, outers, false);
  dns.forget();
  const quoted = quotes.count;
  const reason = datagram(at, heldEnd, outerEnd, row);
  const isPacket = reason < 0 && (isFragment || packetEnd <= outerEnd);
  if (isPacket && isWhole) tunnel.takeCarried(carriers.recordOf(batch, outers), keyOf(record));
  if (isPacket && opensTunnels) {
    carriers.keep(batch, row, outers++);
    store<i32>(record, load<i32>(record, 4 * LENGTH) | (CARRIED << TUNNEL_SHIFT), 4 * LENGTH);
    return;
  }
  quotes.goOn(batch, quoted);
  dns.forget();
  carriers.copy(batch, row, outers, true);
  if (isPacket) store<i32>(record, load<i32>(record, 4 * LENGTH) | (CARRIER << TUNNEL_SHIFT), 4 * LENGTH);
}

/** Decodes the packet whose IP header is at `at`; `end` is where its captured bytes end. Returns as `packet` does. */
function datagram(at: i32, end: i32, wireEnd: i32, row: i32): i32 {
  const record = recordAt(row);
  const src6 = batch + BATCH_FRAMES * column.SRC6 + row * column.ADDRESS_BYTES;
  const dst6 = batch + BATCH_FRAMES * column.DST6 + row * column.ADDRESS_BYTES;
  const headers = at + headerLimit;
  const transport =
    byteAt(at) >>> 4 === 6
      ? ipv6(at, end, min(end, headers), at + limit, wireEnd, record, src6, dst6)
      : ipv4(at, end, wireEnd, record);
  if (transport < 0) return ~transport;

  const datagramEnd = at + load<i32>(record, 4 * LENGTH);
  const held = min(min(end, headers), datagramEnd);
  const covered = at + limit;
  let asked = min(covered, datagramEnd);
  const kept = min(end, asked);
  // the same of a packet over either IP version, wherever its header is short enough
  const isWhole = kept === datagramEnd && datagramEnd - transport <= limit - IPV6_BYTES;
  store<i32>(record, 0, 4 * PORTS);
  store<i32>(record, 0, 4 * ACK_SEQ);
  store<i32>(record, 0, 4 * HEAD);
  store<i32>(record, 0, 4 * TCP_FLAGS_QUOTE);
  store<i32>(record, datagramEnd - transport, 4 * PAYLOAD_LENGTH_CLASS);
  const proto = protoIn(load<i32>(record, 4 * FLAGS_PROTO_TTL));
  const ip = flagsIn(load<i32>(record, 4 * FLAGS_PROTO_TTL));
  if (proto === TCP && (ip & (IS_LATER_FRAGMENT | IS_HEADLESS)) === 0)
    tcp(transport, datagramEnd, min(end, datagramEnd), headers, covered, kept, record);
  else {
    mixWord(record, datagramEnd - transport);
    if ((ip & IS_LATER_FRAGMENT) !== 0)
      content(transport, datagramEnd, kept, load<i32>(record, 4 * SEQ), isWhole, record);
    else if ((ip & IS_HEADLESS) === 0) {
      if (proto === UDP) udp(transport, datagramEnd, held, kept, isWhole, record);
      else if (proto === ((ip & IS_IPV6) !== 0 ? ICMPV6 : ICMP))
        icmp(transport, datagramEnd, min(end, datagramEnd), held, kept, isWhole, record);
      else other(transport, datagramEnd, held, kept, isWhole, record);
    }
  }
  const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
  if ((flags & IS_ERROR) !== 0) asked = min(asked, quotes.takenEnd);
  if (end < asked || ((flags & IS_HEADLESS) !== 0 && end < min(headers, datagramEnd))) {
    store<i32>(record, flags | IS_CUT, 4 * FLAGS_PROTO_TTL);
    mixWord(record, joined(IS_CUT, end - at));
  }
  endKey(record);
  store<i32>(record, load<i32>(record, 4 * PAYLOAD_LENGTH_CLASS) | marksOf(at), 4 * PAYLOAD_LENGTH_CLASS);
  store<i32>(batch + (row << 2), tupleHash(record, flags, proto, src6, dst6), BATCH_FRAMES * column.TUPLE_HASH);
  packetAt = at;
  transportAt = transport;
  packetEnd = datagramEnd;
  return tunnel.mayCarry(proto, record) ? MAY_CARRY : DECODED;
}

/** The hash of a packet's conversation; of an ICMP error, that of the packet which it quotes. */
function tupleHash(record: i32, flags: i32, proto: i32, src6: i32, dst6: i32): i32 {
  const quoted = ((load<i32>(record, 4 * TCP_FLAGS_QUOTE) >>> QUOTE_SHIFT) & QUOTE_MASK) - 1;
  if (quoted < 0) {
    const ports = load<i32>(record, 4 * PORTS);
    return hashOfTuple(flags, proto, ports, load<i32>(record, 4 * SRC), load<i32>(record, 4 * DST), src6, dst6);
  }
  const from = quotes.quotedSrc(quoted);
  const to = quotes.quotedDst(quoted);
  const ports = quotes.quotedPorts(quoted);
  return hashOfTuple(flags, quotes.quotedProto(quoted), ports, load<i32>(from), load<i32>(to), from, to);
}

/** What stands above the length in PAYLOAD_LENGTH_CLASS, of the packet whose IP header is at `at`. */
function marksOf(at: i32): i32 {
  const first = wordAt(at);
  if (first >>> 28 !== 6) return ((first >>> 16) & 0xff) << CLASS_SHIFT;
  const label = first & 0xfffff;
  // its upper bits as well as its lower ones: senders draw them, and some count
  const hash = label === 0 ? 0 : 1 + (((label * 0x9e3779b1) >>> 16) % 15);
  return (((first >>> 20) & 0xff) << CLASS_SHIFT) | (hash << LABEL_SHIFT);
}
