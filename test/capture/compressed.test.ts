import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { packed, pcap, readBytes } from "./files.js";

const FRAMES = Array.from({ length: 2000 }, (_, i) => ({ seconds: 1_700_000_000 + i, data: Buffer.alloc(600, i * 7) }));
const PLAIN = pcap(FRAMES);

const RAW = 0;
const RLE = 1;

function zstdBlock(type: number, size: number, content: Uint8Array, last: boolean): Buffer {
  return Buffer.concat([packed(false, [32, (size << 3) | (type << 1) | Number(last)]).subarray(0, 3), content]);
}

/** A zstd frame of raw blocks: window of 128 KiB, no checksum, no content size. */
function zstdFrame(content: Uint8Array, blockBytes = 100_000): Buffer {
  const blocks = [];
  for (let at = 0; at < content.length || at === 0; at += blockBytes) {
    const piece = content.subarray(at, at + blockBytes);
    blocks.push(zstdBlock(RAW, piece.length, piece, at + blockBytes >= content.length));
  }
  return Buffer.concat([packed(false, [32, 0xfd2fb528]), Uint8Array.of(0, 7 << 3), ...blocks]);
}

function skippable(bytes: number): Buffer {
  return Buffer.concat([packed(false, [32, 0x184d2a53], [32, bytes]), Buffer.alloc(bytes)]);
}

const half = PLAIN.length / 2;

test.each([
  ["gzip", gzipSync(PLAIN)],
  ["gzip of several members", Buffer.concat([gzipSync(PLAIN.subarray(0, half)), gzipSync(PLAIN.subarray(half))])],
  ["gzip with zeros after it", Buffer.concat([gzipSync(PLAIN), Buffer.alloc(100_000)])],
  ["zstd", zstdFrame(PLAIN)],
  ["zstd of several frames", Buffer.concat([zstdFrame(PLAIN.subarray(0, half)), zstdFrame(PLAIN.subarray(half))])],
  ["zstd of small blocks", zstdFrame(PLAIN, 500)],
  [
    "zstd with skippable and empty frames between",
    Buffer.concat([
      zstdFrame(PLAIN.subarray(0, 10)),
      skippable(0),
      skippable(1_000_000),
      zstdFrame(new Uint8Array(0)),
      zstdFrame(PLAIN.subarray(10)),
    ]),
  ],
])("reads %s by its content", async (_, bytes) => {
  const capture = await readBytes(bytes);
  expect(capture.warnings).toEqual([]);
  expect(capture.error).toBeUndefined();
  expect(capture.frames.length).toBe(FRAMES.length);
  expect(capture.frames).toEqual((await readBytes(PLAIN)).frames);
});

test("reads what zstd -19 wrote, checksum and all", async () => {
  // A ping of three echo requests and their replies, recorded on docker0.
  const ping = `KLUv/QRo5QUAtAdNPLKhAgAEAAQAAQAAAKG1BGspp60iYgAAAAJCTWR/+gJCrBEABAgARQAAVGZTQABAAULQtGUxCwgALo8DDwAAQmiD+QBzzrD5
uQAAPwHwaQAANqLwUrjxMhlJAUitkvMnufoHGyGj7+q9Z9JBUWwEAubwofKYv57vhHQgIAA3LXhSCossJsaZMwfY4i1MOAInJbNCixkOe5IALbutOGdG4OrIvA3E
WoYRewfeF3inzgLxblnuwLKwiwMgpwjJ`;
  const capture = await readBytes(Buffer.from(ping, "base64"));
  expect(capture.warnings).toEqual([]);
  expect(capture.frames.map((frame) => frame.data.length / 2)).toEqual([98, 98, 98, 98, 98, 98]);
  expect(capture.frames[0].ns).toBe(1_795_470_753_581_805_865n);
  expect(capture.frames[5].data.slice(24, 32)).toBe("08004500");
});

test("a cut-off gzip stream gives everything before the cut", async () => {
  const frames = Array.from({ length: 20 }, (_, i) => ({ seconds: i, data: Buffer.from(`frame ${i} ${Math.sin(i)}`) }));
  const whole = gzipSync(pcap(frames));
  expect((await readBytes(whole.subarray(0, -1))).frames.length).toBe(frames.length);
  const capture = await readBytes(whole.subarray(0, whole.length / 2));
  expect(capture.frames.length).toBeGreaterThan(5);
  expect(capture.warnings).toEqual([
    expect.stringMatching(/damaged at frame \d+, byte \d+: the gzip data is cut off;/),
  ]);
});

test("damage in gzip data ends the capture with a warning, and loses little before it", async () => {
  const members = [gzipSync(PLAIN.subarray(0, half)), gzipSync(PLAIN.subarray(half))];
  // The first deflate block of the second member is of the reserved type.
  members[1][10] = 0x07;
  const capture = await readBytes(Buffer.concat(members));
  expect(capture.warnings).toEqual([expect.stringMatching(/the gzip data is damaged: .*up to 16 KiB/)]);
  expect(capture.frames.length).toBeGreaterThan(FRAMES.length / 2 - 40);
  expect(capture.frames).toEqual((await readBytes(PLAIN)).frames.slice(0, capture.frames.length));
});

test("damage in zstd data ends the capture with a warning, and loses nothing before it", async () => {
  const frame = zstdFrame(PLAIN.subarray(0, half));
  const expected = Math.floor((half - 24) / 616);
  for (const [rest, why] of [
    [Buffer.from("what is this"), /what follows the zstd frame is not zstd/],
    [Uint8Array.of(0x28, 0xb5), /zstd data is cut off/],
    [zstdFrame(PLAIN).subarray(0, 5000), /zstd data is cut off/],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 8, 56, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), /zstd data is damaged/],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 56, 7, 0, 0), /zstd data is damaged: bad block header/],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0xff, 1, 0, 0), /needs a window of 3932160 MiB/],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 56, 77, 1, 0, 0), /needs a dictionary/],
  ] as const) {
    const capture = await readBytes(Buffer.concat([frame, rest]));
    expect(capture.warnings).toEqual([expect.stringMatching(why)]);
    expect(capture.frames.length).toBe(expected);
  }
});

test("a small zstd file that stands for gigabytes is decompressed a block at a time", async () => {
  // 20,000 blocks of one repeated byte: 80 KB for 2.6 GB. The first record after the header cannot be one.
  const bomb = zstdBlock(RLE, 128 * 1024, Uint8Array.of(0xff), false);
  const head = PLAIN.subarray(0, 24);
  const bytes = Buffer.concat([
    packed(false, [32, 0xfd2fb528]),
    Uint8Array.of(0, 7 << 3),
    zstdBlock(RAW, head.length, head, false),
    ...Array.from({ length: 20_000 }, () => bomb),
  ]);
  const before = process.memoryUsage().arrayBuffers;
  const capture = await readBytes(bytes);
  expect(capture.warnings).toEqual([expect.stringMatching(/damaged at frame 1, byte 24: .* claims 4294967295/)]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
});
