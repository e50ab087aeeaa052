import { ALTERED_OPTIONS } from "../../../packets/results/evidence.js";
import { INSIDE, OUTSIDE, type Side } from "../../../packets/sides.js";
import { AMBIGUOUS } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { assign } from "./assignment.js";
import type { Completeness } from "./completeness.js";
import type { About } from "../contract.js";
import { DECIDED_BITS, type Doubt, Doubts, keyOf } from "./doubts.js";
import type { Undecided } from "../undecided.js";
import { COPY_NS } from "../../intake/copies.js";
import {
  COINCIDENCE_PAIRS,
  IS_LATE,
  goesOutbound,
  KNOWN,
  LEARN_BITS,
  MAY_HIDE,
  RELATION_MASK,
} from "../../kernel/relations.js";
import { type Aligned, inTurn, isGrowing, nearest, nearestOfEach, runsOf } from "./order.js";
import { rhythmBits } from "./rhythm.js";

/** How many identical packets it takes to tell the first of a stream by time alone, and which share of them must be as quick. */
const FIRST_ALIKE = 16;
const FIRST_SHARE = 0.6;

/** What speaks against it that one packet was lost, and that a capture missed the next one: that of COINCIDENCE_PAIRS. */
const MISSED_BITS = 2 * Math.log2(COINCIDENCE_PAIRS);

/** Packets of one flow and direction that nothing but time tells from each other, in the order in which they came. */
interface Sequence {
  readonly slot: number;
  readonly isOutbound: boolean;
  /** Whether each capture may have missed another one of two. */
  readonly mayHide: boolean;
  readonly inside: readonly number[];
  readonly outside: readonly number[];
  readonly entered: readonly number[];
  readonly left: readonly number[];
}

/** When packets of one flow and direction entered and left, oldest first. */
interface Passage {
  readonly slot: number;
  readonly isOutbound: boolean;
  readonly enteredNs: number[];
  readonly leftNs: number[];
}

/**
 * Pairs identical packets of one flow by their order: networks may reorder packets of a flow, a NAT in one kernel does not; and identical
 * ones that it did reorder cannot be told apart by anybody. Which k-th is which depends on what was lost, and where:
 *
 * - Where the capture of the side that they enter misses nothing (`Completeness`), each that left is one of those that entered, by DECIDED_BITS
 *   of time.
 * - Else only a group that is apart from others like it is told: as many left as entered, and each took what packets take.
 */
export class Sequences {
  readonly #about: About;
  readonly #completeness: Completeness;
  readonly #onPair: (inside: number, outside: number, slot: number) => void;
  /** By side: whether its capture shows packets twice. */
  readonly #isCopying = [false, false];
  readonly doubts: Doubts;
  /** By flow and direction: when those entered that were left undecided lately, and how many of its packets that had left were. */
  readonly #undecided = new Map<number, { readonly enteredNs: number[]; left: number }>();
  /** The way of a crowd whose order was not certain when it was looked at last, and how many of it were not looked at since: all of it is looked at. */
  #vainWay = NONE;
  #passedOver = 0;

  constructor(
    about: About,
    completeness: Completeness,
    onPair: (inside: number, outside: number, slot: number) => void,
  ) {
    this.#about = about;
    this.#completeness = completeness;
    this.doubts = new Doubts(about, completeness);
    this.#onPair = onPair;
  }

