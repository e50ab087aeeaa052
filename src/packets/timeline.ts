import code from "./assembly/timeline.wasm";
import { asDoubles, type Heap } from "./memory/heap.js";
import { hasWideId, IS_SELECTED } from "./packets.js";
import { RecordRows } from "./record-rows.js";
import {
  BEGINNING_BYTES,
  BEGINNING_SHIFT,
  FLAGS_PROTO_TTL,
  IP_ID,
  DSCP_SHIFT,
  PAYLOAD_LENGTH_CLASS,
  RECORD_BITS,
  STAMP_NS,
  TCP_FLAGS_QUOTE,
  TIME_NS,
  WAY,
  WINDOW_SHIFT,
} from "./records.js";
import { BY_HAIRPIN } from "./results/evidence.js";
import { INSIDE, OUTSIDE, type Side } from "./sides.js";
import * as words from "./timeline-words.js";
import { NONE } from "./tuples.js";

/** May still find its twin. */
export const WAITING = 0;
/** Reported as ambiguous; until its window is over it still counts as a possible twin of others. */
export const AMBIGUOUS = 1;
/** From here on, states are those of packets that nothing is to be decided about. */
export const DECIDED = 2;
/** Has its twin; the pair is still to be shown. */
export const PAIRED = 2;
/** Paired as one of several packets; shown with the first of them. */
export const MEMBER = 3;
/** Its other form, after a rewrite, is on its own side, and `twin` names it; the pair is still to be shown. */
export const TURNED = 4;
/**
 * Has its twin, and all that is known of both is what is to be shown: see `assembly/folds.ts`. At its place in `places` an inside row has the number of its
 * fold, and an outside one what it has if it is GONE.
 */
export const FOLDED = 5;
/** Accounted for: nothing needs it any more. From here on, states are those of packets that can be given back. */
export const DONE = 6;
/** The same of a packet with a twin: the pair was shown, or nobody wants to see it. */
export const SHOWN = 7;
/** Released: all that is known of it is its side, and its twin and which way they went, at `places`: see `goneOf`. */
export const GONE = 8;

/** Of pairs that are FOLDED, as bits: how many are in a block; words of a block, of the span that it has, and of the pieces that it is packed into. */
export const FOLDS_BITS = 8;
export const BLOCK_BITS = 1;
export const SPAN_BITS = 12;
export const PIECE_BITS = 6;
/** A block takes so many pieces at the most, and so many words on the way there. */
const MOST_PIECES = 74;
const PACKING_WORDS = 9216;

/** Words of what becomes of a packet, beside its record: half a cache line. */
export const FATE_BITS = 3;
export const BUCKET = 0;
export const PREVIOUS = 1;
export const NEXT = 2;
export const TWIN = 3;
export const FLOW = 4;
/**
 * `by` in the lower 7 bits, then 1 where a TCP segment is a retransmission, then 12 of `evidence`, then 1 where the pair travels
 * outbound, then 11 of `altered`.
 */
export const BY_EVIDENCE_OUTBOUND = 5;
/** Of a packet that waits in a crowd, who came before it there and goes its way, and who came behind it: see `assembly/lanes.ts` of the kernel. */
export const LANE_OLDER = 6;
export const LANE_NEWER = 7;
export const IS_RETRANSMISSION = 1 << 7;
const OUTBOUND_SHIFT = 20;
const ALTERED_SHIFT = 21;

/** Row numbers wrap here, so that they fit a small integer of V8's however long a run lasts. */
export const ROW_MASK = 0x3fff_ffff;

/** What stays of a pair at the `places` of both: the other's row, and whether they went outbound (1). */
export function goneOf(twin: number, outbound: number): number {
  return (twin << 1) | outbound;
}

/** The word BY_EVIDENCE_OUTBOUND of a pair's inside row. `outbound`: 1 or 0. */
export function decidedBy(by: number, evidence: number, outbound: number, altered: number): number {
  return by | (evidence << 8) | (outbound << OUTBOUND_SHIFT) | (altered << ALTERED_SHIFT);
}

