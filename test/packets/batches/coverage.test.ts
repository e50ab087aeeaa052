import { describe, expect, it } from "vitest";
import { Coverage } from "../../../src/packets/batches/coverage.js";

const MS = 1e6;

/** What a capture covers whose frames are stamped so, taken so many at once. */
function coverageOf(stampsMs: readonly number[], atOnce: number): Coverage {
  const coverage = new Coverage(true);
  for (let from = 0; from < stampsMs.length; from += atOnce) {
    const stamps = Float64Array.from(stampsMs.slice(from, from + atOnce), (ms) => ms * MS);
    coverage.take(stamps, stamps.length, Math.min(...stamps), Math.max(...stamps));
  }
  coverage.end();
  return coverage;
}

/** So many stamps, one every `everyMs`. */
function steady(count: number, fromMs: number, everyMs: number): number[] {
  return Array.from({ length: count }, (_, n) => fromMs + n * everyMs);
}

describe.each([1, 7, 4096])("what a capture covers, %d frames at once", (atOnce) => {
  it("goes by most stamps", () => {
    const { firstNs, lastNs, silences } = coverageOf(
      [90_000, ...steady(20, 5, 1), 70_000, ...steady(9, 25, 1)],
      atOnce,
    );
    expect([firstNs, lastNs, silences]).toEqual([5 * MS, 33 * MS, []]);
  });

  it("leaves out silences, which are longer than is usual", () => {
    const { silences } = coverageOf([...steady(1000, 0, 1), ...steady(1000, 2500, 1)], atOnce);
    expect(silences).toEqual([{ fromNs: 999 * MS, toNs: 2500 * MS }]);
  });

  it("does not take the pace of rare frames for that", () => {
    const pings = steady(20, 0, 1000).flatMap((ms) => [ms, ms + 20]);
    // the first pause is the only one by then
    expect(coverageOf(pings, atOnce).silences).toEqual([{ fromNs: 20 * MS, toNs: 1000 * MS }]);
    const missing = pings.filter((ms) => ms < 10_000 || ms > 11_500);
    expect(coverageOf(missing, atOnce).silences).toHaveLength(1);
  });

  it("finds each of several", () => {
    const stamps = [0, 3000, 6000, 9000].flatMap((ms) => steady(2000, ms, 1));
    expect(coverageOf(stamps, atOnce).silences).toHaveLength(3);
  });
});
