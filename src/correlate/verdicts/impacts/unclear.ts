/** So many are remembered before it is looked for some to forget. */
const FEW = 64;

/**
 * When packets passed, nanoseconds on the timeline, of which nothing tells whether they got through: what was dropped before may be what one of them says
 * again. Of those that are alike, the one that was told of last counts.
 */
export class Unclear {
  /** By what they have in common with their copies. */
  readonly #timesNs = new Map<string, number>();
  /** How many there are once it is looked for some to forget: twice those that were left then, so that each is looked at as often as it comes. */
  #most = FEW;

  get size(): number {
    return this.#timesNs.size;
  }

  /** Takes one. `leastNs`: nothing that is still to be judged passed before. What came behind none of that is forgotten. */
  note(keys: readonly string[], timeNs: number, leastNs: number): void {
    for (const key of keys) this.#timesNs.set(key, timeNs);
    if (this.#timesNs.size <= this.#most) return;
    for (const [key, atNs] of this.#timesNs) if (atNs < leastNs) this.#timesNs.delete(key);
    this.#most = FEW + 2 * this.#timesNs.size;
  }

  /** Whether one like it came behind a time. */
  isBehind(key: string, timeNs: number): boolean {
    return (this.#timesNs.get(key) ?? Number.NEGATIVE_INFINITY) > timeNs;
  }
}
