import { expect, it } from "vitest";
import { keepNewest } from "../../../src/packets/memory/keep-newest.js";

/** Numbers that look like chance and are the same each time. */
function* chances(seed: number): Generator<number> {
  for (let state = seed; ; state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) yield state >>> 8;
}

it("keeps those that came last, though others go and come again", () => {
  const kept = new Map<number, string>();
  let expected: number[] = [];
  const chance = chances(1);
  const draw = (below: number): number => (chance.next().value ?? 0) % below;
  for (let step = 0; step < 20_000; step++) {
    const key = draw(64);
    // at times nearly all go at once, so that there is room again
    const gone = draw(500) === 0 ? expected.slice(3) : draw(3) === 0 ? [key] : [];
    for (const each of gone) kept.delete(each);
    kept.set(key, "here");
    keepNewest(kept, 16);
    expected = expected.filter((each) => !gone.includes(each));
    if (!expected.includes(key)) expected.push(key);
    expected = expected.slice(-16);
    if (kept.size !== expected.length) break;
  }
  expect([...kept.keys()]).toEqual(expected);
});

it("has the dropped ones told of", () => {
  const kept = new Set<string>();
  const dropped: string[] = [];
  for (const key of ["a", "b", "c", "d"]) {
    kept.add(key);
    keepNewest(kept, 2, (oldest) => {
      kept.delete(oldest);
      dropped.push(oldest);
    });
  }
  expect(dropped).toEqual(["a", "b"]);
  expect([...kept]).toEqual(["c", "d"]);
});

it("begins anew where all were cleared", () => {
  const kept = new Set<number>();
  for (let key = 0; key < 10; key++) {
    kept.add(key);
    keepNewest(kept, 4);
  }
  kept.clear();
  for (let key = 20; key < 30; key++) {
    kept.add(key);
    keepNewest(kept, 4);
  }
  expect([...kept]).toEqual([26, 27, 28, 29]);
});
