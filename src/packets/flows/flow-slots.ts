import type * as steps from "./assembly/flow-steps.js";
import code from "./assembly/flow-steps.wasm";
import * as words from "./flow-accounts-words.js";
import { FlowLatencies } from "./flow-latencies.js";
import * as account from "./flow-records.js";
import { asDoubles, ROOM_FLOWS, type Heap } from "../memory/heap.js";
import type { Steps } from "../memory/steps.js";
import { NONE } from "../tuples.js";

const RECORD_WORDS = 1 << account.RECORD_BITS;
const FIRST_GAPS = 2 ** 8;

/** For so many flows there is room at first. */
export const FIRST_SLOTS = 2 ** 12;

/** So many flows beside the busiest so far are ordered at once: a list of all of them may be more than the run ever held. */
const ORDERED_AT_ONCE = 2 ** 16;
const NO_SLOTS = new Int32Array(0);

const module = new WebAssembly.Module(code);

/** Which flows there are, by their slots, and the memory that their records, streams and ranges lie in. */
export class FlowSlots {
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
  readonly #newest: Int32Array;
  readonly latencies: FlowLatencies;
  readonly #heap: Heap;
  /** @internal What is done with them. */
  readonly steps: Steps<typeof steps>;

  /** `slots`: for how many flows at first; `unitNs`: what most latencies are multiples of, nanoseconds. */
  constructor(heap: Heap, slots: number, unitNs: number) {
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

  /** 0 where the slot is free. */
  id(slot: number): number {
    return this.records[(slot << account.RECORD_BITS) + account.ID];
  }

  /** Lets a flow go: its slot may be used again. */
  close(slot: number): void {
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

  pairs(slot: number): number {
    return this.pairsThatWent(slot, true) + this.pairsThatWent(slot, false);
  }

  pairsThatWent(slot: number, isOutbound: boolean): number {
    return this.steps.pairsThatWent(this.block, slot, isOutbound);
  }

  /** Makes room for what so many pairs may need: each a flow, a chunk of latencies, and a row of ranges. */
  reserve(pairs: number): void {
    this.latencies.samples.reserve(pairs);
    while (this.end + pairs > this.#free.length) this.grow();
    while ((this.#words[words.GAPS_END] + pairs) << account.GAPS_BITS > this.#gaps.length) this.#growGaps();
  }

  protected grow(): void {
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
