import { expect, it } from "vitest";
import { areNumbersShared } from "../../../src/correlate/clock/estimate.js";
import { NUMBERS, SEGMENT, type Twin } from "../../../src/correlate/clock/twins.js";
import { NEVER, type Progress } from "../../../src/correlate/intake/disorder.js";

const SEEN: Progress = { reachedNs: 1, packets: 1 };

/** So many twins, of which neither side saw a second packet with their numbers, the inside did, the outside did, or both. */
function twins(byNone: number, byInside: number, byOutside: number, byBoth: number, by = NUMBERS): Twin[] {
  const twin = (inside: Progress, outside: Progress): Twin => ({
    insideNs: 0,
    outsideNs: 0,
    direction: 1,
    byEnds: 1,
    outsideFrame: 1,
    by,
    seenAt: [SEEN, SEEN],
    repeatedAt: [inside, outside],
    copiedAt: [NEVER, NEVER],
    entries: [0, 0],
  });
  const many = (count: number, inside: Progress, outside: Progress) =>
    Array.from({ length: count }, () => twin(inside, outside));
  return [
    ...many(byNone, NEVER, NEVER),
    ...many(byInside, SEEN, NEVER),
    ...many(byOutside, NEVER, SEEN),
    ...many(byBoth, SEEN, SEEN),
  ];
}

it("numbers tell no twins where as many as there are may be of two that each capture missed one of", () => {
  // all is sent twice, and each capture misses one in ten: of 1000, both see two of 656, and one of each 33
  expect(areNumbersShared(twins(33, 146, 146, 656))).toBe(true);
});

it.each([
  ["nothing is sent again", twins(100, 0, 0, 0)],
  ["what is sent again is dropped, and no capture misses any", twins(100, 40, 0, 10)],
  ["little is sent again", twins(1000, 4, 4, 10)],
  ["an IP ID tells them apart", twins(33, 146, 146, 656, SEGMENT)],
])("numbers tell twins where %s", (_, found) => {
  expect(areNumbersShared(found)).toBe(false);
});
