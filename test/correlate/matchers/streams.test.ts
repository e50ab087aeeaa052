import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareBytes } from "../../../src/correlate/matchers/pieces.js";
import { type Segments, Stream } from "../../../src/correlate/matchers/streams.js";

interface Segment {
  readonly seq: number;
  readonly bytes: number;
}

/** What a stream asks a timeline, of segments by their rows. */
function timelineOf(segments: readonly Segment[]): Segments {
  return {
    seq: (row) => segments[row].seq,
    payloadLength: (row) => segments[row].bytes,
    isBefore: (a, b) => a < b,
  };
}

/** Numbers that wrap, and lengths up to the longest that a host hands over as one. */
const segment: fc.Arbitrary<Segment> = fc.record({
  seq: fc.integer({ min: -600_000, max: 600_000 }).map((seq) => seq >>> 0),
  bytes: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 0xf_ffff })),
});

const endOf = ({ seq, bytes }: Segment): number => (seq + bytes) >>> 0;

describe("Stream", () => {
  it("finds the segments that share bytes with another one, in order of time, and no others", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 40 }), segment, (noted, other) => {
        const t = timelineOf([...noted, other]);
        const stream = new Stream(t, () => true);
        for (const row of noted.keys()) stream.add(row);
        const own = noted.length;
        expect(stream.sharing(own)).toEqual([...noted.keys()].filter((row) => shareBytes(t, row, own)));
        expect([...noted.keys()].every((row) => stream.has(row)) && !stream.has(own)).toBe(true);
        expect(stream.mayEndWith(own)).toBe(noted.some((each) => endOf(each) === endOf(other)));
      }),
    );
  });

  it("does not find a segment among those that share bytes with itself", () => {
    const stream = new Stream(timelineOf([{ seq: 0, bytes: 10 }]), () => true);
    stream.add(0);
    expect(stream.sharing(0)).toEqual([]);
  });

  it("forgets those that are of no more use, whatever there was of them", () => {
    const segments = Array.from({ length: 5000 }, (_, n) => ({ seq: 1000 * n, bytes: 1000 }));
    const gone = new Set<number>();
    const t = timelineOf(segments);
    const asked: number[] = [];
    const stream = new Stream(t, (row) => {
      asked.push(row);
      return !gone.has(row);
    });
    for (const row of segments.keys()) {
      stream.add(row);
      gone.add(row - 10);
    }
    // each is asked about a few times, however many there were before it
    expect(asked.length).toBeLessThan(4 * segments.length);
    expect(stream.sharing(4995)).toEqual([]);
    expect(stream.has(0)).toBe(false);
    expect(stream.has(4999)).toBe(true);
    expect([0, 4999].map((row) => stream.mayEndWith(row))).toEqual([false, true]);
  });
});
