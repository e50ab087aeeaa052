import {
  BUCKET,
  HOW,
  DECIDED,
  FLOW,
  FOLDED,
  GONE,
  LANE_OLDER,
  MAC_FROM,
  MAC_TO,
  NEXT,
  PAIRED,
  PREVIOUS,
  SHOWN,
  TWIN,
  WAITING,
} from "./fates.js";
import {
  alteredBy,
  byOf,
  decidedBy,
  evidenceBy,
  IS_RETRANSMISSION,
  outboundOf,
  BY_HAIRPIN,
} from "./results/evidence.js";
import { hasWideId, IS_SELECTED } from "./packets.js";
import {
  BEGINNING_BYTES,
  BEGINNING_SHIFT,
  DSCP_MASK,
  DSCP_SHIFT,
  FLAGS_PROTO_TTL,
  IP_ID,
  PAYLOAD_LENGTH_CLASS,
  STAMP_NS,
  TCP_FLAGS_QUOTE,
  TIME_NS,
  WAY,
  WINDOW_MASK,
  WINDOW_SHIFT,
} from "./records.js";
import { forwardIn, tupleIn } from "./tuples.js";
import { FramePlaces } from "./frame-places.js";
import type { Heap } from "./memory/heap.js";
import type { Side } from "./sides.js";
import { TimelineRows } from "./timeline-rows.js";

const ONE_CAPTURE = new FramePlaces([[""]]);

/** The packets of both sides in one order of time, for as long as natcorr needs them: what each says, and what became of it. */
export class Timeline extends TimelineRows {
  /** By side: where the frames are that rows name. */
  readonly frames: readonly [FramePlaces, FramePlaces];

  /** `places` and `first` as `TimelineRows` has them. */
  constructor(heap: Heap, places?: number, first?: number, frames = [ONE_CAPTURE, ONE_CAPTURE] as const) {
    super(heap, places, first);
    this.frames = frames;
  }

  /** What a frame of a side is called in words, … */
  frameText(side: Side, frame: number): string {
    return this.frames[side].text(frame);
  }

  /** … and that of a row. */
  frameTextOf(row: number): string {
    return this.frameText(this.sideOf(row), this.frame(row));
  }

  /** Row of the twin of a packet that is GONE, FOLDED or paired; NONE where it had none. */
  lastTwin(row: number): number {
    return this.steps.lastTwin(this.block, row);
  }

  /** Which way a pair went, by either of its packets, whatever is known of it still. */
  wentOutbound(row: number): boolean {
    return this.steps.wentOutbound(this.block, row) === 1;
  }

  /** The first row from `from` on that waits, of a side and a tuple; `end` where there is none before it. */
  firstWaitingOf(side: number, tuple: number, from: number, end: number): number {
    return this.steps.firstWaitingOf(this.block, side, tuple, from, end);
  }

  /** Two packets of both sides, whichever is inside, the inside one first; of one side, as they are. */
  insideFirst(a: number, b: number): [inside: number, outside: number] {
    return this.side(a) > this.side(b) ? [b, a] : [a, b];
  }

  /** Nanoseconds on the inside clock, counted from the inside capture's epoch. */
  timeNs(row: number): number {
    return this.doubles[this.doublesOf(row) + TIME_NS];
  }

  setStampNs(row: number, stampNs: number): void {
    this.doubles[this.doublesOf(row) + STAMP_NS] = stampNs;
  }

  /** Which conversation the packet belongs to, and which way it goes there: `tuple` and `forward` in one number. */
  way(row: number): number {
    return this.records[this.recordOf(row) + WAY];
  }

  /** Row in its side's `TupleTable`. An ICMP error has the tuple of the packet it quotes, in the opposite direction. */
  tuple(row: number): number {
    return tupleIn(this.way(row));
  }

  /** 1 if the packet goes from the tuple's A to its B, else 0. */
  forward(row: number): number {
    return forwardIn(this.way(row));
  }

  /** Whether the pcap filter that says what is shown selects the packet, or one of those that it stands for … */
  isSelected(row: number): boolean {
    return (this.flags(row) & IS_SELECTED) !== 0;
  }

  /** … which it does from now on. */
  select(row: number): void {
    this.records[this.recordOf(row) + FLAGS_PROTO_TTL] |= IS_SELECTED;
  }

  /** The upper six bits of its traffic class (RFC 2474). */
  dscp(row: number): number {
    return (this.records[this.recordOf(row) + PAYLOAD_LENGTH_CLASS] >>> DSCP_SHIFT) & DSCP_MASK;
  }

  /** Hash of the first 16 payload bytes, 10 bits; 0 if there are fewer, or they were not kept. */
  beginning(row: number): number {
    if (this.payloadLength(row) < BEGINNING_BYTES) return 0;
    return this.records[this.recordOf(row) + TCP_FLAGS_QUOTE] >>> BEGINNING_SHIFT;
  }

