import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareBytes } from "../../../../src/correlate/matchers/pieces/pieces.js";
import { type SegmentRows, Streams } from "../../../../src/correlate/matchers/pieces/streams.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../../../src/packets/sides.js";

interface Segment {
  readonly side?: Side;
  readonly stream?: number;
  readonly seq: number;
  readonly bytes: number;
}

/** What a stream asks a timeline, of segments by their rows. */
function timelineOf(segments: readonly Segment[]): SegmentRows {
  return {
    seq: (row) => segments[row].seq,
    payloadLength: (row) => segments[row].bytes,
    side: (row) => segments[row].side ?? INSIDE,
  };
}

/** Numbers that wrap, and lengths up to the longest that a host hands over as one. */
const segment: fc.Arbitrary<Segment> = fc.record({
  side: fc.constantFrom(INSIDE, OUTSIDE),
  stream: fc.integer({ min: 0, max: 2 }),
  seq: fc.integer({ min: -600_000, max: 600_000 }).map((seq) => seq >>> 0),
  bytes: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 0xf_ffff })),
});

const endOf = ({ seq, bytes }: Segment): number => (seq + bytes) >>> 0;

describe("Streams", () => {
  it("finds the segments of a side that share bytes with another one of their stream, and no others", () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 40 }), segment, (noted, other) => {
        const segments = [...noted, other];
        const t = timelineOf(segments);
        const streams = new Streams(
          new Heap(),
          t,
          () => true,
          (row) => segments[row].stream ?? 0,
        );
        const rows = [...noted.keys()];
        for (const row of [...rows, ...rows]) streams.add(row);
        const own = noted.length;
        expect(rows.every((row) => streams.has(row)) && !streams.has(own)).toBe(true);
        for (const side of SIDES) {
          const there = rows.filter((row) => noted[row].side === side && noted[row].stream === other.stream);
          expect(streams.sharing(own, side).toSorted((a, b) => a - b)).toEqual(
            there.filter((row) => shareBytes(t, row, own)),
          );
          expect(streams.mayEndWith(own, side)).toBe(there.some((row) => endOf(noted[row]) === endOf(other)));
        }
      }),
    );
  });

  it("does not find a segment among those that share bytes with itself", () => {
    const streams = new Streams(new Heap(), timelineOf([{ seq: 0, bytes: 10 }]), () => true);
    streams.add(0);
    expect(streams.sharing(0, INSIDE)).toEqual([]);
  });

  it("forgets those that are of no more use, whatever there was of them", () => {
    const segments = Array.from({ length: 50_000 }, (_, n) => ({ seq: 1000 * n, bytes: 1000 }));
    const gone = new Set<number>();
    const t = timelineOf(segments);
    const asked: number[] = [];
    const streams = new Streams(new Heap(), t, (row) => {
      asked.push(row);
      return !gone.has(row);
    });
    for (const row of segments.keys()) {
      streams.add(row);
      gone.add(row - 10);
    }
    // each is asked about a few times, however many there were before it
    expect(asked.length).toBeLessThan(4 * segments.length);
    expect(streams.sharing(49_985, INSIDE)).toEqual([]);
    expect(streams.has(0)).toBe(false);
    expect(streams.has(49_999)).toBe(true);
    expect([0, 49_999].map((row) => streams.mayEndWith(row, INSIDE))).toEqual([false, true]);
  });
});
