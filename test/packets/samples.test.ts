import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../src/packets/heap.js";
import { Samples } from "../../src/packets/samples.js";
import { NONE } from "../../src/packets/tuples.js";

const LISTS = 5;

/** A number for one of some lists, or the end of that list, which then begins again. */
const steps = fc.array(
  fc.record({ list: fc.nat(LISTS - 1), sample: fc.integer(), isEnd: fc.nat(60).map((n) => n === 0) }),
  { maxLength: 400, size: "max" },
);

it("keeps what a few arrays would keep, filled in turn, some of them dropped and begun again", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const samples = new Samples(new Heap(), 8);
      const newest = Array<number>(LISTS).fill(NONE);
      const model: number[][] = Array.from({ length: LISTS }, () => []);
      for (const { list, sample, isEnd } of steps) {
        if (isEnd) {
          samples.drop(newest[list]);
          newest[list] = NONE;
          model[list] = [];
        } else {
          newest[list] = samples.add(newest[list], model[list].length, sample);
          model[list].push(sample);
        }
      }
      for (const [list, expected] of model.entries()) {
        const copied = new Int32Array(expected.length + 1).fill(77);
        samples.copy(newest[list], expected.length, copied);
        // and not one more
        expect(copied.at(-1)).toBe(77);
        expect(copied.slice(0, -1).sort()).toEqual(Int32Array.from(expected).sort());
      }
    }),
  );
});

it("uses the memory of a list that was dropped again", () => {
  const samples = new Samples(new Heap());
  for (let list = 0; list < 1000; list++) {
    let newest = NONE;
    for (let count = 0; count < 64; count++) newest = samples.add(newest, count, list + count);
    samples.drop(newest);
  }
  // one list of 64, 15 to a chunk
  expect(samples.end).toBe(5);
});
