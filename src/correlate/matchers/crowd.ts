import { firstNotBefore } from "../../packets/memory/sorted.js";
import type { Side } from "../../packets/sides.js";

/** Of each side no more than so many are looked at, the nearest ones: what a packet costs must not grow with how many there are. */
const MOST_LOOKED_AT = 64;

/** Packets of one content, where there are too many to look at all: by side, in the order of time. */
export class Crowd {
  /** Whether all that were near enough were looked at the last time. */
  wasLookedThrough = true;
  readonly #isWaiting: (row: number) => boolean;
  readonly #rows: readonly [number[], number[]] = [[], []];
  /** Of packets that were given back meanwhile, too. */
  readonly #timesNs: readonly [number[], number[]] = [[], []];
  /** By side: those before it wait no more. */
  readonly #first: [number, number] = [0, 0];

  /** `isWaiting`: whether a packet is still to be found; one that is not never will be again. */
  constructor(isWaiting: (row: number) => boolean) {
    this.#isWaiting = isWaiting;
  }

  /** Takes a packet; most come in the order of time. */
  add(side: Side, row: number, timeNs: number): void {
    const rows = this.#rows[side];
    const timesNs = this.#timesNs[side];
    let at = timesNs.length;
    while (at > this.#first[side] && timesNs[at - 1] > timeNs) at--;
    if (at === timesNs.length) {
      rows.push(row);
      timesNs.push(timeNs);
    } else {
      rows.splice(at, 0, row);
      timesNs.splice(at, 0, timeNs);
    }
  }

  /**
   * Those of a side that wait, came at most so long before or after a time, and are what is looked for: the nearest ones, up to a number, in the
   * order of time. `wasLookedThrough` says whether there may be more, as not all were looked at.
   */
  near(side: Side, timeNs: number, mostNs: number, most: number, is: (row: number) => boolean): number[] {
    const rows = this.#rows[side];
    const timesNs = this.#timesNs[side];
    this.#passOver(side);
    const before: number[] = [];
    const after: number[] = [];
    let to = firstNotBefore(this.#first[side], timesNs.length, (at) => timesNs[at] < timeNs);
    let from = to - 1;
    let looked = 0;
    for (; looked < MOST_LOOKED_AT && before.length + after.length < most; ) {
      const beforeNs = from < this.#first[side] ? Number.POSITIVE_INFINITY : timeNs - timesNs[from];
      const afterNs = to === timesNs.length ? Number.POSITIVE_INFINITY : timesNs[to] - timeNs;
      if (Math.min(beforeNs, afterNs) > mostNs) break;
      const isBefore = beforeNs < afterNs;
      const row = rows[isBefore ? from-- : to++];
      if (!this.#isWaiting(row)) continue;
      looked++;
      if (is(row)) (isBefore ? before : after).push(row);
    }
    this.wasLookedThrough = looked < MOST_LOOKED_AT;
    return before.reverse().concat(after);
  }

  /** Forgets those that wait no more. Returns whether any is left. */
  tidy(): boolean {
    let left = 0;
    for (const [side, rows] of this.#rows.entries()) {
      const timesNs = this.#timesNs[side];
      let kept = 0;
      for (let at = this.#first[side]; at < rows.length; at++) {
        if (!this.#isWaiting(rows[at])) continue;
        rows[kept] = rows[at];
        timesNs[kept++] = timesNs[at];
      }
      rows.length = kept;
      timesNs.length = kept;
      this.#first[side] = 0;
      left += kept;
    }
    return left > 0;
  }

  /** Passes over the oldest ones that wait no more: packets are decided about in the order of time. */
  #passOver(side: Side): void {
    const rows = this.#rows[side];
    while (this.#first[side] < rows.length && !this.#isWaiting(rows[this.#first[side]])) this.#first[side]++;
  }
}
