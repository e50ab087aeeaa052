import type { About } from "../contract.js";
import { DECIDED_BITS, type Doubts } from "./doubts.js";
import { isGrowing } from "./alignment.js";
import { timesOf } from "./sequences.js";

/** Whether equal packets that seem to be in time are all late, each having entered before the one that it seems to be. */
export class Lateness {
  readonly #about: About;
  readonly #doubts: Doubts;

  constructor(about: About, doubts: Doubts) {
    this.#about = about;
    this.#doubts = doubts;
  }

  /**
   * Whether a packet that was passed over for being late, where this one was taken instead, may have been only the first of several that were: one
   * of those that left behind this one is left over, although captures miss none, and the few before that do not tell that they were in time. `nowNs`: while
   * its window goes on, and each takes longer than the one before, others may still be left over.
   */
  mayAllBe(entered: number, left: number, isOutbound: boolean, nowNs: number): boolean {
    if (this.#about.completeness.hasMissed(isOutbound)) return false;
    const { kernel, timeline: t, translations } = this.#about;
    const all = this.#about.buckets.ofWay(entered);
    const from = all.indexOf(entered);
    const slot = translations.slotOf(left);
    if (from > 0 && kernel.hasPassed(slot, t.timeNs(all[from - 1]), left, isOutbound)) return false;
    const behind = this.#about.buckets.ofWay(left).filter((row) => !t.isBefore(row, left));
    const [enteredNs, leftNs] = [timesOf(t, all), timesOf(t, behind)];
    if (this.mayBeFrom(enteredNs, leftNs, from, 0, isOutbound, false)) return true;
    return from > 0 && t.timeNs(entered) + this.#about.windowNs > nowNs && isGrowing(enteredNs.slice(from - 1), leftNs);
  }

  /** The same of those that left from one on, and entered from another one on. `isDoubted`: what it is where they end before it is told. */
  mayBeFrom(
    entered: readonly number[],
    left: readonly number[],
    from: number,
    to: number,
    isOutbound: boolean,
    isDoubted: boolean,
  ): boolean {
    const { kernel } = this.#about;
    const limitNs = kernel.limitNs(isOutbound);
    let next = from;
    let bits = 0;
    for (let at = to; at < left.length; at++, next++) {
      while (next < entered.length && entered[next] < left[at] - limitNs) next++;
      if (next === entered.length || entered[next] > left[at] + kernel.time.causalSlackNs) return true;
      if (next > 0) {
        const apartNs = entered[next] - entered[next - 1];
        // where nothing speaks for it that a queue is that long, each is a chance of its own
        const beforeNs = isDoubted && next > 1 ? entered[next - 1] - entered[next - 2] : Number.POSITIVE_INFINITY;
        bits += this.#doubts.bitsOf(left[at] - entered[next], apartNs, beforeNs, isOutbound);
      }
      if (bits >= DECIDED_BITS) return false;
    }
    return isDoubted;
  }

  /**
   * Notes it where others overtook those that left, oldest first. Returns when the last of them left that is later than any was so far, whichever of those
   * that entered it had been; -Infinity where none is, or where what left may not have been seen to enter.
   */
  noteLate(enteredNs: readonly number[], leftNs: readonly number[], isOutbound: boolean): number {
    if (this.#about.completeness.hasMissed(isOutbound)) return Number.NEGATIVE_INFINITY;
    const { kernel } = this.#about;
    const limitNs = kernel.limitNs(isOutbound);
    let next = 0;
    let lateNs = Number.NEGATIVE_INFINITY;
    for (const timeNs of leftNs) {
      while (next < enteredNs.length && enteredNs[next] <= timeNs + kernel.time.causalSlackNs) next++;
      if (next === 0) continue;
      kernel.noteOvertaken(enteredNs[next - 1], timeNs, isOutbound);
      if (timeNs - enteredNs[next - 1] > limitNs) lateNs = timeNs;
    }
    return lateNs;
  }
}