/** The same where the router altered more: ALTERED_… bits. */
export function alteredToo(how: number, altered: number): number {
  return how | (altered << ALTERED_SHIFT);
}

/** By which evidence such a word says that its pair was: EVIDENCE_… bits. */
export function evidenceBy(how: number): number {
  return (how >>> 8) & 0xfff;
}

/** What such a word says that the router altered: ALTERED_… bits. */
export function alteredBy(how: number): number {
  return how >>> ALTERED_SHIFT;
}

/** 1 where such a word says that its pair went outbound, else 0. */
export function outboundOf(how: number): number {
  return (how >> OUTBOUND_SHIFT) & 1;
}

/** Whether a row is older than another one; `first` is the oldest. */
export function isOlder(first: number, row: number, other: number): boolean {
  return ((row - first) & ROW_MASK) < ((other - first) & ROW_MASK);
}

/**
 * Rows are in sections of so many, as bits, which have a byte of each row's state, and behind these a word of each row's place. Where sections begin is in a
 * table of all that row numbers can name.
 */
export const SECTION_BITS = 15;
export const SECTION_ROWS = 1 << 15;
export const SECTION_MASK = 0x7fff;
const SECTION_BYTES = 5 * SECTION_ROWS;
const MOST_SECTIONS = (ROW_MASK + 1) >> SECTION_BITS;
/** Of these, memory that is not used yet is none. */
const FIRST_PLACES = 2 ** 14;
const ROOM_PLACES = 2 ** 20;
/** Blocks of pairs that wait to be shown, while one packet before them waits for its window to end: as many as a second may have of small packets. */
const FIRST_BLOCKS = 2 ** 8;
const ROOM_BLOCKS = 2 ** 14;

const module = new WebAssembly.Module(code);

/**
 * The packets of both sides in one order of time, for as long as natcorr needs them: rows that are as many as
 * what has to be held, whatever the length of a capture.
 *
 * A packet is named by its row number, which says where it stands. Rows are appended at `end` and given back at
 * `first`. The methods that take a row are meant for rows in between.
 *
 * Of most packets here, nothing is needed any more but that they have a twin: one without holds them up there for the
 * length of the window, a million of them in a busy second. What a packet's record says, and what became of it, is
 * therefore kept elsewhere, at a place that `release` gives to the next packet: it is still in the cache then.
 */
export class Timeline extends RecordRows {
  /** Where its block is, which WebAssembly goes by: see `timeline-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  // plain fields, not #private ones: the methods below then are small enough for V8 to inline wherever they are called
  /** Where each section begins … */
  sections: Uint32Array;
  /** … in all memory of the heap, as far as sections are: of each row its state, and in the lowest bit its side, as whoever goes along the timeline looks at nothing else of most packets … */
  bytes = new Uint8Array(0);
  /** … and where the rest is, as long as it is not GONE. */
  ints = new Int32Array(0);
  /** At each place, what its capture says of a packet: see `records.ts`. */
  records: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  fates: Int32Array;
  #free: Int32Array;
  #blocks: Int32Array;
  #spans: Int32Array;
  #pieces: Int32Array;
  readonly #heap: Heap;
  readonly #steps: WebAssembly.Instance["exports"];
  /** A packet that comes from elsewhere than the heap. */
  readonly #packet: Int32Array;
  /** The numbers of the oldest section that there is, and of the next one. */
  #oldest: number;
  #next: number;

