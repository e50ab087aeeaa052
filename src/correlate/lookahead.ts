import { Copies, STRETCH } from "./copies.js";
import type { PacketBatch, PacketSource } from "../packets/packets.js";

/** Some packets in a row: rows `from` … `to`-1 of a batch. */
export interface Stretch {
  batch: PacketBatch;
  from: number;
  to: number;
}

/**
 * A packet source whose beginning can be looked at first and is then handed on as if nobody had. In a capture that shows packets twice,
 * the second ones are marked.
 */
export class Lookahead {
  readonly #source: PacketSource;
  #kept: PacketBatch[] = [];
  /** Packets looked at so far, and where the next one stands: batch of `#kept`, and row. */
  #looked = 0;
  #batch = 0;
  #row = 0;
  #hasEnded = false;
  readonly #copies = new Copies();
  #failure: { readonly error: unknown } | undefined;

  constructor(source: PacketSource) {
    this.#source = source;
  }

  get epochNs(): bigint {
    return this.#source.epochNs;
  }

  /** Finds out whether the capture shows packets twice, to be called first. Of a live one that is found out on the way: it may be silent now. */
  async findCopies(signal: { readonly aborted: boolean }): Promise<void> {
    let looked = 0;
    while (this.#source.isLive !== true && looked < STRETCH && !signal.aborted) {
      // an error is told of once what came before it has been handed on
      const batch = await this.#read().catch((error: unknown) => {
        this.#failure = { error };
        return null;
      });
      if (batch === null) break;
      const kept = batch.copy();
      this.#kept.push(kept);
      this.#copies.look(kept, 0, Math.min(kept.count, STRETCH - looked));
      looked += kept.count;
    }
    this.#copies.begin();
    for (const batch of this.#kept) this.#copies.mark(batch);
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
    return this.#kept.shift() ?? this.#readMarked();
  }

  /** Whether all that was looked at has been handed on. */
  get isDrained(): boolean {
    return this.#kept.length === 0;
  }

  async #keepOneMore(): Promise<boolean> {
    const batch = await this.#readMarked();
    if (batch !== null) this.#kept.push(batch.copy());
    return batch !== null;
  }

  async #readMarked(): Promise<PacketBatch | null> {
    const batch = await this.#read();
    if (batch !== null) this.#copies.mark(batch);
    return batch;
  }

  async #read(): Promise<PacketBatch | null> {
    if (this.#failure) throw this.#failure.error;
    const batch = this.#hasEnded ? null : await this.#source.next();
    if (batch === null) this.#hasEnded = true;
    return batch;
  }
}
