/** A seeded generator of random numbers: the same seed gives the same captures everywhere. sfc32, by Chris Doty-Humphrey (PractRand). */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any 32-bit integer. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = (seed ^ 0x9e3779b9) | 0;
    this.#c = Math.imul(seed, 0x85ebca6b) ^ 0x6a09e667;
    for (let i = 0; i < 16; i++) this.word();
  }

  /** 32 random bits, unsigned. */
  word(): number {
    const out = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0;
    return out >>> 0;
  }

  /** 0 ≤ x < 1. */
  unit(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** A whole number, 0 ≤ x < `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** One of some, each as likely. Precondition: there is one. */
  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)];
  }

  /** A number, `from` ≤ x < `to`. */
  between(from: number, to: number): number {
    return from + this.unit() * (to - from);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  /** A waiting time with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }
}
