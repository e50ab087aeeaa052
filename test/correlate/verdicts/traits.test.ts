import { expect, it } from "vitest";
import { mayBeAltered } from "../../../src/correlate/verdicts/traits.js";

const [keeping, renumbering] = [{ mayHaveAltered: (a: number, b: number) => a === b }, { mayHaveAltered: () => true }];

it("what carries the same is like a packet if the router may have altered it so", () => {
  const traits = { key: "1 2", carried: 7, ipId: 5 };
  const renumbered = { key: "3 4", carried: 7, ipId: 6 };
  expect(mayBeAltered(renumbering, traits, renumbered)).toBe(true);
  expect(mayBeAltered(keeping, traits, renumbered)).toBe(false);
  expect(mayBeAltered(keeping, traits, { ...renumbered, ipId: 5 })).toBe(true);
  expect(mayBeAltered(renumbering, traits, { ...renumbered, carried: 8 })).toBe(false);
  // too little was captured of both
  expect(mayBeAltered(renumbering, { ...traits, carried: 0 }, { ...renumbered, carried: 0 })).toBe(false);
});
