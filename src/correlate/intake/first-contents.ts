import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { contentHash } from "../../packets/content.js";

/** So many packets are remembered: no more are looked at before a run begins. */
const MOST = 2 ** 15;
const FIRST_ROOM = 2 ** 10;

/** What the first packets of a capture carry. */
export class FirstContents {
  #hashes = new Int32Array(FIRST_ROOM);
  #count = 0;

  /** Takes the next packets of the capture. */
  read(batch: PacketBatch): void {
    const count = Math.min(batch.count, MOST - this.#count);
    if (count > 0) this.#makeRoom(this.#count + count);
    for (let row = 0; row < count; row++) this.#hashes[this.#count++] = contentHash(batch, row);
  }

  /** Whether one of them is like one of another capture's, whatever a router rewrote of its headers. */
  hasLikeOf(other: FirstContents): boolean {
    const own = new Set(this.#all);
    return other.#all.some((hash) => own.has(hash));
  }

  get #all(): Int32Array {
    return this.#hashes.subarray(0, this.#count);
  }

  #makeRoom(least: number): void {
    if (least <= this.#hashes.length) return;
    const hashes = new Int32Array(Math.min(MOST, Math.max(least, 2 * this.#hashes.length)));
    hashes.set(this.#all);
    this.#hashes = hashes;
  }
}
