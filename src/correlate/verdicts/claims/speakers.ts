import { INSIDE, otherSide, type Side } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import type { Known } from "../known.js";
import type { Reach } from "../captures/reach.js";
import { isFromNear, isFromNextHop } from "./hops.js";

/**
 * Who speaks on one side while the other capture covers it: of an end that this lacks then, it is proved that its packets take another way. What was
 * said before that capture began, after it ended, or in a pause of it, may well have crossed.
 *
 * Outside, only what the host forwarded for somebody beside it tells that: by a TTL that one router lowered. Others are what a host sends that
 * traces a route.
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
    const side = t.sideOf(row);
    if (side !== INSIDE && (isFromNear(t, row) || !isFromNextHop(t, row))) return;
    if (this.#known.translations.slotOf(row) !== NONE) return;
    const way = t.way(row);
    const spokenNs = this.#spokenNs.get(way);
    if (spokenNs === undefined || !this.#mayBeCovered(spokenNs, otherSide(side)))
      this.#spokenNs.set(way, t.timeNs(row));
  }

  /** Takes it that a conversation crosses after all. */
  noteCrossing(tuple: number): void {
    for (const way of [2 * tuple, 2 * tuple + 1]) this.#spokenNs.delete(way);
  }

  /** Takes it that a packet may have a twin, or another form on its side, or one that the other capture missed. */
  noteUnproved(row: number): void {
    const t = this.#known.timeline;
    if (this.#spokenNs.get(t.way(row)) === t.timeNs(row)) this.#spokenNs.delete(t.way(row));
  }

  /** Whether a packet went this way that the capture of the other side would have shown, had it crossed there. */
  isCovered(way: number, other: Side): boolean {
    const spokenNs = this.#spokenNs.get(way);
    return spokenNs !== undefined && this.#reach.covers(spokenNs, other);
  }

  /** Forgets all: ways are about to get another meaning. */
  forget(): void {
    this.#spokenNs.clear();
  }

  #mayBeCovered(timeNs: number, other: Side): boolean {
    return this.#reach.hasBegun(timeNs, other) && this.#known.cover[other].gaps.silenceAt(timeNs, 0) === undefined;
  }
}
