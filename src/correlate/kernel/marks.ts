import { asDoubles, type Heap } from "../../packets/memory/heap.js";
import type { PairTimes } from "../../packets/results/pair-times.js";
import { INSIDE, type Side } from "../../packets/sides.js";
import * as words from "./kernel-words.js";

/** What the kernel is told, what it knows, and what it says, in words of its block: those that others ask for, or set, one by one. */
export class Marks {
  /** See `kernel-words.ts`. */
  protected readonly words: Int32Array;
  /** The same memory. */
  protected readonly doubles: Float64Array;

  constructor(heap: Heap) {
    this.words = heap.take(Int32Array, words.WORDS);
    this.doubles = asDoubles(this.words);
    this.doubles.fill(Number.NEGATIVE_INFINITY, words.LAST_ENTERED_NS, words.LAST_ENTERED_NS + 2);
    this.doubles.fill(Number.NEGATIVE_INFINITY, words.OVERTAKEN_NS, words.OVERTAKEN_NS + 2);
    this.doubles.fill(Number.NEGATIVE_INFINITY, words.CROSSED_NS, words.CROSSED_NS + 2);
    this.doubles.fill(Number.NEGATIVE_INFINITY, words.UNKNOWN_NS, words.SHARED_NS + 1);
    this.doubles.fill(Number.NEGATIVE_INFINITY, words.LONGEST_NS, words.LONGEST_NS + 2);
    this.doubles.fill(Number.POSITIVE_INFINITY, words.SHORTEST_NS, words.SHORTEST_NS + 2);
  }

  /** Whether a TCP segment was seen that is longer than what a wire takes: any may be cut on its way, or a piece. */
  get hasLongSegments(): boolean {
    return this.words[words.HAS_LONG_SEGMENTS] !== 0;
  }

  /** Takes the NAT's address of the flow that others were told of last, over IPv4; 0 for none. */
  get newestNat(): number {
    return this.words[words.NEWEST_NAT] >>> 0;
  }

  set newestNat(address: number) {
    this.words[words.NEWEST_NAT] = address;
  }

  /** Whether packets of a direction may come that were sent twice. */
  mayBeSentTwice(isOutbound: boolean): boolean {
    return this.words[words.MAY_BE_SENT_TWICE + (isOutbound ? 1 : 0)] !== 0;
  }

  /** Takes whether packets may enter by a side that were sent twice. */
  setSentTwice(entry: Side, mayBe: boolean): void {
    this.words[words.MAY_BE_SENT_TWICE + (entry === INSIDE ? 1 : 0)] = mayBe ? 1 : 0;
  }

  /** Whether `onFlow` is to be told of each flow, and not only of those with a translation like none before. */
  set tellsAll(tellsAll: boolean) {
    this.words[words.TELLS_ALL] = tellsAll ? 1 : 0;
  }

  /** Has pairs be counted there from now on, instead of shown; undefined: has them be shown. */
  set pairTimes(times: PairTimes | undefined) {
    this.words[words.TIMES] = times?.block ?? 0;
  }

  /** Packets before this row are decided about, but for some that `findDue` has to pass over. */
  get due(): number {
    return this.words[words.DUE];
  }

  set due(row: number) {
    this.words[words.DUE] = row;
  }

  /** The results of packets before this row were given to the sink. */
  get shown(): number {
    return this.words[words.SHOWN];
  }

  set shown(row: number) {
    this.words[words.SHOWN] = row;
  }

  /** Notes that a packet left in a direction whose twin had been given up: it took longer than the window. */
  noteLate(isOutbound: boolean): void {
    this.words[words.IS_QUEUE_LONG + (isOutbound ? 1 : 0)] = 1;
  }

  /** A capture may have missed packets of a direction: that counts until so many of them are paired. */
  setUnsure(isOutbound: boolean, untilPairs: number): void {
    this.words[words.UNSURE + (isOutbound ? 1 : 0)] = untilPairs;
  }
}
