import { HAS_IP_ID } from "../../../packets/packets.js";
import { NONE } from "../../../packets/tuples.js";
import { COINCIDENCE_PAIRS, goesOutbound, IS_LATE } from "../../kernel/relations.js";
import type { About } from "../contract.js";
import { COPY_NS } from "../../intake/copies.js";
import { assign } from "./assignment.js";
import { isData } from "./completeness.js";
import { DECIDED_BITS, type Doubt, type Doubts } from "./doubts.js";
import type { Lateness } from "./lateness.js";
import { runsOf } from "./alignment.js";
import { type Sequence, type Sequences, timesOf } from "./sequences.js";
import { standsStill } from "./standstill.js";
import type { UnderWay } from "./under-way.js";

/** So many of a crowd whose order was not certain are passed over until all of it is looked at again. */
const PASSED_OVER = 16;

/** What speaks against it that one packet was lost, and that a capture missed the next one: that of COINCIDENCE_PAIRS. */
export const MISSED_BITS = 2 * Math.log2(COINCIDENCE_PAIRS);

/** What tells more of identical packets. */
export interface Known {
  readonly doubts: Doubts;
  readonly lateness: Lateness;
  readonly underWay: UnderWay;
  readonly sequences: Sequences;
}

/**
 * Pairs identical packets of one flow by their order: networks may reorder packets of a flow, a NAT in one kernel does not; and identical
 * ones that it did reorder cannot be told apart by anybody. Which k-th is which depends on what was lost, and where:
 *
 * - Where the capture of the side that they enter misses nothing (`Completeness`), each that left is one of those that entered, by DECIDED_BITS
 *   of time.
 * - Else only a group that is apart from others like it is told: as many left as entered, and each took what packets take.
 */
export class InOrder {
  readonly #about: About;
  readonly #known: Known;
  readonly #onPair: (inside: number, outside: number, slot: number) => void;
  /** The way of a crowd whose order was not certain when it was looked at last, and how many of it were not looked at since: all of it is looked at. */
  #vainWay = NONE;
  #passedOver = 0;

  constructor(about: About, known: Known, onPair: (inside: number, outside: number, slot: number) => void) {
    this.#about = about;
    this.#known = known;
    this.#onPair = onPair;
  }

