import * as fc from "fast-check";
import { expect, it } from "vitest";
import { read } from "../support/oracle.js";
import { runs } from "../support/runs.js";
import { adversity, EITHER, spec } from "./adversary.js";
import { correlated } from "./outcome.js";

it("whatever two captures of one clock hold, no pair leaves before it enters", async () => {
  await fc.assert(
    fc.asyncProperty(spec(EITHER), async (spec) => {
      const { inside, outside, toleranceNs } = adversity(spec);
      const { pairs } = await correlated(inside, outside, { clock: { kind: "none" } });
      const told = pairs.map((pair) => {
        const [i, o] = [read(inside[pair.inside - 1]), read(outside[pair.outside - 1])];
        // a router takes one from the TTL; who has the larger one has seen the packet first
        const isOutbound = i.ttl > o.ttl;
        return { pair, isOutbound, laterNs: isOutbound ? o.ns - i.ns : i.ns - o.ns };
      });
      expect(told.filter(({ laterNs }) => laterNs < -toleranceNs)).toEqual([]);
      expect(told.filter(({ pair }) => pair.latencyNs < -toleranceNs)).toEqual([]);
      expect(told.filter(({ pair, isOutbound }) => isOutbound !== (pair.direction === "outbound"))).toEqual([]);
    }),
    { numRuns: runs(25) },
  );
});
