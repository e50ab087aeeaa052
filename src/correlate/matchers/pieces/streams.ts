import type { Heap } from "../../../packets/memory/heap.js";
import type { Side } from "../../../packets/sides.js";
import { SweptIndex } from "../../../packets/memory/swept-index.js";
import type { Timeline } from "../../../packets/timeline.js";
import { mixed } from "../../../packets/content.js";
import { type Bytes, shareBytes } from "./pieces.js";

/** A block is so many bytes of sequence numbers, 2 to the power of it. Segments are found by their blocks; one holds a dozen of a stream. */
const BLOCK_BITS = 14;
const LAST_BLOCK = 2 ** (32 - BLOCK_BITS) - 1;

/** What is asked of a timeline. */
export type SegmentRows = Bytes & Pick<Timeline, "side">;

/** TCP segments by their sequence numbers: those that have bytes in common with another one are found without a look at all of them. */
export class Streams {
  readonly #timeline: SegmentRows;
  readonly #streamOf: (row: number) => number;
  /** By the block that they begin in … */
  readonly #beginnings: SweptIndex;
  /** … and by where they end: the number of the byte behind them. */
  readonly #ends: SweptIndex;
  /** The most bytes that one of them has. */
  #longest = 0;

  /**
   * `isOfUse`: whether a segment is still to be found; one that is not never will be again, and may have been given back. `streamOf`: of both sides,
   * a number for those whose sequence numbers belong together.
   */
  constructor(
    heap: Heap,
    timeline: SegmentRows,
    isOfUse: (row: number) => boolean,
    streamOf: (row: number) => number = () => 0,
  ) {
    this.#timeline = timeline;
    this.#streamOf = streamOf;
    this.#beginnings = new SweptIndex(heap, isOfUse);
    this.#ends = new SweptIndex(heap, isOfUse);
  }

  has(row: number): boolean {
    return this.#beginnings.has(this.#hashOf(row, this.#timeline.side(row), this.#blockOf(row)), row);
  }

  /** Takes a segment, once. */
  add(row: number): void {
    if (this.has(row)) return;
    const side = this.#timeline.side(row);
    this.#beginnings.add(this.#hashOf(row, side, this.#blockOf(row)), row);
    this.#ends.add(this.#hashOf(row, side, this.#endOf(row)), row);
    this.#longest = Math.max(this.#longest, this.#timeline.payloadLength(row));
  }

  /** Whether one of a side may end where a segment does: if none does, they are not all of its bytes. */
  mayEndWith(row: number, side: Side): boolean {
    return this.#ends.seek(this.#hashOf(row, side, this.#endOf(row))) >= 0;
  }

  /** The others of a side that have bytes in common with a segment. */
  sharing(row: number, side: Side): number[] {
    const t = this.#timeline;
    const index = this.#beginnings;
    const found: number[] = [];
    if (index.size === 0) return found;
    const first = (t.seq(row) - this.#longest) >>> BLOCK_BITS;
    const blocks = (this.#longest + t.payloadLength(row)) >>> BLOCK_BITS;
    for (let n = 0; n <= blocks + 1; n++) {
      const hash = this.#hashOf(row, side, (first + n) & LAST_BLOCK);
      for (const other of index.of(hash)) if (other !== row && this.#isThere(other, row, side)) found.push(other);
    }
    return found;
  }

  /** Whether one of a side has bytes in common with a segment, and is of its stream. */
  #isThere(other: number, row: number, side: Side): boolean {
    const t = this.#timeline;
    return t.side(other) === side && this.#streamOf(other) === this.#streamOf(row) && shareBytes(t, other, row);
  }

  #hashOf(row: number, side: number, place: number): number {
    return mixed(mixed(this.#streamOf(row), side), place);
  }

  #blockOf(row: number): number {
    return this.#timeline.seq(row) >>> BLOCK_BITS;
  }

  #endOf(row: number): number {
    return (this.#timeline.seq(row) + this.#timeline.payloadLength(row)) >>> 0;
  }
}
