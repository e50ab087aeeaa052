import type * as latency from "./assembly/latency.js";
import code from "./assembly/latency.wasm";
import { asDoubles, type Heap } from "../memory/heap.js";
import type { Steps } from "../memory/steps.js";
import * as words from "./latency-words.js";

const NO_SAMPLES = new Int32Array(0);

const module = new WebAssembly.Module(code);

/** What a digest says, nanoseconds. */
export interface LatencySummary {
  minNs: number;
  p50Ns: number;
  p99Ns: number;
  maxNs: number;
}

/** What latencies come to, wherever they are kept, until that memory is given back. */
export interface Latencies {
  /** Null where there is no sample. */
  summary(): LatencySummary | null;
  free(): void;
}

/** Makes digests in a heap. */
export class LatencyDigests {
  readonly heap: Heap;
  /** @internal What is done with digests in it. */
  readonly steps: Steps<typeof latency>;

  constructor(heap: Heap) {
    this.heap = heap;
    this.steps = heap.load<typeof latency>(module);
  }

  /** A digest of these samples, at most EXACT_SAMPLES, and of what is added to it. */
  make(samples: Int32Array = NO_SAMPLES): LatencyDigest {
    const digest = new LatencyDigest(this);
    for (const sample of samples) digest.add(sample);
    return digest;
  }
}

/**
 * Minimum, quantiles and maximum of the latencies of one flow in one direction, in memory that does not grow with their
 * number: exact up to 64 samples, then a log-linear histogram over the buckets that occur. WebAssembly adds to it as well.
 */
export class LatencyDigest implements Latencies {
  readonly #heap: Heap;
  readonly #steps: Steps<typeof latency>;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** The samples, while there are few; then the counts. */
  #kept: Float64Array | Uint32Array;
  /** Quartiles of as many samples: they are asked for more often than there are new ones. */
  readonly #quartilesNs: [number, number, number] = [0, 0, 0];
  #quartilesOf = 0;

  constructor(digests: LatencyDigests) {
    const { heap, steps } = digests;
    this.#heap = heap;
    this.#steps = steps;
    this.#words = heap.take(Int32Array, words.WORDS);
    this.#doubles = asDoubles(this.#words);
    this.#doubles[words.MIN_NS] = Number.POSITIVE_INFINITY;
    this.#doubles[words.MAX_NS] = Number.NEGATIVE_INFINITY;
    this.#kept = heap.take(Float64Array, words.EXACT_SAMPLES);
    this.#words[words.COUNTS] = this.#kept.byteOffset;
  }

  /** Where its words are in the heap. */
  get address(): number {
    return this.#words.byteOffset;
  }

  get count(): number {
    return this.#words[words.COUNT];
  }

  get minNs(): number {
    return this.#doubles[words.MIN_NS];
  }

  get maxNs(): number {
    return this.#doubles[words.MAX_NS];
  }

  /** Gives its memory back: nobody may ask it anything any more. */
  free(): void {
    this.#heap.give(this.#words);
    this.#heap.give(this.#kept);
  }

  /** Adds a latency in nanoseconds; it may be negative (clocks disagree). */
  add(latencyNs: number): void {
    while (this.#steps.add(this.address, latencyNs) === 0) this.#makeRoomFor(latencyNs);
  }

  /** The median, nanoseconds; there is a sample. */
  get medianNs(): number {
    return this.#quartiles[1];
  }

  /** How far the quartiles are apart, nanoseconds; there is a sample. */
  get spreadNs(): number {
    const [first, , third] = this.#quartiles;
    return third - first;
  }

  get #quartiles(): readonly [number, number, number] {
    if (this.#quartilesOf !== this.count) {
      this.#quartilesOf = this.count;
      for (const [at, q] of [0.25, 0.5, 0.75].entries()) this.#quartilesNs[at] = this.#quantile(q);
    }
    return this.#quartilesNs;
  }

