import * as fc from "fast-check";
import { expect, it } from "vitest";
import { altered, KINDS, spec } from "./altering-router.js";
import { outcomeOf } from "./outcome.js";

const clocks = fc.constantFrom({ kind: "none" } as const, { kind: "auto" } as const);

it.each(KINDS)("a router that rewrites %s: no pair is wrong, and hardly one is missing", async (kind) => {
  let found = 0;
  let there = 0;
  await fc.assert(
    fc.asyncProperty(spec, clocks, async (spec, clock) => {
      const { inside, outside, twins } = altered(spec, kind);
      const { pairs } = await outcomeOf(inside, outside, { clock });
      expect(pairs.filter((pair) => twins.get(pair.inside) !== pair.outside)).toEqual([]);
      found += pairs.length;
      there += twins.size;
    }),
    { numRuns: 20, endOnFailure: true },
  );
  expect(found / there).toBeGreaterThanOrEqual(0.99);
});
