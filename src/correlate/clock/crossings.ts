import { firstNotBefore } from "../../packets/memory/sorted.js";
import { MOST_RATE } from "./clock.js";
import { LEAST_WITNESSES } from "./witnesses.js";

/** Witnesses of the same direction before and behind a slice that tell whether its quickest one is believable. */
export const SUPPORTERS = 16;
/** What was sent again comes in bursts, a timeout late: its twins within this time of each other tell no more than one does, nanoseconds, … */
const BURST_NS = 10_000_000;
/** … if their gaps differ by no more than this. */
const ALIKE_NS = 1_000_000;

/** A packet that was seen on both sides, of known direction. */
export interface Crossing {
  readonly isOutbound: boolean;
  /** Outside stamp on the timeline, uncorrected; and by how much it is later than the inside one. */
  readonly timeNs: number;
  readonly gapNs: number;
  /** How many outside packets there were up to it, and its frame there. */
  readonly place: number;
  readonly frame: number;
  /** Whether it is that very packet; else it may be one that was sent again. */
  readonly isSure: boolean;
}

/** What a packet took if the clocks stood so, nanoseconds: less than 0 where it would have left before it entered. */
export function tookBy({ isOutbound, gapNs }: Crossing, offsetNs: number): number {
  return isOutbound ? gapNs - offsetNs : offsetNs - gapNs;
}

/**
 * How slow a packet is beside others of its direction, nanoseconds, where what it says of the offset is worth less the longer ago it was (`way` 1), or the later it
 * comes (-1): the clock may run away meanwhile.
 */
export function slowBy(one: Crossing, way: number): number {
  return tookBy(one, 0) - MOST_RATE * way * one.timeNs;
}

/** A crossing, and whether it tells anything that no other does. */
export interface Witness extends Crossing {
  readonly isWitness: boolean;
}

/** Some crossings of a direction, and the witnesses around them: all of those, those up to their end, and those from their beginning on. */
export interface Nearby {
  readonly own: readonly Crossing[];
  readonly around: readonly Witness[];
  readonly upTo: readonly Witness[];
  readonly since: readonly Witness[];
}

const NOWHERE = { place: -1, timeNs: Number.NEGATIVE_INFINITY };

/** Keeps the packets of one direction that both sides saw, in the order of the outside, while they tell something of others. */
export class Crossings {
  /** When the first one came. */
  firstNs = Number.POSITIVE_INFINITY;
  readonly #kept: Witness[] = [];
  /** What says most of the offset: see `telling`. */
  #told: { readonly from: number; before: number; readonly found: Witness[] } = { from: -1, before: 0, found: [] };

  /** Adds one, if it is not there: it is its own from then on. Where a clock was set back, the other side shows it late. */
  add(crossing: Crossing): void {
    const at = this.#upTo(crossing.place);
    if (this.#kept[at - 1]?.place === crossing.place) return;
    // in place: what is spread and given one field more has a shape of its own, each time (V8 of Node 20), and takes ten times as long
    const one = Object.assign(crossing, { isWitness: crossing.isSure || !this.#isOfBurst(at, crossing) });
    this.#kept.splice(at, 0, one);
    this.firstNs = Math.min(this.firstNs, one.timeNs);
    if (one.place > this.#told.from && one.place < this.#told.before) this.#tell(one);
  }

  /** Gives those behind one place and up to another, and the same with up to `most` more witnesses on each side of them. */
  between(from: number, to: number, most = SUPPORTERS): Nearby {
    const [a, b] = [this.#upTo(from), this.#upTo(to)];
    const [first, end] = [this.#before(a, most), this.#behind(b, most)];
    const kept = this.#kept;
    return {
      own: kept.slice(a, b),
      around: kept.slice(first, end),
      upTo: kept.slice(first, b),
      since: kept.slice(a, end),
    };
  }

  /** The last one; of no place where there is none. */
  get last(): Pick<Crossing, "place" | "timeNs"> {
    return this.#kept[this.#kept.length - 1] ?? NOWHERE;
  }

  /** Of those behind a place, the witnesses behind another one as well, and as many before that as there are to be at the least. */
  since(place: number, from: number, least: number): readonly Witness[] {
    const found: Witness[] = [];
    for (let at = this.#kept.length - 1; at >= 0 && this.#kept[at].place > place; at--) {
      const one = this.#kept[at];
      if (one.place <= from && found.length >= least) break;
      if (one.isWitness) found.push(one);
    }
    return found.reverse();
  }

  /**
   * Of the witnesses behind a place and before another one, the LEAST_WITNESSES that say most of the offset from then on, however fast the clock runs. What
   * was looked at is not looked at again while the first place stays, and the second one goes on.
   */
  telling(from: number, before: number): readonly Witness[] {
    if (from !== this.#told.from || before < this.#told.before) this.#told = { from, before: from + 1, found: [] };
    for (let at = this.#upTo(this.#told.before - 1); at < this.#kept.length && this.#kept[at].place < before; at++)
      this.#tell(this.#kept[at]);
    this.#told.before = before;
    return this.#told.found;
  }

  #tell(one: Witness): void {
    const { found } = this.#told;
    if (!one.isWitness || (found.length === LEAST_WITNESSES && slowBy(one, 1) >= slowBy(found[LEAST_WITNESSES - 1], 1)))
      return;
    found.push(one);
    found.sort((a, b) => slowBy(a, 1) - slowBy(b, 1)).splice(LEAST_WITNESSES);
  }

  /** Looks at the witnesses up to a place, the last one first (`way` -1), or at those behind it (1), as long as it is to go on. */
  lookFrom(place: number, way: 1 | -1, goesOn: (one: Witness) => boolean): void {
    const kept = this.#kept;
    for (let at = this.#upTo(place) + (way < 0 ? way : 0); at >= 0 && at < kept.length; at += way)
      if (kept[at].isWitness && !goesOn(kept[at])) return;
  }

  /** Whether so many witnesses are behind a place. */
  isFollowed(place: number, witnesses: number): boolean {
    let left = witnesses;
    for (let at = this.#kept.length - 1; at >= 0 && left > 0 && this.#kept[at].place > place; at--)
      if (this.#kept[at].isWitness) left--;
    return left === 0;
  }

  forgetBefore(place: number): void {
    const count = this.#before(this.#upTo(place), SUPPORTERS);
    if (count >= 4 * SUPPORTERS) this.#kept.splice(0, count);
  }

  /** Whether the last witness before a place in the list tells what a crossing there would. */
  #isOfBurst(at: number, { timeNs, gapNs }: Crossing): boolean {
    const last = this.#kept[this.#before(at, 1)];
    return at > 0 && Math.abs(timeNs - last.timeNs) <= BURST_NS && Math.abs(gapNs - last.gapNs) <= ALIKE_NS;
  }

  /** Where so many witnesses begin that come before a place in the list; the list's beginning where there are fewer. */
  #before(at: number, witnesses: number): number {
    let first = at;
    for (let left = witnesses; left > 0 && first > 0; ) if (this.#kept[--first].isWitness) left--;
    return first;
  }

  /** Where so many witnesses end that come from a place in the list on; the list's end where there are fewer. */
  #behind(at: number, witnesses: number): number {
    let end = at;
    for (let left = witnesses; left > 0 && end < this.#kept.length; ) if (this.#kept[end++].isWitness) left--;
    return end;
  }

  /** How many of those kept are up to a place. */
  #upTo(place: number): number {
    return firstNotBefore(0, this.#kept.length, (at) => this.#kept[at].place <= place);
  }
}
