import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../../src/packets/memory/heap.js";
import { SweptIndex } from "../../../src/packets/memory/swept-index.js";

/** More than it takes until it looks for what is of no more use. */
const IDS = 6000;

it("drops what is of no more use, and keeps all else in its order", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 8, max: 14 }), (seed, kept, hashBits) => {
      const isOfUse = (id: number): boolean => Math.imul(id ^ seed, 0x9e3779b1) >>> 29 < kept;
      const index = new SweptIndex(new Heap(), isOfUse);
      const hashOf = (id: number): number => Math.imul(id, 0x2c1b3c6d) >>> (32 - hashBits);
      const model = new Map<number, number[]>();
      for (let id = 0; id < IDS; id++) {
        const hash = hashOf(id);
        index.add(hash, id);
        if (isOfUse(id)) model.set(hash, [...(model.get(hash) ?? []), id]);
      }
      for (const [hash, ids] of model) expect(index.of(hash)).toEqual(ids);
      expect(index.size).toBeLessThan(IDS);
    }),
    { numRuns: 10 },
  );
});
