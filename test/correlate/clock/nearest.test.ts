import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Crossing, Crossings } from "../../../src/correlate/clock/crossings.js";
import { type Contradictable, type Nearest, nearestTo } from "../../../src/correlate/clock/nearest.js";
import { runs } from "../../support/runs.js";

const tookNs = ({ gapNs }: Crossing): number => gapNs;

/** By place, what those took that came in: each tells something of its own. */
function crossed(took: ReadonlyMap<number, number>): Crossings {
  const kept = new Crossings();
  for (const [place, gapNs] of took)
    kept.add({ isOutbound: false, timeNs: place * 1e9, gapNs, place, frame: place, isSure: true });
  return kept;
}

/** The same for one packet, of one list after the other. */
function naively({ place, lessNs }: Contradictable, all: readonly ReadonlyMap<number, number>[]): Nearest {
  const witnesses = all.flatMap((each) => [...each]);
  const against = witnesses.filter(([, ns]) => ns < lessNs).map(([at]) => at);
  const before = Math.max(...against.filter((at) => at <= place));
  const behind = Math.min(...against.filter((at) => at > place));
  const between = witnesses.filter(([at]) => before < at && at < behind);
  return { before, behind, leastNs: Math.min(...between.map(([, ns]) => ns)) };
}

const witnesses = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 12 })), { maxLength: 30 })
  .map((each) => new Map(each));
const packets = fc
  .array(fc.record({ place: fc.integer({ min: 8, max: 32 }), lessNs: fc.integer({ min: 0, max: 14 }) }), {
    maxLength: 8,
  })
  .map((each) => each.sort((a, b) => a.place - b.place));

it("finds for each packet what looking at one witness after the other does", () => {
  fc.assert(
    fc.property(fc.array(witnesses, { maxLength: 2 }), packets, (all, about) => {
      expect(nearestTo(about, all.map(crossed), tookNs)).toEqual(about.map((packet) => naively(packet, all)));
    }),
    { numRuns: runs(300) },
  );
});

it("looks at no witness as often as there are packets", () => {
  const took = new Map(Array.from({ length: 1000 }, (_, at) => [at + 1, 5]));
  const about = Array.from({ length: 100 }, (_, at) => ({ place: 500 + at, lessNs: 3 }));
  let asked = 0;
  const found = nearestTo(about, [crossed(took)], (one) => {
    asked++;
    return tookNs(one);
  });
  expect(found.every(({ leastNs }) => leastNs === 5)).toBe(true);
  expect(asked).toBeLessThan(1200);
});