  /** Pairs two packets whose window is over by `nowNs`, with those like them, where their order is certain. Returns whether it paired any. */
  settle(inside: number, outside: number, nowNs: number): boolean {
    const t = this.#about.timeline;
    const way = this.#about.buckets.isCrowd(t.bucket(inside)) ? t.way(inside) : NONE;
    if (way !== NONE && way === this.#vainWay && this.#passedOver++ < PASSED_OVER) return false;
    this.#lookAhead(inside);
    const related = this.#about.kernel.relate(inside, outside);
    if (!this.mayBeCertain(inside, outside, goesOutbound(related), nowNs)) return false;
    const sequence = this.#known.sequences.known(inside, outside, related);
    const isDone = sequence !== null && this.pairAll(sequence, this.certain(sequence, nowNs));
    this.#vainWay = isDone ? NONE : way;
    this.#passedOver = 0;
    return isDone;
  }

  /** Whether captures miss nothing of a packet's like, or no more of it come: asked of each, so it looks at none of the others. */
  mayBeCertain(inside: number, outside: number, isOutbound: boolean, nowNs: number): boolean {
    if (this.#about.completeness.isComplete(isOutbound ? inside : outside, isOutbound)) return true;
    const untilNs = nowNs - this.#about.kernel.limitNs(isOutbound);
    return [inside, outside].every(
      (row) => this.#about.timeline.timeNs(this.#about.buckets.newestOfWay(row)) < untilNs,
    );
  }

  /** Those whose order is certain: what is decided where nothing was missed, or all of a group. */
  certain(sequence: Sequence, nowNs: number): [entered: number, left: number][] {
    const isComplete = this.#about.completeness.isComplete(sequence.entered[0], sequence.isOutbound);
    const decided = isComplete ? this.decided(sequence) : [];
    return decided.length > 0 || !this.#isGroupOfTwins(sequence, nowNs)
      ? decided
      : sequence.entered.map((row, at) => [row, sequence.left[at]]);
  }

  pairAll(sequence: Sequence, pairs: readonly (readonly [entered: number, left: number])[]): boolean {
    for (const [from, to] of pairs) this.pair(sequence, from, to);
    return pairs.length > 0;
  }

  /** What is decided by time, where nothing was missed: of those that left, what they had entered as. */
  decided(sequence: Sequence): [entered: number, left: number][] {
    const { slot, entered, left, isOutbound } = sequence;
    const kernel = this.#about.kernel;
    const costOf = this.#costOf(isOutbound);
    const leftNs = timesOf(this.#about.timeline, left);
    const before = this.#known.underWay.before(slot, isOutbound, this.#about.timeline.timeNs(entered[0]), leftNs[0]);
    const enteredNs = [...before, ...timesOf(this.#about.timeline, entered)];
    const pairs: [number, number][] = [];
    const doubt = this.#doubtOf(sequence);
    const isDoubted =
      doubt !== undefined || this.#known.lateness.noteLate(enteredNs, leftNs, isOutbound) > Number.NEGATIVE_INFINITY;
    let next = 0;
    // when the last one entered that is not accounted for
    let openNs = doubt?.enteredNs ?? Number.NEGATIVE_INFINITY;
    const { untoldNs } = kernel.time;
    // what stamps do not tell is of one run
    const [slackNs, limitNs] = [kernel.time.slackNs, kernel.limitNs(isOutbound)].map((ns) => Math.max(ns, untoldNs));
    for (const run of runsOf(enteredNs, leftNs, slackNs, limitNs)) {
      const from = enteredNs.slice(run.entered, run.enteredEnd);
      const to = leftNs.slice(run.left, run.leftEnd);
      if (this.#mayBeSwapped(from) || this.#mayBeSwapped(to)) continue;
      const enteredRun = entered.slice(Math.max(0, run.entered - before.length), run.enteredEnd - before.length);
      if (this.#areMixed(enteredRun) || this.#areMixed(left.slice(run.left, run.leftEnd))) continue;
      const found = this.#assign(from, to, isOutbound, DECIDED_BITS, MISSED_BITS);
      if (this.#lookAhead(entered[0])) break;
      if (found === null) continue;
      for (const [k, index] of found.entries()) {
        const at = run.entered + index - before.length;
        const of = run.left + k;
        if (index < 0 || at < 0 || costOf(to[k] - from[index]) > 0) continue;
        if (kernel.overtakes(entered[at], left[of], isOutbound) || standsStill(this.#about, entered[at], isOutbound))
          continue;
        if (run.entered + index > next) openNs = enteredNs[run.entered + index - 1];
        next = run.entered + index + 1;
        const hasMore = isDoubted && (doubt?.ahead ?? 0) + at - of > 0;
        const mayBeLate = hasMore && !kernel.hasPassed(slot, openNs, left[of], isOutbound);
        if (mayBeLate && this.#known.lateness.mayBeFrom(enteredNs, leftNs, run.entered + index, of, isOutbound, true))
          continue;
        pairs.push([entered[at], left[of]]);
      }
    }
    return pairs;
  }

  /** Looks whether captures missed any of what waits, from a packet on. */
  #lookAhead(row: number): boolean {
    this.#about.completeness.watchFrom(row);
    return this.#about.completeness.wasMissed((of, isOutbound) => this.#known.doubts.isAhead(of, isOutbound));
  }

  /** The doubt about some packets of a flow that are alike, oldest first; undefined where there is none. */
  #doubtOf({ slot, isOutbound, entered, left }: Sequence): Doubt | undefined {
    return slot === NONE ? undefined : this.#known.doubts.of(slot, isOutbound, entered[0], left[0]);
  }

  /**
   * Whether as many entered as left, and they are a group of their own, each in time: where others like them came right before, or are
   * still coming, the first may be the second.
   */
  #isGroupOfTwins(sequence: Sequence, nowNs: number): boolean {
    const { entered, left, isOutbound, mayHide } = sequence;
    const limitNs = this.#about.kernel.limitNs(isOutbound);
    const areTwo = this.#areTwo(sequence);
    if ((mayHide && !areTwo) || entered.length !== left.length) return false;
    if ((this.#doubtOf(sequence)?.ahead ?? 0) > 0) return false;
    const apartNs = Math.max(limitNs, this.#about.kernel.time.untoldNs);
    if (!this.#isGroup(entered, apartNs, nowNs) || !this.#isGroup(left, apartNs, nowNs)) return false;
    const [enteredNs, leftNs] = [timesOf(this.#about.timeline, entered), timesOf(this.#about.timeline, left)];
    if (this.#mayBeSwapped(enteredNs) || this.#mayBeSwapped(leftNs)) return false;
    if (this.#areMixed(entered) || this.#areMixed(left)) return false;
    const isInTime = (at: number) => {
      const latencyNs = leftNs[at] - enteredNs[at];
      const isPossible = latencyNs >= -this.#about.kernel.time.causalSlackNs && latencyNs <= limitNs;
      return isPossible && (areTwo || (this.#about.kernel.relate(entered[at], left[at]) & IS_LATE) === 0);
    };
    const last = entered.length - 1;
    if (this.#about.kernel.isUnwatched(entered[last], left[last])) return false;
    if (entered.some((row, at) => this.#about.kernel.overtakes(row, left[at], isOutbound))) return false;
    if (standsStill(this.#about, entered[last], isOutbound)) return false;
    // or held up together: all had entered before the first left, and the last took as long as others do; where packets that enter are missed, the first may
    // have been lost, and the last be one that was sent again and not seen to enter
    const mayBeUnseen = this.#about.completeness.hasMissed(isOutbound);
    const areHeldUp = last > 0 && !mayBeUnseen && isInTime(last) && enteredNs[last] <= leftNs[0];
    if (areHeldUp) return true;
    // … or each in time, and none of them so late that it is likelier that one was lost, and another one missed
    const areInTime = entered.every((_, at) => isInTime(at));
    return areInTime && (areTwo || this.#areToldInOrder(enteredNs, leftNs, isOutbound));
  }

  /**
   * Whether two entered and two left, right behind each other, that their IP ID, or the number of their bytes, tells from all others, where packets may come that were sent
   * twice: what was sent as one is these, and neither was missed, whatever others took.
   */
  #areTwo({ entered, left, isOutbound }: Sequence): boolean {
    if (!this.#about.kernel.mayBeSentTwice(isOutbound)) return false;
    const t = this.#about.timeline;
    const isOwn = (row: number): boolean => (t.flags(row) & HAS_IP_ID) !== 0 || isData(t, row);
    const areTwo = (rows: readonly number[]): boolean =>
      rows.length === 2 && rows.every(isOwn) && t.timeNs(rows[1]) - t.timeNs(rows[0]) <= COPY_NS;
    return areTwo(entered) && areTwo(left);
  }

  /** Whether the order of some that may have been missed tells them, wherever among them one may have been lost, and another one missed. */
  #areToldInOrder(enteredNs: readonly number[], leftNs: readonly number[], isOutbound: boolean): boolean {
    const missedBits = MISSED_BITS - 2 * Math.log2(enteredNs.length);
    const found = this.#assign(enteredNs, leftNs, isOutbound, 0, missedBits);
    return found?.every((index, at) => index === at) === true;
  }

  /** Whether no equal packet passed shortly before these, and none may come behind them. */
  #isGroup(rows: readonly number[], limitNs: number, nowNs: number): boolean {
    const sinceNs = this.#about.kernel.sinceNs(rows[0]);
    return (sinceNs === 0 || sinceNs > limitNs) && nowNs - this.#about.timeline.timeNs(rows[rows.length - 1]) > limitNs;
  }

  #assign(
    enteredNs: readonly number[],
    leftNs: readonly number[],
    isOutbound: boolean,
    marginBits: number,
    missedBits: number,
  ): Int32Array | null {
    const { kernel } = this.#about;
    const limitNs = kernel.limitNs(isOutbound);
    return assign(
      enteredNs,
      leftNs,
      -kernel.time.slackNs,
      limitNs,
      kernel.swingNs(isOutbound),
      this.#costOf(isOutbound),
      marginBits,
      missedBits,
    );
  }

  /** What speaks against a latency, in bits, against one that comes by chance, anywhere within the limit. */
  #costOf(isOutbound: boolean): (latencyNs: number) => number {
    const limitNs = this.#about.kernel.limitNs(isOutbound);
    const digest = this.#about.kernel.latencies.of(isOutbound);
    return (latencyNs) => -Math.log2(digest.density(latencyNs, limitNs) * limitNs);
  }

  /** Whether some of these times are so near to each other that stamps do not tell which was first. */
  #mayBeSwapped(times: readonly number[]): boolean {
    const { untoldNs } = this.#about.kernel.time;
    return times.some((timeNs, at) => timeNs - times[at - 1] <= untoldNs);
  }

  /** Whether these stand in another order in their capture than their stamps say, as where a clock was set back between them: neither tells. */
  #areMixed(rows: readonly number[]): boolean {
    const t = this.#about.timeline;
    return rows.some((row, at) => at > 0 && t.frame(row) < t.frame(rows[at - 1]));
  }

  pair({ slot, isOutbound }: Sequence, entered: number, left: number): void {
    if (isOutbound) this.#onPair(entered, left, slot);
    else this.#onPair(left, entered, slot);
  }
}
