import { asDoubles, type Heap } from "./heap.js";

/** Samples kept as they are before a digest turns to buckets: up to here its quantiles are samples, exactly. */
export const EXACT_SAMPLES = 64;
/** Buckets an octave (a doubling) is cut into: a quantile is then off by 1.6 % at most. */
export const BUCKETS_PER_OCTAVE = 32;
export const OCTAVE_BITS = 5;

/** Words of a digest, which WebAssembly adds to as well: how many latencies it has … */
export const COUNT = 0;
/** … and, once there are too many samples to keep, where they are counted, of which bucket first and of how many; until then 0. */
export const COUNTS = 1;
export const LOWEST = 2;
export const BUCKETS = 3;
/** Doubles, at half the word. */
export const MIN_NS = 2;
export const MAX_NS = 3;
const WORDS = 8;

const NO_COUNTS = new Uint32Array(0);
const NO_SAMPLES = new Int32Array(0);

/** The least and the greatest of some latencies, nanoseconds. */
export interface LatencyRange {
  readonly minNs: number;
  readonly maxNs: number;
}

/** What a digest says, nanoseconds. */
export interface LatencySummary {
  minNs: number;
  p50Ns: number;
  p99Ns: number;
  maxNs: number;
}

/**
 * Minimum, quantiles and maximum of the latencies of one flow in one direction, in memory that does not grow with their
 * number: exact up to 64 samples, then a log-linear histogram over the buckets that occur.
 */
export class LatencyDigest {
  readonly #heap: Heap | undefined;
  /** Both in the heap, if there is one. */
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  #counts: Uint32Array = NO_COUNTS;
  /** The samples, while there are few. */
  #exact: Float64Array | null;
  #p99Ns = 0;
  #p99Count = 0;

  /** `samples`: those that it has from the beginning, at most EXACT_SAMPLES. */
  constructor(heap?: Heap, samples: Int32Array = NO_SAMPLES) {
    this.#heap = heap;
    this.#words = heap?.take(Int32Array, WORDS) ?? new Int32Array(WORDS);
    this.#doubles = asDoubles(this.#words);
    this.#exact = new Float64Array(EXACT_SAMPLES);
    this.#exact.set(samples);
    this.#words[COUNT] = samples.length;
    const { minNs, maxNs } = rangeOf(samples);
    this.#doubles[MIN_NS] = minNs;
    this.#doubles[MAX_NS] = maxNs;
  }

  /** Where its words are in the heap. */
  get address(): number {
    return this.#words.byteOffset;
  }

  get count(): number {
    return this.#words[COUNT];
  }

  get minNs(): number {
    return this.#doubles[MIN_NS];
  }

  get maxNs(): number {
    return this.#doubles[MAX_NS];
  }

