import { expect, it } from "vitest";
import { Shelf } from "../../../../src/correlate/matchers/pieces/shelf.js";

/** A shelf with so many items under one key: 0, 1, 2 …; and those that wait no more. */
function filled(count: number): { readonly shelf: Shelf<number>; readonly gone: Set<number> } {
  const gone = new Set<number>();
  const shelf = new Shelf<number>((item) => !gone.has(item));
  for (let item = 0; item < count; item++) shelf.put(7, item);
  return { shelf, gone };
}

it("of more than 64 that are alike, nothing tells which is whose twin, until all of them are gone", () => {
  const { shelf } = filled(64);
  expect(shelf.isContested(7)).toBe(false);
  shelf.put(7, 64);
  expect([shelf.isContested(7), shelf.isContested(8)]).toEqual([true, false]);
  expect(shelf.of(7)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1));
  for (let item = 1; item < 64; item++) shelf.takeOff(7, item);
  expect(shelf.isContested(7)).toBe(true);
  shelf.takeOff(7, 64);
  shelf.put(7, 65);
  expect([shelf.isContested(7), shelf.of(7)]).toEqual([false, [65]]);
});

it("those that wait no more make room for others", () => {
  const { shelf, gone } = filled(64);
  gone.add(0).add(63);
  shelf.put(7, 64);
  shelf.put(7, 65);
  expect([shelf.isContested(7), shelf.of(7).length, shelf.of(7)[0]]).toEqual([false, 64, 1]);
  shelf.put(7, 66);
  expect(shelf.isContested(7)).toBe(true);
});
