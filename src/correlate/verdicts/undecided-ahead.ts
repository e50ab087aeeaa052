import { DECIDED } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";

/**
 * Takes each packet that nothing is decided about once, when one is judged whose window it is in: looking through all of them for each packet takes
 * too long where many wait.
 */
export class UndecidedAhead {
  readonly #timeline: Timeline;
  readonly #take: (row: number) => void;
  /** Behind the last packet that was taken. */
  #next = NONE;

  constructor(timeline: Timeline, take: (row: number) => void) {
    this.#timeline = timeline;
    this.#take = take;
  }

  /** Takes those behind a packet, as far as they came by `untilNs` on the timeline. */
  look(row: number, untilNs: number): void {
    const t = this.#timeline;
    let next = t.after(row);
    const isThere = this.#next === t.end || t.isHeld(this.#next);
    if (isThere && t.isBefore(next, this.#next)) next = this.#next;
    for (; ; next = t.after(next)) {
      next = t.firstBelow(next, t.end, DECIDED);
      if (next === t.end || t.timeNs(next) > untilNs) break;
      this.#take(next);
    }
    this.#next = next;
  }
}
