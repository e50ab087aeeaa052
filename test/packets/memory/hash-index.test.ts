import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../../src/packets/memory/heap.js";
import { HashIndex } from "../../../src/packets/memory/hash-index.js";

/** Ids under a hash, in the order in which the index finds them. */
function inOrder(index: HashIndex, hash: number): number[] {
  const ids: number[] = [];
  for (let cell = index.seek(hash); cell >= 0; cell = index.next(cell, hash)) ids.push(index.idAt(cell));
  return ids;
}

function found(index: HashIndex, hash: number): number[] {
  return inOrder(index, hash).sort((a, b) => a - b);
}

/** Hashes that meet: equal ones, equal in their low bits, at the end of the table, and on both sides of 2^31. */
const hashes = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.integer({ min: 0, max: 7 }).map((high) => high * 1024 + 1023),
  fc.integer({ min: 0, max: 7 }).map((high) => ((high << 29) | 1020) >>> 0),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

const steps = fc.array(fc.record({ isAdd: fc.boolean(), hash: hashes, pick: fc.nat() }), { maxLength: 300 });

it("finds what a Map of sets finds, in its order, whatever is added and removed", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      // whole runs of cells are full before it grows
      const index = new HashIndex(new Heap(), 8);
      const model = new Map<number, Set<number>>();
      for (const [id, { isAdd, hash, pick }] of steps.entries()) {
        const ids = model.get(hash) ?? new Set<number>();
        model.set(hash, ids);
        if (isAdd) {
          index.add(hash, id);
          ids.add(id);
        } else {
          // one that is there, or now and then one that is not
          const gone = [...ids, id][pick % (ids.size + 1)];
          index.remove(hash, gone);
          ids.delete(gone);
        }
      }
      for (const [hash, ids] of model) expect(inOrder(index, hash)).toEqual([...ids]);
      expect(index.size).toBe([...model.values()].reduce((sum, ids) => sum + ids.size, 0));
    }),
  );
});

const hashOf = (id: number) => Math.imul(id >> 1, 0x9e3779b1) >>> 0;

it("keeps all it holds while it grows, and forgets nothing when most are removed", () => {
  const index = new HashIndex(new Heap());
  // a multiplicative hash: spread, and with some in each other's way
  for (let id = 0; id < 10_000; id++) index.add(hashOf(id), id);
  for (let id = 0; id < 10_000; id++) if (id % 7 !== 0) index.remove(hashOf(id), id);
  expect(index.size).toBe(1429);
  for (let id = 0; id < 10_000; id++) expect(found(index, hashOf(id)).includes(id)).toBe(id % 7 === 0);
});

it("removes from a cell that was found as it does by id", () => {
  fc.assert(
    fc.property(fc.array(hashes, { maxLength: 200 }), fc.array(fc.nat(), { maxLength: 150 }), (filed, picks) => {
      const index = new HashIndex(new Heap());
      // complements and rows both are ids
      const ids = filed.map((_, at) => (at % 2 === 0 ? at : -at - 2));
      for (const [at, hash] of filed.entries()) index.add(hash, ids[at]);
      const left = new Set(filed.keys());
      for (const pick of picks) {
        const at = [...left][pick % left.size];
        if (at === undefined) break;
        left.delete(at);
        const hash = filed[at];
        let cell = index.seek(hash);
        while (index.idAt(cell) !== ids[at]) cell = index.next(cell, hash);
        index.removeAt(cell);
      }
      expect(index.size).toBe(left.size);
      for (const hash of filed) {
        const expected = [...left].filter((at) => (filed[at] | 0) === (hash | 0)).map((at) => ids[at]);
        expect(found(index, hash)).toEqual(expected.sort((a, b) => a - b));
      }
    }),
  );
});

it("keeps its cells while ids come that it made room for", () => {
  const index = new HashIndex(new Heap());
  for (let id = 0; id < 100; id++) index.add(hashOf(id), id);
  index.reserve(5000);
  const { cells, mask } = index;
  expect(mask + 1).toBeGreaterThanOrEqual(2 * 5100);
  for (let id = 100; id < 5100; id++) index.add(hashOf(id), id);
  expect(index.cells).toBe(cells);
  expect([index.mask, index.size]).toEqual([mask, 5100]);
  for (let id = 0; id < 5100; id++) expect(found(index, hashOf(id))).toContain(id);
  // half full is half full
  index.reserve((mask + 1) / 2 - 5100);
  expect(index.mask).toBe(mask);
  index.reserve((mask + 1) / 2 - 5099);
  expect(index.mask).toBe(2 * mask + 1);
  for (let id = 0; id < 5100; id++) expect(found(index, hashOf(id))).toContain(id);
});

it("tells a signed hash from no other: 32 bits are 32 bits", () => {
  const index = new HashIndex(new Heap());
  index.add(0xffff_fffe, 3);
  expect(found(index, -2)).toEqual([3]);
  index.remove(-2, 3);
  expect(found(index, 0xffff_fffe)).toEqual([]);
});

it("is not disturbed by the removal of what is not there", () => {
  const index = new HashIndex(new Heap());
  index.add(5, 1);
  index.remove(5, 2);
  index.remove(6, 1);
  expect(found(index, 5)).toEqual([1]);
  expect(index.size).toBe(1);
});
