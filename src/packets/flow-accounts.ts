import code from "./assembly/flow-order.wasm";
import * as words from "./flow-accounts-words.js";
import { Flow } from "./flows.js";
import { asDoubles, ROOM_FLOWS, type Heap } from "./heap.js";
import { EXACT_SAMPLES, type LatencyDigest, LatencyDigests, type LatencySummary, summaryOf } from "./latency.js";
import { Samples } from "./samples.js";

/** Words of a flow's record, a cache line. What is so of it: see the bits below. */
export const BITS = 0;
/** What a `Flow` says; an id of 0 where the slot is free. */
export const ID = 1;
export const INSIDE_TUPLE = 2;
export const OUTSIDE_TUPLE = 3;
/** Doubles, at half the word: stamps of the first and the last pair. */
export const FIRST_NS = 2;
export const LAST_NS = 3;
/** Where it was first seen: the frames of its first pair, inside and outside. */
export const FIRST_FRAMES = 8;
/** Pairs, the outbound ones in the upper half, and their IP bytes as long as they are inside: modulo 2^16, and 2^32. */
export const PAIRS = 10;
export const BYTES = 11;
/**
 * Latencies of both directions, as `sampleOf` has them. Where there are more, the last of these words is the newest chunk of the others. Once one
 * direction has EXACT_SAMPLES, or one that is no sample: at … + outbound, the address of a digest; then what is missing in PAIRS and BYTES.
 */
export const LATENCIES = 12;
export const FEW_LATENCIES = 4;
export const MORE_PAIRS = 14;
export const MORE_BYTES = 15;
export const RECORD_BITS = 4;
const RECORD_WORDS = 1 << RECORD_BITS;

/**
 * Words of a flow's TCP stream, which others do not have: half a cache line. Of two each, at … + forward: the sequence number behind the highest byte
 * that has crossed, and where the highest range of bytes that have begins.
 */
export const NEXT_SEQ = 0;
export const FROM_SEQ = 2;
/** The highest acknowledgement that has crossed, and what follows the highest byte that has entered; 0 for none. */
export const ACKED = 4;
export const ENTERED = 6;
export const STREAM_BITS = 3;

/**
 * Words of a row of ranges, a cache line, which few flows have: its number is in FROM_SEQ then. Half of it each direction's, the forward ones' the
 * second: ranges of bytes that have crossed below the highest one, the highest first, each its first number and the one behind its last; then where
 * the highest one begins.
 */
export const GAPS_BITS = 4;
export const MOST_RANGES = 4;
export const HIGHEST_FROM = 6;
/** Of a row that is free, the next one. */
export const NEXT_FREE = 7;
/** Paired TCP segments all of whose bytes had crossed before. */
export const RETRANSMISSIONS = 15;
const FIRST_GAPS = 2 ** 8;

const FIRST_SLOTS = 2 ** 12;

/** Bits of a digit of what flows are ordered by: three of them make a key, and each of its values is counted in a word. */
export const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** So many flows beside the busiest so far are ordered at once: a list of all of them may be more than the run ever held. */
const ORDERED_AT_ONCE = 2 ** 16;
const NO_SLOTS = new Int32Array(0);

const module = new WebAssembly.Module(code);

/** In the lowest bit, as `forward` is in a way: a flow reckons with both. */
export const IS_FLIPPED = 1;
/** Whether what is forward on the inside travels inbound, and what is not, outbound. */
export const BACKWARD_OUTBOUND_BIT = 1;

/** 1 where packets of this way and side, or their twins, are forward on the inside: `bits` are their flow's. */
export function forwardOn(bits: number, way: number, side: number): number {
  return (way ^ (bits & side & IS_FLIPPED)) & 1;
}

/** 1 where packets travel outbound that are `forward` (1 or 0) on the inside. They leave the NAT on the side of that number. */
export function outboundFor(bits: number, forward: number): number {
  return (forward ^ (bits >> BACKWARD_OUTBOUND_BIT)) & 1;
}

/** Whether packets of this way and side are where they leave the NAT: `bits` are their flow's. */
export function leavesOn(bits: number, way: number, side: number): boolean {
  return outboundFor(bits, forwardOn(bits, way, side)) === side;
}

