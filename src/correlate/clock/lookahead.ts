import type { Heap } from "../../packets/memory/heap.js";
import { batchIn, type PacketBatch } from "../../packets/batches/packet-batch.js";
import type { SideIntake } from "../intake/side-intake.js";

/** Some packets in a row: rows `from` … `to`-1 of a batch. */
export interface Rows {
  readonly batch: PacketBatch;
  readonly from: number;
  readonly to: number;
}

/** The greatest stamp of some packets. */
export function latestOf({ batch, from, to }: Rows): number {
  if (batch.isInOrder && to > from) return batch.stampNs(to - 1);
  let latestNs = Number.NEGATIVE_INFINITY;
  for (let row = from; row < to; row++) latestNs = Math.max(latestNs, batch.stampNs(row));
  return latestNs;
}

/** The packets of a side, of which the next ones can be looked at before they are handed on as if nobody had. All are in the heap. */
export class Lookahead {
  readonly source: SideIntake;
  /** Whether there is nothing more to look at. */
  hasEnded = false;
  readonly #heap: Heap;
  #kept: PacketBatch[] = [];
  /** Packets looked at so far, and where the next one stands: batch of `#kept`, and row. */
  #looked = 0;
  #batch = 0;
  #row = 0;
  /** Batches to be used again, and the one that was handed on last. */
  readonly #spare: PacketBatch[] = [];
  #handed: PacketBatch | undefined;
  /** What the source failed with: to be told once all before it was handed on. */
  #failure: { readonly error: unknown } | undefined;

  constructor(source: SideIntake, heap: Heap) {
    this.source = source;
    this.#heap = heap;
  }

  /**
   * Looks on until `packets` have been looked at in all, or the source ends. Which packets those are does not depend on
   * how the source cuts its batches.
   */
  async look(packets: number): Promise<Rows[]> {
    const looked: Rows[] = [];
    while (this.#looked < packets) {
      const rows = await this.lookOn(packets - this.#looked);
      if (rows === null) break;
      looked.push(rows);
    }
    return looked;
  }

  /** Looks at the next packets, those of a batch at the most; null where there are none. */
  async lookOn(most: number = Number.POSITIVE_INFINITY): Promise<Rows | null> {
    if (this.#batch === this.#kept.length && !(await this.#keepOneMore())) return null;
    const batch = this.#kept[this.#batch];
    const from = this.#row;
    const to = Math.min(batch.count, from + most);
    this.#looked += to - from;
    this.#row = to;
    if (to === batch.count) {
      this.#batch++;
      this.#row = 0;
    }
    return { batch, from, to };
  }

  /** The batch that `next` will hand on, if it has been looked at to its end. */
  get first(): PacketBatch | undefined {
    return this.#batch > 0 ? this.#kept[0] : undefined;
  }

  /** The next batch, which must have been looked at, or null at the end; the one before it is overwritten. */
  next(): PacketBatch | null {
    if (this.#handed !== undefined) this.#spare.push(this.#handed);
    this.#handed = this.#kept.shift();
    if (this.#handed !== undefined) {
      this.#batch--;
      return this.#handed;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return null;
  }

  /** Keeps the packets of one batch more: with those before, where they have room for them. */
  async #keepOneMore(): Promise<boolean> {
    const batch = this.hasEnded ? null : await this.#read();
    this.hasEnded = batch === null;
    if (batch === null) return false;
    const last = this.#kept.at(-1);
    // the first one may be about to be handed on as it is
    if (this.#kept.length > 1 && last?.hasRoomFor(batch)) {
      this.#batch = this.#kept.length - 1;
      this.#row = last.count;
      last.appendAll(batch, 0, batch.count);
      last.reachedNs = batch.reachedNs;
    } else {
      const copy = this.#spare.pop() ?? batchIn(this.#heap);
      copy.take(batch);
      this.#kept.push(copy);
    }
    return true;
  }

  async #read(): Promise<PacketBatch | null> {
    try {
      return await this.source.next();
    } catch (error) {
      this.#failure = { error };
      return null;
    }
  }
}
