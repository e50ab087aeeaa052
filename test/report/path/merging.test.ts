import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Merging } from "../../../src/report/path/merging.js";
import type { Told } from "../../../src/report/path/told.js";
import { runs, SEED } from "../../support/runs.js";

const line = (atNs: number, text: string): Told => ({ atNs, kind: "line", text });

/** What is taken where the hops tell in this order: each number is a hop that tells its next, or ends. */
function taken(told: readonly (readonly Told[])[], offsetsNs: readonly number[], order: readonly number[]): string[] {
  const texts: string[] = [];
  const merging = new Merging(told.length, (hop, each, commonNs) => {
    texts.push(`${hop} ${each.kind === "line" ? each.text : ""} ${commonNs}`);
  });
  for (const [hop, offsetNs] of offsetsNs.entries()) merging.begin(hop, offsetNs);
  const at = told.map(() => 0);
  for (const hop of order) {
    const next = at[hop]++;
    if (next < told[hop].length) merging.add(hop, told[hop][next]);
    else if (next === told[hop].length) merging.end(hop);
  }
  return texts;
}

it("takes what stands first by the first point's clock", () => {
  const told = [
    [line(10, "a"), line(40, "b")],
    [line(1020, "c"), line(1030, "d")],
  ];
  expect(taken(told, [1000, 0], [0, 0, 0, 1, 1, 1])).toEqual(["0 a 10", "1 c 20", "1 d 30", "0 b 40"]);
});

it("takes nothing as long as a hop may tell what stands before it", () => {
  expect(taken([[line(10, "a")], [line(5, "b")]], [0, 0], [0, 0])).toEqual([]);
  expect(taken([[line(10, "a")], [line(5, "b")]], [0, 0], [0, 0, 1])).toEqual(["1 b 5"]);
});

it("comes to the same whichever hop runs ahead", () => {
  const times = fc.array(fc.nat(100), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(times, { minLength: 2, maxLength: 4 }), fc.infiniteStream(fc.nat(3)), (all, random) => {
      const told = all.map((each, hop) => each.sort((a, b) => a - b).map((atNs, at) => line(atNs, `${hop}.${at}`)));
      const offsetsNs = told.map((_, hop) => 7 * hop);
      const inTurn = told.flatMap((each, hop) => [...each, undefined].map(() => hop));
      const left = [...inTurn];
      const mixed = inTurn.map(() => left.splice((random.next().value ?? 0) % left.length, 1)[0]);
      const texts = taken(told, offsetsNs, inTurn);
      expect(texts).toHaveLength(all.flat().length);
      expect(taken(told, offsetsNs, mixed)).toEqual(texts);
    }),
    { numRuns: runs(300), ...(SEED !== undefined && { seed: SEED }) },
  );
});
