import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClockOption } from "../../src/correlate/correlate.js";
import { disordered, mixed, stragglers } from "./mixed-traffic.js";
import { type Options, type Outcome, outcomeOf, type Stamped } from "./outcome.js";

/** With as many pairs as nobody will see, each packet takes the slow path, for it matters how many there were before it. */
const SLOWLY = { maxPairs: 1e9 };

/** Everything an outcome tells, in its order, to be compared as text (bigints included). */
function told({ records, summary }: Outcome): string[] {
  return [...records, summary].map((record) =>
    JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
}

interface Bent {
  readonly aheadNs: number;
  readonly ppm: number;
}

/** The frames as a clock stamps them that is ahead, and faster. */
function bent(frames: readonly Stamped[], { aheadNs, ppm }: Bent): Stamped[] {
  return frames.map(({ ns, packet }) => ({ ns: Math.round(ns * (1 + ppm / 1e6)) + aheadNs, packet }));
}

const oneClock = fc.record({
  bent: fc.constant({ aheadNs: 0, ppm: 0 }),
  clock: fc.constantFrom<ClockOption[]>({ kind: "none" }, { kind: "none", slackNs: 30_000 }, { kind: "auto" }),
});
const otherClock = fc
  .record({
    aheadNs: fc.constantFrom(-40_000, 3_000_000, 7_200e9),
    ppm: fc.constantFrom(0, 50, -200),
    errorNs: fc.option(fc.constantFrom(0, 25_000)),
  })
  .map(({ aheadNs, ppm, errorNs }): { bent: Bent; clock: ClockOption } => ({
    bent: { aheadNs, ppm },
    clock: errorNs === null ? { kind: "auto" } : { kind: "given", offsetNs: BigInt(aheadNs + errorNs) },
  }));

const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })), {
  minLength: 1,
  maxLength: 5,
});

/** Two captures of all sorts, and how they are to be read. */
const captures = fc
  .record({
    sides: mixed,
    clocks: fc.oneof(oneClock, otherClock),
    late: fc.tuple(stragglers, stragglers),
    batches: fc.option(fc.tuple(cuts, cuts), { nil: undefined }),
    windowNs: fc.constantFrom(1_000_000, 50_000_000, 1_000_000_000),
  })
  .map(({ sides, clocks, late, batches, windowNs }) => ({
    inside: disordered(sides.inside, late[0]),
    outside: disordered(bent(sides.outside, clocks.bent), late[1]),
    options: { clock: clocks.clock, windowNs, ...(batches && { batches }) } satisfies Options,
  }));

describe("the fast path", () => {
  it("comes to what the slow one comes to, in the same order", async () => {
    await fc.assert(
      fc.asyncProperty(captures, async ({ inside, outside, options }) => {
        const slow = await outcomeOf(inside, outside, { ...options, ...SLOWLY });
        expect(told(await outcomeOf(inside, outside, options))).toEqual(told(slow));
      }),
      { numRuns: 120 },
    );
  });
});
