const NS_PER_S = 1_000_000_000;

/** "000" … "999": three digits at a time is the fastest way to nine of them. */
const THREE_DIGITS = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));

/** The nine decimals of `ns` (0 … 999,999,999). */
export function nineDigits(ns: number): string {
  const us = Math.floor(ns / 1000);
  return sixDigits(us) + THREE_DIGITS[ns - us * 1000];
}

/** The six decimals of `us` (0 … 999,999). */
export function sixDigits(us: number): string {
  const ms = Math.floor(us / 1000);
  return THREE_DIGITS[ms] + THREE_DIGITS[us - ms * 1000];
}

/**
 * Splits the stamps of one capture into whole epoch seconds and nanoseconds, without a bigint a packet: call `split`,
 * then read `seconds` and `ns`.
 */
export class EpochStamps {
  /** Epoch seconds, rounded down. */
  seconds = 0;
  /** Nanoseconds within the second, 0 … 999,999,999. */
  ns = 0;
  readonly #epochSeconds: number;
  readonly #epochSubNs: number;

  /** `epochNs`: epoch nanoseconds that the capture's stamps count from. */
  constructor(epochNs: bigint) {
    this.#epochSeconds = Number(epochNs / 1_000_000_000n);
    this.#epochSubNs = Number(epochNs % 1_000_000_000n);
  }

  /** `stampNs`: nanoseconds from the epoch; negative for frames stamped before the capture's first. */
  split(stampNs: number): void {
    let seconds = Math.floor(stampNs / NS_PER_S);
    // The product is exact and the quotient is not: near a whole second the remainder may be on the wrong side of it.
    let ns = stampNs - seconds * NS_PER_S + this.#epochSubNs;
    while (ns < 0) {
      ns += NS_PER_S;
      seconds--;
    }
    while (ns >= NS_PER_S) {
      ns -= NS_PER_S;
      seconds++;
    }
    this.seconds = this.#epochSeconds + seconds;
    this.ns = ns;
  }
}

/** Epoch seconds with nine decimals, as NDJSON carries them, of the stamps of one capture. */
export class EpochText {
  readonly #stamps: EpochStamps;
  #seconds = Number.NaN;
  #prefix = "";

  constructor(epochNs: bigint) {
    this.#stamps = new EpochStamps(epochNs);
  }

  of(stampNs: number): string {
    this.#stamps.split(stampNs);
    const { seconds, ns } = this.#stamps;
    if (seconds !== this.#seconds) {
      this.#seconds = seconds;
      this.#prefix = `${seconds}.`;
    }
    return this.#prefix + nineDigits(ns);
  }
}

/** Epoch seconds with nine decimals. `epochNs` is not negative. */
export function epochText(epochNs: bigint): string {
  return `${epochNs / 1_000_000_000n}.${nineDigits(Number(epochNs % 1_000_000_000n))}`;
}
