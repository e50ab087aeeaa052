import { keepNewest } from "../../packets/memory/keep-newest.js";

/** Stamps are as far out of order as others within this time are, nanoseconds. */
export const NEAR_NS = 100_000_000;
/** A stamp that goes back by more is that of a clock that was set, nanoseconds. */
export const SET_NS = 5_000_000;
/** Parts of that length that are remembered: more of them than any look ahead takes. */
const MOST_PARTS = 4096;

/** How far a capture has come: the greatest stamp that its mass of packets came to, nanoseconds, and how many packets there were. */
export interface Progress {
  readonly reachedNs: number;
  readonly packets: number;
}

/** Where no capture comes to. */
export const NEVER: Progress = { reachedNs: Number.POSITIVE_INFINITY, packets: Number.POSITIVE_INFINITY };

/** However far a capture comes. */
export const UNLIMITED: Progress = { reachedNs: Number.MAX_VALUE, packets: Number.MAX_VALUE };

/** Whether a capture comes to one place no later than to another: both are told by its packets alone, however it is read. */
export function isBy({ reachedNs, packets }: Progress, until: Progress): boolean {
  return reachedNs <= until.reachedNs && packets <= until.packets;
}

/** How far a stamp goes back, and how far its capture had come with it. */
interface Setback extends Progress {
  readonly backNs: number;
}

/**
 * How far back the stamps of a capture go against those of frames before them, by when that was: so much the stamps around there may be
 * wrong, and so little does their order tell.
 */
export class Disorder {
  /** By number of the part, those that were noted first in front: each goes back farther than those before it. */
  readonly #setbacks = new Map<number, Setback[]>();

  #latestNs = Number.NEGATIVE_INFINITY;
  #reachedNs = Number.NEGATIVE_INFINITY;

  /**
   * Takes the next stamp of the capture, as it stands there; of those in order, the last one does. `massNs`: what time its mass of packets
   * has come to with it; `packets`: how many there were.
   */
  take(stampNs: number, massNs: number, packets: number): void {
    this.#reachedNs = Math.max(this.#reachedNs, massNs);
    const backNs = this.#latestNs - stampNs;
    if (backNs > 0 && backNs <= SET_NS) this.#note(stampNs, { backNs, reachedNs: this.#reachedNs, packets });
    else this.#latestNs = stampNs;
  }

  #note(stampNs: number, setback: Setback): void {
    const part = Math.floor(stampNs / NEAR_NS);
    const known = this.#setbacks.get(part);
    if (known === undefined) {
      this.#setbacks.set(part, [setback]);
      keepNewest(this.#setbacks, MOST_PARTS);
    } else if (setback.backNs > known[known.length - 1].backNs) known.push(setback);
  }

  /**
   * The most of those whose stamps are in the parts that hold these two, or in between, nanoseconds; of what there was until the capture had come
   * so far: how far it was read beyond that must not matter.
   */
  between(fromNs: number, toNs: number, until: Progress): number {
    if (this.#setbacks.size === 0) return 0;
    const isKnown = (setback: Setback): boolean => isBy(setback, until);
    let mostNs = 0;
    for (let part = Math.floor(fromNs / NEAR_NS); part <= Math.floor(toNs / NEAR_NS); part++)
      mostNs = Math.max(mostNs, this.#setbacks.get(part)?.findLast(isKnown)?.backNs ?? 0);
    return mostNs;
  }
}
