import { expect, it } from "vitest";
import { Misses } from "../../../../src/correlate/verdicts/captures/misses.js";
import { INSIDE, OUTSIDE } from "../../../../src/packets/sides.js";

/** Of a thousand packets that entered and came out, and some that the inside capture missed, by the outside frames they came out in. */
function missing(...frames: readonly number[]): Misses {
  const misses = new Misses({ pairsThatWent: () => 1000 });
  for (const frame of frames) misses.noteEntry(INSIDE, frame, true);
  return misses;
}

it("a capture that misses packets one by one lacks few of one flow by chance", () => {
  expect(missing(100, 200, 300, 400, 500, 600).mayLackAll(INSIDE, 2)).toBe(true);
  expect(missing(100, 200, 300, 400, 500, 600).mayLackAll(INSIDE, 3)).toBe(false);
});

it("a capture that misses several in a row may lack a whole exchange", () => {
  expect(missing(100, 101, 102, 400, 401, 402).mayLackAll(INSIDE, 5)).toBe(true);
  // but not a long conversation
  expect(missing(100, 101, 102, 400, 401, 402).mayLackAll(INSIDE, 40)).toBe(false);
});

it("packets that a capture lacks show that it did not run, unless it misses others, and may have missed as many", () => {
  expect(missing().showAbsence(INSIDE, 2)).toBe(true);
  expect(missing(100, 200, 300, 400, 500, 600).showAbsence(INSIDE, 2)).toBe(false);
  expect(missing(100, 200, 300, 400, 500, 600).showAbsence(INSIDE, 3)).toBe(true);
});

it("a capture that was believed is doubted once it turns out to miss packets, if what it lacks may be of these", () => {
  const misses = missing();
  expect(misses.noteExit(OUTSIDE)).toBe(false);
  expect(misses.takeDoubted()).toBeUndefined();
  misses.noteEntry(OUTSIDE, 100, true);
  expect(misses.takeDoubted()).toBe(OUTSIDE);
  expect(misses.takeDoubted()).toBeUndefined();
  expect(misses.noteExit(OUTSIDE)).toBe(true);
  // it misses two in a thousand: of three hundred that never come out, hardly any is such a one
  for (let n = 0; n < 300; n++) misses.noteExit(OUTSIDE);
  expect(misses.noteExit(OUTSIDE)).toBe(false);
  misses.noteEntry(OUTSIDE, 300, true);
  expect(misses.takeDoubted()).toBeUndefined();
});
