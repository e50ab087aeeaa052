import { expect, it } from "vitest";
import { Sweep } from "../../../src/packets/memory/sweep.js";

it("drops what is of no more use, and looks at each key a few times at the most, however many stay", () => {
  const sweep = new Sweep(8);
  const kept = new Set<number>();
  let looked = 0;
  const isOdd = (key: number): boolean => {
    looked++;
    return key % 2 === 1;
  };
  for (let key = 0; key < 10_000; key++) {
    sweep.run(kept, isOdd);
    kept.add(key);
  }
  expect(kept.has(0)).toBe(false);
  expect(Array.from({ length: 5000 }, (_, n) => 2 * n + 1).every((key) => kept.has(key))).toBe(true);
  expect(looked).toBeLessThan(30_000);
});

it("leaves few alone", () => {
  const kept = new Map([[1, "one"]]);
  new Sweep(2).run(kept, () => false);
  expect(kept.size).toBe(1);
});
