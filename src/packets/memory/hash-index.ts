import type * as steps from "./assembly/hash-index.js";
import code from "./assembly/hash-index.wasm";
import * as words from "./hash-index-words.js";
import type { Heap } from "./heap.js";
import type { Steps } from "./steps.js";

/** So many cells are made where they are, which takes addresses and no memory. */
const ROOM_CELLS = 2 ** 19;

const module = new WebAssembly.Module(code);

/**
 * An open-addressing index from a 32-bit hash to ids; several ids may share a hash. It stores no keys: whoever searches
 * compares what the ids stand for.
 *
 * Linear probing over [hash, id] cells in one Int32Array (a cache line holds eight), at most half full, and removal
 * shifts the cells behind back, so that no tombstones pile up however long a run lasts.
 *
 *     for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) if (same(index.idAt(cell))) …
 */
export class HashIndex {
  /** See `hash-index-words.ts`. */
  cells: Int32Array;
  mask: number;
  /** Where its block is, which WebAssembly goes by: see `hash-index-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  readonly #heap: Heap;
  readonly #steps: Steps<typeof steps>;

  /** `cells`: how many at first, a power of two. To fill what is wanted in the end takes less than to grow to it. */
  constructor(heap: Heap, cells: number = 1024) {
    this.#heap = heap;
    this.#steps = heap.load<typeof steps>(module);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.cells = heap.take(Int32Array, cells << words.CELL_BITS, ROOM_CELLS << words.CELL_BITS);
    this.mask = cells - 1;
    touch(this.cells);
    this.#locate();
  }

  get size(): number {
    return this.#words[words.SIZE];
  }

  /** The first cell with this hash, or -1. A cell stays valid until the next add or remove. */
  seek(hash: number): number {
    return this.#steps.seek(this.block, hash);
  }

  /** The next cell with this hash behind `cell`, or -1. */
  next(cell: number, hash: number): number {
    return this.#steps.next(this.block, cell, hash);
  }

  /** Whether there is an id in a cell. */
  protected isAt(cell: number): boolean {
    return this.cells[(cell << words.CELL_BITS) + words.ID] !== 0;
  }

  idAt(cell: number): number {
    return this.cells[(cell << words.CELL_BITS) + words.ID] - 1;
  }

  /** Adds an id (-2^31 … 2^31-2, but not -1). */
  add(hash: number, id: number): void {
    this.reserve(1);
    this.#steps.add(this.block, hash, id);
  }

  /** Makes room for so many ids more: until they are added, `cells` and `mask` stay what they are. */
  reserve(ids: number): void {
    while (2 * (this.size + ids) > this.mask + 1) this.#grow();
  }

  /** Removes all. */
  clear(): void {
    this.cells.fill(0);
    this.#words[words.SIZE] = 0;
  }

  /** Removes the id filed under this hash; nothing happens if it is not there. */
  remove(hash: number, id: number): void {
    this.#steps.remove(this.block, hash, id);
  }

  /** Removes what is in a cell that was found. */
  removeAt(cell: number): void {
    this.#steps.removeAt(this.block, cell);
  }

  /** Makes twice as many cells. */
  #grow(): void {
    const cells = this.mask + 1;
    this.cells = this.#heap.doubled(Int32Array, this.cells);
    this.mask = 2 * cells - 1;
    touch(this.cells.subarray(cells << words.CELL_BITS));
    this.#locate();
    this.#steps.spread(this.block, cells);
  }

  /** Says in its block where the cells are. */
  #locate(): void {
    this.#words[words.CELLS] = this.cells.byteOffset;
    this.#words[words.MASK] = this.mask;
  }
}

/**
 * Writes to cells that are empty, here and now: memory that is read before it is written to is mapped twice, page by page, and of
 * the second time every core has to be told (Linux: do_wp_page in mm/memory.c), which takes as long as a thousand searches.
 */
function touch(cells: Int32Array): void {
  cells.fill(0);
}
