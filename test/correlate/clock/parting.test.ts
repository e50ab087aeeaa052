import { expect, it } from "vitest";
import type { Witness } from "../../../src/correlate/clock/crossings.js";
import { partingOf, partsOf } from "../../../src/correlate/clock/parting.js";

/** Packets that go out and come in by turns, as their offset is; each takes 20 µs and what is said of its latency. */
function crossed(offsets: readonly number[], laterNs: (at: number) => number = () => 0, everyNs = 1): Witness[] {
  return offsets.map((offsetNs, at) => {
    const isOutbound = at % 2 === 0;
    const tookNs = 20_000 + laterNs(at);
    return {
      isOutbound,
      gapNs: isOutbound ? offsetNs + tookNs : offsetNs - tookNs,
      timeNs: at * everyNs,
      place: at + 1,
      frame: at + 1,
      isSure: true,
      isWitness: true,
    };
  });
}

const set = (before: number, behind: number, byNs: number): number[] =>
  Array.from({ length: before + behind }, (_, at) => (at < before ? 0 : byNs));

// one is slow, and another one no twin
const slow = (at: number): number => (at === 3 ? 5e9 : at === 12 ? -90e6 : 0);

const parted = (crossings: readonly Witness[]) => partingOf(crossings, 100_000, 0);

it.each([2e6, -2e6, 200e6, -200e6])("tells the packets around a clock that was set by %i ns", (byNs) => {
  for (const before of [6, 7, 10]) expect(parted(crossed(set(before, 9, byNs)))).toEqual([before - 1, before]);
  expect(parted(crossed(set(8, 8, byNs), slow))).toEqual([7, 8]);
});

it("tells none where too few say so, by no more than stamps are wrong, or where they are so all along", () => {
  expect(parted(crossed(set(8, 0, 0)))).toBeUndefined();
  expect(parted(crossed(set(12, 3, 2e6)))).toBeUndefined();
  expect(parted(crossed(set(8, 8, 90_000)))).toBeUndefined();
  const mixed = Array.from({ length: 16 }, (_, at) => (at % 4 < 2 ? 0 : 2e6));
  expect(parted(crossed(mixed))).toBeUndefined();
});

it("two of each direction suffice before and behind it, where both shift alike", () => {
  expect(parted(crossed(set(12, 4, 2e6)))).toEqual([11, 12]);
  expect(parted(crossed(set(4, 4, -700e6)))).toEqual([3, 4]);
  // what goes out looks quicker, and so does what comes in: that is no clock
  const apart = crossed(set(8, 4, -2e6).map((offsetNs, at) => (at % 2 === 0 ? offsetNs : -offsetNs)));
  expect(parted(apart)).toBeUndefined();
});

it("tells none where a clock is slewed, however seldom packets come", () => {
  const slewed = Array.from({ length: 32 }, (_, at) => -2.5e6 * Math.max(0, at - 16));
  expect(
    partingOf(
      crossed(slewed, () => 0, 5e9),
      10_000,
      0,
    ),
  ).toBeUndefined();
  expect(
    partingOf(
      crossed(set(16, 16, 200e6), () => 0, 5e9),
      10_000,
      0,
    ),
  ).toEqual([15, 16]);
});

it("takes a packet that was slow for one from before, where one behind it cannot have come since", () => {
  const slowLast = crossed(set(11, 9, 400_000), (at) => (at === 8 ? 600_000 : 0));
  expect(partingOf(slowLast, 10_000, 0)).toEqual([10, 11]);
});

it("leaves out those that mingle where a clock that is set back goes over the same time again", () => {
  const mingled = Array.from({ length: 24 }, (_, at) => (at % 4 < 2 ? -2e6 : 0));
  const offsets = [...set(10, 0, 0), ...mingled, ...set(0, 10, -2e6)];
  const spaced = crossed(offsets, () => 0, 80_000);
  expect(partingOf(spaced, 100_000, 0)).toBeUndefined();
  const [last, first] = partingOf(spaced, 100_000, 2e6) ?? [];
  expect(last).toBeLessThan(10);
  expect(first).toBeGreaterThanOrEqual(34);
});

it("takes stamps that may be early for those of a clock that was set only where both directions say so", () => {
  const both = crossed(set(10, 10, -2e6));
  expect(partingOf(both, 100_000, 5)).toBeDefined();
  expect(partingOf(both, 100_000, 1_500_000)).toBeUndefined();
  const oneWay = both.filter(({ place, isOutbound }) => place <= 10 || isOutbound);
  expect(partingOf(oneWay, 100_000, 0)).toBeDefined();
  expect(partingOf(oneWay, 100_000, 1_100_000)).toBeUndefined();
});

const SLICE = {
  fromNs: 0,
  toNs: 900,
  leastNs: 10,
  from: 0,
  end: 20,
  setFrame: 0,
  untilFrame: Number.POSITIVE_INFINITY,
};
const at = (place: number, timeNs: number) => ({ ...crossed([0])[0], place, frame: place, timeNs });

it("cuts a slice by stamps where the clock was set forth, with what may be of either in between", () => {
  expect(partsOf(SLICE, at(7, 300), at(8, 500))).toMatchObject([
    { toNs: 400, end: 7 },
    { fromNs: 400, leastNs: 400, from: 7, end: 20 },
  ]);
  expect(partsOf(SLICE, at(7, 300), at(11, 500))).toMatchObject([
    { toNs: 300, end: 7 },
    { fromNs: 300, toNs: 499, from: 7, end: 10 },
    { fromNs: 499, from: 10, end: 20 },
  ]);
});

it("cuts off what may be of either where the slice ends in between, or begins there, and nothing where it has none", () => {
  expect(partsOf(SLICE, at(7, 300), at(25, 1500))).toMatchObject([
    { toNs: 300, end: 7 },
    { fromNs: 300, toNs: 900, from: 7, end: 20 },
  ]);
  expect(partsOf({ ...SLICE, from: 9, fromNs: 350 }, at(7, 300), at(11, 500))).toMatchObject([
    { fromNs: 350, toNs: 499, from: 9, end: 10 },
    { fromNs: 499, from: 10, end: 20 },
  ]);
  expect(partsOf({ ...SLICE, from: 10 }, at(7, 300), at(11, 500))).toHaveLength(1);
  expect(partsOf({ ...SLICE, from: 10 }, at(7, 300), at(11, 290))).toHaveLength(1);
});

it("cuts it by frames where the clock was set back: in the order of stamps, they are mingled", () => {
  expect(partsOf(SLICE, at(7, 300), at(11, 290))).toMatchObject([
    { from: 0, toNs: 300, end: 20, untilFrame: 11 },
    { from: 0, fromNs: 300, leastNs: 290, end: 20, setFrame: 11 },
  ]);
});
