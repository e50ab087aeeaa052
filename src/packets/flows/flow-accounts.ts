import type * as steps from "./assembly/flow-steps.js";
import code from "./assembly/flow-steps.wasm";
import * as words from "./flow-accounts-words.js";
import { FlowLatencies } from "./flow-latencies.js";
import * as account from "./flow-records.js";
import { Flow } from "./flows.js";
import { asDoubles, ROOM_FLOWS, type Heap } from "../memory/heap.js";
import type { Steps } from "../memory/steps.js";
import { RowCounts } from "./row-counts.js";
import type { Side } from "../sides.js";
import { NONE } from "../tuples.js";

const RECORD_WORDS = 1 << account.RECORD_BITS;
const FIRST_GAPS = 2 ** 8;

const FIRST_SLOTS = 2 ** 12;

/** So many flows beside the busiest so far are ordered at once: a list of all of them may be more than the run ever held. */
const ORDERED_AT_ONCE = 2 ** 16;
const NO_SLOTS = new Int32Array(0);

const module = new WebAssembly.Module(code);

/** The flows, by their slots, with what every pair asks of its flow and adds to it. As objects, ten thousands of flows were most of the memory. */
export class FlowAccounts {
  records: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  /** TCP streams, by the slots of their flows, as memory that nothing is written to is none; and rows of ranges. */
  #streams: Int32Array;
  #gaps: Int32Array;
  /** How many packets found no twin, by twice the slot, and 1 more outside. */
  readonly #unmatched: RowCounts;
  /** How many errors crossed that say that nobody gets what they answer, by twice the slot, and 1 more of outbound ones. */
  readonly #unreachable: RowCounts;
  /** When packets contradicted the translation of a flow that is contradicted, nanoseconds on the timeline. */
  readonly #contradictedNs = new Map<number, number>();
  /** By slot, of those with pairs of ICMP errors: the stamp of the last. */
  readonly #lastErrors = new Map<number, number>();
  /** Where its block is, which WebAssembly goes by: see `flow-accounts-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  #free: Int32Array;
  readonly #newest: Int32Array;
  readonly latencies: FlowLatencies;
  readonly #heap: Heap;
  /** @internal What is done with them. */
  readonly steps: Steps<typeof steps>;

  /** `slots`: for how many flows at first; `unitNs`: what most latencies are multiples of, nanoseconds. */
  constructor(heap: Heap, slots: number = FIRST_SLOTS, unitNs: number = 1) {
    this.#heap = heap;
    this.steps = heap.load<typeof steps>(module);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.latencies = new FlowLatencies(heap, this, unitNs);
    this.#words[words.SAMPLES] = this.latencies.samples.block;
    this.#free = heap.take(Int32Array, slots, ROOM_FLOWS);
    this.#newest = heap.take(Int32Array, 1 << words.NEWEST_BITS);
    this.#words[words.NEWEST] = this.#newest.byteOffset;
    this.records = heap.take(Int32Array, slots * RECORD_WORDS, ROOM_FLOWS * RECORD_WORDS);
    this.doubles = asDoubles(this.records);
    this.#streams = heap.take(Int32Array, slots << account.STREAM_BITS, ROOM_FLOWS << account.STREAM_BITS);
    this.#unmatched = new RowCounts(heap, 2 * slots, 2 * ROOM_FLOWS);
    this.#unreachable = new RowCounts(heap, 2 * slots, 2 * ROOM_FLOWS);
    this.#gaps = heap.take(Int32Array, FIRST_GAPS << account.GAPS_BITS, (ROOM_FLOWS / 8) << account.GAPS_BITS);
    this.#words[words.GAPS_FREE] = NONE;
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

  /** The slots of the flows that were taken since the one with this id, those that are still there, in their order; null where they are too many to tell. */
  newerThan(id: number): number[] | null {
    if (this.learnt - id > this.#newest.length) return null;
    const slots: number[] = [];
    for (let newer = id + 1; newer <= this.learnt; newer++) {
      const slot = this.#newest[newer & (this.#newest.length - 1)];
      if (this.id(slot) === newer) slots.push(slot);
    }
    return slots;
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
    this.#lastErrors.delete(slot);
    this.latencies.free(slot);
    this.steps.close(this.block, slot);
  }

  /** How many slots are in use. */
  get size(): number {
    return this.end - this.#words[words.FREE_COUNT];
  }

  /** Lends the slots that are in use, by the ids of their flows: some of them at a time. */
  lendSlots(use: (slots: Int32Array) => void): void {
    // most runs let no flow go before their end: slots are taken in the order of ids, and no list of all of them is needed
    const most = this.steps.areByIds(this.block) !== 0 ? ORDERED_AT_ONCE : this.end;
    this.#heap.lend(Int32Array, 2 * Math.min(most, this.end) + words.DIGITS, (lists) => {
      for (let from = 0; from < this.end; from += most) {
        const to = Math.min(from + most, this.end);
        use(lists.subarray(0, this.steps.byId(lists.byteOffset, from, to, this.records.byteOffset)));
      }
    });
  }

