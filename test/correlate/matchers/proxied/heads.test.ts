import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heads } from "../../../../src/correlate/matchers/proxied/heads.js";

interface Segment {
  readonly offset: number;
  readonly head: number;
  readonly bytes: number;
  readonly timeNs: number;
}

const segments: fc.Arbitrary<Segment[]> = fc.array(
  fc.record({ offset: fc.nat(40), head: fc.integer(), bytes: fc.nat(1448), timeNs: fc.nat().map((ns) => ns + 0.5) }),
  { maxLength: 100 },
);

/** Takes them; returns the first of each place, of which there are less than are kept. */
function take(heads: Heads, all: readonly Segment[]): Map<number, Segment> {
  const first = new Map<number, Segment>();
  for (const segment of all) {
    const { offset, head, bytes, timeNs } = segment;
    expect(heads.add(offset, head, bytes, timeNs)).toBe(!first.has(offset));
    if (!first.has(offset)) first.set(offset, segment);
  }
  return first;
}

it("finds the first segments that begin at one place, whichever comes first", () => {
  fc.assert(
    fc.property(segments, segments, (some, others) => {
      const [a, b] = [new Heads(), new Heads()];
      const [own, other] = [take(a, some), take(b, others)];
      const found = [...a.shared(b)].map(([here, there]) => [a.timeNs(here), b.timeNs(there)]);
      const places = [...own.keys()].filter((offset) => other.has(offset)).toSorted((x, y) => x - y);
      expect(found).toEqual(places.map((offset) => [own, other].map((of) => of.get(offset)!.timeNs)));
    }),
  );
});

/** Of a few heads, lengths and times, so that many are alike. */
const alike: fc.Arbitrary<Segment[]> = fc.array(
  fc.record({ offset: fc.nat(3), head: fc.nat(1), bytes: fc.constantFrom(5, 6, 40, 50), timeNs: fc.nat(3) }),
  { maxLength: 4 },
);

it("one stream is before another where all that compare are alike and came earlier: heads of less than 32 bytes only where both are cut alike", () => {
  fc.assert(
    fc.property(alike, alike, (some, others) => {
      const [a, b] = [new Heads(), new Heads()];
      const [own, other] = [take(a, some), take(b, others)];
      const compared = [...own.values()].flatMap((from) => {
        const to = other.get(from.offset);
        const isOne = to !== undefined && (from.bytes === to.bytes || Math.min(from.bytes, to.bytes) >= 32);
        return isOne ? [from.head === to.head && from.timeNs <= to.timeNs] : [];
      });
      expect(a.areBefore(b)).toBe(compared.length > 0 && compared.every(Boolean));
      const keys = new Set(b.keys());
      expect(!a.areBefore(b) || [...a.keys()].some((key) => keys.has(key))).toBe(true);
    }),
  );
});

it("keeps 64 of a direction", () => {
  const heads = new Heads();
  expect(Array.from({ length: 70 }, (_, offset) => heads.add(offset, 1, 1, 0)).filter(Boolean)).toHaveLength(64);
});
