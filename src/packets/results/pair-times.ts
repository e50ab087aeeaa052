import { asDoubles, type Heap } from "../memory/heap.js";
import { onBlock, type OnBlock } from "../memory/steps.js";
import type * as pairTimes from "./assembly/pair-times.js";
import code from "./assembly/pair-times.wasm";
import * as words from "./pair-times-words.js";

/** The width of a bin, nanoseconds, until there are too many: it doubles then. */
const FIRST_BIN_NS = 100_000;

const module = new WebAssembly.Module(code);

/** A number for each bin. */
export type Series = Uint32Array;

/** When pairs passed, each way, and how long they took, in bins of time, however long it lasts. The kernel counts in it as well. */
export class PairTimes {
  /** Where its block is: see `pair-times-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** Inbound, and outbound. */
  readonly #pairs: readonly [Series, Series];
  readonly #latencies: readonly [Series, Series];
  readonly #steps: OnBlock<typeof pairTimes>;
  readonly #onWiden: () => void;

  /** `onWiden` is called when each two bins have become one. */
  constructor(heap: Heap, onWiden: () => void) {
    this.#onWiden = onWiden;
    this.#words = heap.take(Int32Array, words.WORDS);
    this.#doubles = asDoubles(this.#words);
    this.block = this.#words.byteOffset;
    const series = (length: number): Series => heap.take(Uint32Array, length);
    this.#pairs = [series(words.MOST_BINS), series(words.MOST_BINS)];
    this.#latencies = [series(words.MOST_BINS * words.BUCKETS), series(words.MOST_BINS * words.BUCKETS)];
    for (const [way, { byteOffset }] of this.#pairs.entries()) this.#words[words.PAIRS + way] = byteOffset;
    for (const [way, { byteOffset }] of this.#latencies.entries()) this.#words[words.LATENCIES + way] = byteOffset;
    this.#doubles[words.FROM_NS] = Number.NaN;
    this.#doubles[words.BIN_NS] = FIRST_BIN_NS;
    this.#steps = onBlock<typeof pairTimes>(module, heap.load(module), this.block);
  }

  /** When the first bin begins, nanoseconds on the inside's clock; 0 before there is one. */
  get fromNs(): number {
    return this.#doubles[words.FROM_NS] || 0;
  }

  /** How wide each is, nanoseconds … */
  get binNs(): number {
    return this.#doubles[words.BIN_NS];
  }

  /** … and how many there are. */
  get bins(): number {
    return this.#words[words.BINS];
  }

  /** Takes a pair that entered at `timeNs`, nanoseconds on the inside's clock. */
  count(timeNs: number, isOutbound: boolean, latencyNs: number): void {
    while (!this.#steps.count(timeNs, isOutbound ? 1 : 0, latencyNs)) this.#widen();
  }

  /** The bin of something else that happened then. */
  binOf(timeNs: number): number {
    for (;;) {
      const bin = this.#steps.binOf(timeNs);
      if (bin < words.MOST_BINS) return bin;
      this.#widen();
    }
  }

  /** By bin, how many pairs went a way. */
  pairs(isOutbound: boolean): Series {
    return this.#pairs[isOutbound ? 1 : 0].subarray(0, this.bins);
  }

  /** By bin, the latency that a share of a way's pairs does not exceed, nanoseconds; null where there are none. */
  quantiles(isOutbound: boolean, share: number): (number | null)[] {
    const latencies = this.#latencies[isOutbound ? 1 : 0];
    return Array.from(this.pairs(isOutbound), (count, bin) =>
      count === 0 ? null : quantile(latencies.subarray(bin * words.BUCKETS, (bin + 1) * words.BUCKETS), share * count),
    );
  }

  #widen(): void {
    for (const series of this.#pairs) widen(series);
    for (const series of this.#latencies) widen(series, words.BUCKETS);
    this.#doubles[words.BIN_NS] *= 2;
    this.#words[words.BINS] = Math.ceil(this.bins / 2);
    this.#onWiden();
  }
}

/** A series that has nothing. */
export function newSeries(): Series {
  return new Uint32Array(words.MOST_BINS);
}

/** Puts each two bins of so many numbers together. */
export function widen(series: Series, each = 1): void {
  for (let bin = 0; bin < words.MOST_BINS / 2; bin++)
    for (let at = bin * each, from = 2 * bin * each, end = from + each; from < end; at++, from++)
      series[at] = series[from] + series[from + each];
  series.fill(0, (words.MOST_BINS / 2) * each);
}

function quantile(counts: Series, rank: number): number {
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= rank) return Math.round(2 ** ((bucket + 0.5) / words.BUCKETS_PER_OCTAVE));
  }
  throw new Error("a bin has fewer latencies than pairs");
}
