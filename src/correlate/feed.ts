import { BATCH_FRAMES } from "../packets/frames.js";
import { asDoubles, type Heap } from "../packets/heap.js";
import type { PacketBatch, PacketSource } from "../packets/packets.js";
import { RECORD_BITS, STAMP_NS } from "../packets/records.js";
import type { SideSummary } from "../packets/results.js";
import type { Side } from "../packets/sides.js";
import type { TupleTable } from "../packets/tuples.js";

const AS_THEY_ARE = Uint32Array.from({ length: BATCH_FRAMES }, (_, row) => row);

/**
 * The packets of both sides that are about to be merged: the inside's from the beginning on, the outside's from BATCH_FRAMES,
 * each in order of time. In one memory, so that whoever takes now one side's and now the other's looks at the same arrays.
 */
export class Queue {
  /** Their records, as `records.ts` lays them out. */
  readonly records: Int32Array;
  /** The same memory. */
  readonly doubles: Float64Array;
  /** Which way each goes, as `TupleTable` numbers ways. */
  readonly ways: Int32Array;

  constructor(heap: Heap) {
    this.records = heap.take(Int32Array, (2 * BATCH_FRAMES) << RECORD_BITS);
    this.doubles = asDoubles(this.records);
    this.ways = heap.take(Int32Array, 2 * BATCH_FRAMES);
  }

  /** Nanoseconds since the epoch of its side's source. */
  stampNs(at: number): number {
    return this.doubles[(at << (RECORD_BITS - 1)) + STAMP_NS];
  }
}

/** One side while it is merged: its batch, how far it was taken, and what became of its frames. */
export class Feed {
  readonly source: PacketSource;
  hasEnded = false;
  paired = 0;
  unmatched = 0;
  ambiguous = 0;
  /** Where in the queue the next packet stands, and where the packets of the batch end. */
  at: number;
  end: number;
  /** Stamp of the next packet, or how far it is known that there is none; nanoseconds from the source's epoch. */
  nextNs = Number.NEGATIVE_INFINITY;
  readonly #side: Side;
  readonly #queue: Queue;
  readonly #tuples: TupleTable;
  /** Where the first packet of a batch stands. */
  readonly #first: number;
  #batch: PacketBatch | null = null;
  /** Rows of the batch by stamp. A capture may be out of order: several CPUs stamp, one buffer collects. */
  #order: Uint32Array = AS_THEY_ARE;

  constructor(side: Side, source: PacketSource, queue: Queue, tuples: TupleTable) {
    this.source = source;
    this.#side = side;
    this.#queue = queue;
    this.#tuples = tuples;
    this.#first = side * BATCH_FRAMES;
    this.at = this.#first;
    this.end = this.#first;
  }

  /** The batch that `row` names rows of; only while it does. */
  get batch(): PacketBatch {
    if (this.#batch === null) throw new RangeError("no batch was taken");
    return this.#batch;
  }

  /** Whether all packets of the batch were taken. */
  get isEmpty(): boolean {
    return this.at === this.end;
  }

  /** Whether the next batch is needed. */
  get isUsedUp(): boolean {
    return !this.hasEnded && this.isEmpty;
  }

  /** Takes the next batch; null is the end. */
  take(batch: PacketBatch | null): void {
    const first = this.#first;
    this.#batch = batch;
    this.hasEnded = batch === null;
    if (batch !== null) {
      const { records } = this.#queue;
      this.#order = orderOf(batch);
      if (this.#order === AS_THEY_ARE)
        records.set(batch.records.subarray(0, batch.count << RECORD_BITS), first << RECORD_BITS);
      else
        for (let taken = 0; taken < batch.count; taken++) {
          const r = this.#order[taken] << RECORD_BITS;
          records.set(batch.records.subarray(r, r + (1 << RECORD_BITS)), (first + taken) << RECORD_BITS);
        }
    }
    this.end = first + (batch?.count ?? 0);
    this.goTo(first);
    this.findWays();
  }

  /** Goes on to the packet that stands there. */
  goTo(at: number): void {
    this.at = at;
    if (at < this.end) this.nextNs = this.#queue.stampNs(at);
    else this.nextNs = this.#batch?.reachedNs ?? Number.POSITIVE_INFINITY;
  }

  /** The row in the batch of the packet that stands there. */
  row(at: number): number {
    return this.#order[at - this.#first];
  }

  /** Finds the conversations of the packets not taken yet; to be called again once tuples have been released. */
  findWays(): void {
    if (this.#batch === null) return;
    const taken = this.at - this.#first;
    this.#tuples.findWays(this.#side, this.#batch, this.#order, taken, this.#queue.ways, this.#first);
  }

  /**
   * What became of the frames. Where not all read are decided about (`isAllDecided`), as in a run stopped early, those that
   * are not are left out.
   */
  summary(isAllDecided: boolean): SideSummary {
    const { paired, unmatched, ambiguous } = this;
    const { frames, notIp, undecodable } = this.source.tally;
    const accounted = paired + unmatched + ambiguous + notIp + undecodable;
    return {
      frames: this.hasEnded && isAllDecided ? frames : accounted,
      paired,
      unmatched,
      ambiguous,
      notIp,
      undecodable,
      captureDropped: this.source.captureDropped,
    };
  }
}

function orderOf(batch: PacketBatch): Uint32Array {
  if (batch.isInOrder) return AS_THEY_ARE;
  return AS_THEY_ARE.slice(0, batch.count).sort((a, b) => batch.stampNs(a) - batch.stampNs(b) || a - b);
}
