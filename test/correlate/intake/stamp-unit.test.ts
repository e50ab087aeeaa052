import { expect, it } from "vitest";
import { StampUnit } from "../../../src/correlate/intake/stamp-unit.js";

function unitOf(stamps: readonly number[]): number {
  const unit = new StampUnit();
  for (const stampNs of stamps) unit.take(stampNs);
  return unit.ns;
}

const every = (ns: number, count: number): number[] => Array.from({ length: count }, (_, n) => 7 * n * ns);

it("is the power of ten that all stamps are multiples of, up to ten milliseconds", () => {
  expect([1, 1000, 1e6, 1e7, 1e9].map((ns) => unitOf(every(ns, 100)))).toEqual([1, 1000, 1e6, 1e7, 1e7]);
  expect(unitOf([...every(1e6, 100), 3_000_500])).toBe(100);
});

it("is not told by few stamps", () => {
  expect(unitOf(every(1e6, 63))).toBe(1);
  expect(unitOf(every(1e6, 64))).toBe(1e6);
});
