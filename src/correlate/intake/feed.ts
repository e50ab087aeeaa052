import { BATCH_FRAMES } from "../../packets/batches/frames.js";
import type { Heap } from "../../packets/memory/heap.js";
import { batchIn, type PacketBatch } from "../../packets/batches/packet-batch.js";
import type { SideIntake } from "./side-intake.js";
import { OUTSIDE, type Side } from "../../packets/sides.js";
import type { TupleTable } from "../../packets/tuple-table.js";
import type { Tunnels } from "./tunnels.js";
import { Whereabouts } from "./whereabouts.js";

export const UNKNOWN = -1;

/** One side while it is merged: its batch, and how far it was taken. */
export class Feed {
  readonly intake: SideIntake;
  readonly whereabouts: Whereabouts;
  hasEnded = false;
  /** Which way each packet of the batch goes, as `TupleTable` numbers ways. */
  readonly ways: Int32Array;
  /** Where among them the next packet stands, and where they end. */
  at = 0;
  end = 0;
  /** Up to where they may be taken at one go; UNKNOWN until somebody found that out. */
  stop = UNKNOWN;
  /** Stamp of the next packet, or how far it is known that there is none; nanoseconds from the side's epoch. */
  nextNs = Number.NEGATIVE_INFINITY;
  readonly #side: Side;
  readonly #heap: Heap;
  readonly #tuples: TupleTable;
  readonly #tunnels: Tunnels;
  #batch: PacketBatch | null = null;
  /** For batches that are not in the heap; none before there is such. */
  #own: PacketBatch | undefined;

  constructor(heap: Heap, side: Side, intake: SideIntake, tuples: TupleTable, tunnels: Tunnels) {
    this.intake = intake;
    this.whereabouts = new Whereabouts(intake.captures.length);
    this.#heap = heap;
    this.#side = side;
    this.#tuples = tuples;
    this.#tunnels = tunnels;
    this.ways = heap.take(Int32Array, BATCH_FRAMES);
  }

  /** The packets that are about to be merged, in the heap. */
  get batch(): PacketBatch {
    if (this.#batch === null) throw new RangeError("no batch was taken");
    return this.#batch;
  }

  /** Frame of the next packet, or 0 where there is none in the batch. */
  get nextFrame(): number {
    return this.isEmpty ? 0 : this.batch.frame(this.at);
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
    this.#batch = batch && this.#inHeap(batch);
    this.hasEnded = batch === null;
    this.end = batch?.count ?? 0;
    this.stop = UNKNOWN;
    this.goTo(0);
    if (this.#side === OUTSIDE && this.#batch !== null) this.#tunnels.take(this.#batch);
    this.findWays();
  }

  #inHeap(batch: PacketBatch): PacketBatch {
    if (this.#heap.has(batch.records)) return batch;
    const own = (this.#own ??= batchIn(this.#heap));
    own.take(batch);
    return own;
  }

  /** Goes on to the packet that stands there. */
  goTo(at: number): void {
    if (this.intake.mayStop) for (let row = this.at; row < at; row++) this.intake.goBy(this.batch.frame(row));
    this.at = at;
    if (this.#batch !== null && at < this.end) this.nextNs = this.#batch.stampNs(at);
    else this.nextNs = this.#batch?.reachedNs ?? Number.POSITIVE_INFINITY;
  }

  /** Finds the conversations of the packets not taken yet; to be called again once tuples have been released. */
  findWays(): void {
    if (this.#batch === null) return;
    this.#tuples.findWays(this.#side, this.#batch, this.at, this.ways);
    this.whereabouts.note(this.#batch, this.at, this.ways, this.intake.frames);
  }

  /** Leaves the packets not taken yet. */
  leave(): void {
    if (this.#side === OUTSIDE && this.#batch !== null) this.#tunnels.leave(this.#batch, this.at);
  }
}
