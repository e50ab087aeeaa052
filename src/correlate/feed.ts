import { BATCH_FRAMES } from "../packets/frames.js";
import { asDoubles, type Heap } from "../packets/heap.js";
import type { PacketBatch, PacketSource } from "../packets/packets.js";
import { RECORD_BITS, STAMP_NS } from "../packets/records.js";
import type { SideSummary } from "../packets/results.js";
import type { Side } from "../packets/sides.js";
import type { TupleTable } from "../packets/tuples.js";

const AS_THEY_ARE = Uint32Array.from({ length: BATCH_FRAMES }, (_, row) => row);

/** One side while it is merged: its batch, how far it was taken, and what became of its frames. */
export class Feed {
  readonly source: PacketSource;
  hasEnded = false;
  paired = 0;
  unmatched = 0;
  ambiguous = 0;
  /** The packets that are about to be merged, in order of time: their records, as `records.ts` lays them out … */
  records: Int32Array = new Int32Array(0);
  /** … and which way each goes, as `TupleTable` numbers ways. */
  readonly ways: Int32Array;
  /** Where among them the next packet stands, and where they end. */
  at = 0;
  end = 0;
  /** Stamp of the next packet, or how far it is known that there is none; nanoseconds from the source's epoch. */
  nextNs = Number.NEGATIVE_INFINITY;
  readonly #side: Side;
  readonly #heap: Heap;
  readonly #tuples: TupleTable;
  #doubles: Float64Array = new Float64Array(0);
  /** Where records are put in order, or that are not in the heap; none before there are such. */
  #sorted: Int32Array | undefined;
  #batch: PacketBatch | null = null;
  /** Rows of the batch by stamp. A capture may be out of order: several CPUs stamp, one buffer collects. */
  #order: Uint32Array = AS_THEY_ARE;

  constructor(heap: Heap, side: Side, source: PacketSource, tuples: TupleTable) {
    this.source = source;
    this.#heap = heap;
    this.#side = side;
    this.#tuples = tuples;
    this.ways = heap.take(Int32Array, BATCH_FRAMES);
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
    this.#batch = batch;
    this.hasEnded = batch === null;
    this.end = batch?.count ?? 0;
    if (batch !== null) {
      this.#order = orderOf(batch);
      this.records = this.#order === AS_THEY_ARE && this.#heap.has(batch.records) ? batch.records : this.#sort(batch);
      this.#doubles = asDoubles(this.records);
    }
    this.goTo(0);
    this.findWays();
  }

  #sort({ count, records }: PacketBatch): Int32Array {
    const sorted = (this.#sorted ??= this.#heap.take(Int32Array, BATCH_FRAMES << RECORD_BITS));
    if (this.#order === AS_THEY_ARE) sorted.set(records.subarray(0, count << RECORD_BITS));
    else
      for (let taken = 0; taken < count; taken++) {
        const r = this.#order[taken] << RECORD_BITS;
        sorted.set(records.subarray(r, r + (1 << RECORD_BITS)), taken << RECORD_BITS);
      }
    return sorted;
  }

  /** Goes on to the packet that stands there. */
  goTo(at: number): void {
    this.at = at;
    if (at < this.end) this.nextNs = this.#doubles[(at << (RECORD_BITS - 1)) + STAMP_NS];
    else this.nextNs = this.#batch?.reachedNs ?? Number.POSITIVE_INFINITY;
  }

  /** The row in the batch of the packet that stands there. */
  row(at: number): number {
    return this.#order[at];
  }

  /** Finds the conversations of the packets not taken yet; to be called again once tuples have been released. */
  findWays(): void {
    if (this.#batch === null) return;
    this.#tuples.findWays(this.#side, this.#batch, this.#order, this.at, this.records, this.ways);
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
