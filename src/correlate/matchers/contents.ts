import type { Heap } from "../../packets/memory/heap.js";
import { otherSide, type Side } from "../../packets/sides.js";
import { SweptIndex } from "../../packets/memory/swept-index.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { Crowd } from "./crowd.js";

/** Of more packets of one content than this, only those are looked at that came about the same time. */
const CROWDED = 32;
/** How often crowds are cleared of what waits no more, packets filed. */
const TIDY_EVERY = 1024;

const NONE_FOUND: readonly number[] = [];

/** Packets that wait, by their content or whatever else they are to have in common. */
export class Contents {
  /** What was found last: what else has the content, on the packet's own side, and on the other one. */
  own: readonly number[] = NONE_FOUND;
  others: readonly number[] = NONE_FOUND;
  /** Whether there may be more than that: not all were looked at. */
  isCrowded = false;
  readonly #timeline: Timeline;
  readonly #windowNs: number;
  /** By `hashOf`; some may have been paired meanwhile. */
  readonly #index: SweptIndex;
  /** Instead of the index, contents that many packets have. */
  readonly #crowds = new Map<number, Crowd>();
  #filed = 0;

  readonly #hashOf: (t: Timeline, row: number) => number;
  readonly #isSame: (t: Timeline, a: number, b: number) => boolean;

  /** `hashOf`, `isSame`: what packets are to have in common. */
  constructor(
    heap: Heap,
    timeline: Timeline,
    windowNs: number,
    hashOf: (t: Timeline, row: number) => number,
    isSame: (t: Timeline, a: number, b: number) => boolean,
  ) {
    this.#hashOf = hashOf;
    this.#isSame = isSame;
    this.#timeline = timeline;
    this.#windowNs = windowNs;
    this.#index = new SweptIndex(heap, this.#isWaiting);
  }

  /**
   * Finds what has the content of a packet on the other side within the window, and, if there is any, what can contend with the packet for
   * it. `longest`: how far away in time both are at the most in a crowd, nanoseconds.
   */
  find(row: number, longest: (timeNs: number) => number): void {
    this.clear();
    const hash = this.#hashOf(this.#timeline, row);
    const side = this.#timeline.sideOf(row);
    this.others = this.#look(hash, row, otherSide(side), longest, 1);
    if (this.others.length > 0) this.own = this.#look(hash, row, side, longest, 2);
  }

  /** Finds only what has the content of a packet on its own side. */
  findOwn(row: number, longest: (timeNs: number) => number): void {
    this.clear();
    this.own = this.#look(this.#hashOf(this.#timeline, row), row, this.#timeline.sideOf(row), longest, 1);
  }

  /** The only packet on the other side that has the content of one, if nothing else contends with the two; NONE where that is not so. */
  onlyOther(row: number, longest: (timeNs: number) => number): number {
    const hash = this.#hashOf(this.#timeline, row);
    if (!this.#isCrowd(hash)) return this.#onlyFiled(hash, row);
    const side = this.#timeline.sideOf(row);
    const others = this.#look(hash, row, otherSide(side), longest, 1, 2);
    return others.length === 1 && this.#look(hash, row, side, longest, 2, 1).length === 0 ? others[0] : NONE;
  }

  /** The same among those that are no crowd. This is asked of every packet that waits, and makes no objects. */
  #onlyFiled(hash: number, row: number): number {
    const t = this.#timeline;
    const index = this.#index;
    let only: number = NONE;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const other = index.idAt(cell);
      if (!this.#isWaiting(other) || !this.#isNear(row, other) || other === row || !this.#isSame(t, row, other))
        continue;
      if (only !== NONE || t.sideOf(other) === t.sideOf(row)) return NONE;
      only = other;
    }
    return only;
  }

  #isNear(row: number, other: number): boolean {
    return Math.abs(this.#timeline.timeNs(other) - this.#timeline.timeNs(row)) <= this.#windowNs;
  }

  #isCrowd(hash: number): boolean {
    return this.#crowds.size > 0 && this.#crowds.has(hash);
  }

  /** As if nothing had been found. */
  clear(): void {
    this.own = NONE_FOUND;
    this.others = NONE_FOUND;
    this.isCrowded = false;
  }

  /** Files a packet. */
  add(row: number): void {
    const t = this.#timeline;
    const hash = this.#hashOf(t, row);
    const crowd = this.#crowds.get(hash) ?? this.#gather(hash);
    if (crowd !== undefined) crowd.add(t.sideOf(row), row, t.timeNs(row));
    else this.#index.add(hash, row);
    if (++this.#filed % TIDY_EVERY !== 0) return;
    for (const [hash, crowd] of this.#crowds) if (!crowd.tidy()) this.#crowds.delete(hash);
  }

  /** Takes a packet out that needs no twin any more, if it is filed by itself: of a crowd, time takes it away. Returns its hash. */
  remove(row: number): number {
    const hash = this.#hashOf(this.#timeline, row);
    this.#index.remove(hash, row);
    return hash;
  }

  /** What has the content of a packet on a side, up to a number; of a crowd, what came at most so many times `longest` before or after it. */
  #look(
    hash: number,
    row: number,
    side: Side,
    longest: (timeNs: number) => number,
    times: number,
    most = Number.POSITIVE_INFINITY,
  ): readonly number[] {
    const t = this.#timeline;
    const timeNs = t.timeNs(row);
    const isLike = (other: number): boolean => other !== row && this.#isSame(t, row, other);
    const crowd = this.#crowds.size === 0 ? undefined : this.#crowds.get(hash);
    if (crowd !== undefined) {
      const near = crowd.near(side, timeNs, times * longest(timeNs), most, isLike);
      if (!crowd.wasLookedThrough) this.isCrowded = true;
      return near;
    }
    // most have no like, and V8 makes closures for those as well
    if (this.#index.seek(hash) < 0) return NONE_FOUND;
    const isNear = (other: number): boolean => t.sideOf(other) === side && this.#isNear(row, other);
    return this.#index.of(hash, most, (other) => isNear(other) && isLike(other));
  }

  /** Makes a crowd of what has a content, where it has become too many. What waits no more is taken out on the way. */
  #gather(hash: number): Crowd | undefined {
    const index = this.#index;
    let count = 0;
    let cell = index.seek(hash);
    while (cell >= 0) {
      if (this.#isWaiting(index.idAt(cell))) count++;
      else {
        index.removeAt(cell);
        // what stood behind it has moved up
        cell = (cell - 1) & index.mask;
      }
      cell = index.next(cell, hash);
    }
    if (count < CROWDED) return undefined;
    const t = this.#timeline;
    const crowd = new Crowd(this.#isWaiting);
    this.#crowds.set(hash, crowd);
    for (cell = index.seek(hash); cell >= 0; cell = index.seek(hash)) {
      const row = index.idAt(cell);
      crowd.add(t.sideOf(row), row, t.timeNs(row));
      index.removeAt(cell);
    }
    return crowd;
  }

  /** Whether a packet filed may still be another one's twin. */
  readonly #isWaiting = (row: number): boolean => {
    const t = this.#timeline;
    return t.isHeld(row) && t.isOpen(row);
  };
}
