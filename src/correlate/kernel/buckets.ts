import { HashIndex } from "../../packets/memory/hash-index.js";
import type { Heap } from "../../packets/memory/heap.js";
import type { Steps } from "../../packets/memory/steps.js";
import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import type * as steps from "./assembly/filing/buckets.js";
import code from "./assembly/filing/buckets.wasm";
import * as words from "./buckets-words.js";

/** For a busy host: of 800,000 packets a second, one in a hundred waits for the window in vain. */
const FIRST_CELLS = 2 ** 14;
const FIRST_BUCKETS = 256;
/** Of these, what no bucket was in yet takes no memory. */
const ROOM_BUCKETS = 2 ** 18;

const module = new WebAssembly.Module(code);

/**
 * The packets that wait for a twin, by their match keys. Most wait alone, for some microseconds: the index then holds the
 * packet's row. Where there are several with equal keys, it holds a bucket: a list a side, oldest first. Identical heartbeats of many flows
 * make long ones: in those, each way has a lane of its own.
 */
export class Buckets {
  /** By key: the row of a packet that is ALONE, or the complement of a bucket's number. */
  readonly index: HashIndex;
  /** By bucket and way: the row of the packet that came last, of those in a crowd. */
  readonly #lanes: HashIndex;
  /** Where its block is, which WebAssembly goes by: see `buckets-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  #buckets: Int32Array;
  readonly #timeline: Timeline;
  readonly #heap: Heap;
  readonly #steps: Steps<typeof steps>;

  /** `heap`: that of the timeline. */
  constructor(heap: Heap, timeline: Timeline) {
    this.#heap = heap;
    this.#timeline = timeline;
    this.#steps = heap.load<typeof steps>(module);
    this.index = new HashIndex(heap, FIRST_CELLS);
    this.#buckets = heap.take(Int32Array, FIRST_BUCKETS << words.BUCKET_BITS, ROOM_BUCKETS << words.BUCKET_BITS);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#words[words.LINE] = timeline.block;
    this.#words[words.INDEX] = this.index.block;
    this.#lanes = new HashIndex(heap);
    this.#words[words.LANES] = this.#lanes.block;
    this.#words[words.BUCKETS] = this.#buckets.byteOffset;
    // the complement of 0 would be taken for an empty cell
    this.#words[words.END] = 1;
    this.#words[words.FREE] = NONE;
  }

  /** Oldest packet of a side in the bucket, or NONE; the next ones follow by `Timeline.next`. */
  oldest(bucket: number, side: Side): number {
    return this.#buckets[(bucket << words.BUCKET_BITS) + words.OLDEST + side];
  }

  count(bucket: number, side: Side): number {
    return this.#buckets[(bucket << words.BUCKET_BITS) + words.COUNT + side];
  }

  /** Whether all that waits in the bucket are one packet of each side. */
  holdsOnePair(bucket: number): boolean {
    return this.count(bucket, INSIDE) === 1 && this.count(bucket, OUTSIDE) === 1;
  }

  /** Whether more than CROWD of a side waited in the bucket at once. */
  isCrowd(bucket: number): boolean {
    return this.#buckets[(bucket << words.BUCKET_BITS) + words.IS_CROWD] !== 0;
  }

  /** Of those that wait in a packet's bucket and go its way, the newest. */
  newestOfWay(row: number): number {
    const t = this.#timeline;
    if (this.isCrowd(t.bucket(row))) return this.#steps.newestOf(this.block, row);
    let newest = row;
    for (let r = t.next(row); r !== NONE; r = t.next(r)) if (t.way(r) === t.way(row)) newest = r;
    return newest;
  }

  /** A packet of a bucket and those that wait there and go its way, oldest first. */
  ofWay(row: number): number[] {
    const t = this.#timeline;
    const bucket = t.bucket(row);
    const rows: number[] = [];
    if (this.isCrowd(bucket)) {
      for (let r = this.newestOfWay(row); r !== NONE; r = t.older(r)) rows.push(r);
      return rows.reverse();
    }
    for (let r = this.oldest(bucket, t.sideOf(row)); r !== NONE; r = t.next(r))
      if (t.way(r) === t.way(row)) rows.push(r);
    return rows;
  }

  /** Files a packet: ALONE where nobody waits under its key, else behind the others of its side. */
  add(row: number): void {
    this.#reserve();
    this.#steps.add(this.block, row);
  }

  /** Takes a packet out of the index, or out of its bucket, if it is filed; the last one out closes the bucket. */
  remove(row: number): void {
    this.#steps.remove(this.block, row);
  }

  /** Puts two that are PENDING into a bucket, as others are that wait for more to come; `row` is one of them. */
  part(row: number): void {
    this.#reserve();
    this.#steps.part(this.block, row);
  }

  /** Makes room for one more, and for what it stands under. */
  #reserve(): void {
    this.index.reserve(1);
    // what is becoming a crowd needs it for all
    this.#lanes.reserve(2 * words.CROWD + 2);
    if (this.#words[words.END] << words.BUCKET_BITS < this.#buckets.length) return;
    this.#buckets = this.#heap.doubled(Int32Array, this.#buckets);
    this.#words[words.BUCKETS] = this.#buckets.byteOffset;
  }
}
