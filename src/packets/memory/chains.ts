import type { Heap } from "./heap.js";

/** Spreads hashes that differ in a few bits: see Knuth, The Art of Computer Programming 6.4. */
const SPREAD = 0x9e37_79b1;

/**
 * Rows of a table by a hash: each is in a chain with others, in the order in which they were added. Whoever searches compares what the rows stand for, as in a
 * chain there may be rows of several hashes. To add one, or to take one out, takes as long however many are alike.
 *
 *     for (let row = chains.first(hash); row !== NONE; row = chains.behind(row)) if (isIt(row)) …
 */
export class Chains {
  /** The first and the last row of each chain, and those before and behind each row; 1 more, as 0 is none: what nothing is written to takes no memory. */
  readonly #ends: Int32Array;
  readonly #links: Int32Array;
  readonly #shift: number;

  /** `bits`: of how many there are; `rows`: how many the table has room for. */
  constructor(heap: Heap, bits: number, rows: number) {
    this.#ends = heap.take(Int32Array, 2 << bits);
    this.#links = heap.take(Int32Array, 2 * rows);
    this.#shift = 32 - bits;
  }

  /** The first row of the chain of a hash, or -1 … */
  first(hash: number): number {
    return this.#ends[this.#chainOf(hash)] - 1;
  }

  /** … and the one behind a row, or -1. */
  behind(row: number): number {
    return this.#links[2 * row + 1] - 1;
  }

  /** Adds a row, which is in none of these chains. */
  add(hash: number, row: number): void {
    const chain = this.#chainOf(hash);
    const last = this.#ends[chain + 1];
    this.#links[2 * row] = last;
    this.#links[2 * row + 1] = 0;
    if (last === 0) this.#ends[chain] = row + 1;
    else this.#links[2 * last - 1] = row + 1;
    this.#ends[chain + 1] = row + 1;
  }

  /** Takes a row out that was added with this hash. */
  remove(hash: number, row: number): void {
    const chain = this.#chainOf(hash);
    const before = this.#links[2 * row];
    const behind = this.#links[2 * row + 1];
    if (before === 0) this.#ends[chain] = behind;
    else this.#links[2 * before - 1] = behind;
    if (behind === 0) this.#ends[chain + 1] = before;
    else this.#links[2 * behind - 2] = before;
  }

  #chainOf(hash: number): number {
    // a shift by 32 is none
    return this.#shift === 32 ? 0 : 2 * (Math.imul(hash, SPREAD) >>> this.#shift);
  }
}
