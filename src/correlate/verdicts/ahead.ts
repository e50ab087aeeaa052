import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { UndecidedAhead } from "./undecided-ahead.js";

/** Of so many packets, those are forgotten that something was decided about. */
const SWEPT_EACH = 4096;

/** Packets that nothing is decided about, by what they may be asked for. */
export class Ahead {
  readonly #timeline: Timeline;
  readonly #undecided: UndecidedAhead;
  readonly #rows = new Map<number, number[]>();
  #added = 0;

  /** `keyOf`: what a packet may be asked for; undefined where it may not be. */
  constructor(timeline: Timeline, keyOf: (row: number) => number | undefined) {
    this.#timeline = timeline;
    this.#undecided = new UndecidedAhead(timeline, (row) => {
      const key = keyOf(row);
      if (key !== undefined) this.#add(key, row);
    });
  }

  /** The first packet of a key behind one, by `untilNs` on the timeline, that is what is looked for; NONE where none is. */
  first(row: number, key: number, untilNs: number, is: (later: number) => boolean): number {
    this.#undecided.look(row, untilNs);
    const t = this.#timeline;
    const isIt = (later: number): boolean =>
      this.#isOpen(later) && t.isBefore(row, later) && t.timeNs(later) <= untilNs && is(later);
    return this.#rows.get(key)?.find(isIt) ?? NONE;
  }

  #add(key: number, row: number): void {
    if (++this.#added % SWEPT_EACH === 0) this.#sweep();
    const rows = this.#rows.get(key);
    if (rows === undefined) this.#rows.set(key, [row]);
    else rows.push(row);
  }

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
