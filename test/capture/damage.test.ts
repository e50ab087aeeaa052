import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { runs } from "../support/runs.js";
import { Blocks, pcap, readBytes } from "./files.js";

const FRAMES = Array.from({ length: 6 }, (_, i) => ({
  seconds: 1_700_000_000,
  ticks: i,
  data: Buffer.alloc(i * 9, i),
}));
const blocks = new Blocks("big");
const CAPTURES: readonly (readonly [string, Buffer])[] = [
  ["pcap", pcap(FRAMES)],
  [
    "pcapng",
    Buffer.concat([
      blocks.section(),
      blocks.describe({ name: "eth0", tsresol: 9 }),
      ...FRAMES.map(({ ticks, data }) => blocks.enhanced(0, BigInt(ticks), data)),
      blocks.simple(Buffer.alloc(5)),
      blocks.obsolete(0, 1, 7n, Buffer.alloc(6)),
      blocks.statistics(0, blocks.option(5, blocks.uint64(1n))),
    ]),
  ],
];

// Hundreds of files each, written and read: slow where the disk or the machine is.
describe.each(CAPTURES)("%s", (_, whole) => {
  test("cut off after any byte: the frames before the cut, and a word about it", async () => {
    const all = await readBytes(whole);
    expect(all.error).toBeUndefined();
    let most = 0;
    for (let bytes = 0; bytes <= whole.length; bytes++) {
      const capture = await readBytes(whole.subarray(0, bytes));
      const said =
        capture.error === undefined ? capture.warnings.filter((text) => text.includes("damaged")) : [capture.error];
      expect(said.length).toBeLessThanOrEqual(1);
      expect(capture.frames).toEqual(all.frames.slice(0, capture.frames.length));
      expect(capture.frames.length).toBeGreaterThanOrEqual(most);
      most = capture.frames.length;
    }
    expect(most).toBe(all.frames.length);
  });

  test("any bytes after any part of it: no exception but a refusal, every frame in its place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.uint8Array({ maxLength: 300 }), async (kept, noise) => {
        const capture = await readBytes(Buffer.concat([whole.subarray(0, kept), noise]));
        capture.frames.forEach((frame, i) => {
          expect(frame.frame).toBe(i + 1);
          expect(frame.original).toBeGreaterThanOrEqual(frame.data.length / 2);
          expect(frame.iface).toBeLessThan(capture.interfaces.length);
        });
      }),
      { numRuns: runs(300) },
    );
  });

  test("any byte changed, compressed or not: no exception but a refusal, and never a hang", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(10_000),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (place, flip, compressed) => {
          const bytes = Buffer.from(compressed ? gzipSync(whole) : whole);
          bytes[place % bytes.length] ^= flip;
          const capture = await readBytes(bytes);
          expect(capture.warnings.length).toBeLessThanOrEqual(2);
        },
      ),
      { numRuns: runs(300) },
    );
  });
});
