import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import { NONE } from "../../packets/tuples.js";
import type { Known } from "./known.js";
import type { Reach } from "./reach.js";

/**
 * Who speaks inside while the outside capture covers it: of an end that it lacks then, it is proved that its packets take another way. What was
 * said before that capture began, after it ended, or in a pause of it, may well have crossed.
 */
export class Speakers {
  readonly #known: Known;
  readonly #reach: Reach;
  /** By way, when a packet without a twin went it, nanoseconds on the timeline: the first that was covered, as far as is known. */
  readonly #spokenNs = new Map<number, number>();

  constructor(known: Known, reach: Reach) {
    this.#known = known;
    this.#reach = reach;
  }

  /** Takes a packet that found no twin by now: one of a known translation is missed there, or lost. */
  note(row: number): void {
    const t = this.#known.timeline;
    if (t.side(row) !== INSIDE || this.#known.translations.slotOf(row) !== NONE) return;
    const way = t.way(row);
    const spokenNs = this.#spokenNs.get(way);
    if (spokenNs === undefined || !this.#mayBeCovered(spokenNs)) this.#spokenNs.set(way, t.timeNs(row));
  }

  /** Takes it that a conversation crosses after all. */
  noteCrossing(tuple: number): void {
    for (const way of [2 * tuple, 2 * tuple + 1]) this.#spokenNs.delete(way);
  }

  /** Takes it that the outside capture may have missed a packet. */
  noteUncovered(row: number): void {
    const t = this.#known.timeline;
    if (t.side(row) === INSIDE && this.#spokenNs.get(t.way(row)) === t.timeNs(row)) this.#spokenNs.delete(t.way(row));
  }

  /** Whether a packet went this way that the outside capture would have shown, had it crossed there. */
  isCovered(way: number): boolean {
    const spokenNs = this.#spokenNs.get(way);
    return spokenNs !== undefined && this.#reach.covers(spokenNs, OUTSIDE);
  }

  /** Forgets all: ways are about to get another meaning. */
  forget(): void {
    this.#spokenNs.clear();
  }

  #mayBeCovered(timeNs: number): boolean {
    return this.#reach.hasBegun(timeNs, OUTSIDE) && this.#known.cover[OUTSIDE].gaps.silenceAt(timeNs, 0) === undefined;
  }
}
