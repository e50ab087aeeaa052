import { expect, it } from "vitest";
import { Few, MOST_NAMED } from "../../../src/packets/results/few.js";
import { said, saidAddress, saidFew } from "../../../src/packets/results/sentence.js";

const whose = { peer: "9.9.9.9", fromNs: 1, throughNs: 2 };
const address = saidAddress("10.0.0.1", whose);

it("a sentence keeps the addresses of those that are part of it, and where they stand; what else it says has none", () => {
  const ends = said`tcp ${address}.${80} > ${"10.0.0.1"}`;
  expect(said`${2} never answered: ${ends}; ${ends}, by 10.0.0.1`).toEqual({
    text: "2 never answered: tcp 10.0.0.1.80 > 10.0.0.1; tcp 10.0.0.1.80 > 10.0.0.1, by 10.0.0.1",
    addresses: [
      { ...whose, address: "10.0.0.1", at: 22 },
      { ...whose, address: "10.0.0.1", at: 50 },
    ],
  });
  expect(said`nothing`).toEqual({ text: "nothing" });
});

it("of many, the first are named, whether more are listed or not, and the others counted", () => {
  const all = new Few<string>();
  const named = new Few<string>(MOST_NAMED);
  for (let n = 1; n <= 1000; n++) for (const some of [all, named]) some.add(`${n}`);
  expect(saidFew(all)).toEqual({ text: "1, 2, 3, 4, 5 and 995 more" });
  expect(saidFew(named)).toEqual(saidFew(all));
  const two = new Few<typeof address>();
  two.add(address);
  two.add(address);
  expect(saidFew(two)).toMatchObject({ text: "10.0.0.1, 10.0.0.1", addresses: [{ at: 0 }, { at: 10 }] });
});
