import { expect, it } from "vitest";
import { addTo, type Lists, takeOut } from "../../../src/packets/memory/lists.js";

it("of too many under a key, or too many keys, the oldest are dropped; a key that gets another one is new", () => {
  const lists: Lists<string, number> = new Map();
  for (const [key, one] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
    ["a", 4],
    ["c", 5],
  ] as const)
    addTo(lists, key, one, 2, 2);
  expect([...lists]).toEqual([
    ["a", [3, 4]],
    ["c", [5]],
  ]);
});

it("what is taken out leaves no empty list", () => {
  const lists: Lists<string, number> = new Map([["a", [1, 2, 3]]]);
  takeOut(lists, "b", () => true);
  takeOut(lists, "a", (one) => one !== 2);
  expect([...lists]).toEqual([["a", [2]]]);
  takeOut(lists, "a", () => true);
  expect(lists.size).toBe(0);
});
