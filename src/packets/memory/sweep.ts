import type { Kept } from "./keep-newest.js";

/**
 * Drops keys that are of no more use from a Map or a Set that grows. It goes through all of them each time there are twice as many as it left the
 * last time, so that a key is looked at twice on average, however many stay.
 */
export class Sweep {
  readonly #least: number;
  #at: number;

  /** `least`: fewer are not gone through. */
  constructor(least: number) {
    this.#least = least;
    this.#at = least;
  }

  /** To be called before a key is added. `isOfUse`: whether a key is to stay. */
  run<K>(kept: Kept<K>, isOfUse: (key: K) => boolean): void {
    if (kept.size < this.#at) return;
    for (const key of kept.keys()) if (!isOfUse(key)) kept.delete(key);
    this.#at = Math.max(this.#least, 2 * kept.size);
  }
}

/** A set that is swept by itself. */
export class SweptSet<K> extends Set<K> {
  readonly #sweep: Sweep;
  readonly #isOfUse: (key: K) => boolean;

  constructor(least: number, isOfUse: (key: K) => boolean) {
    super();
    this.#sweep = new Sweep(least);
    this.#isOfUse = isOfUse;
  }

  override add(key: K): this {
    this.#sweep.run(this, this.#isOfUse);
    return super.add(key);
  }
}