/** What packets have rewritten that are forward on the inside, and the others: REWRITE_… bits, in the upper half of a flow's bits. */
export function rewrittenBy(rewriteForward: number, rewriteBackward: number): number {
  return (rewriteForward << 16) | (rewriteBackward << 24);
}

/** REWRITE_… bits of packets that are `forward` (1 or 0) on the inside, of a flow's bits. */
export function rewriteOf(bits: number, forward: number): number {
  return (bits >>> (forward === 1 ? 16 : 24)) & 0xf;
}

/** A latency in whole nanoseconds, with its direction in the lowest bit. */
export function sampleOf(latencyNs: number, outbound: number): number {
  return (latencyNs << 1) | outbound;
}

/** Two bits, one a direction, shifted by `forward`: whether NEXT_SEQ holds something. */
export const HAS_NEXT_SEQ = 4;
/** Whether the records of its packets are to stay where they are once their pairs were shown. */
export const IS_WATCHED = 16;
/** Whether its tuples have been given to another flow, or let go. */
export const IS_RETIRED = 32;
/** Whether TCP segments of it are cut on their way: each that waits may be a piece. */
export const HAS_CUT_SEGMENTS = 64;
/** Whether its inside tuple had another translation when it was learnt, or got one later. */
export const IS_ONE_OF_SEVERAL = 128;
/** Two bits, shifted by `forward`: whether a SYN or an acknowledgement has crossed … */
export const HAS_BEGUN = 256;
/** … and an acknowledgement after that. */
export const HAS_PROGRESS = 1024;
/** Whether a TCP segment of it was seen that is longer than what a wire takes: it may be cut on its way. */
export const HAS_LONG_SEGMENTS = 4096;
/** Whether it has a TCP stream, a row of ranges, and retransmissions. */
export const HAS_STREAM = 1 << 13;
export const HAS_GAPS = 1 << 14;
export const HAS_RETRANSMISSIONS = 1 << 15;
/** Whether no more latencies are kept one by one, and whether there are digests for them by now. */
export const IS_FULL = 1 << 20;
export const HAS_DIGESTS = 1 << 21;

/** The flows, by their slots, with what every pair asks of its flow and adds to it. As objects, ten thousands of flows were most of the memory. */
export class FlowAccounts {
  records: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  /** TCP streams, by the slots of their flows, as memory that nothing is written to is none; and rows of ranges. */
  #streams: Int32Array;
  #gaps: Int32Array;
  /** Where its block is, which WebAssembly goes by: see `flow-accounts-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  #free: Int32Array;
  readonly samples: Samples;
  readonly digests: LatencyDigests;
  readonly #heap: Heap;
  readonly #loops: WebAssembly.Instance["exports"];
  readonly #listed = new Int32Array(2 * EXACT_SAMPLES);
  readonly #few = new Int32Array(2 * EXACT_SAMPLES);
  /** Those of flows that have some, by their addresses. */
  readonly #digestsOf = new Map<number, LatencyDigest>();

  /** `slots`: for how many flows at first. */
  constructor(heap: Heap, slots: number = FIRST_SLOTS) {
    this.#heap = heap;
    this.#loops = new WebAssembly.Instance(module, { env: { memory: heap.memory } }).exports;
    this.samples = new Samples(heap);
    this.digests = new LatencyDigests(heap);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#words[words.SAMPLES] = this.samples.block;
    this.#free = heap.take(Int32Array, slots, ROOM_FLOWS);
    this.records = heap.take(Int32Array, slots * RECORD_WORDS, ROOM_FLOWS * RECORD_WORDS);
    this.doubles = asDoubles(this.records);
    this.#streams = heap.take(Int32Array, slots << STREAM_BITS, ROOM_FLOWS << STREAM_BITS);
    this.#gaps = heap.take(Int32Array, FIRST_GAPS << GAPS_BITS, (ROOM_FLOWS / 8) << GAPS_BITS);
    // 0 is no row
    this.#words[words.GAPS_END] = 1;
    this.#locate();
  }

  /** The slots used so far are below it. */
  get end(): number {
    return this.#words[words.END];
  }