  /** Pairs two packets whose window is over by `nowNs`, with those like them, where their order is certain. Returns whether it paired any. */
  settle(inside: number, outside: number, nowNs: number): boolean {
    const t = this.#about.timeline;
    const way = this.#about.buckets.isCrowd(t.bucket(inside)) ? t.way(inside) : NONE;
    if (way !== NONE && way === this.#vainWay && this.#passedOver++ < FIRST_ALIKE) return false;
    const related = this.#about.kernel.relate(inside, outside);
    if (!this.#mayBeCertain(inside, outside, goesOutbound(related), nowNs)) return false;
    const sequence = this.#sequenceOf(inside, outside, related);
    const isDone = sequence !== null && this.#pairAll(sequence, this.#certain(sequence, nowNs));
    this.#vainWay = isDone ? NONE : way;
    this.#passedOver = 0;
    return isDone;
  }

  /** Whether captures miss nothing of a packet's like, or no more of it come: asked of each, so it looks at none of the others. */
  #mayBeCertain(inside: number, outside: number, isOutbound: boolean, nowNs: number): boolean {
    if (this.#completeness.isComplete(isOutbound ? inside : outside, isOutbound)) return true;
    const untilNs = nowNs - this.#about.kernel.limitNs(isOutbound);
    return [inside, outside].every(
      (row) => this.#about.timeline.timeNs(this.#about.buckets.newestOfWay(row)) < untilNs,
    );
  }

  /**
   * Pairs the first of a stream of identical packets, while nothing else tells what packets take: as each leaves far sooner than the next one
   * enters, from the first on, most of them are told by that, and say how long the others may take. Returns whether it paired any.
   */
  begin(inside: number, outside: number): boolean {
    const related = this.#about.kernel.relate(inside, outside);
    if (!this.#about.kernel.isNew(goesOutbound(related))) return false;
    const sequence = this.#sequenceOf(inside, outside, related);
    if (sequence === null) return false;
    const { entered, left } = sequence;
    // those before the first of them, if there were any, have each other
    const [sinceIn, sinceOut] = [this.#about.kernel.sinceNs(entered[0]), this.#about.kernel.sinceNs(left[0])];
    const isBegin = sinceIn === 0 && sinceOut === 0;
    const hasPairs = this.#about.translations.accounts.pairs(sequence.slot) > 0;
    if (!isBegin && (!hasPairs || 4 * Math.abs(sinceIn - sinceOut) > sinceIn)) return false;
    const pairs = nearest(this.#timesOf(entered), this.#timesOf(left), this.#about.kernel.causalSlackNs);
    if (pairs === null || pairs.length < FIRST_SHARE * Math.max(entered.length, left.length)) return false;
    for (const [from, to] of pairs) this.#pair(sequence, entered[from], left[to]);
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
    if (!this.#completeness.mayTell(inside)) return false;
    const sequence = this.#sequenceBetween(inside, outside, related);
    if (sequence === null || !this.#isAll(sequence)) return false;
    const { entered, left } = sequence;
    const [enteredNs, leftNs] = [this.#timesOf(entered), this.#timesOf(left)];
    const isComplete = this.#completeness.isComplete(inside, isOutbound);
    const aligned = (isComplete ? inTurn : nearestOfEach)(enteredNs, leftNs, kernel.latencies(isOutbound).medianNs);
    if (!isComplete && aligned.length < FIRST_SHARE * Math.max(entered.length, left.length)) return false;
    const bits = rhythmBits(aligned, enteredNs, leftNs, kernel.slackNs);
    const [from, to] = [entered[aligned[0][0]], left[aligned[0][1]]];
    const [i, o] = isOutbound ? [from, to] : [to, from];
    kernel.relate(i, o);
    if (kernel.weigh(i, o, false) + bits < LEARN_BITS) return false;
    const pairs = isComplete ? this.#decided(sequence) : this.#apart(sequence, aligned, enteredNs, leftNs);
    if (pairs.length === 0) return false;
    kernel.relate(i, o);
    this.#pairAll({ ...sequence, slot: translations.learn(i, o) }, pairs);
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
    if (!this.#mayBeCertain(inside, outside, goesOutbound(related), nowNs)) return false;
    const sequence = this.#sequenceBetween(inside, outside, related);
    if (sequence === null || !this.#isAll(sequence)) return false;
    const pairs = this.#certain(sequence, nowNs);
    if (pairs.length === 0) return false;
    this.#about.kernel.relate(inside, outside);
    return this.#pairAll({ ...sequence, slot: this.#about.translations.learn(inside, outside) }, pairs);
  }

  /**
   * Whether a packet that was passed over for being late, where this one was taken instead, may have been only the first of several that were: one
   * of those that left behind this one is left over, although captures miss none, and the few before that do not tell that they were in time. `nowNs`: while
   * its window goes on, and each takes longer than the one before, others may still be left over.
   */
  mayAllBeLate(entered: number, left: number, isOutbound: boolean, nowNs: number): boolean {
    if (this.#completeness.hasMissed(isOutbound)) return false;
    const { kernel, timeline: t, translations } = this.#about;
    const all = this.#about.buckets.ofWay(entered);
    const from = all.indexOf(entered);
    const slot = translations.slotOf(left);
    if (from > 0 && kernel.hasPassed(slot, t.timeNs(all[from - 1]), left, isOutbound)) return false;
    const behind = this.#about.buckets.ofWay(left).filter((row) => !t.isBefore(row, left));
    const [enteredNs, leftNs] = [this.#timesOf(all), this.#timesOf(behind)];
    if (this.#mayBeLateFrom(enteredNs, leftNs, from, 0, isOutbound, false)) return true;
    return from > 0 && t.timeNs(entered) + this.#about.windowNs > nowNs && isGrowing(enteredNs.slice(from - 1), leftNs);
  }

  /** The same of those that left from one on, and entered from another one on. `isDoubted`: what it is where they end before it is told. */
  #mayBeLateFrom(
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
      if (next === entered.length || entered[next] > left[at] + kernel.causalSlackNs) return true;
      if (next > 0) {
        const apartNs = entered[next] - entered[next - 1];
        // where nothing speaks for it that a queue is that long, each is a chance of its own
        const beforeNs = isDoubted && next > 1 ? entered[next - 1] - entered[next - 2] : Number.POSITIVE_INFINITY;
        bits += this.doubts.bitsOf(left[at] - entered[next], apartNs, beforeNs, isOutbound);
      }
      if (bits >= DECIDED_BITS) return false;
    }
    return isDoubted;
  }

  /** Notes packets that were left undecided: some of those that entered may still be under way. */
  noteUndecided({ inside, outside }: Undecided): void {
    for (const { slot, isOutbound, enteredNs, leftNs } of this.#byFlow([...inside, ...outside])) {
      const lateNs = this.#lateNs(enteredNs, leftNs, isOutbound);
      this.doubts.note(slot, isOutbound, enteredNs, leftNs.length, lateNs);
      const key = keyOf(slot, isOutbound);
      const of = this.#undecided.get(key) ?? { enteredNs: [], left: 0 };
      this.#undecided.set(key, of);
      of.enteredNs.push(...enteredNs);
      of.left += leftNs.length;
      const lastNs = Math.max(enteredNs.at(-1) ?? 0, leftNs.at(-1) ?? 0);
      for (; of.enteredNs[0] < lastNs - this.#about.windowNs; of.left--) of.enteredNs.shift();
    }
  }

  /**
   * When the last of those left that is later than any was so far, or -Infinity: what left without having been seen to enter is none. Notes it where others
   * overtook them.
   */
  #lateNs(enteredNs: readonly number[], leftNs: readonly number[], isOutbound: boolean): number {
    if (this.#completeness.hasMissed(isOutbound)) return Number.NEGATIVE_INFINITY;
    return this.doubts.lateNs(enteredNs, leftNs, isOutbound);
  }

  /** Notes a packet that has no twin. Returns whether it left, and may be one of those that were left undecided before. */
  noteAlone(row: number): boolean {
    // of most packets, nothing else is in doubt
    if (this.doubts.isEmpty) return false;
    let mayBeOneOf = false;
    for (const { slot, isOutbound, enteredNs, leftNs } of this.#byFlow([row])) {
      mayBeOneOf = leftNs.length > 0 && this.doubts.isAhead(slot, isOutbound);
      this.doubts.note(slot, isOutbound, enteredNs, leftNs.length, Number.NEGATIVE_INFINITY);
    }
    return mayBeOneOf;
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
      const key = keyOf(slot, isOutbound);
      const of = found.get(key) ?? { slot, isOutbound, enteredNs: [], leftNs: [] };
      found.set(key, of);
      ((t.side(row) === INSIDE) === isOutbound ? of.enteredNs : of.leftNs).push(t.timeNs(row));
    }
    return found.values();
  }

  /** When those entered that were left undecided before some others, and may have left since, by `nowNs` at the earliest. */
  #stillUnderWay(slot: number, isOutbound: boolean, beforeNs: number, nowNs: number): number[] {
    const key = keyOf(slot, isOutbound);
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

  /** Notes that a packet is one that its capture showed before. */
  noteCopy(row: number): void {
    this.#isCopying[this.#about.timeline.side(row)] = true;
  }

  /** Whether so many like a packet wait that `begin` or `learn` may tell them: asked again when there are as many more. */
  mayBegin(row: number, isFinal: boolean): boolean {
    const t = this.#about.timeline;
    const count = this.#about.buckets.count(t.bucket(row), t.sideOf(row));
    return count >= FIRST_ALIKE && (isFinal || count % FIRST_ALIKE === 0);
  }

  /** Those like two packets, which a known translation makes one of the other; null where it does not, or where one of them is called ambiguous. */
  #sequenceOf(i: number, o: number, related: number): Sequence | null {
    if ((related & RELATION_MASK) !== KNOWN) return null;
    return this.#sequenceBetween(i, o, related, this.#about.kernel.knownSlot);
  }

  #sequenceBetween(i: number, o: number, related: number, slot = NONE): Sequence | null {
    const isOutbound = goesOutbound(related);
    const inside = this.#likeIn(i, o);
    const outside = this.#likeIn(o, i);
    if (inside === null || outside === null || this.#mayBeCopies(INSIDE, inside) || this.#mayBeCopies(OUTSIDE, outside))
      return null;
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    return { slot, isOutbound, mayHide: (related & MAY_HIDE) !== 0, inside, outside, entered, left };
  }

  /** Those of some that may be twins which took what packets take, and are twice as far from all others like them. */
  #apart(
    { entered, left, isOutbound }: Sequence,
    aligned: Aligned,
    enteredNs: readonly number[],
    leftNs: readonly number[],
  ): [entered: number, left: number][] {
    const { kernel } = this.#about;
    const farNs = 2 * kernel.limitNs(isOutbound) + kernel.slackNs;
    const isNear = (aNs: number | undefined, bNs: number): boolean => aNs !== undefined && Math.abs(aNs - bNs) <= farNs;
    return aligned
      .filter(([from, to]) => {
        const tookNs = leftNs[to] - enteredNs[from];
        if (tookNs < -kernel.causalSlackNs || tookNs > kernel.limitNs(isOutbound)) return false;
        const others = [enteredNs[from - 1], enteredNs[from + 1], leftNs[to - 1], leftNs[to + 1]];
        return !others.some((timeNs) => isNear(timeNs, enteredNs[from]) || isNear(timeNs, leftNs[to]));
      })
      .map(([from, to]) => [entered[from], left[to]]);
  }

  /** Whether no others wait under the key of these. */
  #isAll({ inside, outside }: Sequence): boolean {
    const bucket = this.#about.timeline.bucket(inside[0]);
    return (
      this.#about.buckets.count(bucket, INSIDE) === inside.length &&
      this.#about.buckets.count(bucket, OUTSIDE) === outside.length
    );
  }

  /**
   * The packets of its bucket that nothing but time tells from one that may be the twin of `other`, oldest first; null where one of them is called
   * ambiguous.
   */
  #likeIn(row: number, other: number): number[] | null {
    const t = this.#about.timeline;
    const hasOptions = this.#about.kernel.alteredIn(ALTERED_OPTIONS) === 0;
    const like: number[] = [];
    for (const r of this.#about.buckets.ofWay(row)) {
      if (t.ttl(r) !== t.ttl(row)) continue;
      // a router that alters them may have made equal ones of others
      if (hasOptions && t.hasOtherOptions(r, row) && t.hasOtherOptions(r, other)) continue;
      if (t.state(r) === AMBIGUOUS) return null;
      like.push(r);
    }
    return like;
  }

  /**
   * Whether some of these packets may be copies of others: of two that follow each other closely and are shown twice, each is taken for the
   * other's copy.
   */
  #mayBeCopies(side: Side, rows: readonly number[]): boolean {
    const t = this.#about.timeline;
    return (
      this.#isCopying[side] && rows.some((row, at) => at > 0 && t.timeNs(row) - t.timeNs(rows[at - 1]) <= 2 * COPY_NS)
    );
  }

  /** Those whose order is certain: what is decided where nothing was missed, or all of a group. */
  #certain(sequence: Sequence, nowNs: number): [entered: number, left: number][] {
    const isComplete = this.#completeness.isComplete(sequence.entered[0], sequence.isOutbound);
    const decided = isComplete ? this.#decided(sequence) : [];
    return decided.length > 0 || !this.#isGroupOfTwins(sequence, nowNs)
      ? decided
      : sequence.entered.map((row, at) => [row, sequence.left[at]]);
  }

  #pairAll(sequence: Sequence, pairs: readonly (readonly [entered: number, left: number])[]): boolean {
    for (const [from, to] of pairs) this.#pair(sequence, from, to);
    return pairs.length > 0;
  }

  /** What is decided by time, where nothing was missed: of those that left, what they had entered as. */
  #decided(sequence: Sequence): [entered: number, left: number][] {
    const { slot, entered, left, isOutbound } = sequence;
    const kernel = this.#about.kernel;
    const costOf = this.#costOf(isOutbound);
    const leftNs = this.#timesOf(left);
    const before = this.#stillUnderWay(slot, isOutbound, this.#about.timeline.timeNs(entered[0]), leftNs[0]);
    const enteredNs = [...before, ...this.#timesOf(entered)];
    this.#completeness.watchFrom(entered[0]);
    const pairs: [number, number][] = [];
    const doubt = this.#doubtOf(sequence);
    const isAhead = (of: number, goesOut: boolean): boolean => this.doubts.isAhead(of, goesOut);
    const isDoubted = doubt !== undefined || this.#lateNs(enteredNs, leftNs, isOutbound) > Number.NEGATIVE_INFINITY;
    let next = 0;
    // when the last one entered that is not accounted for
    let openNs = doubt?.enteredNs ?? Number.NEGATIVE_INFINITY;
    for (const run of runsOf(enteredNs, leftNs, kernel.slackNs, kernel.limitNs(isOutbound))) {
      const from = enteredNs.slice(run.entered, run.enteredEnd);
      const to = leftNs.slice(run.left, run.leftEnd);
      if (this.#mayBeSwapped(from) || this.#mayBeSwapped(to)) continue;
      const enteredRun = entered.slice(Math.max(0, run.entered - before.length), run.enteredEnd - before.length);
      if (this.#areMixed(enteredRun) || this.#areMixed(left.slice(run.left, run.leftEnd))) continue;
      const found = this.#assign(from, to, isOutbound, DECIDED_BITS, MISSED_BITS);
      if (this.#completeness.wasMissed(isAhead)) break;
      if (found === null) continue;
      for (const [k, index] of found.entries()) {
        const at = run.entered + index - before.length;
        const of = run.left + k;
        if (index < 0 || at < 0 || costOf(to[k] - from[index]) > 0) continue;
        if (kernel.overtakes(entered[at], left[of], isOutbound)) continue;
        if (run.entered + index > next) openNs = enteredNs[run.entered + index - 1];
        next = run.entered + index + 1;
        const hasMore = isDoubted && (doubt?.ahead ?? 0) + at - of > 0;
        const mayBeLate = hasMore && !kernel.hasPassed(slot, openNs, left[of], isOutbound);
        if (mayBeLate && this.#mayBeLateFrom(enteredNs, leftNs, run.entered + index, of, isOutbound, true)) continue;
        pairs.push([entered[at], left[of]]);
      }
    }
    return pairs;
  }

  /** The doubt about some packets of a flow that are alike, oldest first; undefined where there is none. */
  #doubtOf({ slot, isOutbound, entered, left }: Sequence): Doubt | undefined {
    return slot === NONE ? undefined : this.doubts.of(slot, isOutbound, entered[0], left[0]);
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
      -kernel.slackNs,
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
    const digest = this.#about.kernel.latencies(isOutbound);
    return (latencyNs) => -Math.log2(digest.density(latencyNs, limitNs) * limitNs);
  }

  /**
   * Whether as many entered as left, and they are a group of their own, each in time: where others like them came right before, or are
   * still coming, the first may be the second.
   */
  #isGroupOfTwins(sequence: Sequence, nowNs: number): boolean {
    const { entered, left, isOutbound, mayHide } = sequence;
    const limitNs = this.#about.kernel.limitNs(isOutbound);
    if (mayHide || entered.length !== left.length) return false;
    if ((this.#doubtOf(sequence)?.ahead ?? 0) > 0) return false;
    if (!this.#isGroup(entered, limitNs, nowNs) || !this.#isGroup(left, limitNs, nowNs)) return false;
    const [enteredNs, leftNs] = [this.#timesOf(entered), this.#timesOf(left)];
    if (this.#mayBeSwapped(enteredNs) || this.#mayBeSwapped(leftNs)) return false;
    if (this.#areMixed(entered) || this.#areMixed(left)) return false;
    const isInTime = (at: number) => {
      const latencyNs = leftNs[at] - enteredNs[at];
      const isPossible = latencyNs >= -this.#about.kernel.causalSlackNs && latencyNs <= limitNs;
      return isPossible && (this.#about.kernel.relate(entered[at], left[at]) & IS_LATE) === 0;
    };
    const last = entered.length - 1;
    if (this.#about.kernel.isUnwatched(entered[last], left[last])) return false;
    if (entered.some((row, at) => this.#about.kernel.overtakes(row, left[at], isOutbound))) return false;
    // or held up together: all had entered before the first left, and the last took as long as others do
    const areHeldUp = last > 0 && isInTime(last) && enteredNs[last] <= leftNs[0];
    if (areHeldUp) return true;
    // … or each in time, and none of them so late that it is likelier that one was lost, and another one missed
    const areInTime = entered.every((_, at) => isInTime(at));
    return areInTime && this.#areToldInOrder(enteredNs, leftNs, isOutbound);
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

  /** Whether some of these times are so near to each other that stamps do not tell which was first. */
  #mayBeSwapped(times: readonly number[]): boolean {
    const { untoldNs } = this.#about.kernel;
    return untoldNs > 0 && times.some((timeNs, at) => timeNs - times[at - 1] <= untoldNs);
  }

  /** Whether these stand in another order in their capture than their stamps say, as where a clock was set back between them: neither tells. */
  #areMixed(rows: readonly number[]): boolean {
    const t = this.#about.timeline;
    return rows.some((row, at) => at > 0 && t.frame(row) < t.frame(rows[at - 1]));
  }

  #timesOf(rows: readonly number[]): number[] {
    return rows.map((row) => this.#about.timeline.timeNs(row));
  }

  #pair({ slot, isOutbound }: Sequence, entered: number, left: number): void {
    if (isOutbound) this.#onPair(entered, left, slot);
    else this.#onPair(left, entered, slot);
  }
}
