import type { Containers } from "../packets/results/containers.js";
import type { Tables } from "../packets/results/results.js";
import { SIDES } from "../packets/sides.js";

/**
 * Tells the times apart between which addresses change hands: what is said of a container in one of them may be said again, as far as that was known then.
 */
export class Eras {
  readonly #tables: Tables;
  readonly #containers: Containers;
  /** When each begins but the first, epoch nanoseconds … */
  #changesNs: readonly bigint[] | undefined;
  /** … and by side, as its stamps count. */
  #beginnings: readonly (readonly number[])[] = [];

  constructor(tables: Tables, containers: Containers) {
    this.#tables = tables;
    this.#containers = containers;
  }

  /** The era of a row's packet: when it begins, as its side's stamps count. */
  of(row: number): number {
    const { timeline } = this.#tables;
    if (this.#containers.changesNs !== this.#changesNs) this.#takeChanges(this.#containers.changesNs);
    const beginnings = this.#beginnings[timeline.side(row)];
    const stampNs = timeline.stampNs(row);
    let at = 0;
    for (let after = beginnings.length; at < after; ) {
      const middle = (at + after) >>> 1;
      if (beginnings[middle] <= stampNs) at = middle + 1;
      else after = middle;
    }
    return at === 0 ? Number.NEGATIVE_INFINITY : beginnings[at - 1];
  }

  #takeChanges(changesNs: readonly bigint[]): void {
    this.#changesNs = changesNs;
    this.#beginnings = SIDES.map((side) => changesNs.map((ns) => Number(ns - this.#tables.epochsNs[side])));
  }
}
