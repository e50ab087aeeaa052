/** A dropped packet, and what others that crossed tell of it by themselves. */
import { areAlike, IS_FRAGMENT, isAgain } from "../../../packets/packets.js";
import { DNS_QUERY, DNS_RESPONSE, icmpNumberIn, icmpTypeIn } from "../../../packets/records.js";
import type { Reason } from "../../../packets/results/reasons.js";
import type { Impact, Verdict } from "../../../packets/results/verdicts.js";
import type { Side } from "../../../packets/sides.js";
import type { RecordRows } from "../../../packets/record-rows.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { haveSameSource } from "../../../packets/ways.js";
import { hasPorts, ICMP, isIcmp, TCP, UDP } from "../../../protocols/ip-protocols.js";
import { ECHO_REPLY, ECHO_REPLY_6, ECHO_REQUEST, ECHO_REQUEST_6 } from "../../../protocols/icmp.js";
import { ACK, FIN, MOST_WINDOW, RST, SYN } from "../../../protocols/tcp.js";
import type { Rewriting } from "../../matchers/altered/survivors.js";
import { mayBeAltered, type Traits } from "../traits.js";

/**
 * A packet without a twin is looked after for so long, nanoseconds: TCP sends again after a second, and waits twice as long each time (RFC 6298
 * section 5.5); resolvers after five (resolv.conf(5)); a router that gets no answer to ARP says so after three (arp(7), mcast_solicit).
 */
export const PATIENCE_NS = 30_000_000_000;
/** A router that gets no answer to ARP or neighbour discovery asks again after a second, three times, and keeps packets that long, nanoseconds (arp(7)). */
const RESOLVED_NS = 4_000_000_000;
/**
 * A host waits so long for the other fragments of a datagram before it says that they are missing, over IPv4 and IPv6, nanoseconds (Linux: net.ipv4.ipfrag_time,
 * net.ipv6.ip6frag_time); its timers are late by up to an eighth (kernel/time/timer.c).
 */
const REASSEMBLY_NS = [(30_000_000_000 * 9) / 8, (60_000_000_000 * 9) / 8] as const;

/** An ICMP error that names packets, and those it may be about: when it came, how the payloads begin that it quotes, and how long after them it may come. */
export interface Naming {
  readonly timeNs: number;
  /** Hashes, 0 for none. */
  readonly heads: readonly number[];
  readonly withinNs: number;
}

/** How long after a packet an error may come that is about it. */
export function errorWithinNs(reason: Reason, isIpv6: boolean): number {
  return reason === "reassembly-timeout" ? REASSEMBLY_NS[isIpv6 ? 1 : 0] : PATIENCE_NS;
}

/** What became of what a dropped packet carried, and the frame on its side that shows it, where there is one. */
export interface Consequence {
  readonly impact: Impact;
  readonly byFrame?: number;
  /** How long after the packet that frame came, nanoseconds. */
  readonly afterNs?: number;
  /** Whether what it carried arrived, though nothing of that was seen to: it, or a copy of it, crossed unseen. */
  readonly isUnseen?: boolean;
}

/** A packet without a twin of which more may become known. */
export interface Watched {
  readonly side: Side;
  readonly frame: number;
  readonly way: number;
  readonly timeNs: number;
  readonly proto: number;
  /** The id of its flow; undefined where that is not known. */
  readonly flow: number | undefined;
  readonly isSelected: boolean;
  readonly isIpv6: boolean;
  /** Whether it is like no other one of its way, whatever its IP ID: see `isUnique`. */
  readonly isUnique: boolean;
  /** How the payload begins that an ICMP error may quote which is about it: see `Refusals`. */
  readonly head: number;
  readonly traits: Traits;
  /** What was said of it last. */
  verdict: Verdict;
  reason: Reason;
  impact: Impact;
}

/** A packet that was dropped, or some bytes of one, as far as what crosses tells of it. */
export interface Missed extends Packet {
  readonly side: Side;
  readonly way: number;
  readonly timeNs: number;
  /** The slot of its flow; NONE where that is not known. */
  readonly slot: number;
  readonly isFragment: boolean;
  /** Whether some of its bytes entered before, and may have arrived by that; of a datagram, whether one like it passed lately. */
  readonly isAgain: boolean;
  /** Which of its sequence numbers no copy has brought so far, counted from its own: ranges, each as its first and the one behind its last. */
  missing: readonly number[];
}

/** A packet that was dropped, and that is looked after. */
export interface Drop extends Missed, Watched {
  /** Its row in `DropRows`. */
  readonly row: number;
  readonly isOpen: boolean;
}

/** Ranges of a packet that takes no sequence numbers. */
const NO_NUMBERS: readonly number[] = [];