  /** Null where there is no sample. Quantiles are nearest-rank. */
  summary(): LatencySummary | null {
    if (this.count === 0) return null;
    return { minNs: this.minNs, p50Ns: this.medianNs, p99Ns: this.#quantile(0.99), maxNs: this.maxNs };
  }

  /**
   * Which share of latencies lies in a nanosecond there: of those that were counted around it, and of half a one more, which may lie anywhere
   * within `rangeNs`.
   */
  density(latencyNs: number, rangeNs: number): number {
    const bucket = this.#bucketOf(latencyNs);
    const widthNs = middleOf(bucket + 2) - middleOf(bucket - 1);
    const counts = this.#words[words.BUCKETS] === 0 ? NO_SAMPLES : this.#kept;
    const at = bucket - this.#words[words.LOWEST];
    const around = (counts[at - 1] ?? 0) + (counts[at] ?? 0) + (counts[at + 1] ?? 0);
    return (around / widthNs + 0.5 / rangeNs) / (this.count + 0.5);
  }

  /** Which share of latencies lies between two, as far as buckets tell; of none, 0. */
  share(fromNs: number, toNs: number): number {
    if (this.count === 0) return 0;
    let counted = 0;
    if (this.#words[words.BUCKETS] === 0) {
      for (let at = 0; at < this.count; at++) if (this.#kept[at] >= fromNs && this.#kept[at] <= toNs) counted++;
      return counted / this.count;
    }
    const first = Math.max(0, this.#bucketOf(fromNs) - this.#words[words.LOWEST]);
    const last = Math.min(this.#bucketOf(toNs) - this.#words[words.LOWEST], this.#kept.length - 1);
    for (let at = first; at <= last; at++) counted += this.#kept[at];
    return counted / this.count;
  }

  #quantile(q: number): number {
    const rank = rankOf(q, this.count);
    // in place: their order means nothing
    if (this.#words[words.BUCKETS] === 0) return this.#kept.subarray(0, this.count).sort()[rank];
    let seen = 0;
    for (let at = 0; at < this.#kept.length; at++) {
      seen += this.#kept[at];
      if (seen > rank) return Math.min(this.maxNs, Math.max(this.minNs, middleOf(this.#words[words.LOWEST] + at)));
    }
    return this.maxNs;
  }

  /** Has buckets for a latency beside those that it has; where it had none so far, what it kept is counted in them. */
  #makeRoomFor(latencyNs: number): void {
    const w = this.#words;
    const kept = this.#kept;
    const before = w[words.LOWEST];
    const lowest = this.#bucketOf(Math.min(this.minNs, latencyNs));
    const highest = this.#bucketOf(Math.max(this.maxNs, latencyNs));
    const counts = this.#heap.take(Uint32Array, highest - lowest + 1);
    this.#kept = counts;
    w[words.COUNTS] = counts.byteOffset;
    w[words.LOWEST] = lowest;
    w[words.BUCKETS] = counts.length;
    if (kept instanceof Uint32Array) counts.set(kept, before - lowest);
    else {
      w[words.COUNT] = 0;
      for (const sample of kept) this.add(sample);
    }
    this.#heap.give(kept);
  }

  #bucketOf(latencyNs: number): number {
    return this.#steps.bucketOf(latencyNs);
  }
}

/** What few samples say, at most EXACT_SAMPLES of them; sorts them in place. Null where there is none. */
export function summaryOf(samples: Int32Array | Float64Array): LatencySummary | null {
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

/** How wide the buckets of an octave are, nanoseconds. */
const WIDTHS = Float64Array.from({ length: 64 }, (_, octave) => 2 ** octave);

/** The middle of a bucket, nanoseconds: see `bucketOf` of assembly/latency.ts. */
function middleOf(bucket: number): number {
  const size = Math.abs(bucket);
  if (size < 2 * words.BUCKETS_PER_OCTAVE) return bucket;
  const octave = Math.floor(size / words.BUCKETS_PER_OCTAVE) - 1;
  const middle = (size - octave * words.BUCKETS_PER_OCTAVE + 0.5) * WIDTHS[octave];
  return bucket < 0 ? -middle : middle;
}
