import { describe, expect, it } from "vitest";
import { lineThrough } from "../../../src/correlate/clock/line.js";
import { Slice } from "../../../src/correlate/clock/slice.js";

/** Slices of 0.2 s, 0.3 s apart, whose two directions bound the offset to within 8 µs of what it is. */
function slices(count: number, offsetNs: (ns: number) => number): Slice[] {
  return Array.from({ length: count }, (_, n) => {
    const [fromNs, toNs] = [n * 3e8, n * 3e8 + 2e8];
    const extent = {
      fromNs,
      toNs,
      leastNs: fromNs,
      from: 0,
      end: 0,
      setFrame: 0,
      untilFrame: Number.POSITIVE_INFINITY,
    };
    const made = new Slice(extent);
    for (const [isOutbound, timeNs, aheadNs] of [
      [true, fromNs, 8000],
      [false, toNs, -8000],
    ] as const) {
      const gapNs = offsetNs(timeNs) + aheadNs;
      const witness = { isOutbound, timeNs, gapNs, place: 1, frame: 1, isSure: true, isWitness: true };
      const around = [witness, witness, witness];
      made.bound(isOutbound, { own: [witness], around, upTo: around, since: around });
    }
    made.place = n;
    return made;
  });
}

describe("the line through slices", () => {
  it.each([60e-6, -500e-6])(
    "holds the truth where the rate changes by %d, but for what hides between bounds",
    (rate) => {
      const offsetNs = (ns: number): number => rate * Math.max(0, ns - 3.1e9);
      const all = slices(24, offsetNs);
      for (const here of all) {
        const line = lineThrough(all, here, 0);
        const { atLeastNs, atMostNs } = line?.bounds ?? { atLeastNs: Number.NaN, atMostNs: Number.NaN };
        const movedNs = line?.movedNs ?? 0;
        for (const ns of [here.extent.fromNs, here.middleNs, here.extent.toNs]) {
          const expectedNs = offsetNs(ns) - (line?.rate ?? 0) * (ns - here.middleNs);
          expect(expectedNs).toBeGreaterThanOrEqual(atLeastNs - movedNs - 4000);
          expect(expectedNs).toBeLessThanOrEqual(atMostNs + movedNs + 4000);
        }
      }
    },
  );

  it("goes on to the side of a step that its slice is on", () => {
    const all = slices(24, (ns) => (ns > 3.25e9 ? 20e6 : 0));
    for (const here of all) {
      const line = lineThrough(all, here, 0);
      expect(Math.abs((line?.offsetNs ?? 0) - (here.extent.fromNs > 3.25e9 ? 20e6 : 0))).toBeLessThan(8000);
      expect((line?.bounds.atMostNs ?? 0) - (line?.bounds.atLeastNs ?? 0)).toBeLessThan(30_000);
    }
  });

  it.each([5, 12, 40])(
    "is bounded by a packet that came that many slices later, where no other goes its way: %i",
    (later) => {
      const all = slices(48, () => 0);
      for (const [at, each] of all.entries()) if (at !== later) each.atLeastNs = Number.NEGATIVE_INFINITY;
      expect(lineThrough(all, all[0], 0)?.bounds.atLeastNs).toBeGreaterThan(-1e6);
    },
  );
});