  /** Gives its memory back: nobody may ask it anything any more. */
  free(): void {
    this.#heap?.give(this.#words);
    if (this.#counts !== NO_COUNTS) this.#heap?.give(this.#counts);
  }

  /** Adds a latency in nanoseconds; it may be negative (clocks disagree). */
  add(latencyNs: number): void {
    this.#words[COUNT]++;
    if (latencyNs < this.minNs) this.#doubles[MIN_NS] = latencyNs;
    if (latencyNs > this.maxNs) this.#doubles[MAX_NS] = latencyNs;
    if (this.#exact !== null && this.count <= EXACT_SAMPLES) {
      this.#exact[this.count - 1] = latencyNs;
      return;
    }
    if (this.#exact !== null) this.#turnToBuckets(this.#exact);
    this.#tally(latencyNs);
  }

  /** The 99th percentile as of the last power of two of samples, nanoseconds: cheap to ask for again and again. */
  get p99Ns(): number {
    if (this.count >= 2 * this.#p99Count) {
      this.#p99Count = this.count;
      this.#p99Ns = this.#quantile(0.99);
    }
    return this.#p99Ns;
  }

  /** The median, nanoseconds; there is a sample. */
  get medianNs(): number {
    return this.#quantile(0.5);
  }

  /** Null where there is no sample. Quantiles are nearest-rank. */
  summary(): LatencySummary | null {
    if (this.count === 0) return null;
    return { minNs: this.minNs, p50Ns: this.#quantile(0.5), p99Ns: this.#quantile(0.99), maxNs: this.maxNs };
  }

  /** Which share of latencies lies in a nanosecond there: those that were counted around it, and half a one more. */
  density(latencyNs: number): number {
    const bucket = bucketOf(latencyNs);
    const widthNs = middleOf(bucket + 2) - middleOf(bucket - 1);
    const at = bucket - this.#words[LOWEST];
    const around = (this.#counts[at - 1] ?? 0) + (this.#counts[at] ?? 0) + (this.#counts[at + 1] ?? 0);
    return (around + 0.5) / (this.count + 1) / widthNs;
  }

  #quantile(q: number): number {
    const rank = rankOf(q, this.count);
    // in place: their order means nothing
    if (this.#exact) return this.#exact.subarray(0, this.count).sort()[rank];
    let seen = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      seen += this.#counts[at];
      if (seen > rank) return Math.min(this.maxNs, Math.max(this.minNs, middleOf(this.#words[LOWEST] + at)));
    }
    return this.maxNs;
  }

  #turnToBuckets(samples: Float64Array): void {
    this.#exact = null;
    const lowest = bucketOf(this.minNs);
    const counts = this.#newCounts(bucketOf(this.maxNs) - lowest + 1);
    for (const sample of samples) counts[bucketOf(sample) - lowest]++;
    this.#countIn(counts, lowest);
  }

  #tally(latencyNs: number): void {
    const bucket = bucketOf(latencyNs);
    const at = bucket - this.#words[LOWEST];
    if (at < 0 || at >= this.#counts.length) this.#widen(bucket);
    this.#counts[bucket - this.#words[LOWEST]]++;
  }

  #widen(bucket: number): void {
    const before = this.#words[LOWEST];
    const lowest = Math.min(bucket, before);
    const highest = Math.max(bucket, before + this.#counts.length - 1);
    const wider = this.#newCounts(highest - lowest + 1);
    wider.set(this.#counts, before - lowest);
    this.#heap?.give(this.#counts);
    this.#countIn(wider, lowest);
  }

  /** Counts there from now on: the first one is that of bucket `lowest`. */
  #countIn(counts: Uint32Array, lowest: number): void {
    this.#counts = counts;
    this.#words[COUNTS] = counts.byteOffset;
    this.#words[LOWEST] = lowest;
    this.#words[BUCKETS] = counts.length;
  }

  #newCounts(length: number): Uint32Array {
    return this.#heap?.take(Uint32Array, length) ?? new Uint32Array(length);
  }
}

/** The range of some latencies; from Infinity to -Infinity where there is none. */
export function rangeOf(samples: Int32Array): LatencyRange {
  let minNs = Number.POSITIVE_INFINITY;
  let maxNs = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < samples.length; at++) {
    if (samples[at] < minNs) minNs = samples[at];
    if (samples[at] > maxNs) maxNs = samples[at];
  }
  return { minNs, maxNs };
}

/** What few samples say, at most EXACT_SAMPLES of them; sorts them in place. Null where there is none. */
export function summaryOf(samples: Int32Array): LatencySummary | null {
  const count = samples.length;
  if (count === 0) return null;
  samples.sort();
  return {
    minNs: samples[0],
    p50Ns: samples[rankOf(0.5, count)],
    p99Ns: samples[rankOf(0.99, count)],
    maxNs: samples[count - 1],
  };
}

/** Where the nearest-rank quantile stands among so many sorted samples. */
function rankOf(q: number, count: number): number {
  return Math.max(1, Math.ceil(q * count)) - 1;
}

/**
 * The bucket of a latency: its octave and the five bits behind the first, as an HdrHistogram has it, so that integer
 * arithmetic finds it. Numbers mirror around 0, so that negative latencies order as they should.
 */
export function bucketOf(latencyNs: number): number {
  const whole = Math.abs(Math.round(latencyNs));
  // beyond 32 bits, the lowest 16 do not count
  const isLong = whole > 0x7fff_ffff;
  const size = isLong ? Math.floor(whole / 0x1_0000) : whole;
  const octave = Math.max(0, 31 - OCTAVE_BITS - Math.clz32(size));
  const bucket = (octave + (isLong ? 16 : 0)) * BUCKETS_PER_OCTAVE + (size >>> octave);
  return latencyNs < 0 ? -bucket : bucket;
}

function middleOf(bucket: number): number {
  const size = Math.abs(bucket);
  if (size < 2 * BUCKETS_PER_OCTAVE) return bucket;
  const octave = Math.floor(size / BUCKETS_PER_OCTAVE) - 1;
  const low = (size - octave * BUCKETS_PER_OCTAVE) * 2 ** octave;
  const middle = low + 2 ** (octave - 1);
  return bucket < 0 ? -middle : middle;
}
