import { directionKey } from "../../../packets/halves.js";
import { INSIDE } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import type { About } from "../contract.js";
import type { Undecided } from "../undecided.js";
import type { Doubts } from "./doubts.js";
import type { Lateness } from "./lateness.js";
import type { Strays } from "./strays.js";

/** When packets of one flow and direction entered and left, oldest first. */
interface Passage {
  readonly slot: number;
  readonly isOutbound: boolean;
  readonly enteredNs: number[];
  readonly leftNs: number[];
}

/** What entered and was left undecided, or has no twin: some of it may still be under way, and leave behind those that are alike. */
export class UnderWay {
  readonly #about: About;
  readonly #doubts: Doubts;
  readonly #lateness: Lateness;
  readonly #strays: Strays;
  /** By flow and direction: when those entered that were left undecided lately, and how many of its packets that had left were. */
  readonly #undecided = new Map<number, { readonly enteredNs: number[]; left: number }>();

  constructor(about: About, doubts: Doubts, lateness: Lateness, strays: Strays) {
    this.#about = about;
    this.#doubts = doubts;
    this.#lateness = lateness;
    this.#strays = strays;
  }

  /** Notes packets that were left undecided: some of those that entered may still be under way. */
  noteUndecided({ inside, outside }: Undecided): void {
    for (const { slot, isOutbound, enteredNs, leftNs } of this.#byFlow([...inside, ...outside])) {
      const lateNs = this.#lateness.noteLate(enteredNs, leftNs, isOutbound);
      this.#doubts.note(slot, isOutbound, enteredNs, leftNs.length, lateNs);
      this.#strays.note(slot, isOutbound, enteredNs, leftNs);
      const key = directionKey(slot, isOutbound);
      const known = this.#undecided.get(key);
      // most have few, and V8 gives an array that was empty room for seventeen
      const of = known ?? { enteredNs: enteredNs.slice(), left: leftNs.length };
      if (known === undefined) this.#undecided.set(key, of);
      else {
        // one by one: as arguments, 100,000 are too many
        for (const ns of enteredNs) of.enteredNs.push(ns);
        of.left += leftNs.length;
      }
      const lastNs = Math.max(enteredNs.at(-1) ?? 0, leftNs.at(-1) ?? 0);
      for (; of.enteredNs[0] < lastNs - this.#about.windowNs; of.left--) of.enteredNs.shift();
    }
  }

  /** Notes a packet that has no twin. Returns whether it left, and may be one of those that were left undecided before. */
  noteAlone(row: number): boolean {
    // of most packets, nothing else is in doubt
    const hasLikes = this.#about.kernel.sinceNs(row) > 0;
    if (this.#doubts.isEmpty && !hasLikes) return false;
    let mayBeOneOf = false;
    for (const { slot, isOutbound, enteredNs, leftNs } of this.#byFlow([row])) {
      if (hasLikes) this.#strays.note(slot, isOutbound, enteredNs, leftNs);
      mayBeOneOf = leftNs.length > 0 && this.#doubts.isAhead(slot, isOutbound);
      this.#doubts.note(slot, isOutbound, enteredNs, leftNs.length, Number.NEGATIVE_INFINITY);
    }
    return mayBeOneOf;
  }

  /** When those entered that were left undecided before some others, and may have left since, by `nowNs` at the earliest. */
  before(slot: number, isOutbound: boolean, beforeNs: number, nowNs: number): number[] {
    const key = directionKey(slot, isOutbound);
    const of = this.#undecided.get(key);
    if (of === undefined) return [];
    const limitNs = this.#about.kernel.limitNs(isOutbound);
    // as many left as were left undecided, too, the oldest first; unless some of those had entered longer ago than is known
    const isKnown = 2 * limitNs <= this.#about.windowNs;
    const rest = isKnown ? of.enteredNs.slice(Math.max(0, of.left)) : of.enteredNs;
    const near = rest.filter((timeNs) => timeNs < beforeNs && nowNs - timeNs <= limitNs);
    if (near.length === 0) this.#undecided.delete(key);
    return near;
  }

  /** When packets entered and left, by flow and direction, as far as their flows are known. */
  #byFlow(rows: readonly number[]): Iterable<Passage> {
    const t = this.#about.timeline;
    const { accounts } = this.#about.translations;
    const found = new Map<number, Passage>();
    for (const row of rows) {
      const slot = this.#about.translations.slotOf(row);
      if (slot === NONE) continue;
      const isOutbound = accounts.isOutbound(slot, t.forward(row));
      const key = directionKey(slot, isOutbound);
      const of = found.get(key) ?? { slot, isOutbound, enteredNs: [], leftNs: [] };
      found.set(key, of);
      ((t.side(row) === INSIDE) === isOutbound ? of.enteredNs : of.leftNs).push(t.timeNs(row));
    }
    return found.values();
  }
}
