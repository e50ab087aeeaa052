import { describe, expect, test } from "vitest";
import { Blocks, packed, readBytes } from "./files.js";
import { scratch } from "../support/scratch.js";

const A = Buffer.from("frame a");
const B = Buffer.from("frame bb");
const little = new Blocks("little");
const STAMP = 1_700_000_000_123_456n;

function file(...blocks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(blocks);
}

test.each(["little", "big"] as const)("reads every kind of packet block, %s-endian", async (order) => {
  const blocks = new Blocks(order);
  const capture = await readBytes(
    file(
      blocks.section(),
      blocks.describe({ name: "docker0", linkType: 1, snaplen: 96 }),
      blocks.enhanced(0, STAMP, A, 1500),
      blocks.simple(B),
      blocks.obsolete(0, 0xffff, STAMP + 5n, B),
    ),
  );
  expect(capture.name).toBe(scratch("capture.pcap"));
  expect(capture.interfaces).toEqual([{ name: "docker0", linkType: 1, snaplen: 96 }]);
  expect(capture.frames).toEqual([
    { frame: 1, ns: 1_700_000_000_123_456_000n, data: A.toString("hex"), original: 1500, iface: 0 },
    { frame: 2, ns: 1_700_000_000_123_456_000n, data: B.toString("hex"), original: 8, iface: 0 },
    { frame: 3, ns: 1_700_000_000_123_461_000n, data: B.toString("hex"), original: 8, iface: 0 },
  ]);
  expect(capture.warnings).toEqual([expect.stringContaining("simple packet blocks carry no time")]);
  expect(capture.dropped).toBe(0);
});

test("cuts a simple packet block at the snaplen", async () => {
  const cut = Buffer.from("only eight of these");
  const capture = await readBytes(
    file(
      little.section(),
      little.describe({ snaplen: 8 }),
      little.simple(cut.subarray(0, 8), cut.length),
      little.simple(A),
    ),
  );
  expect(capture.frames.map(({ data, original, ns }) => [data, original, ns])).toEqual([
    [cut.toString("hex", 0, 8), cut.length, 0n],
    [A.toString("hex"), A.length, 0n],
  ]);
  expect(capture.warnings).toHaveLength(1);
});

test("keeps interfaces of several sections apart, each section in its own byte order", async () => {
  const big = new Blocks("big");
  const capture = await readBytes(
    file(
      little.section(),
      little.describe({ name: "docker0" }),
      little.describe({ name: "any", linkType: 276, tsresol: 9 }),
      little.enhanced(1, STAMP * 1000n + 7n, A),
      little.enhanced(0, STAMP, B),
      big.section(),
      big.describe({ name: "enp0s3\0", linkType: 113 }),
      big.enhanced(0, STAMP + 1n, A),
    ),
  );
  expect(capture.interfacesAtOpen).toBe(2);
  expect(capture.name).toBe(scratch("capture.pcap"));
  expect(capture.interfaces.map(({ name, linkType }) => [name, linkType])).toEqual([
    ["docker0", 1],
    ["any", 276],
    ["enp0s3", 113],
  ]);
  expect(capture.frames.map(({ iface, ns }) => [iface, ns])).toEqual([
    [1, 1_700_000_000_123_456_007n],
    [0, 1_700_000_000_123_456_000n],
    [2, 1_700_000_000_123_457_000n],
  ]);
});

const drops = (code: number, count: bigint) => little.option(code, little.uint64(count));

test("counts drops: the latest statistics of an interface, or what its packet blocks add up to", async () => {
  const dropCount = drops(4, 9n);
  const capture = await readBytes(
    file(
      little.section(),
      little.describe(),
      little.describe(),
      little.describe(),
      little.statistics(0, file(drops(4, 1000n), drops(5, 3n), drops(7, 4n))),
      little.statistics(0, file(drops(4, 2000n), drops(5, 10n), drops(7, 5n))),
      little.obsolete(1, 2, STAMP, A),
      little.obsolete(1, 0xffff, STAMP, A),
      little.enhanced(1, STAMP, A, 100, dropCount),
      little.statistics(7, drops(5, 99n)),
      little.enhanced(2, STAMP, A, 100, file(little.option(1, Buffer.from("a comment")), dropCount)),
      little.statistics(2, drops(5, 9n)),
    ),
  );
  expect(capture.warnings).toEqual([]);
  expect(capture.dropped).toBe(15 + 11 + 9);
});

