import * as fc from "fast-check";
import { expect, it } from "vitest";
import { pack, unpack } from "../../../src/packets/memory/packed.js";

const frame = fc.integer({ min: 1, max: 2 ** 32 - 1 });

it("gives back the numbers that it was given, in their order", () => {
  const near = fc.tuple(frame, fc.array(fc.integer({ min: -200, max: 200 }))).map(([first, steps]) => {
    const numbers = [first];
    for (const [at, step] of steps.entries()) numbers.push(numbers[at] + step);
    return numbers;
  });
  fc.assert(
    fc.property(fc.oneof(fc.array(frame), near), (numbers) => {
      expect(unpack(pack(numbers))).toEqual(numbers);
    }),
  );
});

it("takes a byte for each that is near the one before", () => {
  const frames = Array.from({ length: 44 }, (_, k) => 900_000 + 30 * k);
  expect(pack(frames)).toHaveLength(3 + 43);
  expect(Buffer.byteLength(pack(frames), "latin1")).toBe(3 + 43);
});
