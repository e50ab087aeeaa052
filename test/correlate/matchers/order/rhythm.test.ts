import { assert, constantFrom, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { inTurn, nearestOfEach } from "../../../../src/correlate/matchers/order/alignment.js";
import { rhythmBits } from "../../../../src/correlate/matchers/order/rhythm.js";
import { randomFrom } from "../../../support/random.js";
import { runs } from "../../../support/runs.js";

const RESOLUTION_NS = 10_000;
const seed = integer({ min: 0, max: 2 ** 32 - 1 });
const options = { numRuns: runs(300) };

/** Times of a hundred packets, that far apart. */
const timesBy = (intervalOf: (at: number) => number): number[] => {
  let timeNs = 0;
  return Array.from({ length: 100 }, (_, at) => (timeNs += at === 0 ? 0 : intervalOf(at)));
};

/** Intervals of 3 ms, up to 10 % longer or shorter. */
const uneven = (seed: number): (() => number) => {
  const random = randomFrom(seed);
  return () => 2_700_000 + 600_000 * random();
};

/** What a stream that enters has in common with one that leaves as long after it as a router takes. */
const bitsOf = (entered: readonly number[], left: readonly number[], align = inTurn, usualNs = 0): number =>
  rhythmBits(align(entered, left, usualNs), entered, left, RESOLUTION_NS);

describe("what two streams have in common in their rhythm", () => {
  it("is that of what a router forwards, however long that takes, and the more the longer they are", () => {
    assert(
      property(seed, (seed) => {
        const late = randomFrom(~seed);
        const entered = timesBy(uneven(seed));
        const left = entered.map((timeNs) => timeNs + 12_000_000 + 100_000 * late());
        const first = (count: number) => bitsOf(entered.slice(0, count), left.slice(0, count), inTurn, 12_000_000);
        expect(first(100)).toBeGreaterThan(50);
        expect(first(50)).toBeGreaterThan(20);
        expect(first(15)).toBe(0);
      }),
      options,
    );
  });

  it("is that of what a router forwards, where captures miss a tenth of it, each of other packets", () => {
    assert(
      property(seed, (seed) => {
        const [late, missed] = [randomFrom(~seed), randomFrom(seed ^ 0x5555)];
        const all = timesBy(uneven(seed));
        const entered = all.filter(() => missed() > 0.1);
        const left = all.filter(() => missed() > 0.1).map((timeNs) => timeNs + 10_000 + 50_000 * late());
        expect(bitsOf(entered, left, nearestOfEach, 30_000)).toBeGreaterThan(20);
      }),
      options,
    );
  });

  it("is next to nothing where strangers send as often, though both pause at once", () => {
    assert(
      property(seed, integer({ min: 5, max: 95 }), (seed, pause) => {
        const [a, b] = [uneven(seed), uneven(~seed)];
        const strangers = (of: () => number) => timesBy((at) => (at === pause ? 500_000_000 : of()));
        for (const align of [inTurn, nearestOfEach]) expect(bitsOf(strangers(a), strangers(b), align)).toBeLessThan(20);
      }),
      options,
    );
  });

  it("is next to nothing where both are as regular as clocks, or repeat one pattern, or slow down", () => {
    const regular = constantFrom(
      () => 3_000_000,
      (at: number) => (at % 3 === 0 ? 18_000_000 : 1_000_000),
      (at: number) => (at % 10 === 0 ? 18_000_000 : 1_000_000),
      (at: number) => 3_000_000 + 50_000 * at,
    );
    assert(
      property(regular, seed, (intervalOf, seed) => {
        const [a, b] = [randomFrom(seed), randomFrom(~seed)];
        const stream = (random: () => number) => timesBy((at) => intervalOf(at) + 20_000 * random());
        for (const align of [inTurn, nearestOfEach]) {
          expect(bitsOf(stream(a), stream(b), align)).toBeLessThan(20);
          expect(bitsOf(timesBy(intervalOf), timesBy(intervalOf), align)).toBeLessThan(20);
        }
      }),
      options,
    );
  });
});
