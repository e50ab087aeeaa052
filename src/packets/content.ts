/**
 * What survives of a packet whatever a router rewrites, but for its payload: TCP's numbers and flags, ICMP's type and echo sequence number,
 * the payload; of an ICMP error, what it says of which packet. It is the same across IP versions (RFC 7915).
 */
import { icmpNumberIn, icmpCodeIn, icmpTypeIn } from "./records.js";
import { HAS_IP_ID, IS_ECHO, IS_ERROR, IS_IPV6 } from "./packets.js";
import {
  ALTERED_ECN,
  ALTERED_IP_ID,
  ALTERED_OPTIONS,
  ALTERED_PAYLOAD,
  ALTERED_WINDOW,
  EVIDENCE_ICMP_SEQ,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
  EVIDENCE_QUOTE,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
} from "./results/evidence.js";
import type { RecordRows } from "./record-rows.js";
import type { Timeline } from "./timeline.js";
import * as icmp from "../protocols/icmp.js";
import { ICMP, ICMPV6, TCP, UDP } from "../protocols/ip-protocols.js";
import { ACK, FIN, PSH, RST, SYN, URG } from "../protocols/tcp.js";

/** The flags of TCP that are no business of a router's; ECE and CWR (RFC 3168) may be. */
const TCP_FLAGS = FIN | SYN | RST | PSH | ACK | URG;

/** What an ICMP message is, in both versions alike; above 16 bits, which an echo's sequence number has. */
const REQUEST = 1 << 16;
const REPLY = 2 << 16;
const UNREACHABLE = 3 << 16;
const TOO_BIG = 4 << 16;
const EXCEEDED = 5 << 16;
const OTHER_ERROR = 6 << 16;

/** Whether a packet has so much of its content in the capture that it can be compared. */
export function hasContent(t: RecordRows, row: number): boolean {
  if (t.proto(row) === TCP) return t.payloadLength(row) === 0 || t.head(row) !== 0;
  return payloadOf(t, row) !== 0 || ((t.flags(row) & IS_ERROR) === 0 && t.payloadLength(row) === 0);
}

/** A hash of a packet's content. */
export function contentHash(t: RecordRows, row: number): number {
  let hash = mixed(kindOf(t, row), lengthOf(t, row));
  if (t.proto(row) === TCP) {
    hash = mixed(hash, t.seq(row));
    hash = mixed(hash, t.ack(row));
    hash = mixed(hash, t.tcpFlags(row) & TCP_FLAGS);
    return mixed(hash, t.head(row));
  }
  return mixed(mixed(hash, messageOf(t, row)), payloadOf(t, row));
}

/** Whether two packets have the same content: what it takes to believe that one became the other. */
export function isSameContent(t: Timeline, a: number, b: number): boolean {
  if (kindOf(t, a) !== kindOf(t, b) || lengthOf(t, a) !== lengthOf(t, b)) return false;
  if (t.proto(a) !== TCP) return messageOf(t, a) === messageOf(t, b) && payloadOf(t, a) === payloadOf(t, b);
  return isSameSegment(t, a, b) && t.head(a) === t.head(b);
}

/**
 * Whether two TCP segments have the same numbers, flags and length, whatever they carry: what it takes to doubt that one never came out, as a
 * helper may have rewritten its data.
 */
export function isSameSegment(t: Timeline, a: number, b: number): boolean {
  return (
    t.seq(a) === t.seq(b) &&
    t.ack(a) === t.ack(b) &&
    ((t.tcpFlags(a) ^ t.tcpFlags(b)) & TCP_FLAGS) === 0 &&
    t.payloadLength(a) === t.payloadLength(b)
  );
}

/** Whether a packet's payload may be rewritten and the packet still be known, by its IP ID. */
export function hasIdentity(t: Timeline, row: number): boolean {
  return t.proto(row) === UDP && (t.flags(row) & (HAS_IP_ID | IS_IPV6)) === HAS_IP_ID && t.payloadLength(row) > 0;
}

/** A hash of that IP ID. */
export function identityHash(t: Timeline, row: number): number {
  return mixed(t.ipId(row), UDP);
}

/** Whether two packets have the same IP ID, and a helper may have made the payload of one of the other's. */
export function isOnlySameIdentity(t: Timeline, a: number, b: number): boolean {
  return t.ipId(a) === t.ipId(b) && mayBeRewritten(t, a, b);
}

/** What a helper writes is addresses and ports: it makes a payload longer or shorter by so much at the most, bytes. What differs by more was cut. */
const MOST_WRITTEN_BYTES = 128;

