import type { Side } from "../packets/sides.js";

/** Waiting packets of one content, where there are too many to look at all: by side, in the order of time. */
export class Crowd {
  readonly #rows: readonly [number[], number[]] = [[], []];
  /** Of packets that were given back meanwhile, too. */
  readonly #timesNs: readonly [number[], number[]] = [[], []];

  /** Takes a packet; most come in the order of time. */
  add(side: Side, row: number, timeNs: number): void {
    const rows = this.#rows[side];
    const timesNs = this.#timesNs[side];
    let at = timesNs.length;
    while (at > 0 && timesNs[at - 1] > timeNs) at--;
    if (at === timesNs.length) {
      rows.push(row);
      timesNs.push(timeNs);
    } else {
      rows.splice(at, 0, row);
      timesNs.splice(at, 0, timeNs);
    }
  }

  /** Those of a side that came at most so long before or after a time. */
  near(side: Side, timeNs: number, mostNs: number): readonly number[] {
    const timesNs = this.#timesNs[side];
    const from = firstFrom(timesNs, timeNs - mostNs);
    let to = from;
    while (to < timesNs.length && timesNs[to] <= timeNs + mostNs) to++;
    return this.#rows[side].slice(from, to);
  }

  /** Forgets those before a time. Returns whether any is left. */
  forget(beforeNs: number): boolean {
    let left = 0;
    for (const [side, timesNs] of this.#timesNs.entries()) {
      const old = firstFrom(timesNs, beforeNs);
      timesNs.splice(0, old);
      this.#rows[side].splice(0, old);
      left += timesNs.length;
    }
    return left > 0;
  }
}

/** Where the first time stands that is not before this one. */
function firstFrom(timesNs: readonly number[], timeNs: number): number {
  let low = 0;
  let high = timesNs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesNs[middle] < timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}
