/** Stamps that are multiples of more than this tell no time, nanoseconds. */
const MOST_NS = 10_000_000;
/** Fewer stamps may be multiples of something by chance. */
const LEAST_STAMPS = 64;

/**
 * The power of ten that all stamps of a capture are multiples of, from its first one on: its file may tell more digits than whoever stamped it.
 */
export class StampUnit {
  #ns = MOST_NS;
  #count = 0;

  /** Takes a stamp, nanoseconds since the capture's first one. */
  take(stampNs: number): void {
    while (stampNs % this.#ns !== 0) this.#ns /= 10;
    this.#count++;
  }

  /** Nanoseconds; 1 where too few stamps were taken. */
  get ns(): number {
    return this.#count < LEAST_STAMPS ? 1 : this.#ns;
  }
}
