import type { Timeline } from "../../../packets/timeline.js";
import type { Rewriting } from "../../matchers/altered/survivors.js";
import { isUnique } from "../impacts/drop.js";
import { Alike, type Traits, traitsOf } from "../traits.js";

/** A packet that left on a side and never entered on the other one. */
export interface Orphan {
  readonly frame: number;
  readonly timeNs: number;
  readonly traits: Traits;
}

/**
 * Packets that left and were never seen to enter. One that enters far later and is like one of them may be its twin all the same, where clocks were
 * set by more than the window.
 */
export class Orphans {
  readonly #timeline: Timeline;
  readonly #router: Rewriting;
  readonly #known: Alike<Orphan>;

  /** `router`: what may have altered them. */
  constructor(timeline: Timeline, router: Rewriting) {
    this.#timeline = timeline;
    this.#router = router;
    this.#known = new Alike(timeline);
  }

  /** Takes a packet that left and was never seen to enter. */
  note(row: number): void {
    const t = this.#timeline;
    this.#known.note(row, { frame: t.frame(row), timeNs: t.timeNs(row), traits: traitsOf(t, row) });
  }

  /** The one of the other side that a packet is like; undefined where there is none. */
  of(row: number): Orphan | undefined {
    // what is said again and again is like any other that says so
    return this.#known.of(row, this.#router, () => isUnique(this.#timeline, row));
  }
}