  /** Whether two TCP segments have other windows, before they are scaled, as far as both are known and 8 bits of a hash tell: an IPv6 fragment's identification leaves no room for it. */
  hasOtherWindow(a: number, b: number): boolean {
    if (hasWideId(this.flags(a)) || hasWideId(this.flags(b))) return false;
    return (((this.#idWord(a) ^ this.#idWord(b)) >>> WINDOW_SHIFT) & WINDOW_MASK) !== 0;
  }

  /** Whether two packets are TCP segments with other options, as far as both are known. */
  hasOtherOptions(a: number, b: number): boolean {
    return this.steps.haveOtherOptions(this.block, a, b) === 1;
  }

  #idWord(row: number): number {
    return this.records[this.recordOf(row) + IP_ID];
  }

  /** Whether something is still to be decided about it. */
  isOpen(row: number): boolean {
    return this.state(row) < DECIDED;
  }

  /** Whether its record is still there. */
  isKnown(row: number): boolean {
    const state = this.state(row);
    return state !== FOLDED && state !== GONE;
  }

  /** Whether the packet has a twin, which `twin` names. */
  isPaired(row: number): boolean {
    const state = this.state(row);
    return state === PAIRED || state === SHOWN;
  }

  /** Row of the twin once paired; before that, on an inside row, the candidate whose evidence has been counted, or NONE. */
  twin(row: number): number {
    return this.fates[this.fateOf(row) + TWIN];
  }

  setTwin(row: number, twin: number): void {
    this.fates[this.fateOf(row) + TWIN] = twin;
  }

  /** Bucket of packets with the same key. ALONE: it waits by itself. PENDING: it has a twin unless an equal one comes. NONE: it is not filed. */
  bucket(row: number): number {
    return this.fates[this.fateOf(row) + BUCKET];
  }

  /** Neighbours in the bucket's list of its side, oldest first; NONE at the ends. */
  previous(row: number): number {
    return this.fates[this.fateOf(row) + PREVIOUS];
  }

  next(row: number): number {
    return this.fates[this.fateOf(row) + NEXT];
  }

  /** Who came before it, of those in its crowd that go its way; NONE for none. */
  older(row: number): number {
    return this.fates[this.fateOf(row) + LANE_OLDER];
  }

  /** `macHash` of who sent its frame, as long as it has no twin; NO_MAC where nothing tells … */
  macFrom(row: number): number {
    return this.fates[this.fateOf(row) + MAC_FROM];
  }

  /** … and of whom that goes to. */
  macTo(row: number): number {
    return this.fates[this.fateOf(row) + MAC_TO];
  }

  /** Flow of a paired inside row, by its slot in `FlowAccounts`. */
  flow(row: number): number {
    return this.fates[this.fateOf(row) + FLOW];
  }

  /** How the pair of an inside row was found, as `decidedBy` has it; the next ones read that. */
  how(row: number): number {
    return this.fates[this.fateOf(row) + HOW];
  }

  /** How an inside row was paired (index into BY). */
  by(row: number): number {
    return byOf(this.how(row));
  }

  /** Whether all bytes of a paired TCP segment, an inside row, had crossed the NAT before. */
  isRetransmission(row: number): boolean {
    return (this.how(row) & IS_RETRANSMISSION) !== 0;
  }

  /** By which evidence (bits of EVIDENCE) an inside row was. */
  evidence(row: number): number {
    return evidenceBy(this.how(row));
  }

  /** Whether the pair of an inside row travels from inside to outside. */
  isOutbound(row: number): boolean {
    return outboundOf(this.how(row)) === 1;
  }

  /** What the router changed of the packet of an inside row beyond what its flow says (bits of ALTERED). */
  altered(row: number): number {
    return alteredBy(this.how(row));
  }

  /** Makes two packets each other's twins. `slot` and what follows it as `flow` and the others give them, `altered` but for their IP headers. */
  pair(
    inside: number,
    outside: number,
    slot: number,
    by: number,
    evidence: number,
    isOutbound: boolean,
    altered: number = 0,
  ): void {
    const how = decidedBy(by, evidence, isOutbound ? 1 : 0, altered);
    this.steps.pair(this.block, inside, outside, slot, how);
  }

  /** Makes two packets of one side the two forms of one, before a rewrite and after it; what the first says of both is as `pair` has it. */
  turn(before: number, after: number, evidence: number): void {
    this.steps.turn(this.block, before, after, decidedBy(BY_HAIRPIN, evidence, 1, 0));
  }

  /** Whether the packet once in this row is still there and waits for its twin. */
  isWaiting(row: number): boolean {
    return this.isHeld(row) && this.state(row) === WAITING;
  }
}
