import * as fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../support/runs.js";
import { simulate, spec } from "./nat-simulation.js";
import { correlated, outcomeOf, told, us } from "./outcome.js";
import { CONTAINER, conversation, datagram, OTHER } from "./traffic.js";

const clocks = fc.constantFrom({ kind: "none" } as const, { kind: "auto" } as const);

it("no pair is ever wrong, and every frame is accounted for", async () => {
  await fc.assert(
    fc.asyncProperty(spec, clocks, async (spec, clock) => {
      const { inside, outside, twins } = simulate(spec);
      // outcomeOf fails where a frame is in no record, or in two
      const { pairs } = await outcomeOf(inside, outside, { clock });
      const wrong = pairs.filter((pair) => twins.get(pair.inside) !== pair.outside);
      expect(wrong).toEqual([]);
    }),
    { numRuns: runs(8) },
  );
});

it("packets that nothing could be mistaken for are all paired", async () => {
  await fc.assert(
    fc.asyncProperty(spec, async (spec) => {
      const events = spec.events.map((event) => ({
        ...event,
        hasIpId: true,
        isDropped: false,
        isRetransmission: false,
      }));
      const flows = spec.flows.map((flow) => ({
        ...flow,
        kind: flow.kind === "published" ? flow.kind : ("tcp" as const),
      }));
      const { inside, outside, twins } = simulate({ flows, events, ipIds: spec.ipIds });
      const outcome = await outcomeOf(inside, outside, { clock: { kind: "none" } });
      expect(outcome.twins).toEqual([...twins].sort((a, b) => a[0] - b[0]));
    }),
    { numRuns: runs(18) },
  );
});

it("the same captures give the same results, however their sources cut them into batches", async () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }));
  const clock = { kind: "none" } as const;
  await fc.assert(
    fc.asyncProperty(spec, sizes, async (spec, batches) => {
      const { inside, outside } = simulate(spec);
      const whole = told(await correlated(inside, outside, { clock }));
      expect(told(await correlated(inside, outside, { clock }))).toEqual(whole);
      expect(told(await correlated(inside, outside, { clock, batches }))).toEqual(whole);
    }),
    { numRuns: runs(10) },
  );
});

it("the clock is estimated from the same packets, however small the pieces a pipe hands over", async () => {
  const { inside, outside } = conversation(60);
  const own = Array.from({ length: 30 }, (_, n) =>
    us(-100 + n, datagram({ src: CONTAINER, dst: OTHER, srcPort: 7, dstPort: 7, ipId: n + 1, ttl: 64, text: "local" })),
  );
  const late = outside.map(({ ns, packet }) => ({ ns: ns + 5e9, packet }));
  const whole = told(await outcomeOf([...own, ...inside], late));
  expect(told(await outcomeOf([...own, ...inside], late, { batches: [1, 1] }))).toEqual(whole);
});
