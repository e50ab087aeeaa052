import type { PacketBatch, PacketSource } from "../packets/packets.js";

/** One side while it is merged: its batch, how far it was taken, and what became of its frames. */
export class Feed {
  readonly source: PacketSource;
  hasEnded = false;
  paired = 0;
  unmatched = 0;
  ambiguous = 0;
  #batch: PacketBatch | null = null;
  #taken = 0;
  /** Rows by stamp where the capture is out of order (several CPUs stamp, one buffer collects), else null. */
  #order: Uint32Array | null = null;

  constructor(source: PacketSource) {
    this.source = source;
  }

  /** The batch that `next` names rows of; only while it does. */
  get batch(): PacketBatch {
    if (this.#batch === null) throw new RangeError("no batch was taken");
    return this.#batch;
  }

  /** The next row in order of time, or -1 where the batch is used up. */
  get next(): number {
    if (this.#batch === null || this.#taken >= this.#batch.count) return -1;
    return this.#order === null ? this.#taken : this.#order[this.#taken];
  }

  /** Stamp of the next packet, or how far it is known that there is none; nanoseconds from the source's epoch. */
  get nextNs(): number {
    const row = this.next;
    if (row >= 0) return this.batch.timeNs[row];
    return this.hasEnded ? Number.POSITIVE_INFINITY : (this.#batch?.reachedNs ?? Number.NEGATIVE_INFINITY);
  }

  /** Whether the next batch is needed. */
  get isUsedUp(): boolean {
    return !this.hasEnded && this.next < 0;
  }

  /** Takes the next batch; null is the end. */
  take(batch: PacketBatch | null): void {
    this.#batch = batch;
    this.#taken = 0;
    this.hasEnded = batch === null;
    this.#order = batch === null ? null : orderOf(batch);
  }

  /** Goes on to the row behind `next`. */
  advance(): void {
    this.#taken++;
  }
}

function orderOf(batch: PacketBatch): Uint32Array | null {
  const { timeNs, count } = batch;
  for (let i = 1; i < count; i++) {
    if (timeNs[i] >= timeNs[i - 1]) continue;
    return Uint32Array.from({ length: count }, (_, row) => row).sort((a, b) => timeNs[a] - timeNs[b] || a - b);
  }
  return null;
}
