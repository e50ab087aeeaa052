import type { Heap } from "../../packets/memory/heap.js";
import { newSeries, PairTimes, type Series, widen } from "../../packets/results/pair-times.js";
import type { Side } from "../../packets/sides.js";
import { epochText } from "../../packets/results/epoch.js";

/** What a strip counts of packets without a twin, and of those that may be several ones'. */
export const TROUBLES = ["dropped", "refused", "unknown", "capture-loss", "no-overlap", "ambiguous"] as const;
export type Trouble = (typeof TROUBLES)[number];

/** What happened in time, in bins, however long it lasts: frames of each side, pairs and their latencies each way, and trouble by kind. */
export class Strip {
  /** When pairs passed, and how long they took. */
  readonly times: PairTimes;
  readonly #epochNs: bigint;
  /** By side, frames without a twin. */
  readonly #alone = [newSeries(), newSeries()] as const;
  readonly #troubles = new Map<Trouble, Series>();

  /** `epochNs`: what times are counted from, epoch nanoseconds. */
  constructor(heap: Heap, epochNs: bigint) {
    this.#epochNs = epochNs;
    this.times = new PairTimes(heap, () => {
      for (const series of [...this.#alone, ...this.#troubles.values()]) widen(series);
    });
  }

  /** Takes a frame without a twin. */
  frame(timeNs: number, side: Side): void {
    this.#alone[side][this.times.binOf(timeNs)]++;
  }

  /** Counts trouble, or takes it back. */
  trouble(timeNs: number, kind: Trouble, by: 1 | -1): void {
    const counts = this.#troubles.get(kind) ?? newSeries();
    this.#troubles.set(kind, counts);
    counts[this.times.binOf(timeNs)] += by;
  }

  /** All of it, to be written as JSON: times in decimal seconds, latencies in nanoseconds, null where a bin has none. */
  toJson(): object {
    const { times } = this;
    const { bins, binNs, fromNs } = times;
    const listed = (series: Series) => [...series.subarray(0, bins)];
    const latency = (isOutbound: boolean) => ({
      p50Ns: times.quantiles(isOutbound, 0.5),
      p99Ns: times.quantiles(isOutbound, 0.99),
    });
    const [outbound, inbound] = [times.pairs(true), times.pairs(false)];
    // a pair is a frame of each side
    const [inside, outside] = this.#alone.map((alone) =>
      Array.from(alone.subarray(0, bins), (count, bin) => count + outbound[bin] + inbound[bin]),
    );
    return {
      from: epochText(this.#epochNs + BigInt(Math.floor(fromNs))),
      binNs,
      frames: { inside, outside },
      pairs: { outbound: listed(outbound), inbound: listed(inbound) },
      latency: { outbound: latency(true), inbound: latency(false) },
      troubles: Object.fromEntries(
        TROUBLES.flatMap((kind) => {
          const counts = this.#troubles.get(kind);
          return counts === undefined ? [] : [[kind, listed(counts)]];
        }),
      ),
    };
  }
}