  /** `places`: for how many rows at first that something is known of; `first`: the number of the first row. */
  constructor(heap: Heap, places: number = FIRST_PLACES, first = 0) {
    super();
    this.#oldest = first >> SECTION_BITS;
    this.#next = this.#oldest;
    this.#heap = heap;
    this.#steps = heap.load(module);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#packet = heap.take(Int32Array, 1 << RECORD_BITS);
    this.#words[words.FIRST] = first;
    this.#words[words.END] = first;
    this.sections = heap.take(Uint32Array, MOST_SECTIONS);
    this.records = heap.take(Int32Array, places << RECORD_BITS, ROOM_PLACES << RECORD_BITS);
    this.doubles = asDoubles(this.records);
    this.fates = heap.take(Int32Array, places << FATE_BITS, ROOM_PLACES << FATE_BITS);
    this.#free = heap.take(Int32Array, places, ROOM_PLACES);
    const blocks = (bits: number) => heap.take(Int32Array, FIRST_BLOCKS << bits, ROOM_BLOCKS << bits);
    this.#blocks = blocks(BLOCK_BITS);
    this.#spans = blocks(SPAN_BITS);
    this.#pieces = blocks(SPAN_BITS);
    for (const none of [words.FREE_BLOCK, words.FREE_SPAN, words.FREE_PIECE, words.LOOKED_AT]) this.#words[none] = NONE;
    this.#words[words.PACKING] = heap.take(Int32Array, PACKING_WORDS).byteOffset;
    this.#locate();
  }

  /** Oldest row still held. */
  get first(): number {
    return this.#words[words.FIRST];
  }

  /** Row the next packet will get. */
  get end(): number {
    return this.#words[words.END];
  }

  get size(): number {
    return (this.end - this.first) & ROW_MASK;
  }

  /**
   * Appends a packet of a side, at `timeNs` on the timeline, and returns its row: WAITING, without a twin, not filed. Its record
   * begins at `from` in `rows`; `way` as `TupleTable.findWays` gives it.
   */
  append(side: Side, rows: Int32Array, from: number, timeNs: number, way: number): number {
    this.reserve(1);
    for (let word = 0; word < 1 << RECORD_BITS; word++) this.#packet[word] = rows[from + word];
    return this.#steps["append"](this.block, side, this.#packet.byteOffset, timeNs, way);
  }