  /** Those of some slots, and of others, that have the most pairs, at most so many, the busiest first; of equals, the ones learnt first. */
  busiest(slots: Int32Array, most: number, others: Int32Array = NO_SLOTS): Int32Array {
    const room = others.length + Math.min(slots.length, most + ORDERED_AT_ONCE);
    return this.#heap.lend(Int32Array, 2 * room + words.DIGITS, (lists) => {
      lists.set(others);
      let kept = others.length;
      for (let from = 0; from < slots.length; ) {
        const next = slots.subarray(from, from + room - kept);
        lists.set(next, kept);
        from += next.length;
        this.steps.byPairs(lists.byteOffset, kept + next.length, this.records.byteOffset);
        kept = Math.min(most, kept + next.length);
      }
      return lists.slice(0, kept);
    });
  }

  /** 0 where the slot is free. */
  id(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.ID];
  }

  insideTuple(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.INSIDE_TUPLE];
  }

  outsideTuple(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.OUTSIDE_TUPLE];
  }

  /** REWRITE_… bits of packets that are `forward` on the inside, or of the others. */
  rewrite(slot: number, forward: number): number {
    return account.rewriteOf(this.bits(slot), forward);
  }

  /** Notes that its tuples are free for other flows. */
  retire(slot: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.IS_RETIRED;
  }

  /** What is so of it: for `forwardOn` and `outboundFor`. */
  bits(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.BITS];
  }

  /** Whether who opened the conversation did not begin this translation: see IS_TAKEN_UP. */
  isTakenUp(slot: number): boolean {
    return (this.bits(slot) & account.IS_TAKEN_UP) !== 0;
  }

  isFlipped(slot: number): boolean {
    return (this.bits(slot) & account.IS_FLIPPED) !== 0;
  }

  /** Whether a packet of the inside tuple, `forward` or not, travels from inside to outside. */
  isOutbound(slot: number, forward: number): boolean {
    return account.outboundFor(this.bits(slot), forward) === 1;
  }

  /** Notes that TCP segments of a flow are cut on their way. */
  noteCut(slot: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.HAS_CUT_SEGMENTS;
  }

  hasCutSegments(slot: number): boolean {
    return (this.records[(slot << account.RECORD_BITS) + account.BITS] & account.HAS_CUT_SEGMENTS) !== 0;
  }

  /** Lets the records of the flow's packets stay on the timeline, from the next pair on, unless it is cut: they may be looked at again. */
  watch(slot: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] = account.watchedBits(this.bits(slot));
  }

  /** Notes that packets of that time contradict the flow's translation: until a later one confirms it, it is no reason to prefer it to another one. */
  contradict(slot: number, atNs: number): void {
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.IS_CONTRADICTED;
    this.#contradictedNs.set(slot, Math.max(atNs, this.#contradictedNs.get(slot) ?? atNs));
  }

  /** Notes a pair that nothing but the flow's translation explains, by its inside stamp. */
  confirm(slot: number, pairNs: number): void {
    if (!this.#has(slot, account.IS_CONTRADICTED) || pairNs <= this.#contradictedNs.get(slot)!) return;
    this.records[(slot << account.RECORD_BITS) + account.BITS] &= ~account.IS_CONTRADICTED;
    this.#contradictedNs.delete(slot);
  }

  /** How many packets that it has on a side found no twin. */
  unmatched(slot: number, side: Side): number {
    return this.#has(slot, account.HAS_UNMATCHED << side) ? this.#unmatched.of(2 * slot + side) : 0;
  }

  noteUnmatched(slot: number, side: Side): void {
    this.#unmatched.set(2 * slot + side, this.unmatched(slot, side) + 1);
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.HAS_UNMATCHED << side;
  }

  /** How many of its pairs that went that way are errors which say that nobody gets what they answer. */
  unreachable(slot: number, isOutbound: boolean): number {
    const outbound = isOutbound ? 1 : 0;
    return this.#has(slot, account.HAS_UNREACHABLE << outbound) ? this.#unreachable.of(2 * slot + outbound) : 0;
  }

  noteUnreachable(slot: number, isOutbound: boolean): void {
    const outbound = isOutbound ? 1 : 0;
    this.#unreachable.set(2 * slot + outbound, this.unreachable(slot, isOutbound) + 1);
    this.records[(slot << account.RECORD_BITS) + account.BITS] |= account.HAS_UNREACHABLE << outbound;
  }

  /** IP bytes of its pairs, as long as they are inside. */
  bytes(slot: number): number {
    return this.steps.bytesOf(this.block, slot);
  }

  addBytes(slot: number, bytes: number): void {
    this.steps.addBytesOf(this.block, slot, bytes);
  }

  /** The frames of its first pair, inside and outside; 0 where it had none. */
  firstFrames(slot: number): [number, number] {
    const at = (slot << account.RECORD_BITS) + account.FIRST_FRAMES;
    return [this.records[at], this.records[at + 1]];
  }

  /** The highest TCP acknowledgement that crossed in packets that are `forward` on the inside, or in the others; 0 where none did. */
  acked(slot: number, forward: number): number {
    return this.steps.streamWord(this.block, slot, forward, account.ACKED);
  }

  /** The number of the first byte, or SYN, that crossed that way, where all that followed it did as well; undefined where some did not. */
  firstSeq(slot: number, forward: number): number | undefined {
    const seq = this.steps.firstSeq(this.block, slot, forward);
    return seq < 0 ? undefined : seq;
  }

  /** The number behind the highest byte, or SYN, that crossed that way; 0 where none did. */
  nextSeq(slot: number, forward: number): number {
    return this.steps.streamWord(this.block, slot, forward, account.NEXT_SEQ);
  }

  #has(slot: number, bit: number): boolean {
    return (this.records[(slot << account.RECORD_BITS) + account.BITS] & bit) !== 0;
  }

  /** Whether a SYN crossed that way, or an acknowledgement. */
  hasBegun(slot: number, forward: number): boolean {
    return (this.bits(slot) & (account.HAS_BEGUN << forward)) !== 0;
  }

  /** Whether acknowledgements crossed that way which show that what they acknowledge did not come from nowhere: a SYN before, or more of them. */
  hasProgress(slot: number, forward: number): boolean {
    return (this.bits(slot) & (account.HAS_PROGRESS << forward)) !== 0;
  }

  pairs(slot: number): number {
    return this.pairsThatWent(slot, true) + this.pairsThatWent(slot, false);
  }

  pairsThatWent(slot: number, isOutbound: boolean): number {
    return this.steps.pairsThatWent(this.block, slot, isOutbound);
  }

  /** Stamp of the first pair, nanoseconds on the timeline; Infinity before it. */
  firstNs(slot: number): number {
    return this.doubles[(slot << (account.RECORD_BITS - 1)) + account.FIRST_NS];
  }

  /** Stamp of the last pair, nanoseconds on the timeline; -Infinity before the first. */
  lastNs(slot: number): number {
    return Math.max(this.usedNs(slot), this.#lastErrors.get(slot) ?? Number.NEGATIVE_INFINITY);
  }

  /**
   * Stamp of the last pair that kept the host from forgetting the translation, which ICMP errors do not (Linux: nf_conntrack_core.c, nf_conntrack_in);
   * -Infinity before the first.
   */
  usedNs(slot: number): number {
    return this.doubles[(slot << (account.RECORD_BITS - 1)) + account.USED_NS];
  }

  /** Notes a pair of ICMP errors. */
  noteError(slot: number, pairNs: number): void {
    if (pairNs > this.lastNs(slot)) this.#lastErrors.set(slot, pairNs);
  }

  /** Notes a paired TCP segment. Returns whether it is a retransmission, which a keep-alive is not. Precondition: its header was there. */
  noteSegment(slot: number, forward: number, seq: number, bytes: number, tcpFlags: number): boolean {
    this.reserve(1);
    return this.steps.noteSegment(this.block, slot, forward, seq, bytes, tcpFlags) !== 0;
  }

  /** Makes room for what so many pairs may need: each a flow, a chunk of latencies, and a row of ranges. */
  reserve(pairs: number): void {
    this.latencies.samples.reserve(pairs);
    while (this.end + pairs > this.#free.length) this.#grow();
    while ((this.#words[words.GAPS_END] + pairs) << account.GAPS_BITS > this.#gaps.length) this.#growGaps();
  }

  #grow(): void {
    this.records = this.#heap.doubled(Int32Array, this.records);
    this.doubles = asDoubles(this.records);
    this.#streams = this.#heap.doubled(Int32Array, this.#streams);
    this.#free = this.#heap.doubled(Int32Array, this.#free);
    this.#unmatched.grow();
    this.#unreachable.grow();
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
