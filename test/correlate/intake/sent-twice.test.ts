import { describe, expect, it } from "vitest";
import { SentTwice } from "../../../src/correlate/intake/sent-twice.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";

const WINDOW_NS = 1e9;

/** Gaps that differ from packet to packet, without a pattern that others could have as well, nanoseconds. */
const gapNs = (n: number, salt: number): number => 1000 * (300 + ((Math.imul(n * 7 + salt, 0x9e3779b1) >>> 0) % 700));

/** What a capture shows twice that makes copies. */
const COPIED = { length: 128, ttl: 64, isCopy: true, isMostly: false };

interface Told {
  readonly isTold: boolean;
  /** Of the last packet, whether the second one of each side is one of its own, and which frame it is left open with. */
  readonly last: readonly [boolean, boolean];
  readonly open: readonly [number | undefined, number | undefined];
}

/** Has packets come that both sides have twice; `outsideGapNs`: how much later the second one comes outside. */
function afterMany(
  outsideGapNs: (n: number) => number,
  isMostly = false,
  length: (n: number) => number = () => 128,
): Told {
  const sentTwice = new SentTwice(WINDOW_NS);
  let last: readonly [boolean, boolean] = [false, false];
  const count = 60;
  for (let n = 1; n <= count; n++) {
    const doubled = { ...COPIED, key: n, length: length(n), isMostly };
    const outside = sentTwice.take(OUTSIDE, { ...doubled, laterNs: outsideGapNs(n) }, 2 * n, n * 1e6);
    last = [sentTwice.take(INSIDE, { ...doubled, laterNs: gapNs(n, 1) }, 2 * n + 1, n * 1e6 + 20_000), outside];
  }
  return {
    isTold: sentTwice.isTold,
    last,
    open: [sentTwice.takeOpen(INSIDE, 2 * count + 1), sentTwice.takeOpen(OUTSIDE, 2 * count)],
  };
}

describe("packets that both sides have twice", () => {
  it("were sent twice where the gaps of both sides are alike", () => {
    const told = afterMany((n) => gapNs(n, 1) + (n % 9) * 1000);
    expect(told).toEqual({ isTold: true, last: [true, true], open: [undefined, undefined] });
  });

  it("may be copies where each side has gaps of its own", () => {
    expect(afterMany((n) => gapNs(n, 500))).toEqual({ isTold: false, last: [false, false], open: [120, 121] });
  });

  it("are copies where nearly all packets come twice on both sides, however alike the gaps are", () => {
    const told = afterMany((n) => gapNs(n, 1), true);
    expect(told).toEqual({ isTold: false, last: [false, false], open: [undefined, undefined] });
  });

  it("may be copies where gaps are alike as mirrors take longer for longer packets", () => {
    expect(
      afterMany(
        (n) => gapNs(n, 1),
        false,
        (n) => 60 + n,
      ).isTold,
    ).toBe(false);
  });
});

/** What comes twice at the beginning of a side. */
const atFirst = (salt: number, isMarked: boolean) =>
  Array.from({ length: 60 }, (_, n) => ({ ...COPIED, key: n, laterNs: gapNs(n, salt), isMarked }));

describe("packets that come twice at the beginning of both sides", () => {
  it.each([
    ["were sent twice where one side alone marks them, and the gaps are alike", 1, [false, true], true],
    ["may be copies where the gaps are not", 500, [false, true], false],
    ["say nothing where no side marks any", 1, [false, false], false],
  ] as const)("%s", (_, salt, [inside, outside], isTold) => {
    const sentTwice = new SentTwice(WINDOW_NS);
    sentTwice.begin(atFirst(1, inside), atFirst(salt, outside));
    expect(sentTwice.isTold).toBe(isTold);
  });
});

