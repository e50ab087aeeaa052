import { HashIndex } from "../packets/hash-index.js";
import { OUTSIDE, type Side } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import { widened } from "../packets/columns.js";

/**
 * The packets that wait for a twin, in buckets of equal match keys: within a bucket a list a side, oldest first. Most
 * buckets live for some microseconds and hold one packet; identical heartbeats make long ones.
 */
export class Buckets {
  /** Two entries a bucket, one a side, at `2 * bucket + side`. */
  #oldest = new Int32Array(512);
  #newest = new Int32Array(512);
  #count = new Int32Array(512);
  #end = 0;
  readonly #free: number[] = [];
  readonly #index = new HashIndex();
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** The bucket of packets with the key of this row, or NONE. */
  find(row: number): number {
    const { mask, key, key2 } = this.#timeline;
    const at = row & mask;
    const hash = key[at];
    for (let cell = this.#index.seek(hash); cell >= 0; cell = this.#index.next(cell, hash)) {
      const bucket = this.#index.idAt(cell);
      if (key2[this.#anyRow(bucket) & mask] === key2[at]) return bucket;
    }
    return NONE;
  }

  /** Oldest packet of a side in the bucket, or NONE; the next ones follow by `Timeline.next`. */
  oldest(bucket: number, side: Side): number {
    return this.#oldest[2 * bucket + side];
  }

  count(bucket: number, side: Side): number {
    return this.#count[2 * bucket + side];
  }

  /** Puts a packet behind the others of its side, into `bucket`, or into a new one where that is NONE. */
  add(row: number, bucket: number): void {
    const timeline = this.#timeline;
    const at = row & timeline.mask;
    const own = bucket === NONE ? this.#open(timeline.key[at]) : bucket;
    const list = 2 * own + timeline.side[at];
    const before = this.#newest[list];
    timeline.bucket[at] = own;
    timeline.previous[at] = before;
    timeline.next[at] = NONE;
    if (before === NONE) this.#oldest[list] = row;
    else timeline.next[before & timeline.mask] = row;
    this.#newest[list] = row;
    this.#count[list]++;
  }

  /** Takes a packet out of its bucket; the last one out closes the bucket. */
  remove(row: number): void {
    const timeline = this.#timeline;
    const at = row & timeline.mask;
    const bucket = timeline.bucket[at];
    const list = 2 * bucket + timeline.side[at];
    const before = timeline.previous[at];
    const behind = timeline.next[at];
    if (before === NONE) this.#oldest[list] = behind;
    else timeline.next[before & timeline.mask] = behind;
    if (behind === NONE) this.#newest[list] = before;
    else timeline.previous[behind & timeline.mask] = before;
    timeline.bucket[at] = NONE;
    this.#count[list]--;
    if (this.#count[2 * bucket] === 0 && this.#count[2 * bucket + 1] === 0) {
      this.#index.remove(timeline.key[at], bucket);
      this.#free.push(bucket);
    }
  }

  #anyRow(bucket: number): number {
    const inside = this.#oldest[2 * bucket];
    return inside === NONE ? this.#oldest[2 * bucket + OUTSIDE] : inside;
  }

  #open(key: number): number {
    const bucket = this.#free.pop() ?? this.#take();
    for (let list = 2 * bucket; list <= 2 * bucket + 1; list++) {
      this.#oldest[list] = NONE;
      this.#newest[list] = NONE;
      this.#count[list] = 0;
    }
    this.#index.add(key, bucket);
    return bucket;
  }

  #take(): number {
    if (2 * this.#end === this.#oldest.length) {
      const lists = this.#oldest.length * 2;
      this.#oldest = widened(this.#oldest, new Int32Array(lists));
      this.#newest = widened(this.#newest, new Int32Array(lists));
      this.#count = widened(this.#count, new Int32Array(lists));
    }
    return this.#end++;
  }
}
