import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { Newcomers } from "../matchers/newcomers.js";

/** Of so many packets, those are forgotten that something was decided about. */
const SWEPT_EACH = 4096;

/** Packets that nothing is decided about, by what they may be asked for. */
export class Ahead {
  readonly #timeline: Timeline;
  readonly #keyOf: (row: number) => number | undefined;
  readonly #newcomers: Newcomers;
  readonly #rows = new Map<number, number[]>();
  #added = 0;

  /** `keyOf`: what a packet may be asked for; undefined where it may not be. */
  constructor(timeline: Timeline, keyOf: (row: number) => number | undefined) {
    this.#timeline = timeline;
    this.#keyOf = keyOf;
    this.#newcomers = new Newcomers(timeline);
  }

  /** The first packet of a key behind one, by `untilNs` on the timeline, that is what is looked for; NONE where none is. */
  first(row: number, key: number, untilNs: number, is: (later: number) => boolean): number {
    const t = this.#timeline;
    this.#newcomers.take(this.#file, t.after(row), untilNs);
    const isIt = (later: number): boolean =>
      this.#isOpen(later) && t.isBefore(row, later) && t.timeNs(later) <= untilNs && is(later);
    return this.#rows.get(key)?.find(isIt) ?? NONE;
  }

  readonly #file = (row: number): void => {
    const key = this.#keyOf(row);
    if (key === undefined) return;
    if (++this.#added % SWEPT_EACH === 0) this.#sweep();
    const rows = this.#rows.get(key);
    if (rows === undefined) this.#rows.set(key, [row]);
    else rows.push(row);
  };

  #sweep(): void {
    for (const [key, rows] of this.#rows) {
      const open = rows.filter((row) => this.#isOpen(row));
      if (open.length > 0) this.#rows.set(key, open);
      else this.#rows.delete(key);
    }
  }

  #isOpen(row: number): boolean {
    return this.#timeline.isHeld(row) && this.#timeline.isOpen(row);
  }
}
