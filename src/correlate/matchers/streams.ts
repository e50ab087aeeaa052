import type { Timeline } from "../../packets/timeline.js";
import { type Bytes, shareBytes } from "./pieces.js";

/** Segments are found by blocks of so many bytes of sequence numbers (2 to the power of it): some dozens are in one, however many wait. */
const BLOCK_BITS = 16;
const LAST_BLOCK = 2 ** (32 - BLOCK_BITS) - 1;
/** What is of no more use is dropped when so many were noted, or twice what was left then. */
const CROWDED = 32;

/** What is asked of a timeline. */
export type Segments = Bytes & Pick<Timeline, "isBefore">;

/** TCP segments by their sequence numbers: those that have bytes in common with another one are found without a look at all of them. */
export class Stream {
  readonly #timeline: Segments;
  readonly #isOfUse: (row: number) => boolean;
  /** By the block that they begin in. */
  readonly #blocks = new Map<number, Set<number>>();
  /** Where they end: the numbers of the bytes behind them. */
  readonly #ends = new Set<number>();
  #noted = 0;
  #crowded = CROWDED;
  /** The most bytes that one of them has. */
  #longest = 0;

  /** `isOfUse`: whether a segment is still to be found; one that is not never will be again, and may have been given back. */
  constructor(timeline: Segments, isOfUse: (row: number) => boolean) {
    this.#timeline = timeline;
    this.#isOfUse = isOfUse;
  }

  has(row: number): boolean {
    return this.#blocks.get(this.#blockOf(row))?.has(row) ?? false;
  }

  add(row: number): void {
    if (this.#noted >= this.#crowded) this.#tidy();
    const block = this.#blockOf(row);
    const rows = this.#blocks.get(block);
    if (rows === undefined) this.#blocks.set(block, new Set([row]));
    else rows.add(row);
    this.#noted++;
    this.#ends.add(this.#endOf(row));
    this.#longest = Math.max(this.#longest, this.#timeline.payloadLength(row));
  }

  /** Whether one of them may end where a segment does: if none does, they are not all of its bytes. */
  mayEndWith(row: number): boolean {
    return this.#ends.has(this.#endOf(row));
  }

  /** The others that have bytes in common with a segment, in order of time. */
  sharing(row: number): number[] {
    const t = this.#timeline;
    const found: number[] = [];
    if (this.#noted === 0) return found;
    const first = (t.seq(row) - this.#longest) >>> BLOCK_BITS;
    const blocks = (this.#longest + t.payloadLength(row)) >>> BLOCK_BITS;
    for (let n = 0; n <= blocks + 1; n++) {
      for (const other of this.#blocks.get((first + n) & LAST_BLOCK) ?? []) {
        if (other !== row && this.#isOfUse(other) && shareBytes(t, other, row)) found.push(other);
      }
    }
    return found.length < 2 ? found : found.sort((a, b) => (t.isBefore(a, b) ? -1 : 1));
  }

  #blockOf(row: number): number {
    return this.#timeline.seq(row) >>> BLOCK_BITS;
  }

  #endOf(row: number): number {
    return (this.#timeline.seq(row) + this.#timeline.payloadLength(row)) >>> 0;
  }

  #tidy(): void {
    this.#noted = 0;
    this.#ends.clear();
    for (const [block, rows] of this.#blocks) {
      for (const row of rows) {
        if (this.#isOfUse(row)) this.#ends.add(this.#endOf(row));
        else rows.delete(row);
      }
      if (rows.size === 0) this.#blocks.delete(block);
      this.#noted += rows.size;
    }
    this.#crowded = Math.max(CROWDED, 2 * this.#noted);
  }
}
