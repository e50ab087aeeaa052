import type { Heap } from "./heap.js";

/** Numbers of a table's rows: the one that was given back last is taken first, so that as few as possible were ever used. */
export class FreeRows {
  readonly #free: Int32Array;
  #count = 0;
  #end = 0;

  /** `most`: rows that are in use at once. */
  constructor(heap: Heap, most: number) {
    this.#free = heap.take(Int32Array, most);
  }

  take(): number {
    return this.#count > 0 ? this.#free[--this.#count] : this.#end++;
  }

  give(row: number): void {
    this.#free[this.#count++] = row;
  }
}
