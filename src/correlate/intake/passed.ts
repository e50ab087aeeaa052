import type { Rowless } from "../../packets/batches/packet-batch.js";

/** Frames are dropped from the list once so many of them were passed, and half of it. */
const MANY = 1024;

/** Frames of a capture that have no packet, as far as packets behind them were taken: counted where a run may end before its captures do. */
export class Passed {
  notIp = 0;
  undecodable = 0;
  /** Those that were read and not passed by, in order, behind others: negative numbers where they are undecodable. */
  readonly #frames: number[] = [];
  #at = 0;

  /** Takes those of the next batch. */
  read({ count, frame, isUndecodable }: Rowless): void {
    for (let n = 0; n < count; n++) this.#frames.push(isUndecodable[n] === 1 ? -frame[n] : frame[n]);
  }

  /** The packet of this frame was taken. */
  goBy(frame: number): void {
    for (; this.#at < this.#frames.length && Math.abs(this.#frames[this.#at]) < frame; this.#at++) {
      if (this.#frames[this.#at] < 0) this.undecodable++;
      else this.notIp++;
    }
    if (this.#at >= MANY && 2 * this.#at >= this.#frames.length) this.#at -= this.#frames.splice(0, this.#at).length;
  }
}
