import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Strip } from "../../../src/report/html/strip.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { runs } from "../../support/runs.js";

const EPOCH_NS = 1_700_000_000_000_000_000n;
const MOST_BINS = 720;
/** The width of bins at first. */
const BIN_NS = 100_000;
/** The last time that has room, and the first that has none: few that come at random are as near. */
const AT_THE_EDGE: [number, boolean, number][] = [0, MOST_BINS * BIN_NS - 1, MOST_BINS * BIN_NS].map((ns) => [
  ns,
  true,
  1,
]);

interface Written {
  readonly from: string;
  readonly binNs: number;
  readonly frames: Record<"inside" | "outside", number[]>;
  readonly pairs: Record<"outbound" | "inbound", number[]>;
  readonly latency: Record<"outbound" | "inbound", Record<"p50Ns" | "p99Ns", (number | null)[]>>;
  readonly troubles: Record<string, number[]>;
}

const written = (strip: Strip): Written => JSON.parse(JSON.stringify(strip.toJson()));
const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

it("has what is a bin's width apart in different bins, and says when the first begins", () => {
  const strip = new Strip(new Heap(), EPOCH_NS);
  strip.times.count(1_000_000, true, 10_000);
  strip.times.count(1_050_000, false, 20_000);
  strip.frame(1_150_000, INSIDE);
  strip.trouble(1_150_000, "dropped", 1);
  expect(written(strip)).toMatchObject({
    from: "1700000000.001000000",
    binNs: BIN_NS,
    frames: { inside: [2, 1], outside: [2, 0] },
    pairs: { outbound: [1, 0], inbound: [1, 0] },
    troubles: { dropped: [0, 1] },
  });
});

it("takes back what turned out to be something else", () => {
  const strip = new Strip(new Heap(), EPOCH_NS);
  strip.trouble(0, "dropped", 1);
  strip.trouble(0, "dropped", -1);
  strip.trouble(0, "unknown", 1);
  expect(written(strip).troubles).toEqual({ dropped: [0], unknown: [1] });
});

it("whatever is put in, counts all of it, in its place, in no more bins than a page has room for", () => {
  const times = fc.array(fc.tuple(fc.nat(4_000_000_000_000), fc.boolean(), fc.integer({ min: -50, max: 2e9 })), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(times, (all) => {
      const strip = new Strip(new Heap(), EPOCH_NS);
      const [[firstNs]] = all;
      for (const [timeNs, isOutbound, latencyNs] of all) strip.times.count(timeNs, isOutbound, latencyNs);
      const { binNs, frames, pairs } = written(strip);
      expect(frames.inside.length).toBeLessThanOrEqual(MOST_BINS);
      expect(sum(frames.inside)).toBe(all.length);
      expect([sum(pairs.outbound), sum(pairs.inbound)]).toEqual(
        [true, false].map((is) => all.filter(([, isOutbound]) => isOutbound === is).length),
      );
      const expected = frames.inside.map(() => 0);
      for (const [timeNs] of all) expected[Math.max(0, Math.floor((timeNs - firstNs) / binNs))]++;
      expect(frames.outside).toEqual(expected);
    }),
    { numRuns: runs(80), examples: [[AT_THE_EDGE]] },
  );
});

it("says quantiles that are off by 9 % at the most, also of bins that were put together", () => {
  const strip = new Strip(new Heap(), EPOCH_NS);
  const latencies = Array.from({ length: 1000 }, (_, at) => 1000 + 37 * at);
  for (const [at, latencyNs] of latencies.entries()) strip.times.count(at * 50, true, latencyNs);
  // so long afterwards that all of those come to be in one bin
  strip.frame(3_600_000_000_000, OUTSIDE);
  const { latency } = written(strip);
  const [p50, p99] = [latency.outbound.p50Ns[0] ?? 0, latency.outbound.p99Ns[0] ?? 0];
  expect(Math.abs(p50 / latencies[499] - 1)).toBeLessThan(0.095);
  expect(Math.abs(p99 / latencies[989] - 1)).toBeLessThan(0.095);
  expect(latency.inbound.p50Ns[0]).toBeNull();
});
