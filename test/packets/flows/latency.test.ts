import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../../src/packets/memory/heap.js";
import { type LatencyDigest, LatencyDigests, summaryOf } from "../../../src/packets/flows/latency.js";
import { runs } from "../../support/runs.js";

/** Latencies from nanoseconds to minutes, some negative, as clocks that disagree give them. */
const latencies = fc.oneof(
  { arbitrary: fc.integer({ min: -2000, max: 100_000 }), weight: 3 },
  { arbitrary: fc.integer({ min: -(10 ** 11), max: 10 ** 11 }), weight: 1 },
);

const digests = new LatencyDigests(new Heap());

function digestOf(samples: readonly number[]): LatencyDigest {
  const digest = digests.make();
  for (const sample of samples) digest.add(sample);
  return digest;
}

/** Nearest rank. */
function quantile(samples: readonly number[], q: number): number {
  return samples.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(q * samples.length)) - 1];
}

it("is exact up to 64 samples", () => {
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 1, maxLength: 64 }), (samples) => {
      expect(digestOf(samples).summary()).toEqual({
        minNs: Math.min(...samples),
        p50Ns: quantile(samples, 0.5),
        p99Ns: quantile(samples, 0.99),
        maxNs: Math.max(...samples),
      });
    }),
  );
});

it("says the same of few samples that lie in an array", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 64 }), (samples) => {
      expect(summaryOf(Int32Array.from(samples))).toEqual(digestOf(samples).summary());
    }),
  );
});

it("is off by 1.6 % at most beyond that, and by nothing at the ends", () => {
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 65, maxLength: 500 }), (samples) => {
      const summary = digestOf(samples).summary()!;
      expect(summary.minNs).toBe(Math.min(...samples));
      expect(summary.maxNs).toBe(Math.max(...samples));
      for (const [told, q] of [
        [summary.p50Ns, 0.5],
        [summary.p99Ns, 0.99],
      ]) {
        const exact = quantile(samples, q);
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(0.016 * Math.abs(exact));
      }
    }),
  );
});

it("keeps small and round latencies as they are, where a bucket holds one nanosecond", () => {
  for (let latencyNs = -40; latencyNs <= 40; latencyNs++) {
    const digest = digestOf([-1e6, 1e6, ...Array<number>(99).fill(latencyNs)]);
    expect(digest.summary()?.p50Ns).toBe(latencyNs);
  }
});

it("counts from its first sample on, and has nothing to say before", () => {
  const digest = digests.make();
  expect(digest.summary()).toBeNull();
  expect(digest.count).toBe(0);
  digest.add(-7);
  expect(digest.summary()).toEqual({ minNs: -7, p50Ns: -7, p99Ns: -7, maxNs: -7 });
  expect([digest.count, digest.minNs, digest.maxNs]).toEqual([1, -7, -7]);
});

it("widens to either side when samples come in any order of size", () => {
  const samples = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? 1 : -1) * 1.3 ** (at % 80));
  const backwards = samples.toReversed();
  expect(digestOf(samples).summary()).toEqual(digestOf(backwards).summary());
});

/** The bucket that a latency is in, as an HdrHistogram has it, by numbers as long as they need be. */
function plainBucketOf(latencyNs: number): number {
  const size = BigInt(Math.abs(Math.round(latencyNs)));
  const octave = Math.max(0, size.toString(2).length - 6);
  const bucket = octave * 32 + Number(size >> BigInt(octave));
  return latencyNs < 0 ? 0 - bucket : bucket;
}

it("counts latencies in the buckets of their octaves", () => {
  const { steps } = digests;
  const latency = fc.oneof(
    fc.integer({ min: -2000, max: 2000 }),
    fc.integer({ min: -(2 ** 34), max: 2 ** 34 }),
    fc.maxSafeInteger().map((ns) => Math.trunc(ns / 4)),
    fc.integer({ min: -5000, max: 5000 }).map((halves) => halves / 2),
    fc.constantFrom(0, -0, 2 ** 31 - 1, 2 ** 31, 2 ** 47, 2 ** 48, 2 ** 52),
  );
  fc.assert(
    fc.property(latency, (ns) => {
      expect(steps.bucketOf(ns)).toBe(plainBucketOf(ns));
    }),
    { numRuns: runs(5000) },
  );
});

it("gives its memory back", () => {
  const heap = new Heap();
  const digests = new LatencyDigests(heap);
  const many = (): number => {
    const digest = digests.make();
    for (let ns = 0; ns < 1000; ns++) digest.add(ns);
    const { address } = digest;
    digest.free();
    return address;
  };
  const first = many();
  for (let again = 0; again < 1000; again++) expect(many()).toBe(first);
  // larger than any block that was given back, it begins where the memory handed out so far ends
  expect(heap.take(Uint8Array, 2 ** 20).byteOffset).toBeLessThan(2 ** 20);
});

it("takes all latencies for equally likely where it has seen none, whatever their size", () => {
  const digest = digestOf(Array.from({ length: 1000 }, (_, at) => 12e6 + at * 200));
  expect(digest.density(12.1e6, 20e6)).toBeGreaterThan(1e-7);
  for (const latencyNs of [-254_246, 0, 3, 12_000, 19e6])
    expect(digest.density(latencyNs, 20e6)).toBeCloseTo(0.5 / 1000.5 / 20e6, 16);
});

it.each([40, 4000])("tells how far half of %d latencies are apart, however far the others are", (count) => {
  const digest = digestOf(Array.from({ length: count }, (_, n) => (n % 8 === 0 ? 5_000_000 : 20_000 + 2000 * (n % 8))));
  expect(digest.spreadNs).toBeGreaterThan(7000);
  expect(digest.spreadNs).toBeLessThan(9000);
});

it.each([40, 4000])("tells which share of %d latencies lies between two", (count) => {
  const digest = digestOf(Array.from({ length: count }, (_, n) => (n % 4 === 0 ? 5_000_000 : 20_000)));
  expect(digest.share(19_000, 21_000)).toBe(0.75);
  expect(digest.share(4_000_000, 6_000_000)).toBe(0.25);
  expect(digest.share(30_000, 3_000_000)).toBe(0);
  expect(digest.share(0, 60_000_000_000)).toBe(1);
  expect(digests.make().share(0, 1e9)).toBe(0);
});
