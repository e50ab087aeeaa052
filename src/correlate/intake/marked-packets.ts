import { batchIn, type PacketBatch } from "../../packets/batches/packet-batch.js";
import type { PacketSource } from "../../packets/batches/source.js";
import type { Heap } from "../../packets/memory/heap.js";
import { NO_CONTAINER_MACS } from "../../packets/results/container-macs.js";
import { Copies, COPY_NS, STRETCH } from "./copies.js";
import type { Doubled, DoubledAtFirst } from "./doubled.js";
import type { Repeats } from "./repeats.js";
import { StampUnit } from "./stamp-unit.js";

/** The packets of a source, those marked that its capture shows a second time. */
export class MarkedPackets {
  readonly #source: PacketSource;
  readonly #heap: Heap;
  readonly #copies: Copies;
  readonly #unit = new StampUnit();
  /** The beginning, once it was looked at and until it is handed on; the batch of it that was handed on last; and what the source failed with meanwhile. */
  #beginning: PacketBatch[] | undefined;
  #handed: PacketBatch | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: PacketSource, heap: Heap, macs = NO_CONTAINER_MACS) {
    this.#source = source;
    this.#heap = heap;
    this.#copies = new Copies(heap, macs);
  }

  /** What the stamps at the beginning are multiples of, nanoseconds; 1 of a live capture. */
  async unitNs(): Promise<number> {
    this.#beginning ??= await this.#look();
    return this.#unit.ns;
  }

  /** Those that may be copies, and are not marked. */
  get repeats(): Repeats {
    return this.#copies.repeats;
  }

  /** What came twice at the beginning; none of a live capture, which may be silent then. To be asked once `unitNs` has been. */
  get atFirst(): readonly DoubledAtFirst[] {
    return this.#copies.atFirst;
  }

  /** Takes out what is known of a marked frame as one that came twice; undefined where it has a lower TTL than the first one, so that it crossed a router. */
  takeDoubled(frame: number): Doubled | undefined {
    const { doubled } = this.#copies;
    const of = doubled.get(frame);
    doubled.delete(frame);
    return of;
  }

  /** Takes out what is no longer marked of batches before: frames, with the keys that they had. */
  takeUnmarked(): readonly { readonly frame: number; readonly key: number }[] {
    return this.#copies.unmarked.splice(0);
  }

  /** The next packets, or null at the end; the batch before it is overwritten. How far a capture has come is told later by what copies take. */
  async next(): Promise<PacketBatch | null> {
    this.#beginning ??= await this.#look();
    if (this.#handed !== undefined) this.#heap.give(this.#handed.block);
    this.#handed = this.#beginning.shift();
    const batch = this.#handed ?? (await this.#read());
    if (batch === null) return null;
    this.#copies.mark(batch);
    // what a live capture has come past goes, and what was marked may be taken back as long as an equal one may come
    batch.reachedNs -= COPY_NS;
    return batch;
  }

  async #read(): Promise<PacketBatch | null> {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#source.next();
  }

  /** Finds out whether the capture shows packets twice, and how exact its stamps are. Of a live one that is found out on the way: it may be silent now. */
  async #look(): Promise<PacketBatch[]> {
    const beginning: PacketBatch[] = [];
    let looked = 0;
    while (this.#source.isLive !== true && looked < STRETCH) {
      const batch = await this.#source.next().catch((error: unknown) => {
        this.#failure = { error };
        return null;
      });
      if (batch === null) break;
      const kept = batchIn(this.#heap);
      kept.take(batch);
      beginning.push(kept);
      const end = Math.min(kept.count, STRETCH - looked);
      this.#copies.look(kept, 0, end);
      for (let row = 0; row < end; row++) this.#unit.take(kept.stampNs(row));
      looked += kept.count;
    }
    this.#copies.begin();
    return beginning;
  }
}
