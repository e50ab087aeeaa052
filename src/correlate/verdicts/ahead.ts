import { DECIDED, type Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";

/** Of so many packets, those are forgotten that something was decided about. */
const SWEPT_EACH = 4096;

/**
 * Packets that nothing is decided about, by what they may be asked for. Each is looked at once, when a packet is judged whose window it is in: looking
 * through all of them for each packet takes too long where many wait.
 */
export class Ahead {
  readonly #timeline: Timeline;
  /** What a packet may be asked for; undefined where it may not be. */
  readonly #keyOf: (row: number) => number | undefined;
  readonly #rows = new Map<number, number[]>();
  /** Behind the last packet that was looked at. */
  #next = NONE;
  #added = 0;

  constructor(timeline: Timeline, keyOf: (row: number) => number | undefined) {
    this.#timeline = timeline;
    this.#keyOf = keyOf;
  }

  /** The first packet of a key behind one, by `untilNs` on the timeline, that is what is looked for; NONE where none is. */
  first(row: number, key: number, untilNs: number, is: (later: number) => boolean): number {
    this.#look(row, untilNs);
    const t = this.#timeline;
    const isIt = (later: number): boolean =>
      this.#isOpen(later) && t.isBefore(row, later) && t.timeNs(later) <= untilNs && is(later);
    return this.#rows.get(key)?.find(isIt) ?? NONE;
  }

  #look(row: number, untilNs: number): void {
    const t = this.#timeline;
    let next = t.after(row);
    if (t.isHeld(this.#next) && t.isBefore(next, this.#next)) next = this.#next;
    for (; ; next = t.after(next)) {
      next = t.firstBelow(next, t.end, DECIDED);
      if (next === t.end || t.timeNs(next) > untilNs) break;
      const key = this.#keyOf(next);
      if (key !== undefined) this.#add(key, next);
    }
    this.#next = next;
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
