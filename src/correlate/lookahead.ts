import type { PacketBatch } from "../packets/packets.js";
import type { Intake } from "./intake.js";

/** Some packets in a row: rows `from` … `to`-1 of a batch. */
export interface Stretch {
  batch: PacketBatch;
  from: number;
  to: number;
}

/** The packets of a side, whose beginning can be looked at first and is then handed on as if nobody had. */
export class Lookahead {
  readonly #source: Intake;
  #kept: PacketBatch[] = [];
  /** Packets looked at so far, and where the next one stands: batch of `#kept`, and row. */
  #looked = 0;
  #batch = 0;
  #row = 0;
  #hasEnded = false;

  constructor(source: Intake) {
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

  async #keepOneMore(): Promise<boolean> {
    const batch = this.#hasEnded ? null : await this.#source.next();
    if (batch === null) this.#hasEnded = true;
    else this.#kept.push(batch.copy());
    return batch !== null;
  }
}
