import { once } from "node:events";
import * as fc from "fast-check";
import { parse, type ParsedPacket } from "pcap-parser";
import { expect, test } from "vitest";
import { BATCH_FRAMES } from "../../src/packets/batches/frames.js";
import { runs } from "../support/runs.js";
import { pcap, readBytes, readPath, stored, type Written } from "./files.js";

const HELLO = Buffer.from("hello");
const FRAMES: Written[] = [
  { seconds: 1_700_000_000, ticks: 999_999, data: HELLO },
  { seconds: 1_700_000_001, ticks: 1, data: Buffer.from("snapped"), original: 1500 },
  { seconds: 1_699_999_999, ticks: 0, data: Buffer.alloc(0), original: 60 },
];

test.each([
  ["little-endian microseconds", {}, 1000n],
  ["big-endian microseconds", { big: true }, 1000n],
  ["little-endian nanoseconds", { magic: 0xa1b23c4d }, 1n],
  ["big-endian nanoseconds", { magic: 0xa1b23c4d, big: true }, 1n],
  ["little-endian modified records of 24 bytes", { magic: 0xa1b2cd34, extra: 8 }, 1000n],
  ["big-endian modified records of 24 bytes", { magic: 0xa1b2cd34, extra: 8, big: true }, 1000n],
])("reads %s", async (_, shape, nsPerTick) => {
  const capture = await readBytes(pcap(FRAMES, shape));
  expect(capture.warnings).toEqual([]);
  expect(capture.frames).toEqual(
    FRAMES.map(({ seconds = 0, ticks = 0, data, original = data.length }, i) => ({
      frame: i + 1,
      ns: BigInt(seconds) * 1_000_000_000n + BigInt(ticks) * nsPerTick,
      data: Buffer.from(data).toString("hex"),
      original,
      iface: 0,
    })),
  );
});

test("tells link type and snaplen, and keeps the frame check sequence bits out of the link type", async () => {
  const capture = await readBytes(pcap([], { network: 0x1400_0071, snaplen: 0 }));
  expect(capture.interfaces).toEqual([{ name: "", linkType: 113, snaplen: 0 }]);
  expect(capture.frames).toEqual([]);
  expect(capture.warnings).toEqual([]);
});

test("takes frames longer than the snaplen, as libpcap and Wireshark do, and an original length that is too small", async () => {
  const capture = await readBytes(pcap([{ data: Buffer.alloc(200), original: 100 }], { snaplen: 96 }));
  expect(capture.frames[0]).toMatchObject({ original: 200, data: "00".repeat(200) });
});

test("takes a frame of 256 KiB and stops at a longer one", async () => {
  const longest = { data: Buffer.alloc(262_144, 7) };
  const capture = await readBytes(pcap([longest, longest, { data: Buffer.alloc(262_145) }, longest]));
  expect(capture.frames.map((frame) => frame.data.length / 2)).toEqual([262_144, 262_144]);
  expect(capture.warnings).toEqual([
    expect.stringMatching(/capture\.pcap: damaged at frame 3, byte 524344: .*262145.*frames 1 to 2 are used$/),
  ]);
});

test("refuses versions that order their lengths differently", async () => {
  const bytes = pcap(FRAMES);
  bytes.writeUInt16LE(2, 6);
  expect((await readBytes(bytes)).error).toMatch(/capture\.pcap: pcap version 2\.2 is not 2\.4/);
});

test("numbers frames across batches and across the buffer's end", async () => {
  const frames = Array.from({ length: 3 * BATCH_FRAMES + 5 }, (_, i) => ({
    seconds: 1_700_000_000 + i,
    data: Buffer.alloc(300, i),
  }));
  const capture = await readBytes(pcap(frames));
  expect(capture.frames.map((frame) => frame.frame)).toEqual(frames.map((_, i) => i + 1));
  expect(capture.frames.every((frame, i) => frame.data === frames[i].data.toString("hex"))).toBe(true);
  expect(capture.frames.at(-1)?.ns).toBe(BigInt(frames.at(-1)!.seconds) * 1_000_000_000n);
});

const anyFrame = fc.record({
  seconds: fc.integer({ min: 1_700_000_000, max: 1_708_000_000 }),
  ticks: fc.integer({ min: 0, max: 999_999 }),
  data: fc.uint8Array({ maxLength: 200 }),
  more: fc.integer({ min: 0, max: 2000 }),
});

test("reads what pcap-parser reads", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), fc.boolean(), async (frames, big) => {
      const written = frames.map(({ more, ...frame }) => ({ ...frame, original: frame.data.length + more }));
      const path = stored(pcap(written, { big }));
      const packets: ParsedPacket[] = [];
      const parser = parse(path).on("packet", (packet: ParsedPacket) => packets.push(packet));
      const [capture] = await Promise.all([readPath(path), once(parser, "end")]);
      expect(capture.frames).toEqual(
        packets.map(({ header, data }, i) => ({
          frame: i + 1,
          ns: BigInt(header.timestampSeconds) * 1_000_000_000n + BigInt(header.timestampMicroseconds) * 1000n,
          data: data.toString("hex"),
          original: header.originalLength,
          iface: 0,
        })),
      );
    }),
    { numRuns: runs(50) },
  );
});
