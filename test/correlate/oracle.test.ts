import * as fc from "fast-check";
import { expect, it } from "vitest";
import { judge, type Judgement } from "../support/oracle.js";
import { runs } from "../support/runs.js";
import { type Adversity, adversity, EITHER, ENTERING, spec } from "./adversary.js";
import { correlated } from "./outcome.js";

const WINDOW_NS = 1e9;

function judged({ inside, outside, toleranceNs }: Adversity, isEnteringComplete: boolean): Judgement {
  return judge(inside, outside, { windowNs: WINDOW_NS, toleranceNs, isEnteringComplete });
}

it("the oracle says of no true pair that it cannot be, and of none that is not that it must be", () => {
  fc.assert(
    fc.property(spec(ENTERING), (spec) => {
      const sides = adversity(spec);
      const oracle = judged(sides, true);
      expect([...sides.twins].filter(([i, o]) => !oracle.isPossible(i - 1, o - 1))).toEqual([]);
      expect(oracle.certain.filter(([i, o]) => sides.twins.get(i + 1) !== o + 1)).toEqual([]);
    }),
    { numRuns: runs(20) },
  );
});

it.each([
  ["what left was captured where it entered", ENTERING, true],
  ["either capture misses what the other one has", EITHER, false],
] as const)(
  "every pair is one that the oracle finds possible, and against none that is certain: %s",
  async (_, fates, isComplete) => {
    const ways = new Set<string>();
    await fc.assert(
      fc.asyncProperty(spec(fates), async (spec) => {
        const sides = adversity(spec);
        const oracle = judged(sides, isComplete);
        const { pairs } = await correlated(sides.inside, sides.outside, {
          windowNs: WINDOW_NS,
          clock: { kind: "none" },
        });
        for (const { by } of pairs) ways.add(by);
        // nothing was cut on its way
        expect(pairs.filter(({ frames }) => frames[0].length + frames[1].length > 2)).toEqual([]);
        expect(pairs.filter(({ inside, outside }) => !oracle.isPossible(inside - 1, outside - 1))).toEqual([]);
        expect(pairs.filter(({ inside, outside }) => oracle.against(inside - 1, outside - 1).length > 0)).toEqual([]);
      }),
      { numRuns: runs(25) },
    );
    expect([...ways].toSorted()).toEqual(["exact", "flow", "order", "quoted"]);
  },
);
