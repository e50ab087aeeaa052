import { otherSide } from "../../../packets/sides.js";
import { AMBIGUOUS, DECIDED } from "../../../packets/fates.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import type { Known } from "../known.js";
import type { Locals } from "./locals.js";

/**
 * Packets without a translation that are not known to be the host's own: each may be what a packet of the other side became, or came from, though
 * nothing paired the two. Nothing follows from what a side lacks while there are such.
 */
export class Strangers {
  readonly #known: Known;
  readonly #timeline: Timeline;
  readonly #locals: Locals;
  /** When the last one passed, nanoseconds on the timeline, by side and protocol. */
  readonly #lastNs = new Float64Array(2 * 256).fill(Number.NEGATIVE_INFINITY);
  /** Likewise, behind which row those were looked for last that are not decided about yet, and where the search ended: each packet is looked at once. */
  readonly #askedFrom = new Int32Array(2 * 256).fill(NONE);
  readonly #foundTo = new Int32Array(2 * 256);

  constructor(known: Known, locals: Locals) {
    this.#known = known;
    this.#timeline = known.timeline;
    this.#locals = locals;
  }

  /** Takes a packet that is about to be decided about without a twin. */
  note(row: number): void {
    if (!this.#isStranger(row)) return;
    const t = this.#timeline;
    const at = 2 * t.proto(row) + t.side(row);
    this.#lastNs[at] = Math.max(this.#lastNs[at], t.timeNs(row));
  }

  /** Whether the other side has one of a packet's protocol, within the window before it or behind it. */
  hasFor(row: number): boolean {
    const t = this.#timeline;
    const other = otherSide(t.sideOf(row));
    const proto = t.proto(row);
    const at = 2 * proto + other;
    if (t.timeNs(row) - this.#lastNs[at] <= this.#known.windowNs) return true;
    const untilNs = t.timeNs(row) + this.#known.windowNs;
    let next = this.#isLookedThrough(at, row) ? this.#foundTo[at] : t.after(row);
    const isOne = (): boolean => t.side(next) === other && t.proto(next) === proto && this.#isStranger(next);
    next = t.firstBelow(next, t.end, DECIDED);
    while (next !== t.end && t.timeNs(next) <= untilNs && !isOne()) next = t.firstBelow(t.after(next), t.end, DECIDED);
    this.#askedFrom[at] = row;
    this.#foundTo[at] = next;
    return next !== t.end && t.timeNs(next) <= untilNs;
  }

  /** Whether a search from before a row had come beyond it, and where it ended is still there. */
  #isLookedThrough(at: number, row: number): boolean {
    const t = this.#timeline;
    const [from, to] = [this.#askedFrom[at], this.#foundTo[at]];
    if (from === NONE || (t.isHeld(from) && t.isBefore(row, from))) return false;
    return to === t.end || (t.isHeld(to) && t.isBefore(row, to));
  }

  #isStranger(row: number): boolean {
    // of one that others cannot be told from, its flow does not tell which twin it has
    if (this.#known.translations.slotOf(row) !== NONE && this.#timeline.state(row) !== AMBIGUOUS) return false;
    const local = this.#locals.of(row);
    if (local === null) return true;
    const { isNever, natWay } = local;
    if (isNever) return false;
    if (natWay === NONE) return this.#locals.isForwarded(row);
    // what has the NAT's own address outside may be anybody's behind it, if its TTL does not show the host
    return !this.#known.tuples.hasFullTtlOnly(natWay) || !this.#known.kernel.tally.isTtlLowered(true);
  }
}