describe("a packet that one side alone has twice", () => {
  it("is no packet of its own, and nothing is left open of it", () => {
    const sentTwice = new SentTwice(WINDOW_NS);
    const doubled = { ...COPIED, key: 1, laterNs: 5000 };
    expect(sentTwice.take(INSIDE, doubled, 2, 1e6)).toBe(false);
    expect(sentTwice.takeOpen(INSIDE, 2)).toBeUndefined();
  });

  it("is not taken for the twin of what comes too late", () => {
    const sentTwice = new SentTwice(WINDOW_NS);
    const doubled = { ...COPIED, key: 1, laterNs: 5000 };
    sentTwice.take(INSIDE, doubled, 2, 1e6);
    sentTwice.take(OUTSIDE, doubled, 2, 1e6 + sentTwice.holdNs + 1);
    expect(sentTwice.takeOpen(INSIDE, 2)).toBeUndefined();
  });
});

describe("a packet that comes twice where too few do for its capture to make copies", () => {
  const few = { ...COPIED, key: 1, laterNs: 5000, isCopy: false };

  it("is one of its own, as is its like on the other side, which has more of such", () => {
    const sentTwice = new SentTwice(WINDOW_NS);
    expect(sentTwice.take(INSIDE, few, 2, 1e6)).toBe(true);
    expect(sentTwice.take(OUTSIDE, { ...few, isCopy: true }, 2, 1e6 + 20_000)).toBe(true);
  });

  it("tells with others that they were sent twice", () => {
    const sentTwice = new SentTwice(WINDOW_NS);
    for (let n = 1; n <= 60; n++) {
      const doubled = { ...few, key: n, laterNs: gapNs(n, 1) };
      sentTwice.take(OUTSIDE, doubled, n, n * 1e6);
      sentTwice.take(INSIDE, doubled, n, n * 1e6 + 20_000);
    }
    expect(sentTwice.isTold).toBe(true);
  });
});

const entries = (sentTwice: SentTwice) => [sentTwice.mayEnter(INSIDE), sentTwice.mayEnter(OUTSIDE)];

describe("packets that may enter by a side and were sent twice", () => {
  const doubled = { ...COPIED, key: 1, laterNs: 5000 };

  it("are none before both sides have one twice, and then those of the side that had it first", () => {
    const sentTwice = new SentTwice(WINDOW_NS);
    sentTwice.take(OUTSIDE, doubled, 2, 1e6);
    expect(entries(sentTwice)).toEqual([false, false]);
    sentTwice.take(INSIDE, doubled, 2, 1e6 + 20_000);
    expect(entries(sentTwice)).toEqual([false, true]);
  });

  it.each([
    ["by the side where TTLs are higher", 64, 63, [true, false]],
    ["by either where a router keeps TTLs", 64, 64, [true, true]],
  ] as const)("are told at the beginning %s", (_, insideTtl, outsideTtl, expected) => {
    const sentTwice = new SentTwice(WINDOW_NS);
    const [first] = atFirst(1, true);
    sentTwice.begin([{ ...first, ttl: insideTtl }], [{ ...first, ttl: outsideTtl }]);
    expect(entries(sentTwice)).toEqual(expected);
  });

  it("are none once each side has gaps of its own, nor where mirrors show all twice", () => {
    const mirrored = new SentTwice(WINDOW_NS);
    const all = new SentTwice(WINDOW_NS);
    for (let n = 1; n <= 400; n++) {
      const of = { ...doubled, key: n };
      mirrored.take(OUTSIDE, { ...of, laterNs: gapNs(n, 1) }, n, n * 1e6);
      mirrored.take(INSIDE, { ...of, laterNs: gapNs(n, 500) }, n, n * 1e6 + 20_000);
      all.take(OUTSIDE, { ...of, isMostly: true }, n, n * 1e6);
      all.take(INSIDE, { ...of, isMostly: true }, n, n * 1e6 + 20_000);
    }
    expect(entries(mirrored)).toEqual([false, false]);
    expect(entries(all)).toEqual([false, false]);
  });
});
