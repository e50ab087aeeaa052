import type { Heap } from "./heap.js";

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
  /** Hash and id + 1 of each cell; 0 in the second where it is empty. */
  cells: Int32Array;
  mask: number;
  readonly #heap: Heap;
  #size = 0;

  /** `cells`: how many at first, a power of two. To fill what is wanted in the end takes less than to grow to it. */
  constructor(heap: Heap, cells: number = 1024) {
    this.#heap = heap;
    this.mask = cells - 1;
    this.cells = emptyCells(heap, cells);
  }

  get size(): number {
    return this.#size;
  }

  /** The first cell with this hash, or -1. A cell stays valid until the next add or remove. */
  seek(hash: number): number {
    return this.#scan(hash & this.mask, hash | 0);
  }

  /** The next cell with this hash behind `cell`, or -1. */
  next(cell: number, hash: number): number {
    return this.#scan((cell + 1) & this.mask, hash | 0);
  }

  idAt(cell: number): number {
    return this.cells[2 * cell + 1] - 1;
  }

  /** Adds an id (-2^31 … 2^31-2, but not -1). */
  add(hash: number, id: number): void {
    this.reserve(1);
    this.#place(hash | 0, id + 1);
    this.#size++;
  }

  /** Makes room for so many ids more: until they are added, `cells` and `mask` stay what they are. */
  reserve(ids: number): void {
    while (2 * (this.#size + ids) > this.mask + 1) this.#grow();
  }

  /** Counts ids that were written into cells, or taken out of them, from outside. */
  counted(change: number): void {
    this.#size += change;
  }

  /** Removes all. */
  clear(): void {
    this.cells.fill(0);
    this.#size = 0;
  }

  /** Removes the id filed under this hash; nothing happens if it is not there. */
  remove(hash: number, id: number): void {
    for (let cell = this.seek(hash); cell >= 0; cell = this.next(cell, hash)) {
      if (this.idAt(cell) === id) {
        this.removeAt(cell);
        return;
      }
    }
  }

  /** Removes what is in a cell that was found. */
  removeAt(cell: number): void {
    clearCell(this.cells, this.mask, cell);
    this.#size--;
  }

  #scan(from: number, hash: number): number {
    const cells = this.cells;
    const mask = this.mask;
    for (let cell = from; cells[2 * cell + 1] !== 0; cell = (cell + 1) & mask) {
      if (cells[2 * cell] === hash) return cell;
    }
    return -1;
  }

  #place(hash: number, stored: number): void {
    const cells = this.cells;
    const mask = this.mask;
    let cell = hash & mask;
    while (cells[2 * cell + 1] !== 0) cell = (cell + 1) & mask;
    cells[2 * cell] = hash;
    cells[2 * cell + 1] = stored;
  }

  #grow(): void {
    const old = this.cells;
    this.cells = emptyCells(this.#heap, old.length);
    this.mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) if (old[at + 1] !== 0) this.#place(old[at], old[at + 1]);
    this.#heap.give(old);
  }
}

/**
 * So many cells, which are written to here and now: memory that is read before it is written to is mapped twice, page by page, and of
 * the second time every core has to be told (Linux: do_wp_page in mm/memory.c), which takes as long as a thousand searches.
 */
function emptyCells(heap: Heap, cells: number): Int32Array {
  return heap.take(Int32Array, 2 * cells).fill(0);
}

/** Empties a cell and moves up every later cell of the run that may stand nearer to its home. */
export function clearCell(cells: Int32Array, mask: number, cell: number): void {
  let hole = cell;
  for (let at = (hole + 1) & mask; cells[2 * at + 1] !== 0; at = (at + 1) & mask) {
    const home = cells[2 * at] & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    cells[2 * hole] = cells[2 * at];
    cells[2 * hole + 1] = cells[2 * at + 1];
    hole = at;
  }
  cells[2 * hole + 1] = 0;
}
