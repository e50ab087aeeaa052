import { directionKey, otherHalf, wholeOf } from "../../../packets/halves.js";
import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { IS_DOUBTED } from "../../../packets/tuples.js";
import type { About } from "../contract.js";

/** By how much time must speak for one order over any other, in bits: the bound of error that is asked of every pair. */
export const DECIDED_BITS = 40;

/** What is apart evenly, and a queue that is steady, go on so: of so many packets, each says as much as one. */
const STEADY = 10;
/** … or nothing, unless what they take is so much less than they are apart: a queue may as well be as long. */
const SELDOM = 8;

/** So many doubts are kept at the most. */
const MOST_DOUBTS = 2 ** 14;

/** Of some that entered it is not known as what they left. */
export interface Doubt {
  /** When the last one of those did. */
  enteredNs: number;
  /** How many more of them entered than left since it began: as many may be under way. */
  ahead: number;
  /** What those behind it say against it that all are late, so far. */
  bits: number;
  /** How far apart the last ones of those entered. */
  apartNs: number;
  /** When the last one left that was later than any before it: until then not all were in time. */
  lateNs: number;
}

/**
 * Streams of equal packets of which some left later than any seen so far, and were left undecided: a queue grows, and each that leaves may be one that
 * entered before the one that it seems to be. A packet that is like none before it tells that it is not: it entered behind that one and left, so that one
 * has left, or never will. Time tells it where packets leave right behind the next ones again and again.
 */
export class Doubts {
  readonly #about: About;
  /** By the flow's inside tuple and direction; only those count whose tuple says so. */
  readonly #of = new Map<number, Doubt>();

  constructor(about: About) {
    this.#about = about;
  }

  /**
   * Notes packets of a flow and direction that were left undecided, or have no twin: when they entered, oldest first, and how many left. `lateNs`: when the
   * last one of those left that was later than any so far, -Infinity where none was.
   */
  note(slot: number, isOutbound: boolean, enteredNs: readonly number[], left: number, lateNs: number): void {
    const before = this.#openOf(slot, isOutbound);
    const isLate = lateNs > Number.NEGATIVE_INFINITY;
    if (before === undefined && !isLate) return;
    const open = before ?? { enteredNs: Number.NEGATIVE_INFINITY, ahead: 0, bits: 0, apartNs: 0, lateNs };
    open.enteredNs = Math.max(open.enteredNs, enteredNs.at(-1) ?? Number.NEGATIVE_INFINITY);
    open.ahead += enteredNs.length - left;
    if (!isLate) return;
    open.bits = 0;
    open.lateNs = Math.max(open.lateNs, lateNs);
    // those that were late last are kept
    const key = this.#keyOf(slot, isOutbound);
    this.#of.delete(key);
    this.#of.set(key, open);
    this.#about.tuples.set(wholeOf(key), IS_DOUBTED, true);
    keepNewest(this.#of, MOST_DOUBTS, (oldest) => this.#close(oldest));
  }

  get isEmpty(): boolean {
    return this.#of.size === 0;
  }

  /** Whether more packets of a flow and direction entered than left since a doubt about them began. */
  isAhead(slot: number, isOutbound: boolean): boolean {
    return (this.#openOf(slot, isOutbound)?.ahead ?? 0) > 0;
  }

  /**
   * The doubt about packets of a flow and direction, from one on that entered and one that left; undefined where there is none, or where what passed between
   * shows that none before them can be meant.
   */
  of(slot: number, isOutbound: boolean, entered: number, left: number): Doubt | undefined {
    const doubt = this.#openOf(slot, isOutbound);
    if (doubt === undefined) return undefined;
    const { kernel } = this.#about;
    // where captures miss packets, what left late may be one that was not seen to enter; and no queue is longer than a window
    const isOver =
      this.#about.completeness.hasMissed(isOutbound) ||
      kernel.sinceNs(entered) === 0 ||
      kernel.hasPassed(slot, doubt.enteredNs, left, isOutbound);
    if (!isOver) return doubt;
    this.#close(this.#keyOf(slot, isOutbound));
    return undefined;
  }

  /**
   * Whether two packets are twins, and not all late, as far as is known. `isLast`: time may tell it, as all that could come is there; to be asked so once
   * of each, in the order they entered.
   */
  isTold(slot: number, isOutbound: boolean, entered: number, left: number, isLast: boolean): boolean {
    const doubt = this.of(slot, isOutbound, entered, left);
    if (doubt === undefined) return true;
    if (!isLast) return false;
    const { buckets, kernel, timeline } = this.#about;
    const apartNs = kernel.sinceNs(entered);
    const leftNs = timeline.timeNs(left);
    const bits = this.bitsOf(leftNs - timeline.timeNs(entered), apartNs, doubt.apartNs, isOutbound);
    if (leftNs > doubt.lateNs) doubt.bits += bits;
    doubt.apartNs = apartNs;
    if (doubt.bits >= DECIDED_BITS) this.#close(this.#keyOf(slot, isOutbound));
    const waiting = buckets.ofWay(entered).indexOf(entered) - buckets.ofWay(left).indexOf(left);
    return doubt.bits >= DECIDED_BITS || doubt.ahead + waiting <= 0;
  }

  /**
   * How much less likely one that was late leaves that soon behind another one, in bits. Where they are apart as evenly as a queue is steady, it is one
   * chance for all.
   *
   * @param apartNs how long before that one the next equal one entered, and `beforeNs`: the same of that.
   */
  bitsOf(latencyNs: number, apartNs: number, beforeNs: number, isOutbound: boolean): number {
    const limitNs = this.#about.kernel.limitNs(isOutbound);
    const isEven = Math.abs(apartNs - beforeNs) <= limitNs;
    if (isEven && apartNs < SELDOM * limitNs) return 0;
    const density = this.#about.kernel.latencies.of(isOutbound).density(latencyNs, limitNs);
    return Math.log2(density * apartNs) / (isEven ? STEADY : 1);
  }

  #openOf(slot: number, isOutbound: boolean): Doubt | undefined {
    const key = this.#keyOf(slot, isOutbound);
    return this.#about.tuples.has(wholeOf(key), IS_DOUBTED) ? this.#of.get(key) : undefined;
  }

  /** By its inside tuple, which all translations of it share. */
  #keyOf(slot: number, isOutbound: boolean): number {
    return directionKey(this.#about.translations.accounts.insideTuple(slot), isOutbound);
  }

  #close(key: number): void {
    this.#of.delete(key);
    if (!this.#of.has(otherHalf(key))) this.#about.tuples.set(wholeOf(key), IS_DOUBTED, false);
  }
}
