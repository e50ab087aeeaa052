import { HashIndex } from "./hash-index.js";
import type { Heap } from "./heap.js";

/** Fewer ids are not swept. */
const LEAST = 4096;

const NOTHING: readonly number[] = [];

/** An index that drops what is of no more use once it is full, and grows where that leaves more than three quarters: an id is looked at a few times on average. */
export class SweptIndex extends HashIndex {
  readonly #isOfUse: (id: number) => boolean;

  /** `isOfUse`: whether an id is to stay. */
  constructor(heap: Heap, isOfUse: (id: number) => boolean) {
    super(heap);
    this.#isOfUse = isOfUse;
  }

  override add(hash: number, id: number): void {
    const most = (this.mask + 1) / 2;
    if (this.size === most && most >= LEAST) {
      this.#sweep();
      if (4 * this.size > 3 * most) this.reserve(most + 1 - this.size);
    }
    super.add(hash, id);
  }

  has(hash: number, id: number): boolean {
    for (let cell = this.seek(hash); cell >= 0; cell = this.next(cell, hash)) if (this.idAt(cell) === id) return true;
    return false;
  }

  /** The ids of use with this hash that are what is looked for, the first added first, up to a number. */
  of(hash: number, most = Number.POSITIVE_INFINITY, is?: (id: number) => boolean): readonly number[] {
    let ids: number[] | null = null;
    for (let cell = this.seek(hash); cell >= 0; cell = this.next(cell, hash)) {
      const id = this.idAt(cell);
      if (!this.#isOfUse(id) || is?.(id) === false) continue;
      ids = ids ?? [];
      ids.push(id);
      if (ids.length === most) break;
    }
    return ids ?? NOTHING;
  }

  #sweep(): void {
    const { mask } = this;
    // from an empty one on, which no run goes across
    let empty = 0;
    while (this.isAt(empty)) empty++;
    for (let past = 1; past <= mask; past++) {
      const cell = (empty + past) & mask;
      // what stood behind it may have moved up
      while (this.isAt(cell) && !this.#isOfUse(this.idAt(cell))) this.removeAt(cell);
    }
  }
}
