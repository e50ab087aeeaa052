import { DECIDED } from "../../packets/fates.js";
import type { Timeline } from "../../packets/timeline.js";

/** The packets of a timeline that are not decided about, each once, in the order they came. */
export class Newcomers {
  readonly #timeline: Timeline;
  /** Rows before it were handed over. */
  #next: number;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#next = timeline.first;
  }

  /** Hands over those that came since, as far as nothing was decided about them meanwhile. */
  take(each: (row: number) => void): void {
    const t = this.#timeline;
    // rows up to there, and further, were given back
    if (!t.isHeld(this.#next) && this.#next !== t.end) this.#next = t.first;
    for (;;) {
      const row = t.firstBelow(this.#next, t.end, DECIDED);
      this.#next = row;
      if (row === t.end) return;
      this.#next = t.after(row);
      each(row);
    }
  }
}
