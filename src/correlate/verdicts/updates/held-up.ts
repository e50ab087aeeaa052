/** So many must have come out late for others to be taken for late as well: one or two may be other packets that are like what was dropped. */
const LEAST_HELD_UP = 8;

/** How long packets of a direction were held up that came out behind their window, one soon after the other. */
export class HeldUp {
  #count = 0;
  #longestNs = 0;
  #lastNs = Number.NEGATIVE_INFINITY;

  /** Takes one: when it came out, and for how long it was held up. */
  note(timeNs: number, heldNs: number): void {
    if (timeNs - this.#lastNs > this.#longestNs) [this.#count, this.#longestNs] = [0, 0];
    this.#count++;
    this.#longestNs = Math.max(this.#longestNs, heldNs);
    this.#lastNs = timeNs;
  }

  /** For how long packets may have waited by then that have not come out, nanoseconds; 0 where too little shows that any do. */
  longestNs(byNs: number): number {
    return this.#count >= LEAST_HELD_UP && byNs - this.#lastNs <= this.#longestNs ? this.#longestNs : 0;
  }
}
