import { keepNewest } from "../../packets/memory/keep-newest.js";
import type { PacketBatch } from "../../packets/batches/packet-batch.js";

/** How far time had come is remembered once in so many packets … */
const PACKETS_APART = 256;
/** … and so often: for more packets than any look ahead takes. */
const MOST_REMEMBERED = 4096;

/** How far time had come by the packets of a side, for what is known of it by their number. */
export class Milestones {
  readonly #reachedNs = new Map<number, number>();
  #packets = 0;
  #latestNs = Number.NEGATIVE_INFINITY;

  /** Takes the next packets. */
  take(batch: PacketBatch): void {
    for (let row = 0; row < batch.count; row++) {
      this.#latestNs = Math.max(this.#latestNs, batch.stampNs(row));
      if (++this.#packets % PACKETS_APART !== 0) continue;
      this.#reachedNs.set(this.#packets / PACKETS_APART, this.#latestNs);
      keepNewest(this.#reachedNs, MOST_REMEMBERED);
    }
  }

  /** A stamp that time had come to by that many packets, nanoseconds; the greatest that is remembered. */
  by(packets: number): number {
    if (packets === Number.MAX_VALUE) return Number.MAX_VALUE;
    return this.#reachedNs.get(Math.floor(packets / PACKETS_APART)) ?? Number.NEGATIVE_INFINITY;
  }
}
