import code from "./assembly/flow-order.wasm";
import * as words from "./flow-accounts-words.js";
import { Flow } from "./flows.js";
import { asDoubles, type Heap } from "./heap.js";
import { EXACT_SAMPLES, type LatencyDigest, LatencyDigests, type LatencySummary, summaryOf } from "./latency.js";
import { Samples } from "./samples.js";

/** Words of a flow's record, two cache lines. Of two each, one a direction, outbound is the second: at … + outbound. */
export const BITS = 0;
export const RETRANSMISSIONS = 1;
export const PAIRS = 2;
/** At … + forward: the sequence number behind the highest byte that has crossed. */
export const NEXT_SEQ = 4;
/** Newest chunk of the latencies, NONE before the first one; or IN_DIGEST. */
export const LATENCIES = 6;
/** There are too many of them to be kept one by one, or one that takes more than 32 bits: so much less the number of a digest … */
export const IN_DIGEST = -2;
/** … which is its address without the lowest bits: it begins at a cache line. */
export const DIGEST_BITS = 6;
/** Doubles, at half the word: stamps of the first and the last pair. */
export const FIRST_NS = 4;
export const LAST_NS = 5;
/** What a `Flow` says; an id of 0 where the slot is free. */
export const ID = 12;
export const INSIDE_TUPLE = 13;
export const OUTSIDE_TUPLE = 14;
/** REWRITE_… bits of what is forward in the lower 8 bits, of what is not in the next. */
export const REWRITES = 15;
/**
 * The second line, which few segments look at: half of it each direction's, the forward ones' the second. The ranges of bytes that have
 * crossed, each as its first number and the one behind its last, the highest range first. Where that ends is in NEXT_SEQ alone.
 */
export const SEEN = 16;
export const RANGES_BITS = 2;
export const RANGES = 4;
export const RECORD_BITS = 5;
const RECORD_WORDS = 1 << RECORD_BITS;
/** Words of what is kept beside the records, half a cache line. A double, at half the word: IP bytes of the pairs, as long as they are inside. */
export const BYTES = 0;
/** Two, at … + forward: the highest TCP acknowledgement that has crossed, and what follows the highest byte that has entered; 0 for none. */
export const ACKED = 2;
export const ENTERED = 4;
/** Two more: the first acknowledgement that has crossed, 1 behind a SYN; 0 for none. */
export const FIRST_ACKED = 6;
export const SUMS_BITS = 3;
const SUMS_WORDS = 1 << SUMS_BITS;
/** Words of what says where it was first seen: the frames of its first pair, inside and outside. */
export const FIRSTS_BITS = 1;
const FIRSTS_WORDS = 1 << FIRSTS_BITS;
/** 16 MiB, most of which takes no memory: see `FIRST_CHUNKS`. */
const FIRST_SLOTS = 2 ** 17;

const FIRST_FREE = 64;

/** Bits of a digit of what flows are ordered by: three of them make a key, and each of its values is counted in a word. */
export const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

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

