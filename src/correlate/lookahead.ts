import type { PacketBatch, PacketSource } from "../packets/packets.js";

/** Some packets in a row: rows `from` … `to`-1 of a batch. */
export interface Stretch {
  batch: PacketBatch;
  from: number;
  to: number;
}

/** A packet source whose beginning can be looked at first and is then handed on as if nobody had. */
export class Lookahead {
  readonly #source: PacketSource;
  #kept: PacketBatch[] = [];
  /** Packets looked at so far, and where the next one stands: batch of `#kept`, and row. */
  #looked = 0;
  #batch = 0;
  #row = 0;
  #hasEnded = false;

  constructor(source: PacketSource) {
    this.#source = source;
  }

  get epochNs(): bigint {
    return this.#source.epochNs;
  }

  /**
   * Looks on until `packets` have been looked at in all, or the source ends. Which packets those are does not depend on
   * how the source cuts its batches.
   */
  async look(packets: number): Promise<Stretch[]> {
    const stretches: Stretch[] = [];
    while (this.#looked < packets && (this.#batch < this.#kept.length || (await this.#keepOneMore()))) {
      const batch = this.#kept[this.#batch];
      const from = this.#row;
      const to = Math.min(batch.count, from + packets - this.#looked);
      stretches.push({ batch, from, to });
      this.#looked += to - from;
      this.#row = to;
      if (to < batch.count) break;
      this.#batch++;
      this.#row = 0;
    }
    return stretches;
  }

  async next(): Promise<PacketBatch | null> {
    return this.#kept.shift() ?? (this.#hasEnded ? null : this.#source.next());
  }

  /** Whether all that was looked at has been handed on. */
  get isDrained(): boolean {
    return this.#kept.length === 0;
  }

  async #keepOneMore(): Promise<boolean> {
    const batch = this.#hasEnded ? null : await this.#source.next();
    if (batch === null) this.#hasEnded = true;
    else this.#kept.push(batch.copy());
    return batch !== null;
  }
}
