import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../support/runs.js";
import { MassTime } from "../../../src/packets/batches/mass-time.js";

/** When each frame passed, by its stamp and in the order they are settled: what a stamp that leaps more than 10 from the others is worth. */
function told(stampsNs: readonly number[]): { now: number; wrong: number[] } {
  const wrong: number[] = [];
  const mass = new MassTime(10, (frame, timeNs) => {
    if (timeNs !== stampsNs[frame]) wrong.push(frame);
  });
  for (const [frame, stampNs] of stampsNs.entries()) mass.take(frame, stampNs);
  mass.end();
  return { now: mass.nowNs, wrong: wrong.sort((a, b) => a - b) };
}

describe("time by the mass of frames", () => {
  it("goes on with them, out of order or not", () => {
    expect(told([1, 2, 5, 4, 9, 19])).toEqual({ now: 19, wrong: [] });
  });

  it("does not go by one stamp that leaps, ahead or back, wherever it stands", () => {
    expect(told([1, 2, 500, 3, 4, 5])).toEqual({ now: 5, wrong: [2] });
    expect(told([500, 1, 2, 3, 4, 5])).toEqual({ now: 5, wrong: [0] });
    expect(told([1, 2, 3, 4, 500, 5, 6])).toEqual({ now: 6, wrong: [4] });
    expect(told([100, 101, 1, 102])).toEqual({ now: 102, wrong: [2] });
    expect(told([1, 500, 2, 700, 3, 90, 4, 5, 6])).toEqual({ now: 6, wrong: [1, 3, 5] });
  });

  it("goes through gaps, however rare frames are", () => {
    expect(told([1, 2, 500, 501, 502])).toEqual({ now: 502, wrong: [] });
    expect(told([0, 50, 100, 150, 200, 250, 300])).toEqual({ now: 300, wrong: [] });
    expect(told([0, 50, 100, 5000, 150, 200, 250, 300])).toEqual({ now: 300, wrong: [3] });
    expect(told([1, 2, 500])).toEqual({ now: 500, wrong: [] });
    expect(told([1, 9000, 500, 501, 502, 503])).toEqual({ now: 503, wrong: [1] });
  });

  it("takes what stands behind a part that leaps back for what it is", () => {
    expect(told([500, 501, 502, 503, 504, 1, 2, 3, 4, 505])).toEqual({ now: 505, wrong: [5, 6, 7, 8] });
  });

  it("goes back with a clock that is set back, once more frames in a row show it than a part of a few would", () => {
    const back = Array.from({ length: 12 }, (_, n) => 1 + n);
    expect(told([500, 501, 502, 503, 504, ...back])).toEqual({ now: 12, wrong: [] });
    expect(told([500, 501, 502, 503, 504, ...back.slice(0, 4), 505, ...back.slice(4, 8), 506])).toEqual({
      now: 506,
      wrong: [5, 6, 7, 8, 10, 11, 12, 13],
    });
    expect(told([500, 501, 502, 503, 504, 1, 100, 200, 300, 400, 505])).toEqual({ now: 505, wrong: [5, 6, 7, 8, 9] });
  });

  it("waits no longer than time is known to go on", () => {
    const settled: [number, number][] = [];
    const mass = new MassTime(10, (frame, timeNs) => settled.push([frame, timeNs]));
    mass.reach(0);
    expect([mass.take(1, 1), mass.take(2, 5e9)]).toEqual([0, 1]);
    // who says so may be behind, by time or by how often
    mass.reach(1e9);
    for (const lateNs of [1, 2, 3, 4]) mass.reach(1e9 + lateNs);
    expect(settled).toEqual([]);
    mass.reach(1e9 + 5);
    expect(settled).toEqual([[2, 1e9 + 4]]);
    // there is none before the frame that time comes close to
    mass.take(3, 1e9 + 30);
    mass.reach(1e9 + 20);
    expect([settled.at(-1), mass.nowNs]).toEqual([[3, 1e9 + 30], 1e9 + 30]);
    mass.take(4, 1e9 + 50);
    mass.reach(1e9 + 200);
    expect([settled.at(-1), mass.nowNs]).toEqual([[4, 1e9 + 50], 1e9 + 200]);
  });

  it("takes no stamp for wrong that is right, where who says how far a capture has come waits for others to confirm that", () => {
    const gaps = fc.array(fc.record({ gapNs: fc.integer({ min: 0, max: 4e9 }), isOwn: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(gaps, (frames) => {
        const both = new MassTime(0.5e9, () => {});
        const own = new MassTime(1e9, (frame, timeNs) => expect([frame, timeNs]).toEqual([frame, stampsNs[frame]]));
        let nowNs = 0;
        const stampsNs = frames.map(({ gapNs }) => (nowNs += gapNs));
        for (const [frame, { isOwn }] of frames.entries()) {
          both.take(frame, stampsNs[frame]);
          if (isOwn) own.take(frame, stampsNs[frame]);
          if (Number.isFinite(both.nowNs)) own.reach(both.nowNs - 0.5e9);
        }
        own.end();
      }),
      { numRuns: runs(500) },
    );
  });

  it("does not take the first frame for wrong where nothing was known of time before it", () => {
    const settled: [number, number][] = [];
    const mass = new MassTime(10, (frame, timeNs) => settled.push([frame, timeNs]));
    expect(mass.take(1, 500)).toBe(1);
    mass.reach(0);
    expect(settled).toEqual([]);
    mass.reach(490);
    expect(settled).toEqual([[1, 500]]);
  });
});
