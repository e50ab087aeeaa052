import { INSIDE, OUTSIDE, type Side } from "../../packets/sides.js";
import { epochText } from "../epoch.js";

/** So many bins there are at the most: about as many as a page has points across. */
const MOST_BINS = 720;
/** The width of a bin, nanoseconds, until there are too many: it doubles then. */
const FIRST_BIN_NS = 100_000;
/** Latencies are counted by quarters of an octave from 1 ns on: a quantile is off by 9 % at the most. */
const BUCKETS_PER_OCTAVE = 4;
const OCTAVES = 40;
const BUCKETS = OCTAVES * BUCKETS_PER_OCTAVE;

/** What a strip counts of packets without a twin, and of those that may be several ones'. */
export const TROUBLES = ["dropped", "refused", "unknown", "capture-loss", "no-overlap", "ambiguous"] as const;
export type Trouble = (typeof TROUBLES)[number];

/** A number for each bin. */
type Series = Uint32Array;

/** What happened in time, in bins, however long it lasts: frames of each side, pairs and their latencies each way, and trouble by kind. */
export class Strip {
  readonly #epochNs: bigint;
  readonly #frames = [newSeries(), newSeries()] as const;
  readonly #ways = [new Way(), new Way()] as const;
  readonly #troubles = new Map<Trouble, Series>();
  #binNs = FIRST_BIN_NS;
  /** Where the first bin begins; undefined before there is one. */
  #fromNs: number | undefined;
  #bins = 0;

  /** `epochNs`: what times are counted from, epoch nanoseconds. */
  constructor(epochNs: bigint) {
    this.#epochNs = epochNs;
  }

  /** Takes a pair that entered at `timeNs`, nanoseconds on the inside's clock. */
  pair(timeNs: number, isOutbound: boolean, latencyNs: number): void {
    const bin = this.#binOf(timeNs);
    this.#frames[INSIDE][bin]++;
    this.#frames[OUTSIDE][bin]++;
    this.#ways[isOutbound ? 0 : 1].add(bin, latencyNs);
  }

  /** Takes a frame without a twin. */
  frame(timeNs: number, side: Side): void {
    this.#frames[side][this.#binOf(timeNs)]++;
  }

  /** Counts trouble, or takes it back. */
  trouble(timeNs: number, kind: Trouble, by: 1 | -1): void {
    const counts = this.#troubles.get(kind) ?? newSeries();
    this.#troubles.set(kind, counts);
    counts[this.#binOf(timeNs)] += by;
  }

  /** All of it, to be written as JSON: times in decimal seconds, latencies in nanoseconds, null where a bin has none. */
  toJson(): object {
    const listed = (series: Series) => [...series.subarray(0, this.#bins)];
    const latency = (way: Way) => ({ p50Ns: way.quantiles(0.5, this.#bins), p99Ns: way.quantiles(0.99, this.#bins) });
    const [outbound, inbound] = this.#ways;
    return {
      from: epochText(this.#epochNs + BigInt(Math.floor(this.#fromNs ?? 0))),
      binNs: this.#binNs,
      frames: { inside: listed(this.#frames[INSIDE]), outside: listed(this.#frames[OUTSIDE]) },
      pairs: { outbound: listed(outbound.pairs), inbound: listed(inbound.pairs) },
      latency: { outbound: latency(outbound), inbound: latency(inbound) },
      troubles: Object.fromEntries(
        TROUBLES.flatMap((kind) => {
          const counts = this.#troubles.get(kind);
          return counts === undefined ? [] : [[kind, listed(counts)]];
        }),
      ),
    };
  }

  /** What is earlier than the first counts as of its bin: packets come nearly in order. */
  #binOf(timeNs: number): number {
    this.#fromNs ??= timeNs;
    let bin = Math.floor((timeNs - this.#fromNs) / this.#binNs);
    while (bin >= MOST_BINS) {
      this.#widen();
      bin = Math.floor((timeNs - this.#fromNs) / this.#binNs);
    }
    bin = Math.max(0, bin);
    this.#bins = Math.max(this.#bins, bin + 1);
    return bin;
  }

  #widen(): void {
    for (const series of [...this.#frames, ...this.#troubles.values()]) widen(series, 1);
    for (const way of this.#ways) way.widen();
    this.#binNs *= 2;
    this.#bins = Math.ceil(this.#bins / 2);
  }
}

/** What went one way. */
class Way {
  readonly pairs = newSeries();
  readonly #latencies = new Uint32Array(MOST_BINS * BUCKETS);

  add(bin: number, latencyNs: number): void {
    this.pairs[bin]++;
    const bucket = latencyNs <= 1 ? 0 : Math.floor(Math.log2(latencyNs) * BUCKETS_PER_OCTAVE);
    this.#latencies[bin * BUCKETS + Math.min(bucket, BUCKETS - 1)]++;
  }

  /** By bin, the latency that a share of its pairs does not exceed, nanoseconds; null where there are none. */
  quantiles(share: number, bins: number): (number | null)[] {
    return [...this.pairs.subarray(0, bins)].map((count, bin) =>
      count === 0 ? null : this.#quantile(bin, share * count),
    );
  }

  #quantile(bin: number, rank: number): number {
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#latencies[bin * BUCKETS + bucket];
      if (seen >= rank) return Math.round(2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE));
    }
    throw new Error("a bin has fewer latencies than pairs");
  }

  widen(): void {
    widen(this.pairs, 1);
    widen(this.#latencies, BUCKETS);
  }
}

function newSeries(): Series {
  return new Uint32Array(MOST_BINS);
}

/** Puts each two bins of so many numbers together. */
function widen(series: Series, each: number): void {
  for (let bin = 0; bin < MOST_BINS / 2; bin++)
    for (let at = bin * each, from = 2 * bin * each, end = from + each; from < end; at++, from++)
      series[at] = series[from] + series[from + each];
  series.fill(0, (MOST_BINS / 2) * each);
}
