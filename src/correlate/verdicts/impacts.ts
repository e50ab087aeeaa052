import { sameAddress } from "../../packets/columns.js";
import type { FlowAccounts } from "../../packets/flow-accounts.js";
import { asDoubles } from "../../packets/heap.js";
import { IS_AGAIN } from "../../packets/packets.js";
import * as record from "../../packets/records.js";
import type { Impact, Range } from "../../packets/results.js";
import { INSIDE, type Side } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE, type TupleTable } from "../../packets/tuples.js";
import { hasPorts, ICMP, ICMPV6, TCP } from "../../protocols/ip-protocols.js";
import { ACK, FIN, MOST_WINDOW, RST, SYN } from "../../protocols/tcp.js";
import type { Kernel } from "../kernel/kernel.js";
import { mayBeSame } from "./refusals.js";
import { CROSSING_ENTRIES, CROSSING_ROW_OUTBOUND, CROSSING_SLOT } from "../kernel/kernel-words.js";

/**
 * A drop is looked after for so long, nanoseconds: TCP sends again after a second, and waits twice as long each time (RFC 6298 section 5.5);
 * resolvers after five (resolv.conf(5)); a router that gets no answer to ARP says so after three (arp(7), mcast_solicit).
 */
const PATIENCE_NS = 30_000_000_000;
/** No TCP sends again sooner unless it is told to (Linux: TCP_RTO_MIN): nothing follows of a capture that ends within so long. */
const LEAST_AFTER_NS = 200_000_000;
/** Most drops that are looked after at once, which take some 300 bytes each … */
const MOST_OPEN = 16_384;
/** … and of TCP, those of one way: each segment of it is held against all of them. */
const MOST_OF_A_WAY = 128;
/** So many crossings of a way are looked at for a drop, the newest first: of a stream of equal packets, any of them is a copy. */
const MOST_LOOKED_AT = 256;

/** What became of what a dropped packet carried, and the frame on its side that shows it, where there is one. */
export interface Consequence {
  readonly impact: Impact;
  readonly byFrame?: number;
  /** How long after the packet that frame came, nanoseconds. */
  readonly afterNs?: number;
  /** Whether what it carried arrived, though nothing of that was seen to: it, or a copy of it, crossed unseen. */
  readonly isUnseen?: boolean;
}

/** A packet that was dropped, and of which more may become known. */
export interface Drop extends Packet {
  readonly side: Side;
  readonly frame: number;
  readonly way: number;
  readonly timeNs: number;
  /** Slot and id of its flow; NONE and undefined where that is not known. */
  readonly slot: number;
  readonly flow: number | undefined;
  readonly isSelected: boolean;
  /** Whether some of its bytes entered before, and may have arrived by that. */
  readonly isAgain: boolean;
  /** Which of its sequence numbers no copy has brought so far, counted from its own: ranges, each as its first and the one behind its last. */
  missing: readonly number[];
  /** As it was judged. */
  readonly impact: Impact;
  /** How an ICMP error names it that is about it, and how the payload begins that it may quote: see `Refusals`. */
  readonly quotedAs: string;
  readonly head: number;
  isOpen: boolean;
}

/** A packet as far as copies are told by it. */
interface Packet {
  readonly proto: number;
  readonly tcpFlags: number;
  readonly seq: number;
  readonly payloadLength: number;
  /** Of TCP the acknowledgement, of others what it carries: see `PacketBatch.content`. */
  readonly content: number;
}

/** What has just become known of a drop, and the inside row of the pair that shows it. */
export interface News {
  readonly drop: Drop;
  readonly consequence: Consequence;
  readonly row: number;
}

/**
 * What drops come to: whether a later copy of the same bytes got through (`resent`), whether later acknowledgements show that it did not
 * matter (`covered`), or neither so far (`lost`). That a packet was dropped is known when its window is over: what got through by then is
 * among the crossings that the kernel keeps (`crossings.ts`). Later ones are looked at as they come, while there are drops.
 */
