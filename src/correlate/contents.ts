import { HashIndex } from "../packets/hash-index.js";
import type { Heap } from "../packets/heap.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import { DECIDED, type Timeline } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import { Crowd } from "./crowd.js";

/** Of more packets of one content than this, only those are looked at that came about the same time: the others would take too long. */
const CROWDED = 32;
/** How often crowds are cleared of what is past, packets filed in them. */
const TIDY_EVERY = 1024;
/** The index is cleared of what was paired meanwhile when it reaches this size, or twice what was left of it then. */
const FIRST_SWEEP = 4096;

/** Packets that wait, by their content or whatever else they are to have in common. */
export class Contents {
  /** What `find` found: what else has the content, on the packet's own side, and on the other one. */
  own: number[] = [];
  others: number[] = [];
  readonly #timeline: Timeline;
  readonly #windowNs: number;
  /** By `hashOf`; some may have been paired meanwhile. */
  readonly #index: HashIndex;
  #sweepAt = FIRST_SWEEP;
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
    this.#index = new HashIndex(heap);
  }

  /** Finds what has the content of a packet within the window; of a crowd, what can contend with it for a twin. `longest`: how far away that is at the most, nanoseconds. */
  find(row: number, longest: (timeNs: number) => number): void {
    const t = this.#timeline;
    const hash = this.#hashOf(t, row);
    const timeNs = t.timeNs(row);
    this.clear();
    const take = (other: number): void => {
      if (other !== row && this.#isWaiting(other) && this.#isSame(t, row, other))
        (t.side(other) === t.side(row) ? this.own : this.others).push(other);
    };
    const crowd = this.#crowds.get(hash);
    if (crowd !== undefined) {
      const longestNs = longest(timeNs);
      for (const side of [INSIDE, OUTSIDE] as const)
        for (const other of crowd.near(side, timeNs, side === t.side(row) ? 2 * longestNs : longestNs)) take(other);
      return;
    }
    const index = this.#index;
    for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) {
      const other = index.idAt(cell);
      if (this.#isWaiting(other) && Math.abs(t.timeNs(other) - timeNs) <= this.#windowNs) take(other);
    }
  }

  /** As if nothing had been found. */
  clear(): void {
    this.own = [];
    this.others = [];
  }

  /** Files a packet, once `find` was asked for it. */
  add(row: number): void {
    const t = this.#timeline;
    const hash = this.#hashOf(t, row);
    let crowd = this.#crowds.get(hash);
    if (crowd === undefined && this.own.length + this.others.length >= CROWDED) crowd = this.#gather(hash);
    if (crowd !== undefined) crowd.add(t.sideOf(row), row, t.timeNs(row));
    else {
      if (this.#index.size >= this.#sweepAt) this.#sweep();
      this.#index.add(hash, row);
    }
  }

  /** Takes a packet out that needs no twin any more, if it is filed by itself: of a crowd, time takes it away. */
  remove(row: number): void {
    this.#index.remove(this.#hashOf(this.#timeline, row), row);
  }

  /** Forgets crowds of before a time, now and then. Returns whether it did. */
  tidy(beforeNs: number): boolean {
    if (++this.#filed % TIDY_EVERY !== 0) return false;
    for (const [hash, crowd] of this.#crowds) if (!crowd.forget(beforeNs)) this.#crowds.delete(hash);
    return true;
  }

  /** Makes a crowd of what has a content. */
  #gather(hash: number): Crowd {
    const t = this.#timeline;
    const index = this.#index;
    const crowd = new Crowd();
    this.#crowds.set(hash, crowd);
    for (let cell = index.seek(hash); cell >= 0; cell = index.seek(hash)) {
      const row = index.idAt(cell);
      if (this.#isWaiting(row)) crowd.add(t.sideOf(row), row, t.timeNs(row));
      index.removeAt(cell);
    }
    return crowd;
  }

  /** Whether a packet filed may still be another one's twin. */
  #isWaiting(row: number): boolean {
    const t = this.#timeline;
    return t.isHeld(row) && t.state(row) < DECIDED;
  }

  #sweep(): void {
    const index = this.#index;
    const { cells, mask } = index;
    const left: (readonly [hash: number, row: number])[] = [];
    for (let cell = 0; cell <= mask; cell++) {
      const row = cells[2 * cell + 1] === 0 ? NONE : index.idAt(cell);
      if (row !== NONE && this.#isWaiting(row)) left.push([cells[2 * cell], row]);
    }
    index.clear();
    for (const [hash, row] of left) index.add(hash, row);
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * index.size);
  }
}
