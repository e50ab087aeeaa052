import { goesOutbound, LEARN_BITS } from "../../kernel/relations.js";
import type { About } from "../contract.js";
import type { InOrder } from "./in-order.js";
import { type Aligned, inTurn, nearest, nearestOfEach } from "./alignment.js";
import { rhythmBits } from "./rhythm.js";
import { type Sequence, type Sequences, timesOf } from "./sequences.js";
import { standsStill } from "./standstill.js";

/** How many identical packets it takes to tell the first of a stream by time alone, and which share of them must be as quick. */
const FIRST_ALIKE = 16;
const FIRST_SHARE = 0.6;

/** Begins with streams of identical packets, of which nothing tells yet how long they take, or what their translation is. */
export class Beginnings {
  readonly #about: About;
  readonly #sequences: Sequences;
  readonly #inOrder: InOrder;

  constructor(about: About, sequences: Sequences, inOrder: InOrder) {
    this.#about = about;
    this.#sequences = sequences;
    this.#inOrder = inOrder;
  }

  /** Whether so many like a packet wait that `begin` or `learn` may tell them: asked again when there are as many more. */
  mayBegin(row: number, isFinal: boolean): boolean {
    const t = this.#about.timeline;
    const count = this.#about.buckets.count(t.bucket(row), t.sideOf(row));
    return count >= FIRST_ALIKE && (isFinal || count % FIRST_ALIKE === 0);
  }

  /**
   * Pairs the first of a stream of identical packets, while nothing else tells what packets take: as each leaves far sooner than the next one
   * enters, from the first on, most of them are told by that, and say how long the others may take. Returns whether it paired any.
   */
  begin(inside: number, outside: number): boolean {
    const related = this.#about.kernel.relate(inside, outside);
    if (!this.#about.kernel.isNew(goesOutbound(related))) return false;
    const sequence = this.#sequences.known(inside, outside, related);
    if (sequence === null) return false;
    const { entered, left } = sequence;
    // those before the first of them, if there were any, have each other
    const [sinceIn, sinceOut] = [this.#about.kernel.sinceNs(entered[0]), this.#about.kernel.sinceNs(left[0])];
    const isBegin = sinceIn === 0 && sinceOut === 0;
    const hasPairs = this.#about.translations.accounts.pairs(sequence.slot) > 0;
    if (!isBegin && (!hasPairs || 4 * Math.abs(sinceIn - sinceOut) > sinceIn)) return false;
    const pairs = nearest(
      timesOf(this.#about.timeline, entered),
      timesOf(this.#about.timeline, left),
      this.#about.kernel.time.causalSlackNs,
    );
    if (pairs === null || pairs.length < FIRST_SHARE * Math.max(entered.length, left.length)) return false;
    for (const [from, to] of pairs) this.#inOrder.pair(sequence, entered[from], left[to]);
    return true;
  }

  /**
   * Learns the translation of a stream of identical packets, where no packet has a candidate to itself: by its rhythm, if nobody else sends
   * the same, and most took what packets take. Pairs those whose order is certain, or does nothing. Returns whether it paired any.
   */
  learn(inside: number, outside: number): boolean {
    const { kernel, translations } = this.#about;
    const related = kernel.relate(inside, outside);
    const isOutbound = goesOutbound(related);
    if (!this.#about.completeness.mayTell(inside)) return false;
    const sequence = this.#sequences.between(inside, outside, related);
    if (sequence === null || !this.#sequences.isAll(sequence)) return false;
    const { entered, left } = sequence;
    if (standsStill(this.#about, entered[entered.length - 1], isOutbound)) return false;
    const [enteredNs, leftNs] = [timesOf(this.#about.timeline, entered), timesOf(this.#about.timeline, left)];
    const isComplete = this.#about.completeness.isComplete(inside, isOutbound);
    const aligned = (isComplete ? inTurn : nearestOfEach)(enteredNs, leftNs, kernel.latencies.of(isOutbound).medianNs);
    if (!isComplete && aligned.length < FIRST_SHARE * Math.max(entered.length, left.length)) return false;
    const bits = rhythmBits(aligned, enteredNs, leftNs, kernel.time.slackNs);
    const [from, to] = [entered[aligned[0][0]], left[aligned[0][1]]];
    const [i, o] = isOutbound ? [from, to] : [to, from];
    kernel.relate(i, o);
    if (kernel.weigh(i, o, false) + bits < LEARN_BITS) return false;
    const pairs = isComplete ? this.#inOrder.decided(sequence) : this.#apart(sequence, aligned, enteredNs, leftNs);
    if (pairs.length === 0) return false;
    kernel.relate(i, o);
    this.#inOrder.pairAll({ ...sequence, slot: translations.learn(i, o) }, pairs);
    return true;
  }

  /**
   * Learns the translation of identical packets that came at once, and whose windows are over by `nowNs`: it is the same whichever of them are
   * twins, if nobody else sent the like and what they carry says enough. Pairs those whose order is certain, or does nothing. Returns whether
   * it paired any.
   */
  learnBurst(inside: number, outside: number, nowNs: number): boolean {
    const related = this.#about.kernel.relate(inside, outside);
    if (this.#about.kernel.weigh(inside, outside, false) < LEARN_BITS) return false;
    if (!this.#inOrder.mayBeCertain(inside, outside, goesOutbound(related), nowNs)) return false;
    const sequence = this.#sequences.between(inside, outside, related);
    if (sequence === null || !this.#sequences.isAll(sequence)) return false;
    const pairs = this.#inOrder.certain(sequence, nowNs);
    if (pairs.length === 0) return false;
    this.#about.kernel.relate(inside, outside);
    return this.#inOrder.pairAll({ ...sequence, slot: this.#about.translations.learn(inside, outside) }, pairs);
  }

  /** Those of some that may be twins which took what packets take, and are twice as far from all others like them. */
  #apart(
    { entered, left, isOutbound }: Sequence,
    aligned: Aligned,
    enteredNs: readonly number[],
    leftNs: readonly number[],
  ): [entered: number, left: number][] {
    const { kernel } = this.#about;
    const farNs = 2 * kernel.limitNs(isOutbound) + kernel.time.slackNs;
    const isNear = (aNs: number | undefined, bNs: number): boolean => aNs !== undefined && Math.abs(aNs - bNs) <= farNs;
    return aligned
      .filter(([from, to]) => {
        const tookNs = leftNs[to] - enteredNs[from];
        if (tookNs < -kernel.time.causalSlackNs || tookNs > kernel.limitNs(isOutbound)) return false;
        const others = [enteredNs[from - 1], enteredNs[from + 1], leftNs[to - 1], leftNs[to + 1]];
        return !others.some((timeNs) => isNear(timeNs, enteredNs[from]) || isNear(timeNs, leftNs[to]));
      })
      .map(([from, to]) => [entered[from], left[to]]);
  }
}