const at = (second: number) => STAMP + BigInt(second) * 1_000_000n;
const frames = (...seconds: readonly number[]) => seconds.map((second) => little.enhanced(0, at(second), A));
const counted = (dropped: number, ticks = 0n) => little.statistics(0, drops(7, BigInt(dropped)), ticks);
const losses = async (...blocks: readonly Uint8Array[]) =>
  (await readBytes(file(little.section(), little.describe(), ...blocks))).losses;

const time = (ticks: bigint) =>
  little.option(3, file(packed(false, [32, Number(ticks >> 32n)], [32, Number(ticks & 0xffffffffn)])));
const endedNs = async (...blocks: readonly Uint8Array[]) =>
  (await readBytes(file(little.section(), little.describe(), ...blocks))).endedNs;

describe("up to when a capture went on", () => {
  const NEVER_TOLD = Number.NEGATIVE_INFINITY;

  test("its statistics tell, where all frames are there that they count", async () => {
    const [ended, all] = [time(at(5)), [...frames(0, 1), little.statistics(0, file(time(at(5)), drops(4, 2n)))]];
    expect(await endedNs(...all)).toBe(5e9);
    expect(await endedNs(...frames(0, 1), little.statistics(0, ended))).toBe(NEVER_TOLD);
    expect(await endedNs(...frames(0, 1), little.statistics(0, file(ended, drops(4, 3n))))).toBe(NEVER_TOLD);
    expect(await endedNs(...frames(0, 1), little.statistics(0, file(ended, drops(4, 3n), drops(5, 1n))))).toBe(5e9);
    expect(await endedNs(little.describe(), ...all)).toBe(NEVER_TOLD);
  });

  test("nothing tells in a time that is far from its frames, but for microseconds", async () => {
    const inNanoseconds = little.describe({ tsresol: 9 });
    const frame = little.enhanced(0, at(0) * 1000n, A);
    const ends = (ticks: bigint) => little.statistics(0, file(time(ticks), drops(4, 1n)));
    const endedIn = async (ticks: bigint) =>
      (await readBytes(file(little.section(), inNanoseconds, frame, ends(ticks)))).endedNs;
    expect(await endedIn(at(5) * 1000n)).toBe(5e9);
    expect(await endedIn(at(5))).toBe(5e9);
    expect(await endedIn(at(500))).toBe(NEVER_TOLD);
  });
});

describe("where frames were lost", () => {
  const EVER = Number.NEGATIVE_INFINITY;

  test("is told behind the next frame, which may come long after: between two statements", async () => {
    const blocks = [...frames(0, 1, 2, 3), counted(0), ...frames(5, 6, 7, 8), counted(2), ...frames(20)];
    expect(await losses(...blocks)).toEqual([{ frame: 9, sinceNs: 0, toldNs: 20e9, count: 2 }]);
  });

  test("is at any time before the only statement, behind all frames", async () => {
    expect(await losses(...frames(0, 1), counted(2, at(3)))).toEqual([
      { frame: 2, sinceNs: EVER, toldNs: 3e9, count: 2 },
    ]);
    // in another unit than frames are stamped in
    for (const ticks of [at(3) * 1000n, at(3) / 1000n])
      expect(await losses(...frames(0, 1), counted(2, ticks))).toEqual([
        { frame: 2, sinceNs: EVER, toldNs: EVER, count: 2 },
      ]);
  });

  test("is between a frame that tells and the one before it on its interface", async () => {
    const told = little.enhanced(0, at(9), A, 100, drops(4, 5n));
    expect(await losses(...frames(0, 1, 2, 3, 4), told)).toEqual([{ frame: 6, sinceNs: 1e9, toldNs: 9e9, count: 5 }]);
  });

  test("is nowhere where counts stay as they were, or are not there", async () => {
    const nothing = little.statistics(0, drops(4, 9n));
    expect(await losses(counted(0), ...frames(0), counted(0), nothing, ...frames(1), counted(0))).toEqual([]);
    expect((await losses(...frames(0), counted(2), nothing, counted(2))).length).toBe(1);
  });
});

