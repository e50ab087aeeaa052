import { describe, expect, it } from "vitest";
import { Crossings, type Nearby, type Witness } from "../../../src/correlate/clock/crossings.js";
import { Slice } from "../../../src/correlate/clock/slice.js";
import { quickest } from "../../../src/correlate/clock/witnesses.js";

const crossing = (at: number, gapNs: number, isSure: boolean) => ({
  isOutbound: true,
  timeNs: at,
  gapNs,
  place: at + 1,
  frame: at + 1,
  isSure,
});

function crossings(gaps: readonly number[]): Witness[] {
  return gaps.map((gapNs, at) => ({ ...crossing(at, gapNs, true), isWitness: true }));
}

const WHOLE = { fromNs: 0, leastNs: 0, from: 0, end: 0, setFrame: 0, untilFrame: Number.POSITIVE_INFINITY };

/** Some packets that are all there is of their direction. */
function all(own: readonly Witness[]): Nearby {
  return { own, around: own, upTo: own, since: own };
}

function slice(outboundNs: readonly number[], inboundNs: readonly number[], wrongNs = 0, mayDeceive = false): Slice {
  const made = new Slice({ ...WHOLE, toNs: 1e8 }, mayDeceive);
  made.wrongNs = wrongNs;
  made.bound(true, all(crossings(outboundNs)));
  made.bound(false, all(crossings(inboundNs)));
  made.widen();
  return made;
}

describe("what packets say of the clocks in a slice", () => {
  it("is what the quickest of each direction do", () => {
    expect(slice([5000, 9000], [-7000, -8000])).toMatchObject({ atLeastNs: -7000, atMostNs: 5000, wrongNs: 0 });
  });

  it("is less by as much as stamps may be wrong", () => {
    expect(slice([5000], [-7000], 1000)).toMatchObject({ atLeastNs: -8000, atMostNs: 6000, wrongNs: 1000 });
  });

  it("tells how wrong stamps are where three of each direction contradict the other", () => {
    const made = slice([-400_000, -390_000, -380_000], [300_000, 290_000, 280_000]);
    expect(made).toMatchObject({ atLeastNs: -380_000, atMostNs: 280_000, wrongNs: 660_000 });
  });

  it("is not what one or two contradict: they may be twins of others like theirs", () => {
    expect(slice([-400_000, 7000, 8000, 9000, 9500], [-6000, -7000, -8000])).toMatchObject({
      atLeastNs: -8000,
      atMostNs: 8000,
      wrongNs: 0,
    });
    expect(slice([-400_000], [300_000])).toMatchObject({ isBounded: false, wrongNs: 0 });
  });

  it("is not what one or two do where a few may be twins of others like theirs, whether any contradicts that or not", () => {
    const [outbound, inbound] = [
      [5000, 7000, 8000, 9000],
      [-6000, -7000, -8000],
    ];
    expect(slice(outbound, inbound, 0, true)).toMatchObject({ atLeastNs: -8000, atMostNs: 8000 });
    expect(slice(outbound, inbound, 0, false)).toMatchObject({ atLeastNs: -6000, atMostNs: 5000 });
  });

  it("is away from one clock by as much as three say", () => {
    expect(slice([-400_000, -390_000, 9000], []).awayNs).toBe(0);
    expect(slice([-400_000, -390_000, -380_000], []).awayNs).toBe(380_000);
  });

  it("is nothing where they do by more than stamps are wrong: some are no twins, or the clock was set", () => {
    const made = slice([-51_000_000], [-2000]);
    expect(made).toMatchObject({ isBounded: false, wrongNs: 0 });
  });
});

/** A slice of one packet, where these come before and behind it: gaps in milliseconds, one each millisecond. */
function among(outbound: readonly number[], inbound: readonly number[], isOutbound: boolean, own: number): Slice {
  const made = new Slice({ ...WHOLE, toNs: 1e8 });
  for (const way of [true, false]) {
    const gaps = way ? outbound : inbound;
    const around = gaps.map((gapMs, at) => ({ ...crossing(1e6 * at, 1e6 * gapMs, true), isWitness: true }));
    const [first, end] = way === isOutbound ? [own, own + 1] : [gaps.length >> 1, gaps.length >> 1];
    made.bound(way, {
      own: around.slice(first, end),
      around,
      upTo: around.slice(0, end),
      since: around.slice(first),
    });
  }
  return made;
}

describe("packets that say that clocks are not one", () => {
  const near = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06];
  const far = [240, 243, 245, 238, 246, 241];

  it("are three at the least", () => {
    expect(among([], [998], false, 0).isOffset(10_000)).toBe(false);
    expect(among([], [998, 999, 998], false, 0).isOffset(10_000)).toBe(true);
  });

  it("are none where as many of the other direction say that they are, before them and behind", () => {
    expect(among(near, far, false, 3).isOffset(10_000)).toBe(false);
    expect(among([...near, ...near], far, false, 0).isOffset(10_000)).toBe(false);
  });

  it("are those behind a step, and those before one", () => {
    expect(
      among([...near, ...far], [...near.map((ms) => -ms), ...far.map((ms) => ms - 10)], false, 6).isOffset(10_000),
    ).toBe(true);
    expect(
      among([...far, ...near], [...far.map((ms) => ms - 10), ...near.map((ms) => -ms)], false, 5).isOffset(10_000),
    ).toBe(true);
  });
});

it("a few that are sent again together do not tell what the quickest of many take", () => {
  const gaps = Array.from({ length: 64 }, (_, n) => 1000 + 100 * n);
  expect(quickest([...gaps, -51_000_000, -51_100_000, -51_200_000])).toBe(1000);
  expect(quickest([...gaps, 900, 950])).toBe(900);
});

/** Twenty that take 20 µs, then four in a millisecond that seem to be half a second early. */
const crossed = (isSure: boolean): Crossings => {
  const kept = new Crossings();
  for (let n = 0; n < 20; n++) kept.add({ ...crossing(20e6 * n, 20_000, isSure), place: n });
  for (let n = 20; n < 24; n++) kept.add({ ...crossing(400e6 + 0.2e6 * n, -500e6 + 3000 * n, isSure), place: n });
  return kept;
};

/** What bounds the offset in a slice of the last fourteen. */
const bound = (isSure: boolean): number => {
  const made = new Slice({ ...WHOLE, toNs: 1e9, end: 24 });
  made.bound(true, crossed(isSure).between(10, 24));
  return made.atMostNs;
};

describe("packets that may have been sent again", () => {
  it("tell no more than one does where they come together", () => {
    expect(bound(true)).toBe(-500e6 + 60_000);
    expect(bound(false)).toBe(20_000);
    expect(
      crossed(false)
        .between(18, 24)
        .around.filter(({ isWitness }) => isWitness),
    ).toHaveLength(16 + 1 + 1);
  });
});