  /** How many flows were taken so far: the id of the last one. */
  get learnt(): number {
    return this.#words[words.LEARNT];
  }

  /** The id of a flow that has no slot. */
  takeId(): number {
    return ++this.#words[words.LEARNT];
  }

  /** Forgets all flows. */
  clear(): void {
    this.#words[words.END] = 0;
  }

  /** The flow in a slot, as it was taken. */
  flow(slot: number): Flow {
    return new Flow(
      this.id(slot),
      slot,
      this.insideTuple(slot),
      this.outsideTuple(slot),
      this.isFlipped(slot),
      this.isOutbound(slot, 1),
      this.rewrite(slot, 1),
      this.rewrite(slot, 0),
    );
  }

  /** Lets a flow go: its slot may be used again. */
  close(slot: number): void {
    this.records[(slot << RECORD_BITS) + ID] = 0;
    const gaps = this.#rowOf(slot);
    if (gaps !== 0) {
      this.#gaps[gaps + NEXT_FREE] = this.#words[words.GAPS_FREE];
      this.#words[words.GAPS_FREE] = gaps >> GAPS_BITS;
    }
    const latencies = (slot << RECORD_BITS) + LATENCIES;
    if (this.#has(slot, HAS_DIGESTS))
      for (const outbound of [0, 1]) this.#freeDigest(this.records[latencies + outbound]);
    else if (this.pairs(slot) > FEW_LATENCIES) this.samples.drop(this.records[latencies + FEW_LATENCIES - 1]);
    this.#free[this.#words[words.FREE_COUNT]++] = slot;
  }

  /** How many slots are in use. */
  get size(): number {
    return this.end - this.#words[words.FREE_COUNT];
  }

  /** Lends the slots that are in use, by the ids of their flows: some of them at a time. */
  lendSlots(use: (slots: Int32Array) => void): void {
    // most runs let no flow go before their end: slots are taken in the order of ids, and no list of all of them is needed
    const most = this.#loops["areByIds"](this.block) !== 0 ? ORDERED_AT_ONCE : this.end;
    this.#heap.lend(Int32Array, 2 * Math.min(most, this.end) + DIGITS, (lists) => {
      for (let from = 0; from < this.end; from += most) {
        const to = Math.min(from + most, this.end);
        use(lists.subarray(0, this.#loops["byId"](lists.byteOffset, from, to, this.records.byteOffset)));
      }
    });
  }

  /** Those of some slots, and of others, that have the most pairs, at most so many, the busiest first; of equals, the ones learnt first. */
  busiest(slots: Int32Array, most: number, others: Int32Array = NO_SLOTS): Int32Array {
    const room = others.length + Math.min(slots.length, most + ORDERED_AT_ONCE);
    return this.#heap.lend(Int32Array, 2 * room + DIGITS, (lists) => {
      lists.set(others);
      let kept = others.length;
      for (let from = 0; from < slots.length; ) {
        const next = slots.subarray(from, from + room - kept);
        lists.set(next, kept);
        from += next.length;
        this.#loops["byPairs"](lists.byteOffset, kept + next.length, this.records.byteOffset);
        kept = Math.min(most, kept + next.length);
      }
      return lists.slice(0, kept);
    });
  }

  /** 0 where the slot is free. */
  id(slot: number): number {
    return this.records[(slot << RECORD_BITS) + ID];
  }

  insideTuple(slot: number): number {
    return this.records[(slot << RECORD_BITS) + INSIDE_TUPLE];
  }

  outsideTuple(slot: number): number {
    return this.records[(slot << RECORD_BITS) + OUTSIDE_TUPLE];
  }

  /** REWRITE_… bits of packets that are `forward` on the inside, or of the others. */
  rewrite(slot: number, forward: number): number {
    return rewriteOf(this.bits(slot), forward);
  }

  /** Notes that its tuples are free for other flows. */
  retire(slot: number): void {
    this.records[(slot << RECORD_BITS) + BITS] |= IS_RETIRED;
  }

  /** What is so of it: for `forwardOn` and `outboundFor`. */
  bits(slot: number): number {
    return this.records[(slot << RECORD_BITS) + BITS];
  }

  isFlipped(slot: number): boolean {
    return (this.bits(slot) & IS_FLIPPED) !== 0;
  }

  /** Whether a packet of the inside tuple, `forward` or not, travels from inside to outside. */
  isOutbound(slot: number, forward: number): boolean {
    return outboundFor(this.bits(slot), forward) === 1;
  }

  /** Notes that TCP segments of a flow are cut on their way. */
  noteCut(slot: number): void {
    this.records[(slot << RECORD_BITS) + BITS] |= HAS_CUT_SEGMENTS;
  }

  hasCutSegments(slot: number): boolean {
    return (this.records[(slot << RECORD_BITS) + BITS] & HAS_CUT_SEGMENTS) !== 0;
  }

  /** Lets the records of the flow's packets stay on the timeline, from the next pair on: they may be looked at again. */
  watch(slot: number): void {
    this.records[(slot << RECORD_BITS) + BITS] |= IS_WATCHED;
  }

  /** IP bytes of its pairs, as long as they are inside. */
  bytes(slot: number): number {
    const record = slot << RECORD_BITS;
    const more = this.#has(slot, HAS_DIGESTS) ? this.records[record + MORE_BYTES] : 0;
    return 2 ** 32 * more + (this.records[record + BYTES] >>> 0);
  }

  addBytes(slot: number, bytes: number): void {
    this.#loops["addBytes"](this.block, slot, bytes);
  }

  /** The frames of its first pair, inside and outside; 0 where it had none. */
  firstFrames(slot: number): [number, number] {
    const at = (slot << RECORD_BITS) + FIRST_FRAMES;
    return [this.records[at], this.records[at + 1]];
  }

  /** The highest TCP acknowledgement that crossed in packets that are `forward` on the inside, or in the others; 0 where none did. */
  acked(slot: number, forward: number): number {
    return this.#has(slot, HAS_STREAM) ? this.#streams[(slot << STREAM_BITS) + ACKED + forward] >>> 0 : 0;
  }

  /** The number of the first byte, or SYN, that crossed that way, where all that followed it did as well; undefined where some did not. */
  firstSeq(slot: number, forward: number): number | undefined {
    if (!this.#has(slot, HAS_STREAM)) return 0;
    const row = this.#rowOf(slot);
    if (row === 0) return this.#streams[(slot << STREAM_BITS) + FROM_SEQ + forward] >>> 0;
    const half = row + (forward << (GAPS_BITS - 1));
    return this.#gaps[half] === this.#gaps[half + 1] ? this.#gaps[half + HIGHEST_FROM] >>> 0 : undefined;
  }

  /** Where its row of ranges begins, 0 where it has none. */
  #rowOf(slot: number): number {
    return this.#has(slot, HAS_GAPS) ? this.#streams[(slot << STREAM_BITS) + FROM_SEQ] << GAPS_BITS : 0;
  }

  #has(slot: number, bit: number): boolean {
    return (this.records[(slot << RECORD_BITS) + BITS] & bit) !== 0;
  }

  /** Whether acknowledgements crossed that way which show that what they acknowledge did not come from nowhere: a SYN before, or more of them. */
  hasProgress(slot: number, forward: number): boolean {
    return (this.bits(slot) & (HAS_PROGRESS << forward)) !== 0;
  }

  pairs(slot: number): number {
    return this.pairsThatWent(slot, true) + this.pairsThatWent(slot, false);
  }

  pairsThatWent(slot: number, isOutbound: boolean): number {
    return this.#loops["pairsThatWent"](this.block, slot, isOutbound ? 1 : 0);
  }

  /** Paired TCP segments all of whose bytes had crossed the NAT before; keep-alives are not counted. */
  retransmissions(slot: number): number {
    return this.#has(slot, HAS_RETRANSMISSIONS) ? this.#gaps[this.#rowOf(slot) + RETRANSMISSIONS] : 0;
  }

  /** Stamp of the first pair, nanoseconds on the timeline; Infinity before it. */
  firstNs(slot: number): number {
    return this.doubles[(slot << (RECORD_BITS - 1)) + FIRST_NS];
  }

  /** Stamp of the last pair, nanoseconds on the timeline; -Infinity before the first. */
  lastNs(slot: number): number {
    return this.doubles[(slot << (RECORD_BITS - 1)) + LAST_NS];
  }

  /** Notes a paired TCP segment. Returns whether it is a retransmission. Precondition: its header was there. */
  noteSegment(slot: number, forward: number, seq: number, bytes: number, tcpFlags: number): boolean {
    this.reserve(1);
    return this.#loops["noteSegment"](this.block, slot, forward, seq, bytes, tcpFlags) !== 0;
  }

  /** What has the latencies of a direction, where they are not kept one by one. */
  #digest(slot: number, outbound: number): LatencyDigest | undefined {
    return this.#has(slot, HAS_DIGESTS)
      ? this.#digestsOf.get(this.records[(slot << RECORD_BITS) + LATENCIES + outbound])
      : undefined;
  }

  /** Those that are kept one by one, `count` of both directions; valid until the next call. */
  #fewOf(slot: number, outbound: number, count: number): Int32Array {
    const latencies = (slot << RECORD_BITS) + LATENCIES;
    const inRecord = count > FEW_LATENCIES ? FEW_LATENCIES - 1 : count;
    const listed = this.#listed.subarray(0, count);
    for (let at = 0; at < inRecord; at++) listed[at] = this.records[latencies + at];
    if (count > inRecord) this.samples.copy(this.records[latencies + inRecord], listed.subarray(inRecord));
    let few = 0;
    for (const sample of listed) if ((sample & 1) === outbound) this.#few[few++] = sample >> 1;
    return this.#few.subarray(0, few);
  }

  /** What the latencies of all pairs that went that way come to; null where there were none. */
  latencySummary(slot: number, isOutbound: boolean): LatencySummary | null {
    const outbound = isOutbound ? 1 : 0;
    const digest = this.#digest(slot, outbound);
    return digest ? digest.summary() : summaryOf(this.#fewOf(slot, outbound, this.pairs(slot)));
  }

  /** Where the latencies of a flow go that are not kept one by one: `count` of both directions were up to now. */
  digest(slot: number, outbound: number, count: number): LatencyDigest {
    const known = this.#digest(slot, outbound);
    if (known) return known;
    const record = slot << RECORD_BITS;
    const made = [0, 1].map((direction) => this.digests.make(this.#fewOf(slot, direction, count)));
    if (count > FEW_LATENCIES) this.samples.drop(this.records[record + LATENCIES + FEW_LATENCIES - 1]);
    for (const [direction, digest] of made.entries()) {
      this.records[record + LATENCIES + direction] = digest.address;
      this.#digestsOf.set(this.records[record + LATENCIES + direction], digest);
    }
    this.records[record + MORE_PAIRS] = 0;
    this.records[record + MORE_BYTES] = 0;
    this.records[record + BITS] |= HAS_DIGESTS;
    return made[outbound];
  }

  #freeDigest(address: number): void {
    this.#digestsOf.get(address)?.free();
    this.#digestsOf.delete(address);
  }

  /** Makes room for what so many pairs may need: each a flow, a chunk of latencies, and a row of ranges. */
  reserve(pairs: number): void {
    this.samples.reserve(pairs);
    while (this.end + pairs > this.#free.length) this.#grow();
    while ((this.#words[words.GAPS_END] + pairs) << GAPS_BITS > this.#gaps.length) this.#growGaps();
  }

  #grow(): void {
    this.records = this.#heap.doubled(Int32Array, this.records);
    this.doubles = asDoubles(this.records);
    this.#streams = this.#heap.doubled(Int32Array, this.#streams);
    this.#free = this.#heap.doubled(Int32Array, this.#free);
    this.#locate();
  }

  #growGaps(): void {
    this.#gaps = this.#heap.doubled(Int32Array, this.#gaps);
    this.#locate();
  }

  /** Says in its block where the tables are. */
  #locate(): void {
    this.#words[words.RECORDS] = this.records.byteOffset;
    this.#words[words.STREAMS] = this.#streams.byteOffset;
    this.#words[words.GAPS] = this.#gaps.byteOffset;
    this.#words[words.FREE] = this.#free.byteOffset;
  }
}
