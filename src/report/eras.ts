import type { Containers } from "../packets/results/containers.js";
import type { Tables } from "../packets/results/results.js";
import { SIDES } from "../packets/sides.js";

/** Numbers the times between which no address changes hands: what is said of a container in one of them may be said again. */
export class Eras {
  readonly #timeline: Tables["timeline"];
  /** By side, when each begins but the first, as its stamps count. */
  readonly #beginnings: readonly (readonly number[])[];

  constructor({ timeline, epochsNs }: Tables, { changesNs }: Containers) {
    this.#timeline = timeline;
    this.#beginnings = SIDES.map((side) => changesNs.map((ns) => Number(ns - epochsNs[side])));
  }

  /** The era of a row's packet. */
  of(row: number): number {
    const beginnings = this.#beginnings[this.#timeline.side(row)];
    const stampNs = this.#timeline.stampNs(row);
    let era = 0;
    for (let after = beginnings.length; era < after; ) {
      const middle = (era + after) >>> 1;
      if (beginnings[middle] <= stampNs) era = middle + 1;
      else after = middle;
    }
    return era;
  }
}
