import { array, assert, integer, nat, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "../../../src/packets/memory/heap.js";
import { Chains } from "../../../src/packets/memory/chains.js";

const ROWS = 16;
const heap = new Heap();

function rowsOf(chains: Chains, hash: number): number[] {
  const rows: number[] = [];
  for (let row = chains.first(hash); row >= 0; row = chains.behind(row)) rows.push(row);
  return rows;
}

describe("chains", () => {
  it("hold what was added and not taken out, in that order", () => {
    const step = record({ hash: integer({ min: -2, max: 2 }), row: nat(ROWS - 1) });
    assert(
      property(array(step), nat(3), (steps, bits) => {
        const chains = new Chains(heap, bits, ROWS);
        const hashes = new Map<number, number>();
        for (const { hash, row } of steps) {
          const added = hashes.get(row);
          if (added === undefined) chains.add(hash, row);
          else chains.remove(added, row);
          if (added === undefined) hashes.set(row, hash);
          else hashes.delete(row);
        }
        for (const hash of hashes.values()) {
          const those = [...hashes].filter(([, of]) => of === hash).map(([row]) => row);
          expect(rowsOf(chains, hash).filter((row) => hashes.get(row) === hash)).toEqual(those);
        }
      }),
    );
  });

  it("of two, have what is 0 and what is 1 apart", () => {
    const chains = new Chains(heap, 1, ROWS);
    chains.add(0, 3);
    chains.add(1, 4);
    chains.add(0, 5);
    expect([rowsOf(chains, 0), rowsOf(chains, 1)]).toEqual([[3, 5], [4]]);
  });
});