/** A packet of a flow in this slot, as it was missed: nothing has brought any of it so far. */
export function missed(t: RecordRows & Placed, row: number, slot: number, packet: Packet = packetOf(t, row)): Missed {
  const { proto, tcpFlags, seq, payloadLength, content } = packet;
  // spread, it would take three times the memory: V8 makes room for what follows step by step
  return {
    proto,
    tcpFlags,
    seq,
    payloadLength,
    content,
    side: t.sideOf(row),
    way: t.way(row),
    timeNs: t.timeNs(row),
    slot,
    isFragment: (t.flags(row) & IS_FRAGMENT) !== 0,
    isAgain: mayBeAgain(t, row),
    missing: allOf(packet),
  };
}

/** All sequence numbers of a packet, as `missing` has them. */
export function allOf(packet: Packet): readonly number[] {
  const span = spanOf(packet);
  return span === 0 ? NO_NUMBERS : [0, span];
}

/** As `Missed.isAgain` has it. */
export function mayBeAgain(t: RecordRows, row: number): boolean {
  const proto = t.proto(row);
  return (proto === TCP || proto === UDP) && isAgain(t.flags(row));
}

/** A packet as far as copies are told by it. */
export interface Packet {
  readonly proto: number;
  readonly tcpFlags: number;
  readonly seq: number;
  readonly payloadLength: number;
  /** Of TCP the acknowledgement, of others what it carries: see `PacketBatch.content`. */
  readonly content: number;
}

/** Rows of packets that passed on a side, as the `Timeline` has them. */
export type Placed = Pick<Timeline, "sideOf" | "way" | "timeNs">;

export function packetOf(t: RecordRows, row: number): Packet {
  const proto = t.proto(row);
  return {
    proto,
    tcpFlags: t.tcpFlags(row),
    seq: t.seq(row),
    payloadLength: t.payloadLength(row),
    content: proto === TCP ? t.ack(row) : t.content(row),
  };
}

/** Whether it would be seen if a packet was sent again: by its numbers, or by what it carries, where that is not encrypted anew and was kept. What fragments carry is not remembered. */
export function isTelling({ proto, content, isFragment }: Pick<Missed, "proto" | "content" | "isFragment">): boolean {
  if (isFragment) return false;
  return proto === TCP || isIcmp(proto) || (hasPorts(proto) && content !== 0);
}

/** Whether a packet that is not TCP may be one of those that answers can be told of: see `isAnsweredBy`. */
export function mayBeAnswered({ proto, seq }: Packet): boolean {
  return isIcmp(proto) || (proto === UDP && (seq & DNS_QUERY) !== 0);
}

/** Whether what a drop carried was answered by a packet of the other end: acknowledged, by TCP; of an echo or a DNS query, by its reply. */
export function isAnsweredBy(drop: Packet, { proto, tcpFlags, seq, content }: Packet): boolean {
  if (proto !== drop.proto) return false;
  if (proto === TCP) return coveredBy(drop, tcpFlags, content, false) !== null;
  // both have the sequence number, or the id, in their lower half
  if (icmpNumberIn(seq ^ drop.seq) !== 0) return false;
  if (proto === UDP) return (drop.seq & DNS_QUERY) !== 0 && (seq & DNS_RESPONSE) !== 0;
  if (!isIcmp(proto)) return false;
  const [asked, said] = [icmpTypeIn(drop.seq), icmpTypeIn(seq)];
  return proto === ICMP
    ? asked === ECHO_REQUEST && said === ECHO_REPLY
    : asked === ECHO_REQUEST_6 && said === ECHO_REPLY_6;
}

/** Whether errors may be about a packet that they name. */
export function mayBeAbout(
  packet: { readonly timeNs: number; readonly head: number },
  { timeNs, heads, withinNs }: Naming,
): boolean {
  const afterNs = timeNs - packet.timeNs;
  return afterNs > 0 && afterNs <= withinNs && heads.some((head) => areAlike(head, packet.head));
}

/**
 * A packet that came out and was not seen to enter: the id of its flow, and the way that its twin went; undefined and NONE where those are not known.
 */
export interface Late {
  readonly packet: Packet;
  /** The first half of its match key. */
  readonly key: number;
  readonly traits: Traits;
  /** What may have altered it on its way. */
  readonly router: Rewriting;
  readonly way: number;
  /** The way that it went itself. */
  readonly ownWay: number;
  readonly side: Side;
  readonly timeNs: number;
  readonly flow: number | undefined;
}

/** Whether a packet is like no other one of its way: by its numbers, or by what it carries, if that was not said within the last minute. */
export function isUnique(t: RecordRows, row: number): boolean {
  return t.proto(row) === TCP || (t.head(row) !== 0 && !isAgain(t.flags(row)));
}

