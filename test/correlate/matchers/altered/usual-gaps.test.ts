import { expect, it } from "vitest";
import { UsualGaps } from "../../../../src/correlate/matchers/altered/usual-gaps.js";

/** One gap a millisecond. */
function gapsOf(gapOf: (n: number) => number, count: number, keptNs = Number.POSITIVE_INFINITY): UsualGaps {
  const gaps = new UsualGaps(keptNs);
  for (let n = 0; n < count; n++) gaps.add(1e6 * n, gapOf(n));
  return gaps;
}

it("says nothing of fewer than eight", () => {
  expect(gapsOf(() => 30_000, 7).at(0, 0)).toBeNull();
  expect(gapsOf(() => 30_000, 8).at(0, 0)).toEqual({ minNs: -170_000, maxNs: 230_000 });
  expect(gapsOf(() => 30_000, 8).at(0, 1_000_000)).toEqual({ minNs: -1_170_000, maxNs: 1_230_000 });
});

it("is not moved by a wrong candidate in five", () => {
  const usual = gapsOf((n) => (n % 5 === 0 ? 200_000_000 : 30_000 + n), 200).at(100e6, 0);
  expect(usual?.maxNs).toBeLessThan(1_000_000);
});

it("follows a queue that grows, before a packet and after it", () => {
  const gaps = gapsOf((n) => 30_000 + 100_000 * n, 600);
  for (const n of [0, 100, 300, 599]) {
    const usual = gaps.at(1e6 * n, 0);
    expect(usual?.minNs).toBeLessThanOrEqual(30_000 + 100_000 * n);
    expect(usual?.maxNs).toBeGreaterThanOrEqual(30_000 + 100_000 * n);
  }
});

it("forgets what is past, and not what is asked for", () => {
  const all = gapsOf((n) => n, 640);
  const newest = gapsOf((n) => n, 640, 240e6);
  expect(newest.at(500e6, 0)).toEqual(all.at(500e6, 0));
  expect(newest.at(0, 0)?.minNs).toBeGreaterThan(all.at(0, 0)?.minNs ?? 0);
});

it("says that none is usual where they differ by more than a sender waits before it sends again", () => {
  const usual = gapsOf((n) => 20_000_000 * (n % 30), 64).at(10e6, 0);
  expect(usual?.minNs).toBeGreaterThan(usual?.maxNs ?? 0);
  expect(gapsOf((n) => 2_000_000 * (n % 30), 64).at(10e6, 0)?.maxNs).toBeGreaterThan(60_000_000);
});
