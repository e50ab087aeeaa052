import { HAS_IP_ID } from "../../../packets/packets.js";
import { INSIDE, OUTSIDE, otherSide } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import { CROWD } from "../../kernel/buckets-words.js";
import type { About } from "../contract.js";

/** Which of those that wait under a packet's key are looked at: all of the other side, but in long buckets. */
export class Sight {
  readonly #about: About;
  /** Where it was looked last: packets are asked about in the order they stand in. */
  #at = NONE;

  constructor(about: About) {
    this.#about = about;
  }

  /**
   * How far in time from a packet those are looked for that it may be the twin of, nanoseconds. Infinity in all but long buckets. In those it is
   * twice what packets take at the most, for a candidate and its rivals; negative where what is later may be meant, too, or where nothing tells.
   */
  nsOf(row: number): number {
    const kernel = this.#about.kernel;
    const bucket = this.#about.timeline.bucket(row);
    if (Math.max(this.#about.buckets.count(bucket, INSIDE), this.#about.buckets.count(bucket, OUTSIDE)) <= CROWD)
      return Number.POSITIVE_INFINITY;
    const isRepeatable = (this.#about.timeline.flags(row) & HAS_IP_ID) === 0 || kernel.sinceNs(row) > 0;
    const knownNs = this.#about.translations.limitNsOf(row);
    const limitNs = Number.isFinite(knownNs) ? knownNs : kernel.mostLimitNs;
    return isRepeatable && Number.isFinite(kernel.time.slackNs) && limitNs < kernel.time.windowNs ? 2 * limitNs : -1;
  }

  /** The first packet of its bucket's other side that a row is not out of reach of … */
  first(row: number, reachNs: number): number {
    const t = this.#about.timeline;
    let other = this.#about.buckets.oldest(t.bucket(row), otherSide(t.sideOf(row)));
    while (other !== NONE && t.timeNs(other) < t.timeNs(row) - reachNs) other = t.next(other);
    return other !== NONE && t.timeNs(other) <= t.timeNs(row) + reachNs ? other : NONE;
  }

  /** … and the one behind another. */
  next(row: number, other: number, reachNs: number): number {
    const next = this.#about.timeline.next(other);
    return next !== NONE && this.#about.timeline.timeNs(next) <= this.#about.timeline.timeNs(row) + reachNs
      ? next
      : NONE;
  }

  /** Whether one of those is what is looked for. */
  has(row: number, reachNs: number, is: (other: number) => boolean): boolean {
    for (let other = this.first(row, reachNs); other !== NONE; other = this.next(row, other, reachNs))
      if (is(other)) return true;
    return false;
  }

  /** The last packet of its bucket's other side before a row, and the first one that is not; NONE where there is none. */
  #around(row: number): [before: number, later: number] {
    const t = this.#about.timeline;
    const timeNs = t.timeNs(row);
    const side = otherSide(t.sideOf(row));
    const at = this.#at !== NONE && t.isHeld(this.#at) && t.isKnown(this.#at) ? this.#at : NONE;
    const isKept = at !== NONE && t.bucket(at) === t.bucket(row) && t.side(at) === side;
    let before = NONE;
    let later = isKept ? at : this.#about.buckets.oldest(t.bucket(row), side);
    while (later !== NONE && t.timeNs(later) < timeNs) [before, later] = [later, t.next(later)];
    if (later !== NONE && before === NONE) {
      before = t.previous(later);
      while (before !== NONE && t.timeNs(before) >= timeNs) [before, later] = [t.previous(before), before];
    }
    this.#at = later === NONE ? before : later;
    return [before, later];
  }

  /** One of those that is what is looked for, or NONE. The nearest in time are asked first: where most are it, no other is looked at. */
  near(row: number, reachNs: number, is: (other: number) => boolean): number {
    const t = this.#about.timeline;
    const timeNs = t.timeNs(row);
    let [before, later] = this.#around(row);
    if (before !== NONE && t.timeNs(before) < timeNs - reachNs) before = NONE;
    if (later !== NONE && t.timeNs(later) > timeNs + reachNs) later = NONE;
    while (before !== NONE || later !== NONE) {
      if (before !== NONE && is(before)) return before;
      if (later !== NONE && is(later)) return later;
      if (before !== NONE) before = t.previous(before);
      if (before !== NONE && t.timeNs(before) < timeNs - reachNs) before = NONE;
      if (later !== NONE) later = this.next(row, later, reachNs);
    }
    return NONE;
  }
}
