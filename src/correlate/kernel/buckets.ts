import { widened } from "../../packets/columns.js";
import { HashIndex } from "../../packets/hash-index.js";
import type { Heap } from "../../packets/heap.js";
import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";

/** What a packet has for a bucket while nobody else waits under its key. */
export const ALONE = -2;
/**
 * What two have that are taken for a pair unless an equal one comes soon: the older one stands in the index, and `Timeline.next` of each
 * names the other.
 */
export const PENDING = -3;

/** Words of a bucket, half a cache line; of two each, one a side: at … + side. */
const OLDEST = 0;
const NEWEST = 2;
const COUNT = 4;
const KEY2 = 6;
const BUCKET_BITS = 3;

/** For a busy host: of 800,000 packets a second, one in a hundred waits for the window in vain. */
const FIRST_CELLS = 2 ** 14;

/**
 * The packets that wait for a twin, by their match keys. Most wait alone, for some microseconds: the index then holds the
 * packet's row. Where there are several with equal keys, it holds a bucket: a list a side, oldest first. Identical heartbeats
 * make long ones.
 */
export class Buckets {
  /** By key: the row of a packet that is ALONE, or the complement of a bucket's number. */
  readonly index: HashIndex;
  #buckets = new Int32Array(256 << BUCKET_BITS);
  /** From 1 on: the complement of 0 would be taken for an empty cell. */
  #end = 1;
  readonly #free: number[] = [];
  readonly #timeline: Timeline;

  constructor(heap: Heap, timeline: Timeline) {
    this.index = new HashIndex(heap, FIRST_CELLS);
    this.#timeline = timeline;
  }

  /** Oldest packet of a side in the bucket, or NONE; the next ones follow by `Timeline.next`. */
  oldest(bucket: number, side: Side): number {
    return this.#buckets[(bucket << BUCKET_BITS) + OLDEST + side];
  }

  count(bucket: number, side: Side): number {
    return this.#buckets[(bucket << BUCKET_BITS) + COUNT + side];
  }

  /** Files a packet: ALONE where nobody waits under its key, else behind the others of its side. */
  add(row: number): void {
    const timeline = this.#timeline;
    const key = timeline.key(row);
    const found = this.#find(key, timeline.key2(row));
    if (found === NONE) {
      this.index.add(key, row);
      timeline.setBucket(row, ALONE);
      return;
    }
    this.#append(row, found < 0 ? ~found : this.#open(found));
  }

  /** Takes a packet out of the index, or out of its bucket, if it is filed; the last one out closes the bucket. */
  remove(row: number): void {
    const timeline = this.#timeline;
    const bucket = timeline.bucket(row);
    if (bucket === NONE) return;
    if (bucket === PENDING) {
      const other = timeline.next(row);
      this.index.remove(timeline.key(row), this.#filedOf(row));
      this.index.add(timeline.key(row), other);
      timeline.setBucket(other, ALONE);
      timeline.setBucket(row, NONE);
      return;
    }
    timeline.setBucket(row, NONE);
    if (bucket === ALONE) {
      this.index.remove(timeline.key(row), row);
      return;
    }
    const list = (bucket << BUCKET_BITS) + timeline.side(row);
    const before = timeline.previous(row);
    const behind = timeline.next(row);
    if (before === NONE) this.#buckets[list + OLDEST] = behind;
    else timeline.setNext(before, behind);
    if (behind === NONE) this.#buckets[list + NEWEST] = before;
    else timeline.setPrevious(behind, before);
    this.#buckets[list + COUNT]--;
    if (this.count(bucket, INSIDE) === 0 && this.count(bucket, OUTSIDE) === 0) {
      this.index.remove(timeline.key(row), ~bucket);
      this.#free.push(bucket);
    }
  }

  /** Puts two that are PENDING into a bucket, as others are that wait for more to come; `row` is one of them. */
  part(row: number): void {
    this.#open(this.#filedOf(row));
  }

  /** Of two that are PENDING, the one that stands in the index. */
  #filedOf(row: number): number {
    const other = this.#timeline.next(row);
    return this.#timeline.isBefore(row, other) ? row : other;
  }

  /** What the index holds for a key, both halves; NONE for nothing. */
  #find(key: number, key2: number): number {
    const { index } = this;
    for (let cell = index.seek(key); cell >= 0; cell = index.next(cell, key)) {
      const id = index.idAt(cell);
      const there = id < 0 ? this.#buckets[(~id << BUCKET_BITS) + KEY2] : this.#timeline.key2(id);
      if (there === key2) return id;
    }
    return NONE;
  }

  /** Makes a bucket for a packet that was ALONE, or PENDING and stands in the index: then for both. */
  #open(row: number): number {
    const timeline = this.#timeline;
    const other = timeline.bucket(row) === PENDING ? timeline.next(row) : NONE;
    const bucket = this.#free.pop() ?? this.#take();
    const b = bucket << BUCKET_BITS;
    for (const side of [INSIDE, OUTSIDE]) {
      this.#buckets[b + OLDEST + side] = NONE;
      this.#buckets[b + NEWEST + side] = NONE;
      this.#buckets[b + COUNT + side] = 0;
    }
    this.#buckets[b + KEY2] = timeline.key2(row);
    this.index.remove(timeline.key(row), row);
    this.index.add(timeline.key(row), ~bucket);
    this.#append(row, bucket);
    if (other !== NONE) this.#append(other, bucket);
    return bucket;
  }

  #append(row: number, bucket: number): void {
    const timeline = this.#timeline;
    const list = (bucket << BUCKET_BITS) + timeline.side(row);
    const before = this.#buckets[list + NEWEST];
    timeline.setBucket(row, bucket);
    timeline.setPrevious(row, before);
    timeline.setNext(row, NONE);
    if (before === NONE) this.#buckets[list + OLDEST] = row;
    else timeline.setNext(before, row);
    this.#buckets[list + NEWEST] = row;
    this.#buckets[list + COUNT]++;
  }

  #take(): number {
    if (this.#end << BUCKET_BITS === this.#buckets.length)
      this.#buckets = widened(this.#buckets, new Int32Array(2 * this.#buckets.length));
    return this.#end++;
  }
}