/** Whether a helper may have made the payload of one of two datagrams of the other's. */
export function mayBeRewritten(t: Timeline, a: number, b: number): boolean {
  return Math.abs(t.payloadLength(a) - t.payloadLength(b)) <= MOST_WRITTEN_BYTES && hasOtherContent(t, a, b);
}

/** Whether two packets that are no TCP segments have another content: one of which a capture kept less is not another one for that. */
function hasOtherContent(t: Timeline, a: number, b: number): boolean {
  return (t.content(a) === 0) === (t.content(b) === 0) && !isSameContent(t, a, b);
}

/** Which fields differ in two packets of one content, or one IP ID: ALTERED_… bits. What another IP version brings with it is none of those. */
export function alterations(t: Timeline, a: number, b: number): number {
  const isOneVersion = t.isIpv6(a) === t.isIpv6(b);
  let altered = isOneVersion && t.ipId(a) !== t.ipId(b) ? ALTERED_IP_ID : 0;
  if (t.proto(a) !== TCP) return t.proto(a) === UDP && hasOtherContent(t, a, b) ? altered | ALTERED_PAYLOAD : altered;
  if (t.hasOtherWindow(a, b)) altered |= ALTERED_WINDOW;
  if (t.tcpFlags(a) !== t.tcpFlags(b)) altered |= ALTERED_ECN;
  if (t.hasOtherOptions(a, b) || (isOneVersion && t.length(a) !== t.length(b))) altered |= ALTERED_OPTIONS;
  return altered;
}

/** What of two packets is equal, by the ALTERED_… bits that tell what is not: EVIDENCE_… bits. */
export function evidenceBetween(t: Timeline, a: number, b: number, altered: number): number {
  const isOneVersion = t.isIpv6(a) === t.isIpv6(b);
  let evidence = 0;
  if (isOneVersion && t.ipId(a) !== 0 && t.ipId(a) === t.ipId(b)) evidence |= EVIDENCE_IP_ID;
  if ((t.flags(a) & IS_ERROR) !== 0) return evidence | EVIDENCE_QUOTE;
  if (!isOneVersion || t.length(a) === t.length(b)) evidence |= EVIDENCE_LENGTH;
  if (t.payloadLength(a) > 0 && (altered & ALTERED_PAYLOAD) === 0) evidence |= EVIDENCE_PAYLOAD;
  if (t.proto(a) === TCP) return evidence | EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK;
  return kindOf(t, a) === ICMP ? evidence | EVIDENCE_ICMP_SEQ : evidence;
}

function kindOf(t: RecordRows, row: number): number {
  const proto = t.proto(row);
  return proto === ICMPV6 ? ICMP : proto;
}

/** An error quotes as much as its version and its sender like. */
function lengthOf(t: RecordRows, row: number): number {
  return (t.flags(row) & IS_ERROR) === 0 ? t.payloadLength(row) : 0;
}

/** Of what is not TCP, the hash of all of the payload, or of its beginning where the capture has no more; 0 where there is none. */
function payloadOf(t: RecordRows, row: number): number {
  return t.content(row) || t.head(row);
}

/** Of ICMP, what message it is; one that is neither an echo nor an error is one of its own IP version only. */
function messageOf(t: RecordRows, row: number): number {
  const isIpv6 = t.proto(row) === ICMPV6;
  if (!isIpv6 && t.proto(row) !== ICMP) return 0;
  const type = icmpTypeIn(t.seq(row));
  const flags = t.flags(row);
  if ((flags & IS_ECHO) !== 0)
    return (type === (isIpv6 ? icmp.ECHO_REQUEST_6 : icmp.ECHO_REQUEST) ? REQUEST : REPLY) | icmpNumberIn(t.seq(row));
  if ((flags & IS_ERROR) === 0) return (t.seq(row) ^ (isIpv6 ? icmp.ECHO_REPLY_6 : 0)) | 0;
  // RFC 7915 sections 4.2 and 5.2: "fragmentation needed" is "packet too big", any other unreachability may become another one
  const code = icmpCodeIn(t.seq(row));
  if (isIpv6) {
    if (type === icmp.UNREACHABLE_6) return UNREACHABLE;
    if (type === icmp.PACKET_TOO_BIG_6) return TOO_BIG;
    return type === icmp.TIME_EXCEEDED_6 ? EXCEEDED : OTHER_ERROR;
  }
  if (type === icmp.UNREACHABLE) return code === icmp.FRAGMENTATION_NEEDED ? TOO_BIG : UNREACHABLE;
  return type === icmp.TIME_EXCEEDED ? EXCEEDED : OTHER_ERROR;
}

/** Adds a word to a hash: the finaliser of a multiplicative one (Knuth), as cells are chosen by the lowest bits. */
export function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
