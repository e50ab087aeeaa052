/**
 * When packets passed, nanoseconds on the timeline, of which nothing tells whether they got through: what was dropped before may be what one of them says
 * again. Of those that are alike, the one that was told of last counts.
 */
export class Unclear {
  /** By what they have in common with their copies; those told of last are last. */
  readonly #timesNs = new Map<string, number>();

  get size(): number {
    return this.#timesNs.size;
  }

  /** Takes one. `leastNs`: nothing that is still to be judged passed before. What came behind none of that is forgotten. */
  note(keys: readonly string[], timeNs: number, leastNs: number): void {
    for (const key of keys) {
      this.#timesNs.delete(key);
      this.#timesNs.set(key, timeNs);
    }
    for (const [key, atNs] of this.#timesNs) {
      if (atNs >= leastNs) return;
      this.#timesNs.delete(key);
    }
  }

  /** Whether one like it came behind a time. */
  isBehind(key: string, timeNs: number): boolean {
    return (this.#timesNs.get(key) ?? Number.NEGATIVE_INFINITY) > timeNs;
  }
}
