import { expect, it } from "vitest";
import type { Crossing } from "../../../src/correlate/clock/envelope.js";
import { partingOf } from "../../../src/correlate/clock/parting.js";

/** Packets that go out and come in by turns, as their offset is; each takes 20 µs and what is said of its latency. */
function crossed(offsets: readonly number[], laterNs: (at: number) => number = () => 0): Crossing[] {
  return offsets.map((offsetNs, at) => {
    const isOutbound = at % 2 === 0;
    const tookNs = 20_000 + laterNs(at);
    return {
      isOutbound,
      gapNs: isOutbound ? offsetNs + tookNs : offsetNs - tookNs,
      timeNs: at,
      place: at + 1,
      frame: at + 1,
    };
  });
}

const set = (before: number, behind: number, byNs: number): number[] =>
  Array.from({ length: before + behind }, (_, at) => (at < before ? 0 : byNs));

// one is slow, and another one no twin
const slow = (at: number): number => (at === 3 ? 5e9 : at === 12 ? -90e6 : 0);

it.each([2e6, -2e6, 200e6, -200e6])("tells the first packet behind a clock that was set by %i ns", (byNs) => {
  for (const before of [6, 7, 10]) expect(partingOf(crossed(set(before, 9, byNs)), 100_000)).toBe(before);
  expect(partingOf(crossed(set(8, 8, byNs), slow), 100_000)).toBe(8);
});

it("tells none where too few say so, by no more than stamps are wrong, or where they are so all along", () => {
  expect(partingOf(crossed(set(8, 0, 0)), 100_000)).toBe(0);
  expect(partingOf(crossed(set(12, 4, 2e6)), 100_000)).toBe(0);
  expect(partingOf(crossed(set(8, 8, 90_000)), 100_000)).toBe(0);
  const mixed = Array.from({ length: 16 }, (_, at) => (at % 4 < 2 ? 0 : 2e6));
  expect(partingOf(crossed(mixed), 100_000)).toBe(0);
});
