import { expect, it } from "vitest";
import { UNBOUNDED } from "../../../src/correlate/clock/bounds.js";
import { STILL, type Stretch } from "../../../src/correlate/clock/clock.js";
import { Slice } from "../../../src/correlate/clock/slice.js";
import { Summary } from "../../../src/correlate/clock/summary.js";

it.each([
  [500, 100],
  [500_000, 75],
  [2_000_000, 0],
])(
  "what both ends of a run may be wrong by is no drift, and what is little more is little: %d ns",
  (slackNs, driftPpm) => {
    const summary = new Summary("none");
    summary.follow({ atNs: 0, offsetNs: 0, rate: 0, doubtRate: 0, bounds: UNBOUNDED, movedNs: 0 });
    for (const atNs of [0, 20e9]) {
      const correctionNs = atNs * 100e-6;
      const extent = { fromNs: atNs, toNs: atNs, leastNs: atNs, from: 0, end: 1, setFrame: 0, untilFrame: Infinity };
      const stretch: Stretch = {
        ...STILL,
        untilNs: atNs,
        atNs,
        correctionNs,
        firstFrame: 0,
        slackNs,
        disorderNs: 0,
        isTrusted: true,
        unboundNs: 0,
      };
      summary.tell(stretch, true, new Slice(extent));
    }
    expect(summary.factsAt(Number.POSITIVE_INFINITY, 0n).driftPpm).toBeCloseTo(driftPpm);
  },
);
