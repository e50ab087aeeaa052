import { expect, it } from "vitest";
import { Remembered } from "../../../../src/correlate/matchers/altered/remembered.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../../../../src/packets/sides.js";

it("remembers of each side the newest packet of a hash, or of one that has its place", () => {
  const remembered = new Remembered(new Heap());
  const [older, newer] = [
    { frame: 5, ipId: 7, timeNs: 1e6, slot: 3 },
    { frame: 2 ** 40, ipId: 0, timeNs: 2e6, slot: -1 },
  ];
  remembered.note(INSIDE, -7, older);
  expect(remembered.of(INSIDE, -7)).toEqual(older);
  expect(remembered.of(OUTSIDE, -7)).toBeUndefined();
  remembered.note(INSIDE, -7, newer);
  expect(remembered.of(INSIDE, -7)).toEqual(newer);
  remembered.note(INSIDE, -7 - 2 ** 20, older);
  expect(remembered.of(INSIDE, -7)).toBeUndefined();
  expect(remembered.of(INSIDE, 0)).toBeUndefined();
});