/** Whether a packet of the same key that entered may be such a one, held up. Where nothing else tells, another one that says the same is as likely. */
export function mayBeHeldUp(
  packet: Pick<Drop, "isUnique" | "side" | "timeNs" | "flow" | "traits">,
  late: Late,
): boolean {
  const { isUnique, traits } = packet;
  return (isUnique || traits.ipId !== 0) && mayHaveTaken(packet, late, PATIENCE_NS);
}

/** Whether a packet entered so long before such a one at the most, and may be of its flow. */
function mayHaveTaken(
  { side, timeNs, flow }: Pick<Drop, "side" | "timeNs" | "flow">,
  late: Late,
  mostNs: number,
): boolean {
  const heldNs = late.timeNs - timeNs;
  if (side === late.side || heldNs <= 0 || heldNs > mostNs) return false;
  return flow === undefined || late.flow === undefined || flow === late.flow;
}

/** Whether a dropped packet of the same flow, and of the same key, may be such a one, kept for longer than the window while a router waited for its neighbour. */
export function mayBeKept({ side, timeNs, flow, way }: Drop, late: Late, windowNs: number): boolean {
  const keptNs = late.timeNs - timeNs;
  if (side === late.side || keptNs <= windowNs || keptNs > RESOLVED_NS) return false;
  return late.way === NONE ? flow === undefined : way === late.way;
}

/**
 * Whether a dropped packet of the same key, and of another flow, may be such a one: the host may have forgotten both translations (`conntrack -F`, a full
 * table), and given each conversation the port of the other. One address is kept. Of those that say the same again and again, any may that entered within
 * the window.
 */
export function mayBeByOther(drop: Drop, late: Late, windowNs: number, tuples: TupleTable): boolean {
  const { isUnique, side, timeNs, flow, way } = drop;
  const tookNs = late.timeNs - timeNs;
  if (side === late.side || tookNs <= 0 || tookNs > (isUnique ? PATIENCE_NS : windowNs)) return false;
  if (flow !== undefined && flow === late.flow) return false;
  return haveSameSource(tuples, way, late.ownWay) || haveSameSource(tuples, way ^ 1, late.ownWay ^ 1);
}

/** Whether a dropped packet of another key may be such a one, altered and held up. Of those that say the same again and again, any may that entered within the window. */
export function mayBeAlteredLate(drop: Drop, late: Late, windowNs: number): boolean {
  if (!mayBeAltered(late.router, drop.traits, late.traits)) return false;
  return mayHaveTaken(drop, late, drop.isUnique ? PATIENCE_NS : windowNs) || mayBeKept(drop, late, windowNs);
}

/** Whether a segment of a known flow may be a piece of a dropped one, or that one of it: one was cut, or several were merged, where they were held up. */
export function mayBeInPieces(drop: Drop, late: Late): boolean {
  const heldNs = late.timeNs - drop.timeNs;
  const areOfOne = drop.side !== late.side && drop.way === late.way && drop.content === late.packet.content;
  return (
    areOfOne && heldNs > 0 && heldNs <= PATIENCE_NS && (isWithin(drop, late.packet) || isWithin(late.packet, drop))
  );
}

/** Whether a segment has data, and all of that is another one's. */
function isWithin(part: Packet, whole: Packet): boolean {
  const from = (part.seq - whole.seq) | 0;
  return part.payloadLength > 0 && from >= 0 && from + part.payloadLength <= whole.payloadLength;
}

/** How many sequence numbers a packet takes: of TCP those of its data, of SYN and of FIN; of others none. */
export function spanOf({
  proto,
  payloadLength,
  tcpFlags,
}: Pick<Packet, "proto" | "payloadLength" | "tcpFlags">): number {
  if (proto !== TCP) return 0;
  return payloadLength + ((tcpFlags & SYN) !== 0 ? 1 : 0) + ((tcpFlags & FIN) !== 0 ? 1 : 0);
}

/** What is left of some ranges of numbers without those from … to. */
export function without(ranges: readonly number[], from: number, to: number): number[] {
  const left: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    const [begin, end] = [ranges[at], ranges[at + 1]];
    if (from > begin) left.push(begin, Math.min(end, from));
    if (to < end) left.push(Math.max(begin, to), end);
  }
  return left;
}

/**
 * What an acknowledgement that got through tells of a drop: of one that went the other way, that its data arrived; of a bare acknowledgement
 * that went the same way (`isSameWay`), that it says no more.
 */
export function coveredBy(drop: Packet, tcpFlags: number, ack: number, isSameWay: boolean): Consequence | null {
  if (drop.proto !== TCP || (tcpFlags & ACK) === 0 || (drop.tcpFlags & RST) !== 0) return null;
  const span = spanOf(drop);
  if ((span === 0) !== isSameWay) return null;
  const beyond = (ack - (span === 0 ? drop.content : drop.seq + span)) | 0;
  return beyond >= 0 && beyond < MOST_WINDOW ? { impact: "covered" } : null;
}
