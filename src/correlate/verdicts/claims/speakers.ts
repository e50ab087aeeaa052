import { INSIDE, otherSide, type Side } from "../../../packets/sides.js";
import { NONE, tupleIn, wayOfTuple } from "../../../packets/tuples.js";
import { isAnyBehind } from "../../matchers/behind.js";
import { Ahead } from "../ahead.js";
import type { Known } from "../known.js";
import type { Reach } from "../captures/reach.js";
import { isFromNear, isFromNextHop } from "./hops.js";

/** What passed within so long may be missed in one run of frames, nanoseconds. */
const RUN_NS = 100_000_000;

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
  /** Packets of known translations, by their side: what else of them has no twin may be missed as well. */
  readonly #others: Ahead;
  /** By way, when a packet without a twin went it, nanoseconds on the timeline: the first that was covered, as far as is known. */
  readonly #spokenNs = new Map<number, number>();

  constructor(known: Known, reach: Reach) {
    this.#known = known;
    this.#reach = reach;
    const { timeline, translations } = known;
    this.#others = new Ahead(timeline, (row) => (translations.slotOf(row) === NONE ? undefined : timeline.side(row)));
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
    for (const way of [wayOfTuple(tuple, 0), wayOfTuple(tuple, 1)]) this.#spokenNs.delete(way);
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

  /**
   * Whether the other capture may have missed this packet and all of its conversation: one by one, as it may miss some; or, if it is known to miss any, in
   * runs of frames.
   */
  mayBeMissed(row: number): boolean {
    const { timeline: t, tuples, misses } = this.#known;
    const [side, way] = [t.sideOf(row), t.way(row)];
    const other = otherSide(side);
    let lastNs = t.timeNs(row);
    let count = tuples.unmatched(tupleIn(way)) + 1;
    let runs = [way, way ^ 1].some((each) => lastNs - (this.#spokenNs.get(each) ?? lastNs) > RUN_NS) ? 2 : 1;
    isAnyBehind(t, row, (later) => {
      count++;
      if (t.timeNs(later) - lastNs > RUN_NS) [runs, lastNs] = [runs + 1, t.timeNs(later)];
      return false;
    });
    const isOther = (later: number): boolean => t.tuple(later) !== tupleIn(way);
    const lacksOthers = misses.hasEntry(other) || this.#others.first(row, side, lastNs + RUN_NS, isOther) !== NONE;
    return misses.mayLackAll(other, lacksOthers ? runs : count);
  }

  /** Forgets all: ways are about to get another meaning. */
  forgetWays(): void {
    this.#spokenNs.clear();
  }

  #mayBeCovered(timeNs: number, other: Side): boolean {
    const areSilent = this.#known.cover[other].captures.some(({ gaps }) => gaps.silenceAt(timeNs, 0) !== undefined);
    return this.#reach.hasBegun(timeNs, other) && !areSilent;
  }
}
