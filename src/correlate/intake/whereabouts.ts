import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import type { FramePlaces } from "../../packets/frame-places.js";

/** Captures that are told apart; those behind share the last place. */
const MOST_CAPTURES = 32;
const FIRST_WAYS = 2 ** 14;

/**
 * Which captures of a side show packets of a way, and from when on: where a conversation takes one interface, what other captures lack, or lost, is
 * nothing to it. Noted as packets are read: whoever asks says up to when it is to be known, so that it does not matter how far they were read. A way that
 * was given another meaning may keep a capture that the one before it had: less is certain then, and nothing is wrong.
 */
export class Whereabouts {
  readonly #captures: number;
  /** The earliest stamp of each way in each capture; Infinity for none. */
  #sinceNs: Float64Array;

  constructor(captures: number) {
    this.#captures = Math.min(captures, MOST_CAPTURES);
    this.#sinceNs = new Float64Array(captures === 1 ? 0 : FIRST_WAYS * this.#captures).fill(Number.POSITIVE_INFINITY);
  }

  /** Takes the packets of a batch from a row on, and the ways that they go. */
  note(batch: PacketBatch, from: number, ways: Int32Array, frames: FramePlaces): void {
    if (this.#captures === 1) return;
    for (let row = from; row < batch.count; row++) {
      const at = this.#placeOf(ways[row], frames.sourceOf(batch.frame(row)));
      while (at >= this.#sinceNs.length) this.#grow();
      this.#sinceNs[at] = Math.min(this.#sinceNs[at], batch.stampNs(row));
    }
  }

  /** Whether a capture shows packets of a way by then, by the stamps of the side. */
  has(way: number, capture: number, untilNs: number): boolean {
    return this.#captures === 1 || this.#sinceNs[this.#placeOf(way, capture)] <= untilNs;
  }

  #placeOf(way: number, capture: number): number {
    return way * this.#captures + Math.min(capture, this.#captures - 1);
  }

  #grow(): void {
    const wider = new Float64Array(2 * this.#sinceNs.length).fill(Number.POSITIVE_INFINITY);
    wider.set(this.#sinceNs);
    this.#sinceNs = wider;
  }
}
