import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { LiveSource } from "../../../src/capture/live/open.js";
import { PcapngWriter } from "../../../src/capture/pcapng-writer.js";
import { FrameBatch } from "../../../src/packets/batches/frames.js";
import { LATENCY, markOf, TWIN } from "../../../src/packets/results/frame-notes.js";
import { INSIDE, OUTSIDE, type Side } from "../../../src/packets/sides.js";
import { LiveAnnotating } from "../../../src/pipeline/writing/annotate-live.js";
import { runs, SEED } from "../../support/runs.js";
import { scratch } from "../../support/scratch.js";

const EPOCH = 1_700_000_000_000_000_000n;
/** What the second interface's stamps count from is so much later. */
const LATER_NS = 1000;

/** An interface, as far as it is looked at. */
function source(name: string, epochNs: bigint): LiveSource {
  return {
    name,
    epochNs,
    interfaces: [{ name, linkType: 1, snaplen: 0 }],
    resolutionNs: 1,
    captureDropped: 0,
    hasCounters: true,
    isLive: true,
    engine: "libpcap",
    failure: undefined,
    statistics: () => ({}),
    next: () => null,
    stop: () => {},
    close: () => Promise.resolve(),
  };
}

const SOURCES = [[source("docker0", EPOCH)], [source("enp0s3", EPOCH + BigInt(LATER_NS))]] as const;

/** Frames stamped so, since `EPOCH`; each as long as its number, whose bytes it has. */
function batchOf(at: Side, firstFrame: number, timesNs: readonly number[], reachedNs: number): FrameBatch {
  const batch = new FrameBatch();
  const before = 7;
  const lengths = timesNs.map((_, row) => (firstFrame + row) % 100);
  batch.data = new Uint8Array(before + lengths.reduce((sum, each) => sum + each, 0));
  let start = before;
  for (const [row, timeNs] of timesNs.entries()) {
    batch.data.fill(firstFrame + row, start, start + lengths[row]);
    batch.start[row] = start;
    batch.captured[row] = lengths[row];
    batch.original[row] = 1500;
    batch.timeNs[row] = timeNs - at * LATER_NS;
    start += lengths[row];
  }
  batch.count = timesNs.length;
  batch.number(firstFrame);
  batch.reachedNs = reachedNs - at * LATER_NS;
  return batch;
}

interface Written {
  readonly side: number;
  /** Since `EPOCH`. */
  readonly timeNs: number;
  readonly bytes: Buffer;
  readonly comment: string;
}

/** The frames of a little-endian pcapng. */
function framesIn(path: string): Written[] {
  const bytes = readFileSync(path);
  const frames: Written[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    if (bytes.readUInt32LE(at) !== 6) continue;
    const block = bytes.subarray(at, at + bytes.readUInt32LE(at + 4));
    const captured = block.readUInt32LE(20);
    const options = 28 + Math.ceil(captured / 4) * 4;
    const isCommented = block.length - 4 > options;
    frames.push({
      side: block.readUInt32LE(8),
      timeNs: Number(((BigInt(block.readUInt32LE(12)) << 32n) | BigInt(block.readUInt32LE(16))) - EPOCH),
      bytes: block.subarray(28, 28 + captured),
      comment: isCommented ? block.subarray(options + 4, options + 4 + block.readUInt16LE(options + 2)).toString() : "",
    });
  }
  return frames;
}

class Live {
  readonly annotating: LiveAnnotating;
  readonly #path = scratch("live.pcapng");
  readonly #writer = new PcapngWriter(this.#path, [], "test");
  readonly #frames = [0, 0];