  /** Makes room for so many rows more: until they are appended, the arrays stay what they are. */
  reserve(rows: number): void {
    while (this.#room < rows) this.#addSection();
    while (this.#words[words.PLACES_END] + rows > this.#free.length) this.#growPlaces();
  }

  /** Makes room for so many pairs more that are FOLDED. */
  reserveFolds(pairs: number): void {
    const blocks = (pairs >> FOLDS_BITS) + 2;
    while (this.#words[words.BLOCKS_END] + blocks > this.#blocks.length >> BLOCK_BITS) {
      this.#blocks = this.#heap.doubled(Int32Array, this.#blocks);
      this.#spans = this.#heap.doubled(Int32Array, this.#spans);
      this.#locate();
    }
    while (this.#words[words.PIECES_END] + blocks * MOST_PIECES > this.#pieces.length >> PIECE_BITS) {
      this.#pieces = this.#heap.doubled(Int32Array, this.#pieces);
      this.#locate();
    }
  }

  /** Gives back what is known of a packet but for its side and its twin: it is GONE. */
  release(row: number): void {
    this.#steps["release"](this.block, row);
  }

  /** Row of the twin of a packet that is GONE, FOLDED or paired; NONE where it had none. */
  lastTwin(row: number): number {
    return this.#steps["lastTwin"](this.block, row);
  }

  /** Which way a pair went, by either of its packets, whatever is known of it still. */
  wentOutbound(row: number): boolean {
    return this.#steps["wentOutbound"](this.block, row) === 1;
  }

  /** The first row from `from` on whose state is less than `least`; `end` where there is none before it. */
  firstBelow(from: number, end: number, least: number): number {
    if (from === end || this.state(from) < least) return from;
    return this.#steps["firstBelow"](this.block, from, end, least);
  }

  /** The first row from `from` on that waits, of a side and a tuple; `end` where there is none before it. */
  firstWaitingOf(side: number, tuple: number, from: number, end: number): number {
    return this.#steps["firstWaitingOf"](this.block, side, tuple, from, end);
  }

  recordOf(row: number): number {
    return this.#place(row) << RECORD_BITS;
  }

  /** The first word of what becomes of a packet. */
  fateOf(row: number): number {
    return this.#place(row) << FATE_BITS;
  }

  side(row: number): number {
    return this.bytes[this.#stateAt(row)] & 1;
  }

  sideOf(row: number): Side {
    return this.side(row) === INSIDE ? INSIDE : OUTSIDE;
  }

  /** Two packets of both sides, whichever is inside, the inside one first; of one side, as they are. */
  insideFirst(a: number, b: number): [inside: number, outside: number] {
    return this.side(a) > this.side(b) ? [b, a] : [a, b];
  }

  /** Nanoseconds on the inside clock, counted from the inside capture's epoch. */
  timeNs(row: number): number {
    return this.doubles[(this.recordOf(row) >> 1) + TIME_NS];
  }

  setStampNs(row: number, stampNs: number): void {
    this.doubles[(this.recordOf(row) >> 1) + STAMP_NS] = stampNs;
  }

  /** Which conversation the packet belongs to, and which way it goes there: `tuple` and `forward` in one number. */
  way(row: number): number {
    return this.records[this.recordOf(row) + WAY];
  }

  /** Row in its side's `TupleTable`. An ICMP error has the tuple of the packet it quotes, in the opposite direction. */
  tuple(row: number): number {
    return this.records[this.recordOf(row) + WAY] >> 1;
  }

  /** 1 if the packet goes from the tuple's A to its B, else 0. */
  forward(row: number): number {
    return this.records[this.recordOf(row) + WAY] & 1;
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
    return (this.records[this.recordOf(row) + PAYLOAD_LENGTH_CLASS] >>> DSCP_SHIFT) & 0x3f;
  }

  /** Hash of the first 16 payload bytes, 10 bits; 0 if there are fewer, or they were not kept. */
  beginning(row: number): number {
    if (this.payloadLength(row) < BEGINNING_BYTES) return 0;
    return this.records[this.recordOf(row) + TCP_FLAGS_QUOTE] >>> BEGINNING_SHIFT;
  }

  /** 8 bits of a hash of the TCP window, before it is scaled. */
  window(row: number): number {
    return hasWideId(this.flags(row)) ? 0 : (this.#idWord(row) >>> WINDOW_SHIFT) & 0xff;
  }

  /** Whether two packets are TCP segments with other options, as far as both are known. */
  hasOtherOptions(a: number, b: number): boolean {
    return this.#steps["haveOtherOptions"](this.block, a, b) === 1;
  }

  #idWord(row: number): number {
    return this.records[this.recordOf(row) + IP_ID];
  }

  /** WAITING, AMBIGUOUS, PAIRED, MEMBER, TURNED, FOLDED, DONE, SHOWN or GONE. */
  state(row: number): number {
    return this.bytes[this.#stateAt(row)] >> 1;
  }

  setState(row: number, state: number): void {
    this.bytes[this.#stateAt(row)] = (state << 1) | this.side(row);
  }

  #stateAt(row: number): number {
    return this.sections[row >> SECTION_BITS] + (row & SECTION_MASK);
  }

  #place(row: number): number {
    return this.ints[((this.sections[row >> SECTION_BITS] + SECTION_ROWS) >>> 2) + (row & SECTION_MASK)];
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

  /** Flow of a paired inside row, by its slot in `FlowAccounts`. */
  flow(row: number): number {
    return this.fates[this.fateOf(row) + FLOW];
  }

  /** How an inside row was paired (index into BY). */
  by(row: number): number {
    return this.fates[this.fateOf(row) + BY_EVIDENCE_OUTBOUND] & 0x7f;
  }

  /** Whether all bytes of a paired TCP segment, an inside row, had crossed the NAT before. */
  isRetransmission(row: number): boolean {
    return (this.fates[this.fateOf(row) + BY_EVIDENCE_OUTBOUND] & IS_RETRANSMISSION) !== 0;
  }

  /** By which evidence (bits of EVIDENCE) an inside row was. */
  evidence(row: number): number {
    return evidenceBy(this.fates[this.fateOf(row) + BY_EVIDENCE_OUTBOUND]);
  }

  /** Whether the pair of an inside row travels from inside to outside. */
  isOutbound(row: number): boolean {
    return outboundOf(this.fates[this.fateOf(row) + BY_EVIDENCE_OUTBOUND]) === 1;
  }

  /** What the router changed of the packet of an inside row beyond what its flow says (bits of ALTERED). */
  altered(row: number): number {
    return alteredBy(this.fates[this.fateOf(row) + BY_EVIDENCE_OUTBOUND]);
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
    this.#steps["pair"](this.block, inside, outside, slot, how);
  }

  /** Makes two packets of one side the two forms of one, before a rewrite and after it; what the first says of both is as `pair` has it. */
  turn(before: number, after: number, evidence: number): void {
    this.#steps["turn"](this.block, before, after, decidedBy(BY_HAIRPIN, evidence, 1, 0));
  }

  /** The row behind this one. */
  after(row: number): number {
    return (row + 1) & ROW_MASK;
  }

  /** The row that many rows before this one. */
  before(row: number, rows: number): number {
    return (row - rows) & ROW_MASK;
  }

  /** Whether this row, once appended, has not been given back yet. */
  isHeld(row: number): boolean {
    return isOlder(this.first, row, this.end);
  }

  /** Whether the packet once in this row is still there and waits for its twin. */
  isWaiting(row: number): boolean {
    return this.isHeld(row) && this.state(row) === WAITING;
  }

  /** Whether row `a` is older than row `b`; both must be held. */
  isBefore(a: number, b: number): boolean {
    return isOlder(this.first, a, b);
  }

  /** Gives back the oldest row. */
  drop(): void {
    const { first } = this;
    if (this.state(first) !== GONE) this.release(first);
    this.#words[words.FIRST] = (first + 1) & ROW_MASK;
  }

  /** Gives back the oldest rows, up to `end`, that nothing needs any more. `onDrop` is told of each, before it goes. */
  dropDone(end: number, onDrop?: (row: number) => void): void {
    for (;;) {
      if (onDrop === undefined) this.#words[words.FIRST] = this.firstBelow(this.first, end, GONE);
      if (this.first === end || this.state(this.first) < DONE) return;
      onDrop?.(this.first);
      this.drop();
    }
  }

  /** How many rows there are sections for behind those that are held. */
  get #room(): number {
    const sections = (this.#next - (this.end >> SECTION_BITS)) & (MOST_SECTIONS - 1);
    return (sections << SECTION_BITS) - (this.end & SECTION_MASK);
  }

  /** Adds a section: the oldest one, once all its rows were given back. */
  #addSection(): void {
    const number = this.#next;
    this.#next = (number + 1) & (MOST_SECTIONS - 1);
    if (this.#oldest !== this.first >> SECTION_BITS) {
      this.sections[number] = this.sections[this.#oldest];
      this.#oldest = (this.#oldest + 1) & (MOST_SECTIONS - 1);
      return;
    }
    const { buffer, byteOffset } = this.#heap.take(Uint8Array, SECTION_BYTES);
    this.sections[number] = byteOffset;
    this.bytes = new Uint8Array(buffer);
    this.ints = new Int32Array(buffer);
  }

  #growPlaces(): void {
    this.records = this.#heap.doubled(Int32Array, this.records);
    this.doubles = asDoubles(this.records);
    this.fates = this.#heap.doubled(Int32Array, this.fates);
    this.#free = this.#heap.doubled(Int32Array, this.#free);
    this.#locate();
  }

  /** Says in its block where the tables are. */
  #locate(): void {
    const w = this.#words;
    w[words.SECTIONS] = this.sections.byteOffset;
    w[words.RECORDS] = this.records.byteOffset;
    w[words.FATES] = this.fates.byteOffset;
    w[words.FREE] = this.#free.byteOffset;
    w[words.BLOCKS] = this.#blocks.byteOffset;
    w[words.SPANS] = this.#spans.byteOffset;
    w[words.PIECES] = this.#pieces.byteOffset;
  }
}