export class Impacts {
  /** How many drops it could not look after, as there were too many at once. */
  unfollowed = 0;
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #accounts: FlowAccounts;
  readonly #kernel: Kernel;
  readonly #records: Int32Array;
  readonly #doubles: Float64Array;
  /** By the way they went; those that are not TCP, by what a copy has; and all, by how errors name them. */
  readonly #open = new Map<number, Set<Drop>>();
  readonly #alike = new Map<string, Set<Drop>>();
  readonly #quoted = new Map<string, Set<Drop>>();
  #openCount = 0;
  /** The open ones, the oldest first, among others that were. */
  #queue: Drop[] = [];
  /** By tuple, how many open drops have it marked. */
  readonly #marks = new Map<number, number>();
  /** By way, the newest of its crossings; and by their places, the one before it, or NONE. */
  readonly #newest = new Map<number, number>();
  readonly #before = new Float64Array(CROSSING_ENTRIES);
  /** How many crossings are listed there, and how many were held against open drops. */
  #listed = 0;
  #looked = 0;

  constructor(timeline: Timeline, tuples: TupleTable, accounts: FlowAccounts, kernel: Kernel) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#accounts = accounts;
    this.#kernel = kernel;
    this.#records = kernel.crossings;
    this.#doubles = asDoubles(kernel.crossings);
  }

  /**
   * Takes a packet that was dropped, once all that crossed by now was looked at. `slot` and `flow`: of its flow, or NONE and undefined;
   * `endNs`: how far its capture goes, nanoseconds on the timeline, Infinity where it goes on.
   */
  dropped(row: number, slot: number, flow: number | undefined, quotedAs: string, endNs: number): Consequence {
    const drop = this.#dropOf(this.#packetOf(row), row, slot, flow, quotedAs);
    const { proto } = drop;
    const known = this.#known(drop);
    if (known !== null) return known;
    if (endNs - drop.timeNs < LEAST_AFTER_NS) return { impact: "unknown" };
    this.#expire(drop.timeNs);
    const isCrowded = proto === TCP && (this.#open.get(drop.way)?.size ?? 0) >= MOST_OF_A_WAY;
    if (this.#openCount === MOST_OPEN || isCrowded) {
      this.unfollowed++;
      return { impact: "unknown" };
    }
    this.#begin(drop);
    return { impact: drop.impact };
  }

  /** Whether what a packet carried was acknowledged by now, though nothing of it was seen to cross. `slot` as for `dropped`. */
  hasArrived(row: number, slot: number): boolean {
    const drop = this.#dropOf(this.#packetOf(row), row, slot, undefined, "");
    if (spanOf(drop) === 0 || this.#acknowledged(drop) === null) return false;
    this.#list();
    return this.#isUnseen(drop);
  }

  /** What is known by now of some bytes that were lost of a TCP segment; null where that is nothing. `slot` as for `dropped`. */
  missing(row: number, slot: number, { seq, length }: Range): Consequence | null {
    const packet = this.#packetOf(row);
    const lost = { ...packet, seq, payloadLength: length, tcpFlags: packet.tcpFlags & ~(SYN | FIN) };
    return this.#known(this.#dropOf(lost, row, slot, undefined, ""));
  }

  /** What packets that crossed since the last call show of drops. */
  news(): readonly News[] {
    const count = this.#kernel.crossingCount;
    if (this.#openCount === 0) {
      this.#looked = count;
      return [];
    }
    const news: News[] = [];
    for (; this.#looked !== count; this.#looked = (this.#looked + 1) >>> 0) this.#look(placeOf(this.#looked), news);
    return news;
  }

  /** The open drop that an ICMP error of that time is about; undefined where there is none, or several are named alike. It is open no more. */
  refused(quotedAs: string, timeNs: number, head: number): Drop | undefined {
    const [drop, ...others] = this.#named(quotedAs, timeNs, [head]);
    if (drop === undefined || others.length > 0) return undefined;
    this.#close(drop);
    return drop;
  }

  /** How many open drops of before a time ICMP errors may be about that name their packets so, and quote such payloads. */
  namedLike(quotedAs: string, timeNs: number, heads: readonly number[]): number {
    return this.#named(quotedAs, timeNs, heads).length;
  }

  #named(quotedAs: string, timeNs: number, heads: readonly number[]): Drop[] {
    return [...(this.#quoted.get(quotedAs) ?? [])].filter(
      (drop) => drop.timeNs < timeNs && heads.some((head) => mayBeSame(head, drop.head)),
    );
  }

  /** Looks no more after the drops of a side that passed between two times. */
  withdraw(side: Side, fromNs: number, toNs: number): void {
    for (const drop of this.#queue)
      if (drop.isOpen && drop.side === side && drop.timeNs >= fromNs && drop.timeNs <= toNs) this.#close(drop);
  }

  /** The open drops inside, of no known flow, that went to the address where a way leads. They are open no more. */
  takeOutTo(way: number): readonly Drop[] {
    const tuples = this.#tuples;
    const { words } = tuples;
    const isIpv6 = tuples.isIpv6(way >> 1);
    const to = tuples.address(way >> 1, (way & 1) === 0);
    const found = this.#queue.filter(
      (drop) =>
        drop.isOpen &&
        drop.side === INSIDE &&
        drop.slot === NONE &&
        tuples.isIpv6(drop.way >> 1) === isIpv6 &&
        sameAddress(words, tuples.address(drop.way >> 1, (drop.way & 1) === 0), words, to),
    );
    for (const drop of found) this.#close(drop);
    return found;
  }

  /** The drops that were lost as far as is known, though too little of their capture comes after them. `endNs` tells how far that goes. */
  cutOff(endNs: (side: Side) => number): readonly Drop[] {
    return this.#queue.filter(
      (drop) => drop.isOpen && drop.impact === "lost" && endNs(drop.side) - drop.timeNs < LEAST_AFTER_NS,
    );
  }

  /** Forgets a conversation that is about to be let go. */
  forget(tuple: number): void {
    for (const way of [2 * tuple, 2 * tuple + 1]) {
      for (const drop of this.#open.get(way) ?? []) this.#close(drop);
      this.#newest.delete(way);
    }
  }

  #packetOf(row: number): Packet {
    const t = this.#timeline;
    const proto = t.proto(row);
    return {
      proto,
      tcpFlags: t.tcpFlags(row),
      seq: t.seq(row),
      payloadLength: t.payloadLength(row),
      content: proto === TCP ? t.ack(row) : t.content(row),
    };
  }

  #dropOf(packet: Packet, row: number, slot: number, flow: number | undefined, quotedAs: string): Drop {
    const t = this.#timeline;
    const { proto, tcpFlags, seq, payloadLength, content } = packet;
    // spread, it would take three times the memory: V8 makes room for what follows step by step
    return {
      proto,
      tcpFlags,
      seq,
      payloadLength,
      content,
      side: t.sideOf(row),
      frame: t.frame(row),
      way: t.way(row),
      timeNs: t.timeNs(row),
      slot,
      flow,
      isSelected: t.isSelected(row),
      isAgain: packet.proto === TCP && (t.flags(row) & IS_AGAIN) !== 0,
      missing: [0, spanOf(packet)],
      impact: isTelling(packet) ? "lost" : "unknown",
      quotedAs,
      head: t.head(row),
      isOpen: true,
    };
  }

  #known(drop: Drop): Consequence | null {
    return this.#remembered(drop) ?? this.#acknowledged(drop);
  }

  #begin(drop: Drop): void {
    put(this.#open, drop.way, drop);
    if (drop.proto !== TCP) put(this.#alike, likenessOf(drop.way, drop), drop);
    put(this.#quoted, drop.quotedAs, drop);
    this.#queue.push(drop);
    this.#openCount++;
    for (const tuple of this.#tuplesOf(drop)) {
      this.#marks.set(tuple, (this.#marks.get(tuple) ?? 0) + 1);
      this.#tuples.setOpenDrops(tuple, true);
    }
  }

  #close(drop: Drop): void {
    drop.isOpen = false;
    this.#openCount--;
    take(this.#open, drop.way, drop);
    if (drop.proto !== TCP) take(this.#alike, likenessOf(drop.way, drop), drop);
    take(this.#quoted, drop.quotedAs, drop);
    for (const tuple of this.#tuplesOf(drop)) {
      const marks = (this.#marks.get(tuple) ?? 1) - 1;
      if (marks > 0) this.#marks.set(tuple, marks);
      else {
        this.#marks.delete(tuple);
        this.#tuples.setOpenDrops(tuple, false);
      }
    }
  }

  /** Closes what has been looked after for long enough. */
  #expire(nowNs: number): void {
    const isDone = (drop: Drop): boolean => !drop.isOpen || nowNs - drop.timeNs > PATIENCE_NS;
    const kept = this.#queue.findIndex((drop) => !isDone(drop));
    for (const drop of this.#queue.splice(0, kept < 0 ? this.#queue.length : kept)) if (drop.isOpen) this.#close(drop);
  }

  /** Its own conversation, and the one of its flow on the other side, where its answers enter. */
  #tuplesOf({ way, slot }: Drop): readonly number[] {
    const own = way >> 1;
    if (slot === NONE) return [own];
    const both = [this.#accounts.insideTuple(slot), this.#accounts.outsideTuple(slot)];
    return both.includes(own) ? both : [own];
  }

  /** Holds a crossing against the open drops of its way, and of the way back. */
  #look(place: number, news: News[]): void {
    const at = place << record.RECORD_BITS;
    const way = this.#records[at + record.WAY];
    const slot = this.#records[at + CROSSING_SLOT];
    const row = this.#records[at + CROSSING_ROW_OUTBOUND] >>> 1;
    const isOutbound = (this.#records[at + CROSSING_ROW_OUTBOUND] & 1) === 1;
    const answered = this.#open.get(this.#wayBack(slot, isOutbound));
    // nothing was dropped of most conversations
    if (answered === undefined && !this.#open.has(way)) return;
    const packet = this.#packetAt(place);
    const { proto, tcpFlags, seq, content } = packet;
    const found = (drop: Drop, consequence: Consequence | null, isOver: boolean): void => {
      if (consequence !== null) news.push({ drop, consequence, row });
      if (consequence !== null || isOver) this.#close(drop);
    };
    const copied = proto === TCP ? this.#open.get(way) : this.#alike.get(likenessOf(way, packet));
    for (const drop of copied ?? []) {
      if (!this.#isAfter(drop, place)) continue;
      // the ports are used again
      const isOver = proto === TCP && (tcpFlags & SYN) !== 0 && seq !== drop.seq;
      const consequence = this.#copied(drop, place) ?? coveredBy(drop, tcpFlags, content, true);
      found(drop, isOver ? null : consequence, isOver);
    }
    if (proto !== TCP) return;
    for (const drop of answered ?? []) {
      if (!this.#isAfter(drop, place)) continue;
      // the opener sends its SYN again where the answer to it was dropped
      const isAnswered = (drop.tcpFlags & SYN) !== 0 && ((drop.content - seq) | 0) === 1;
      const isOver = (tcpFlags & (SYN | ACK)) === SYN && !isAnswered;
      const covered = isOver ? null : coveredBy(drop, tcpFlags, content, false);
      found(drop, covered && { ...covered, isUnseen: this.#isUnseen(drop) }, isOver);
    }
  }

  /** Whether nothing of what a packet carried is known to have crossed, before it or behind it. */
  #isUnseen(drop: Drop): boolean {
    if (drop.isAgain) return false;
    let crossing = this.#newest.get(drop.way) ?? NONE;
    for (let looked = 0; this.#isKept(crossing); crossing = this.#before[placeOf(crossing)]) {
      const { seq, payloadLength, tcpFlags, proto } = this.#packetAt(placeOf(crossing));
      const from = (seq - drop.seq) | 0;
      // where there are too many to look at, one of them may have some
      if (++looked > MOST_LOOKED_AT) return false;
      if (from < spanOf(drop) && from + spanOf({ proto, payloadLength, tcpFlags }) > 0) return false;
    }
    return true;
  }

  #isAfter({ timeNs }: Drop, place: number): boolean {
    const afterNs = this.#timeNsAt(place) - timeNs;
    return afterNs > 0 && afterNs <= PATIENCE_NS;
  }

  /** Where packets enter that answer those of a flow which went that way, and which way they go there. */
  #wayBack(slot: number, isOutbound: boolean): number {
    const accounts = this.#accounts;
    const forward = accounts.isOutbound(slot, 1) === isOutbound ? 0 : 1;
    if (!isOutbound) return 2 * accounts.insideTuple(slot) + forward;
    return 2 * accounts.outsideTuple(slot) + (accounts.isFlipped(slot) ? 1 - forward : forward);
  }

  #timeNsAt(place: number): number {
    return this.#doubles[(place << (record.RECORD_BITS - 1)) + record.TIME_NS];
  }

  #packetAt(place: number): Packet {
    const records = this.#records;
    const at = place << record.RECORD_BITS;
    return {
      proto: (records[at + record.FLAGS_PROTO_TTL] >>> 16) & 0xff,
      tcpFlags: records[at + record.TCP_FLAGS_QUOTE] & 0xff,
      seq: records[at + record.SEQ] >>> 0,
      payloadLength: records[at + record.PAYLOAD_LENGTH],
      content: records[at + record.CONTENT],
    };
  }

  /** Lists the crossings that are new by their ways. */
  #list(): void {
    const count = this.#kernel.crossingCount;
    if ((count - this.#listed) >>> 0 > CROSSING_ENTRIES) this.#listed = (count - CROSSING_ENTRIES) >>> 0;
    for (; this.#listed !== count; this.#listed = (this.#listed + 1) >>> 0) {
      const place = placeOf(this.#listed);
      const way = this.#records[(place << record.RECORD_BITS) + record.WAY];
      this.#before[place] = this.#newest.get(way) ?? NONE;
      this.#newest.set(way, this.#listed);
    }
    // of ways whose crossings the ring has lost, nothing is left to be told
    if (this.#newest.size > 2 * CROSSING_ENTRIES)
      for (const [way, newest] of this.#newest) if (!this.#isKept(newest)) this.#newest.delete(way);
  }

  #isKept(crossing: number): boolean {
    return crossing !== NONE && (this.#listed - crossing) >>> 0 <= CROSSING_ENTRIES;
  }

  /** What crossed since a drop tells of it; null where that is nothing, or not all of it got through. */
  #remembered(drop: Drop): Consequence | null {
    this.#list();
    const places: number[] = [];
    let crossing = this.#newest.get(drop.way) ?? NONE;
    // they are listed as they were paired, which is not the order in which they passed
    for (let looked = 0; this.#isKept(crossing) && looked < MOST_LOOKED_AT; looked++) {
      if (this.#isAfter(drop, placeOf(crossing))) places.push(placeOf(crossing));
      crossing = this.#before[placeOf(crossing)];
    }
    for (const place of places.sort((a, b) => this.#timeNsAt(a) - this.#timeNsAt(b))) {
      const consequence = this.#copied(drop, place);
      if (consequence !== null) return consequence;
    }
    return null;
  }

  /** What the highest acknowledgements that crossed by now tell of a drop: of its data those that come back, else those of its own direction. */
  #acknowledged(drop: Drop): Consequence | null {
    const { slot, way } = drop;
    if (drop.proto !== TCP || slot === NONE) return null;
    const accounts = this.#accounts;
    const isTurned = way >> 1 !== accounts.insideTuple(slot) && accounts.isFlipped(slot);
    const forward = (way & 1) ^ (isTurned ? 1 : 0);
    const isBare = spanOf(drop) === 0;
    const acked = accounts.acked(slot, isBare ? forward : 1 - forward);
    return acked === 0 ? null : coveredBy(drop, ACK, acked, isBare);
  }

  /** Takes a crossing that may be a copy of a drop, or bring some of it. Null where not all of it got through by now. */
  #copied(drop: Drop, place: number): Consequence | null {
    const copy = this.#packetAt(place);
    if (copy.proto !== drop.proto) return null;
    const byFrame = this.#records[(place << record.RECORD_BITS) + record.FRAME] >>> 0;
    const resent = { impact: "resent", byFrame, afterNs: this.#timeNsAt(place) - drop.timeNs } as const;
    if (drop.proto !== TCP) {
      const isSame =
        copy.seq === drop.seq && copy.payloadLength === drop.payloadLength && copy.content === drop.content;
      return isSame && isTelling(drop) ? resent : null;
    }
    if (spanOf(drop) === 0) {
      const isReset = (drop.tcpFlags & copy.tcpFlags & RST) !== 0 && copy.seq === drop.seq;
      return isReset ? resent : null;
    }
    const from = (copy.seq - drop.seq) | 0;
    if ((drop.tcpFlags & SYN) !== (copy.tcpFlags & SYN) || Math.abs(from) >= MOST_WINDOW) return null;
    drop.missing = without(drop.missing, from, from + spanOf(copy));
    return drop.missing.length === 0 ? resent : null;
  }
}

/** What a packet of this way has in common with its copies, where it is not TCP. */
function likenessOf(way: number, { proto, seq, payloadLength, content }: Packet): string {
  return `${way} ${proto} ${seq} ${payloadLength} ${content}`;
}

function put<K>(drops: Map<K, Set<Drop>>, key: K, drop: Drop): void {
  const others = drops.get(key);
  if (others) others.add(drop);
  else drops.set(key, new Set([drop]));
}

function take<K>(drops: Map<K, Set<Drop>>, key: K, drop: Drop): void {
  const others = drops.get(key);
  others?.delete(drop);
  if (others?.size === 0) drops.delete(key);
}

/** Where a crossing is in the ring, by its number. */
function placeOf(crossing: number): number {
  return crossing & (CROSSING_ENTRIES - 1);
}

/** Whether it would be seen if a packet was sent again: by its numbers, or by what it carries, where that is not encrypted anew and was kept. */
function isTelling({ proto, content }: Packet): boolean {
  return proto === TCP || proto === ICMP || proto === ICMPV6 || (hasPorts(proto) && content !== 0);
}

/** How many sequence numbers a packet takes: of TCP those of its data, of SYN and of FIN; of others none. */
function spanOf({ proto, payloadLength, tcpFlags }: Pick<Packet, "proto" | "payloadLength" | "tcpFlags">): number {
  if (proto !== TCP) return 0;
  return payloadLength + ((tcpFlags & SYN) !== 0 ? 1 : 0) + ((tcpFlags & FIN) !== 0 ? 1 : 0);
}

/** What is left of some ranges of numbers without those from … to. */
function without(ranges: readonly number[], from: number, to: number): number[] {
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
function coveredBy(drop: Drop, tcpFlags: number, ack: number, isSameWay: boolean): Consequence | null {
  if (drop.proto !== TCP || (tcpFlags & ACK) === 0 || (drop.tcpFlags & RST) !== 0) return null;
  const span = spanOf(drop);
  if ((span === 0) !== isSameWay) return null;
  const beyond = (ack - (span === 0 ? drop.content : drop.seq + span)) | 0;
  return beyond >= 0 && beyond < MOST_WINDOW ? { impact: "covered" } : null;
}