  constructor(isAll: boolean) {
    this.annotating = new LiveAnnotating(this.#writer, isAll);
    this.annotating.begin(SOURCES);
  }

  take(at: Side, timesNs: readonly number[], reachedNs: number, decidedNs: number): void {
    const batch = batchOf(at, this.#frames[at] + 1, timesNs, reachedNs);
    this.#frames[at] += timesNs.length;
    this.annotating.take(at, batch, EPOCH + BigInt(decidedNs));
    // a source uses it again
    batch.data.fill(255);
    batch.timeNs.fill(-1);
  }

  get frames(): Written[] {
    this.#writer.flush();
    return framesIn(this.#path);
  }

  finish(): Written[] {
    this.annotating.finish();
    this.#writer.close();
    return framesIn(this.#path);
  }
}

const pair = `natcorr: twin frame ${TWIN} · ${LATENCY}`;

it("a frame waits until it is known what became of it, and all before it", () => {
  const live = new Live(true);
  live.take(INSIDE, [10, 30], 50, 0);
  expect(live.frames).toEqual([]);
  live.take(OUTSIDE, [20, 40], 50, 0);
  live.annotating.put(INSIDE, 2, pair, 0, 2, 10);
  live.annotating.put(OUTSIDE, 2, pair, 0, 2, 10);
  live.take(INSIDE, [], 60, 0);
  // the first two are not decided about
  expect(live.frames).toEqual([]);
  live.annotating.put(INSIDE, 1, `natcorr: by frame ${markOf(INSIDE, 2)}`, 0);
  live.take(INSIDE, [], 60, 0);
  expect(live.frames.map(({ comment }) => comment)).toEqual(["natcorr: by frame 3"]);
  // of the second, nothing is told at all
  live.take(INSIDE, [], 60, 21);
  const comments = live.frames.map(({ comment }) => comment);
  expect(comments).toEqual([
    "natcorr: by frame 3",
    "",
    "natcorr: twin frame 4 · +10 ns",
    "natcorr: twin frame 3 · +10 ns",
  ]);
  expect(live.finish().map(({ side, timeNs, bytes }) => [side, timeNs, [...bytes]])).toEqual([
    [0, 10, [1]],
    [1, 20, [1]],
    [0, 30, [2, 2]],
    [1, 40, [2, 2]],
  ]);
  expect(live.annotating.hasty).toBe(0);
});

it("where not all are written, a frame waits for the number of its twin", () => {
  const live = new Live(false);
  live.take(INSIDE, [10, 11], 100, 0);
  live.take(OUTSIDE, [20, 30], 100, 0);
  live.annotating.put(INSIDE, 1, pair, 0, 2, 20);
  live.annotating.put(OUTSIDE, 2, pair, 0, 1, 20);
  live.take(INSIDE, [], 100, 0);
  expect(live.frames).toEqual([]);
  live.take(INSIDE, [], 100, 15);
  // the one at 20 may still be selected, and be the second one
  expect(live.frames).toEqual([]);
  live.take(INSIDE, [], 100, 21);
  expect(live.frames.map(({ side, comment }) => [side, comment])).toEqual([
    [0, "natcorr: twin frame 2 · +20 ns"],
    [1, "natcorr: twin frame 1 · +20 ns"],
  ]);
  live.annotating.put(INSIDE, 1, "natcorr: too late", 0);
  expect(live.annotating.get(INSIDE, 1)).toBeUndefined();
  expect(live.finish().length).toBe(2);
});

it("what does not come of one interface holds up the others until it has ended", () => {
  const live = new Live(true);
  live.take(INSIDE, [10], 100, 0);
  live.take(INSIDE, [], 200, 150);
  expect(live.frames).toEqual([]);
  live.annotating.end(OUTSIDE);
  live.take(INSIDE, [], 200, 150);
  expect(live.frames.length).toBe(1);
  live.finish();
});

it("once too much waits, the first ones are written as they are, and counted", () => {
  const live = new Live(true);
  live.take(OUTSIDE, [], 0, 0);
  const batch = batchOf(INSIDE, 1, [1], 10);
  batch.data = new Uint8Array(200_000);
  batch.start[0] = 0;
  batch.captured[0] = 200_000;
  for (let frame = 1; frame <= 1500; frame++) {
    batch.timeNs[0] = frame;
    batch.number(frame);
    live.annotating.take(INSIDE, batch, EPOCH);
  }
  const { hasty } = live.annotating;
  expect(live.frames.length).toBe(hasty);
  // 300 MB came, of which 256 MiB may wait
  expect(hasty).toBeGreaterThan(100);
  expect(hasty).toBeLessThan(300);
  expect(live.finish().length).toBe(1500);
});

it("frames are in the order of time, and are called by their places in it, however they come", () => {
  const step = fc.record({
    at: fc.constantFrom<Side>(INSIDE, OUTSIDE),
    gapsNs: fc.array(fc.nat({ max: 50 }), { maxLength: 5 }),
    isBehind: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, isAll) => {
      const live = new Live(isAll);
      const lastNs = [2000, 2000];
      const frames = [0, 0];
      const paired: number[][] = [];
      for (const { at, gapsNs, isBehind } of steps) {
        const timesNs = gapsNs.map((gapNs) => (lastNs[at] += gapNs));
        const decidedNs = isBehind ? Math.max(0, Math.min(...lastNs) - 100) : 0;
        live.take(at, timesNs, lastNs[at], 0);
        frames[at] += timesNs.length;
        // the next of both are a pair, where there are two
        const frame = paired.length + 1;
        if (Math.min(...frames) > frame && isBehind) {
          live.annotating.put(INSIDE, frame, pair, 0, frame, 5);
          live.annotating.put(OUTSIDE, frame, pair, 0, frame, 5);
          paired.push([frame, frame]);
        }
        if (isAll) live.take(at, [], lastNs[at], Math.min(decidedNs, 1));
      }
      const written = live.finish();
      expect(written.length).toBe(isAll ? frames[0] + frames[1] : 2 * paired.length);
      expect(written.map(({ timeNs }) => timeNs)).toEqual(
        written.map(({ timeNs }) => timeNs).toSorted((a, b) => a - b),
      );
      const places = [INSIDE, OUTSIDE].map((side) => written.flatMap((frame, at) => (frame.side === side ? [at] : [])));
      for (const frame of paired.keys()) {
        const [inside, outside] = places.map((ofSide) => ofSide[frame]);
        expect(written[inside].comment).toBe(`natcorr: twin frame ${outside + 1} · +5 ns`);
        expect(written[outside].comment).toBe(`natcorr: twin frame ${inside + 1} · +5 ns`);
      }
    }),
    { numRuns: runs(200), ...(SEED !== undefined && { seed: SEED }) },
  );
});
