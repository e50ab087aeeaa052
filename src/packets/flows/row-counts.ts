import type { Heap } from "../memory/heap.js";

const MOST_COUNTED = 255;

/**
 * How many packets of each row of a table something is so of: a byte each, as memory that nothing is written to is none, and up to MOST_COUNTED; of rows
 * with more, how many more. Whoever has the rows knows which have any, and asks of no others.
 */
export class RowCounts {
  #counts: Uint8Array;
  readonly #more = new Map<number, number>();
  readonly #heap: Heap;

  /** `rows`, `room`: as for `Heap.take`. */
  constructor(heap: Heap, rows: number, room: number) {
    this.#heap = heap;
    this.#counts = heap.take(Uint8Array, rows, room);
  }

  /** For how many rows there is room. */
  get rows(): number {
    return this.#counts.length;
  }

  of(row: number): number {
    const counted = this.#counts[row];
    return counted < MOST_COUNTED ? counted : counted + (this.#more.get(row) ?? 0);
  }

  set(row: number, count: number): void {
    this.#counts[row] = Math.min(count, MOST_COUNTED);
    if (count >= MOST_COUNTED) this.#more.set(row, count - MOST_COUNTED);
  }

  grow(): void {
    this.#counts = this.#heap.doubled(Uint8Array, this.#counts);
  }
}