/** REWRITE_… bits, of REWRITES, of packets that are `forward` (1 or 0) on the inside. */
export function rewriteOf(rewrites: number, forward: number): number {
  return forward === 1 ? rewrites & 0xff : rewrites >> 8;
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

/**
 * The flows, by their slots, with what every pair asks of its flow and adds to it: a record of which most look at one cache line, and
 * one more for the latency. As objects, ten thousands of flows were a dozen lines each, and most of the memory.
 */
export class FlowAccounts {
  records: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  /** By slot, what takes no part in pairing. */
  sums: Int32Array;
  /** The same memory. */
  #sumDoubles: Float64Array;
  /** By slot. */
  #firsts: Int32Array;
  /** Where its block is, which WebAssembly goes by: see `flow-accounts-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  #free: Int32Array;
  readonly samples: Samples;
  readonly digests: LatencyDigests;
  readonly #heap: Heap;
  readonly #loops: WebAssembly.Instance["exports"];
  readonly #few = new Int32Array(EXACT_SAMPLES);
  /** The latencies that are IN_DIGEST, by number. */
  readonly #digestsOf = new Map<number, LatencyDigest>();

  /** `room`: for how many flows at first. */
  constructor(heap: Heap, room: number = FIRST_SLOTS) {
    this.#heap = heap;
    this.#loops = new WebAssembly.Instance(module, { env: { memory: heap.memory } }).exports;
    this.samples = new Samples(heap);
    this.digests = new LatencyDigests(heap);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#words[words.SAMPLES] = this.samples.block;
    this.#free = heap.take(Int32Array, FIRST_FREE);
    this.records = heap.take(Int32Array, room * RECORD_WORDS);
    this.doubles = asDoubles(this.records);
    this.sums = heap.take(Int32Array, room * SUMS_WORDS);
    this.#sumDoubles = asDoubles(this.sums);
    this.#firsts = heap.take(Int32Array, room * FIRSTS_WORDS);
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
    this.#dropLatencies(slot, 0);
    this.#dropLatencies(slot, 1);
    this.#free[this.#words[words.FREE_COUNT]++] = slot;
  }

  #dropLatencies(slot: number, outbound: number): void {
    const newest = this.records[(slot << RECORD_BITS) + LATENCIES + outbound];
    if (newest <= IN_DIGEST) this.#freeDigest(IN_DIGEST - newest);
    else this.samples.drop(newest);
  }

  /** The slots that are in use, by the ids of their flows. */
  slots(): Int32Array {
    return this.#heap.lend(Int32Array, 2 * this.end + DIGITS, (lists) =>
      lists.slice(0, this.#loops["byId"](lists.byteOffset, this.end, this.records.byteOffset)),
    );
  }

  /** Those of some slots that have the most pairs, at most so many, the busiest first; of equals, the ones learnt first. */
  busiest(slots: Int32Array, most: number): Int32Array {
    return this.#heap.lend(Int32Array, 2 * slots.length + DIGITS, (lists) => {
      lists.set(slots);
      this.#loops["byPairs"](lists.byteOffset, slots.length, this.records.byteOffset);
      return lists.slice(0, Math.min(most, slots.length));
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
    return rewriteOf(this.records[(slot << RECORD_BITS) + REWRITES], forward);
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
    return this.#sumDoubles[(slot << (SUMS_BITS - 1)) + BYTES];
  }

  addBytes(slot: number, bytes: number): void {
    this.#sumDoubles[(slot << (SUMS_BITS - 1)) + BYTES] += bytes;
  }

  /** The frames of its first pair, inside and outside; 0 where it had none. */
  firstFrames(slot: number): [number, number] {
    const at = slot << FIRSTS_BITS;
    return [this.#firsts[at], this.#firsts[at + 1]];
  }

  /** The highest TCP acknowledgement that crossed in packets that are `forward` on the inside, or in the others; 0 where none did. */
  acked(slot: number, forward: number): number {
    return this.sums[(slot << SUMS_BITS) + ACKED + forward] >>> 0;
  }

  /** The number of the first byte, or SYN, that crossed that way, where all that followed it did as well; undefined where some did not. */
  firstSeq(slot: number, forward: number): number | undefined {
    const at = (slot << RECORD_BITS) + SEEN + (forward << (1 + RANGES_BITS));
    const isWhole = this.records[at + 2] === this.records[at + 3];
    return isWhole ? this.records[at] >>> 0 : undefined;
  }

  /** Whether acknowledgements crossed that way which show that what they acknowledge did not come from nowhere: a SYN before, or more of them. */
  hasProgress(slot: number, forward: number): boolean {
    const at = (slot << SUMS_BITS) + forward;
    return this.sums[at + ACKED] !== 0 && this.sums[at + ACKED] !== this.sums[at + FIRST_ACKED];
  }

  pairs(slot: number): number {
    return this.pairsThatWent(slot, true) + this.pairsThatWent(slot, false);
  }

  pairsThatWent(slot: number, isOutbound: boolean): number {
    return this.records[(slot << RECORD_BITS) + PAIRS + (isOutbound ? 1 : 0)];
  }

  /** Paired TCP segments all of whose bytes had crossed the NAT before; keep-alives are not counted. */
  retransmissions(slot: number): number {
    return this.records[(slot << RECORD_BITS) + RETRANSMISSIONS];
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
    const at = this.records.byteOffset + (slot << (RECORD_BITS + 2));
    return this.#loops["noteSegment"](at, forward, seq, bytes, tcpFlags) !== 0;
  }

  /** What has the latencies, where they are not kept one by one. */
  #digest(slot: number, outbound: number): LatencyDigest | undefined {
    const latencies = this.records[(slot << RECORD_BITS) + LATENCIES + outbound];
    return latencies <= IN_DIGEST ? this.#digestsOf.get(IN_DIGEST - latencies) : undefined;
  }

  /** The latencies that are kept one by one; valid until the next call. */
  #fewOf(slot: number, outbound: number, count: number): Int32Array {
    this.samples.copy(this.records[(slot << RECORD_BITS) + LATENCIES + outbound], count, this.#few);
    return this.#few.subarray(0, count);
  }

  /** What the latencies of all pairs that went that way come to; null where there were none. */
  latencySummary(slot: number, isOutbound: boolean): LatencySummary | null {
    const outbound = isOutbound ? 1 : 0;
    const digest = this.#digest(slot, outbound);
    return digest ? digest.summary() : summaryOf(this.#fewOf(slot, outbound, this.pairsThatWent(slot, isOutbound)));
  }

  /** Where the latencies of a flow go that are not kept one by one: `count` of them were up to now. */
  digest(slot: number, outbound: number, count: number): LatencyDigest {
    const known = this.#digest(slot, outbound);
    if (known) return known;
    const list = (slot << RECORD_BITS) + LATENCIES + outbound;
    const digest = this.digests.make(this.#fewOf(slot, outbound, count));
    this.samples.drop(this.records[list]);
    const number = digest.address >>> DIGEST_BITS;
    this.#digestsOf.set(number, digest);
    this.records[list] = IN_DIGEST - number;
    return digest;
  }

  #freeDigest(number: number): void {
    this.#digestsOf.get(number)?.free();
    this.#digestsOf.delete(number);
  }

  /** Makes room for so many flows more. */
  reserve(flows: number): void {
    const slots = this.end + flows;
    while (slots << RECORD_BITS > this.records.length) this.#grow();
    while (slots > this.#free.length) this.#free = this.#heap.doubled(Int32Array, this.#free);
    this.#locate();
  }

  #grow(): void {
    this.records = this.#heap.doubled(Int32Array, this.records);
    this.doubles = asDoubles(this.records);
    this.sums = this.#heap.doubled(Int32Array, this.sums);
    this.#sumDoubles = asDoubles(this.sums);
    this.#firsts = this.#heap.doubled(Int32Array, this.#firsts);
  }

  /** Says in its block where the tables are. */
  #locate(): void {
    this.#words[words.RECORDS] = this.records.byteOffset;
    this.#words[words.SUMS] = this.sums.byteOffset;
    this.#words[words.FIRSTS] = this.#firsts.byteOffset;
    this.#words[words.FREE] = this.#free.byteOffset;
  }
}
