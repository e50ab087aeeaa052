const NS_PER_SECOND = 1_000_000_000n;
const EXACT = 2 ** 53;
const WORD = 2 ** 32;

/** The first stamp of a capture, in epoch nanoseconds: what all its stamps are told from, whichever interface they come from. */
export interface Epoch {
  ns: bigint;
}

/**
 * Turns an interface's 64-bit ticks into nanoseconds, exactly: rounded down where a tick is shorter than a nanosecond.
 *
 * A tick is numerator/denominator ns in lowest terms. Ticks are told from an anchor that is close enough for every product to
 * stay below 2^53; a stamp too far from it becomes the next anchor. Only that takes bigints: never again for ticks of whole
 * nanoseconds (104 days), every 2.5 hours for picoseconds, every second for 2^-32 s.
 */
export class TickClock {
  readonly #numerator: number;
  readonly #denominator: number;
  readonly #offsetNs: bigint;
  readonly #epoch: Epoch;
  /** Most ticks from the anchor. */
  readonly #reach: number;
  #anchorHigh = Number.NaN;
  #anchorLow = 0;
  /** The anchor in nanoseconds since the epoch, and what rounding down left over, in denominators of a nanosecond. */
  #anchorNs = 0;
  #anchorRest = 0;

  /**
   * @param resolution if_tsresol, one byte: 10^-n seconds, or 2^-n where the top bit is set.
   * @param offsetSeconds if_tsoffset: what to add to every stamp.
   */
  constructor(resolution: number, offsetSeconds: bigint, epoch: Epoch) {
    const power = resolution & 0x7f;
    const base = resolution & 0x80 ? 2 : 10;
    this.#numerator = power <= 9 ? 1e9 / base ** power : base === 2 ? 5 ** 9 : 1;
    this.#denominator = power <= 9 ? 1 : base ** (power - 9);
    this.#reach = Math.floor((EXACT - this.#denominator) / this.#numerator);
    this.#offsetNs = offsetSeconds * NS_PER_SECOND;
    this.#epoch = epoch;
  }

  /** Whole nanoseconds of a tick; 1 of a shorter one. */
  get tickNs(): number {
    return Math.max(1, Math.ceil(this.#numerator / this.#denominator));
  }

  /** Epoch nanoseconds of a stamp. */
  epochNs(high: number, low: number): bigint {
    return floorDivide(this.#scaled(high, low), BigInt(this.#denominator)) + this.#offsetNs;
  }

  /** Nanoseconds since the epoch of the capture; exact within 104 days of it. */
  timeNs(high: number, low: number): number {
    const ticks = (high - this.#anchorHigh) * WORD + (low - this.#anchorLow);
    if (ticks >= -this.#reach && ticks <= this.#reach)
      return this.#anchorNs + Math.floor((ticks * this.#numerator + this.#anchorRest) / this.#denominator);
    this.#anchor(high, low);
    return this.#anchorNs;
  }

  #anchor(high: number, low: number): void {
    const denominator = BigInt(this.#denominator);
    const scaled = this.#scaled(high, low);
    const ns = floorDivide(scaled, denominator);
    this.#anchorHigh = high;
    this.#anchorLow = low;
    this.#anchorNs = Number(ns + this.#offsetNs - this.#epoch.ns);
    this.#anchorRest = Number(scaled - ns * denominator);
  }

  /** The stamp in denominators of a nanosecond. */
  #scaled(high: number, low: number): bigint {
    return ((BigInt(high) << 32n) | BigInt(low)) * BigInt(this.#numerator);
  }
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  return (value - (((value % divisor) + divisor) % divisor)) / divisor;
}
