import * as fc from "fast-check";
import { expect, it } from "vitest";
import { asDoubles, Heap } from "../../../src/packets/memory/heap.js";

/** Blocks of some lengths: taken, given back, widened. */
const steps = fc.array(
  fc.record({
    act: fc.constantFrom("take", "give", "double"),
    length: fc.integer({ min: 1, max: 3000 }),
    room: fc.integer({ min: 1, max: 5 }),
    pick: fc.nat(),
  }),
  { maxLength: 60 },
);

it("hands out blocks that nobody else has, all of them 0, and keeps what is in them when they are widened", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const heap = new Heap();
      const held: { block: Int32Array; expected: number[] }[] = [];
      let mark = 0;
      let areFresh = true;
      for (const { act, length, room, pick } of steps) {
        const at = pick % held.length;
        if (act === "give" && held.length > 0) heap.give(held.splice(at, 1)[0].block);
        else if (act === "double" && held.length > 0) {
          const { block, expected } = held[at];
          held[at] = { block: heap.doubled(Int32Array, block), expected: [...expected, ...expected.map(() => 0)] };
        } else {
          const block = heap.take(Int32Array, length, room * length);
          areFresh &&= block.byteOffset % 64 === 0 && block.every((word) => word === 0);
          held.push({ block: block.fill(++mark), expected: Array.from({ length }, () => mark) });
        }
      }
      expect(areFresh).toBe(true);
      for (const { block, expected } of held) expect([...block]).toEqual(expected);
    }),
  );
});

it("widens a block where it is as long as it has room", () => {
  const heap = new Heap();
  const block = heap.take(Int32Array, 1024, 4096);
  const longer = heap.doubled(Int32Array, heap.doubled(Int32Array, block));
  expect([longer.byteOffset, longer.length]).toEqual([block.byteOffset, 4096]);
  expect(heap.doubled(Int32Array, longer).byteOffset).not.toBe(block.byteOffset);
  // it is given back as a whole
  expect(heap.take(Int32Array, 4096).byteOffset).toBe(block.byteOffset);
});

it("has a block without room where there are no addresses for it", () => {
  const heap = new Heap(new Heap().part(2 ** 15));
  const block = heap.take(Int32Array, 1024, 2 ** 20).fill(7);
  const longer = heap.doubled(Int32Array, block);
  expect(longer.byteOffset).not.toBe(block.byteOffset);
  expect([longer.length, longer[0], longer[1023], longer[1024]]).toEqual([2048, 7, 7, 0]);
});

it("leaves the first page free, and its blocks as they are when the memory grows", () => {
  const heap = new Heap();
  const first = heap.take(Uint8Array, 10).fill(7);
  const pages = heap.memory.buffer.byteLength;
  const large = heap.take(Uint8Array, pages);
  expect(first.byteOffset).toBe(65_536);
  expect(heap.memory.buffer.byteLength).toBeGreaterThan(pages);
  expect(large.at(-1)).toBe(0);
  first[9] = 8;
  expect(new Uint8Array(heap.memory.buffer, first.byteOffset, 10)).toEqual(Uint8Array.of(7, 7, 7, 7, 7, 7, 7, 7, 7, 8));
});

it("has a block for no bytes, as small as any", () => {
  const heap = new Heap();
  const none = heap.take(Uint8Array, 0);
  expect(none).toHaveLength(0);
  expect(heap.take(Uint8Array, 1).byteOffset).toBe(none.byteOffset + 64);
});

it("uses a block again that was given back, for one of any kind that is as large", () => {
  const heap = new Heap();
  const block = heap.take(Int32Array, 100).fill(-1);
  heap.give(block);
  const next = heap.take(Float64Array, 60);
  expect(next.byteOffset).toBe(block.byteOffset);
  expect(next.every((double) => double === 0)).toBe(true);
  expect(heap.take(Float64Array, 60).byteOffset).not.toBe(block.byteOffset);
});

it("sees words as doubles in the same memory", () => {
  const words = new Heap().take(Int32Array, 32);
  const doubles = asDoubles(words);
  doubles[15] = 1;
  expect(doubles).toHaveLength(16);
  expect(words[31]).toBe(0x3ff0_0000);
});
