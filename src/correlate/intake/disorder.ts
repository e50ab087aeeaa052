import { keepNewest } from "../../packets/memory/keep-newest.js";

/** Stamps are as far out of order as others within this time are, nanoseconds. */
export const NEAR_NS = 100_000_000;
/** A stamp that goes back by more is that of a clock that was set, nanoseconds. */
export const SET_NS = 5_000_000;
/** Parts of that length that are remembered: more of them than any look ahead takes. */
const MOST_PARTS = 4096;

/**
 * How far back the stamps of a capture go against those of frames before them, by when that was: so much the stamps around there may be
 * wrong, and so little does their order tell.
 */
export class Disorder {
  /** By number of the part, those that were noted first in front. */
  readonly #mostNs = new Map<number, number>();

  #latestNs = Number.NEGATIVE_INFINITY;

  /** Takes the next stamp of the capture, as it stands there; of those in order, the last one does. */
  take(stampNs: number): void {
    const backNs = this.#latestNs - stampNs;
    if (backNs > 0 && backNs <= SET_NS) this.#note(stampNs, backNs);
    else this.#latestNs = stampNs;
  }

  #note(stampNs: number, backNs: number): void {
    const part = Math.floor(stampNs / NEAR_NS);
    const knownNs = this.#mostNs.get(part);
    if (knownNs !== undefined && knownNs >= backNs) return;
    this.#mostNs.set(part, backNs);
    keepNewest(this.#mostNs, MOST_PARTS);
  }

  /** The most of those whose stamps are in the parts that hold these two, or in between, nanoseconds. */
  between(fromNs: number, toNs: number): number {
    if (this.#mostNs.size === 0) return 0;
    let mostNs = 0;
    for (let part = Math.floor(fromNs / NEAR_NS); part <= Math.floor(toNs / NEAR_NS); part++)
      mostNs = Math.max(mostNs, this.#mostNs.get(part) ?? 0);
    return mostNs;
  }
}
