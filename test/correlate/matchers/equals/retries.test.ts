import { expect, it } from "vitest";
import { Retries } from "../../../../src/correlate/matchers/equals/retries.js";
import { NONE } from "../../../../src/packets/tuples.js";

/** Which rows are held, and open. */
function timelineOf(held: ReadonlySet<number>, open: ReadonlySet<number>) {
  return { isHeld: (row: number) => held.has(row), isOpen: (row: number) => open.has(row), timeNs: () => 1000 };
}

it("tries a packet again once it has waited for twice as long", () => {
  const retries = new Retries(timelineOf(new Set([1]), new Set([1])));
  expect(retries.isDue(1, 1300)).toBe(true);
  retries.note(1, NONE, 1300);
  expect(retries.isDue(1, 1600)).toBe(false);
  expect(retries.isDue(1, 1601)).toBe(true);
});

it("tries it once its rival has a twin, or is no longer held", () => {
  const held = new Set([1, 2]);
  const open = new Set([1, 2]);
  const retries = new Retries(timelineOf(held, open));
  retries.note(1, 2, 1300);
  expect(retries.isDue(1, 1301)).toBe(false);
  open.delete(2);
  expect(retries.isDue(1, 1301)).toBe(true);
  open.add(2);
  held.delete(2);
  expect(retries.isDue(1, 1301)).toBe(true);
});

it("tries it once more at the end of the captures, however many ask for it", () => {
  const retries = new Retries(timelineOf(new Set([1]), new Set([1])));
  retries.note(1, NONE, 1300);
  expect(retries.isDue(1, Number.POSITIVE_INFINITY)).toBe(true);
  retries.note(1, NONE, Number.POSITIVE_INFINITY);
  expect(retries.isDue(1, Number.POSITIVE_INFINITY)).toBe(false);
});

it("forgets what is no longer held", () => {
  const held = new Set<number>();
  const retries = new Retries(timelineOf(held, held));
  retries.note(1, NONE, 1300);
  expect(retries.isDue(1, 1301)).toBe(false);
  for (let row = 2; row < 10_000; row++) retries.note(row, NONE, 1300);
  expect(retries.isDue(1, 1301)).toBe(true);
});
