import { DECIDED } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";

/** The packets of a timeline that are not decided about, each once, in the order they came: looking through all of them each time takes too long where many wait. */
export class Newcomers {
  readonly #timeline: Timeline;
  /** Rows before it were handed over, or passed over. */
  #next: number;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#next = timeline.first;
  }

  /** Hands over those that came since, from a row on and by `untilNs` on the timeline, as far as nothing was decided about them meanwhile. */
  take(each: (row: number) => void, from = this.#timeline.first, untilNs = Number.POSITIVE_INFINITY): void {
    const t = this.#timeline;
    // rows up to there, and further, may have been given back
    const isThere = t.isHeld(this.#next) || this.#next === t.end;
    if (!isThere || t.isBefore(this.#next, from)) this.#next = from;
    for (;;) {
      const row = t.firstBelow(this.#next, t.end, DECIDED);
      this.#next = row;
      if (row === t.end || t.timeNs(row) > untilNs) return;
      this.#next = t.after(row);
      each(row);
    }
  }
}
