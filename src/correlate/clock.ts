/**
 * How the outside clock is to be brought to the inside clock. `none`: it is the same one, whose stamps may be wrong by
 * `slackNs` (0 if not given). `auto` estimates it from the captures themselves.
 */
export type ClockOption = { kind: "none"; slackNs?: number } | { kind: "given"; offsetNs: bigint } | { kind: "auto" };

/** Pairs that make a measurement of an estimated clock: the quickest of each direction among them bound its error. */
const MEASURED_PAIRS = 64;
/** … and take this long, so that a latency is not taken for a rate, nanoseconds. */
const LEAST_ELAPSED_NS = 10_000_000;
/** Fewer pairs do where they come so rarely, nanoseconds: by then a drift is larger than a latency. */
const QUIET_NS = 1_000_000_000;
/** Faster or slower than this, no computer's clock runs. */
const MOST_RATE = 0.001;
/** Share of a measured error that is put down to the rate rather than to the offset. */
const RATE_GAIN = 0.3;

/** What is known of the outside clock against the inside clock. */
export class Clock {
  /** Outside clock minus inside clock at the beginning, nanoseconds. */
  readonly offsetNs: bigint;
  readonly source: "none" | "given" | "estimated";
  /**
   * Whether cause and effect can be told by the stamps: the clocks are the same, or the offset was given or estimated. Where
   * nothing vouches for the clocks, a stamp rules out no candidate.
   */
  readonly isTrusted: boolean;
  /** How far the stamps may be wrong, nanoseconds: an effect may seem to precede its cause by this much. */
  readonly slackNs: number;
  /** What has to be added to `offsetNs` by now, nanoseconds, at `#atNs` on the timeline, and by how much that grows. */
  #correctionNs = 0;
  #rate = 0;
  #atNs = Number.NaN;
  #pairs = 0;
  #leastOutboundNs = Number.POSITIVE_INFINITY;
  #mostInboundNs = Number.NEGATIVE_INFINITY;
  /** When the first measurement was made, and what it said. */
  #firstNs = Number.NaN;
  #firstCorrectionNs = 0;

  constructor(offsetNs: bigint, source: "none" | "given" | "estimated", isTrusted: boolean, slackNs: number) {
    this.offsetNs = offsetNs;
    this.source = source;
    this.isTrusted = isTrusted;
    this.slackNs = slackNs;
  }

  /** Whether an effect never seems to precede its cause: once it is there, so are all packets that may have caused it. */
  get isExact(): boolean {
    return this.isTrusted && this.slackNs === 0;
  }

  /** How much faster the outside clock runs, parts per million: from the first measurement to the last. */
  get driftPpm(): number {
    const spanNs = this.#atNs - this.#firstNs;
    return spanNs > 0 ? (1e6 * (this.#correctionNs - this.#firstCorrectionNs)) / spanNs : 0;
  }

  /** What to subtract from an outside stamp beyond `offsetNs`, nanoseconds, at this time on the timeline. */
  correctionNs(timeNs: number): number {
    if (this.#rate === 0) return this.#correctionNs;
    return Math.round(this.#correctionNs + this.#rate * (timeNs - this.#atNs));
  }

  /**
   * Learns from a certain pair, if the clock is an estimated one: an outbound twin cannot arrive before it left, nor an
   * inbound one, so the error lies between the quickest of both. `gapNs`: outside minus inside, on the timeline.
   */
  observe(timeNs: number, gapNs: number, isOutbound: boolean): void {
    // pairs decided late were placed by an older correction: their error is not today's
    if (this.source !== "estimated" || timeNs < this.#atNs) return;
    if (Number.isNaN(this.#atNs)) this.#atNs = timeNs;
    if (isOutbound) this.#leastOutboundNs = Math.min(this.#leastOutboundNs, gapNs);
    else this.#mostInboundNs = Math.max(this.#mostInboundNs, gapNs);
    const elapsedNs = timeNs - this.#atNs;
    this.#pairs++;
    if (elapsedNs < (this.#pairs < MEASURED_PAIRS ? QUIET_NS : LEAST_ELAPSED_NS)) return;
    const errorNs = (this.#leastOutboundNs + this.#mostInboundNs) / 2;
    if (!Number.isFinite(errorNs)) return;
    this.#correctionNs += Math.round(this.#rate * elapsedNs + errorNs);
    const rate = this.#rate + (RATE_GAIN * errorNs) / elapsedNs;
    this.#rate = Math.max(-MOST_RATE, Math.min(MOST_RATE, rate));
    this.#atNs = timeNs;
    if (Number.isNaN(this.#firstNs)) {
      this.#firstNs = timeNs;
      this.#firstCorrectionNs = this.#correctionNs;
    }
    this.#pairs = 0;
    this.#leastOutboundNs = Number.POSITIVE_INFINITY;
    this.#mostInboundNs = Number.NEGATIVE_INFINITY;
  }
}
