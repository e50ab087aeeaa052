import { expect, it } from "vitest";
import { KeptOfKind, KeptPairs } from "../../../src/report/html/kept.js";

const kept = (pairs: KeptPairs, flow: number, count: number): number => {
  let is = 0;
  for (let at = 0; at < count; at++) if (pairs.keeps(flow)) is++;
  return is;
};

it("keeps all pairs of a small capture", () => {
  expect(kept(new KeptPairs(), 1, 10_000)).toBe(10_000);
});

it("keeps the first of each flow once there are many, then fewer, and in the end none", () => {
  const pairs = new KeptPairs();
  kept(pairs, 1, 100_000);
  expect(kept(pairs, 1, 10)).toBe(0);
  expect(kept(pairs, 2, 100)).toBe(20);
  for (let flow = 3; flow < 253; flow++) kept(pairs, flow, 100);
  expect(kept(pairs, 1000, 100)).toBe(4);
  for (let flow = 2000; flow < 6000; flow++) kept(pairs, flow, 100);
  expect(kept(pairs, 10_000, 100)).toBe(0);
});

it("keeps more of a flow that has trouble", () => {
  const pairs = new KeptPairs();
  kept(pairs, 1, 10_000);
  kept(pairs, 2, 100);
  pairs.wantMore(2);
  expect(kept(pairs, 2, 100)).toBe(6);
});

it("keeps the first of each kind of packets without a twin, more of those that are trouble", () => {
  const kinds = new KeptOfKind();
  const count = (kind: string, isTrouble: boolean): number =>
    Array.from({ length: 5000 }, () => kinds.keeps(kind, isTrouble)).filter(Boolean).length;
  expect([count("dropped", true), count("local", false), count("refused", true)]).toEqual([1000, 300, 1000]);
});