test.each([
  ["before its first frame", [true, true], [little.statistics(0, drops(7, 0n)), little.enhanced(0, STAMP, A)]],
  ["at its end", [false, true], [little.enhanced(0, STAMP, A), little.statistics(0, drops(7, 0n))]],
  ["with a frame", [false, true], [little.enhanced(0, STAMP, A, 100, drops(4, 0n))]],
  ["nowhere", [false, false], [little.enhanced(0, STAMP, A), little.statistics(0, drops(4, 9n))]],
])("tells %s that losses are counted", async (_, told, blocks) => {
  const capture = await readBytes(file(little.section(), little.describe(), ...blocks));
  expect(capture).toMatchObject({ dropped: 0, hasCounters: told, warnings: [] });
});

test("skips unknown blocks, larger than the buffer too", async () => {
  const capture = await readBytes(
    file(
      little.section(),
      little.block(0x0bad, Buffer.alloc(40)),
      little.describe(),
      little.enhanced(0, STAMP, A),
      little.block(10, Buffer.alloc(3 * 1024 * 1024, 0xff)),
      little.enhanced(0, STAMP, B),
      little.block(4, new Uint8Array(0)),
    ),
  );
  expect(capture.warnings).toEqual([]);
  expect(capture.frames.map(({ frame, data }) => [frame, data])).toEqual([
    [1, A.toString("hex")],
    [2, B.toString("hex")],
  ]);
});

test("a section without interfaces or frames is a capture without frames", async () => {
  const capture = await readBytes(little.section(little.option(4, Buffer.from("dumpcap"))));
  expect(capture).toMatchObject({ frames: [], interfaces: [], warnings: [], error: undefined });
});

const wrongTrailer = little.enhanced(0, STAMP, B);
wrongTrailer.writeUInt32LE(44, wrongTrailer.length - 4);
const wrongLength = little.enhanced(0, STAMP, B);
wrongLength.writeUInt32LE(B.length + 20, 20);
const wrongVersion = little.section();
wrongVersion.writeUInt16LE(7, 12);

test.each([
  ["a block that does not end with its length", wrongTrailer, /type 6 does not end with its length/],
  ["a captured length larger than its block", wrongLength, /claims 28 captured bytes in a block of 40/],
  ["an interface that is not there", little.enhanced(1, STAMP, B), /interface that was not described/],
  ["a length that is no multiple of four", Uint8Array.of(6, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0), /claims to be 33 bytes/],
  ["a length of nothing", new Uint8Array(12), /claims to be 0 bytes/],
  [
    "a packet block beyond the buffer",
    Uint8Array.of(6, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0),
    /claims to be 4194304 bytes/,
  ],
  ["a frame beyond 256 KiB", little.enhanced(0, STAMP, Buffer.alloc(262_145)), /claims 262145 captured bytes/],
  ["a packet block too short for its fields", little.block(6, new Uint8Array(12)), /claims to be 24 bytes long/],
  ["a section of a version nobody knows", wrongVersion, /version 7\.0 is not known/],
  ["an unknown block that is cut off", Uint8Array.of(99, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0), /52 bytes earlier/],
])("stops at %s", async (_, damage, why) => {
  const before = file(little.section(), little.describe(), little.enhanced(0, STAMP, A));
  const rest = file(damage, little.enhanced(0, STAMP, B)).subarray(0, damage.length < 16 ? damage.length : undefined);
  const capture = await readBytes(file(before, rest));
  expect(capture.frames.map((frame) => frame.data)).toEqual([A.toString("hex")]);
  expect(capture.warnings).toEqual([expect.stringMatching(why)]);
  expect(capture.warnings[0]).toContain("capture.pcap: damaged at frame 2, byte ");
  expect(capture.warnings[0]).toMatch(/; frame 1 is used$/);
});

test("a capture whose section header is damaged is none", async () => {
  const order = little.section();
  order.writeUInt32LE(0x12345678, 8);
  expect((await readBytes(order)).error).toMatch(/capture\.pcap: damaged at its very start: .*byte-order magic/);
  expect((await readBytes(wrongVersion)).error).toMatch(/version 7\.0/);
});
