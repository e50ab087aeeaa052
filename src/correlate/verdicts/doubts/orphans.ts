import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { keyOf } from "../impacts/drop.js";

/** So many are remembered of each side, at the most: the newest. */
const MOST_REMEMBERED = 4096;

/** A packet that left on a side and never entered on the other one. */
export interface Orphan {
  readonly frame: number;
  readonly timeNs: number;
}

/**
 * Packets that left and were never seen to enter. One that enters far later and is like one of them may be its twin all the same, where clocks were
 * set by more than the window.
 */
export class Orphans {
  readonly #timeline: Timeline;
  /** By side, and by what twins have in common. */
  readonly #known = [new Map<string, Orphan>(), new Map<string, Orphan>()] as const;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Takes a packet that left and was never seen to enter. */
  note(row: number): void {
    const t = this.#timeline;
    const orphans = this.#known[t.sideOf(row)];
    orphans.set(keyOf(t, row), { frame: t.frame(row), timeNs: t.timeNs(row) });
    keepNewest(orphans, MOST_REMEMBERED);
  }

  /** The one of the other side that a packet is like; undefined where there is none. */
  of(row: number): Orphan | undefined {
    const t = this.#timeline;
    const orphans = this.#known[otherSide(t.sideOf(row))];
    return orphans.size === 0 ? undefined : orphans.get(keyOf(t, row));
  }
}
