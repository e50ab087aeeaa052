/** What a capture shows of disorder counts for what comes within this time behind it, in steps of so long, nanoseconds. */
const MEMORY_NS = 100_000_000;
const STEP_NS = 10_000_000;
/** Steps that are kept, for whoever asks later. */
const MOST_STEPS = 2 ** 14;

/** By how much the stamps of a capture go back, and when. */
export class Disorder {
  /** The most in each step of time in which any did, by its number. */
  readonly #mostNs = new Map<number, number>();

  /** Notes a stamp that is earlier by `backNs` than one before it, `atNs`. */
  note(atNs: number, backNs: number): void {
    const step = Math.floor(atNs / STEP_NS);
    this.#mostNs.set(step, Math.max(backNs, this.#mostNs.get(step) ?? 0));
    if (this.#mostNs.size <= MOST_STEPS) return;
    const [oldest] = this.#mostNs.keys();
    this.#mostNs.delete(oldest);
  }

  /** The most in the MEMORY_NS before the step that this time is in: how far the capture has been read beyond it does not matter. */
  mostNs(timeNs: number): number {
    if (this.#mostNs.size === 0) return 0;
    const step = Math.floor(timeNs / STEP_NS);
    let mostNs = 0;
    for (let before = 1; before <= MEMORY_NS / STEP_NS; before++)
      mostNs = Math.max(mostNs, this.#mostNs.get(step - before) ?? 0);
    return mostNs;
  }
}
