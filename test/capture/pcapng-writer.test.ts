import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { CaptureError } from "../../src/capture/errors.js";
import { openCapture } from "../../src/capture/open.js";
import { PcapngWriter } from "../../src/capture/pcapng-writer.js";
import { FrameBatch } from "../../src/packets/batches/frames.js";
import { isSkipped, root, tools } from "../support/needs.js";
import { readPath } from "./files.js";
import { scratch } from "../support/scratch.js";

const INSIDE = { name: "docker0", linkType: 1, snaplen: 262_144, filter: "icmp or tcp port 80" };
const OUTSIDE = { name: "enp0s3", linkType: 113, snaplen: 96 };
const EPOCH = 1_700_000_000_123_456_789n;

interface Frame {
  readonly iface: number;
  readonly timeNs: number;
  readonly data: Uint8Array;
  readonly beyond: number;
}

function batchOf(frames: readonly Frame[]): FrameBatch {
  const batch = new FrameBatch();
  batch.data = Buffer.concat(frames.map(({ data }) => data));
  batch.count = frames.length;
  let at = 0;
  for (const [row, { timeNs, data, beyond }] of frames.entries()) {
    batch.start[row] = at;
    batch.captured[row] = data.length;
    batch.original[row] = data.length + beyond;
    batch.timeNs[row] = timeNs;
    at += data.length;
  }
  return batch;
}

const zeros = (count: number, bytes: number) =>
  batchOf(Array.from({ length: count }, (_, i) => ({ iface: 0, timeNs: i, data: new Uint8Array(bytes), beyond: 0 })));

const frame = fc.record({
  iface: fc.integer({ min: 0, max: 1 }),
  // Before the epoch too, and across the 4.3 s after which the upper word of a stamp counts on.
  timeNs: fc.integer({ min: -10_000_000_000, max: 8_000_000_000_000_000 }),
  data: fc.uint8Array({ maxLength: 70 }),
  beyond: fc.integer({ min: 0, max: 70_000 }),
});

const onWarning = (text: string) => expect.fail(text);

test.each([
  [[INSIDE, OUTSIDE], false],
  [[OUTSIDE], true],
])("a capture of %j is known to have no filter: %s", async (interfaces, isUnfiltered) => {
  const path = scratch("written.pcapng");
  const writer = new PcapngWriter(path, interfaces, "natcorr (libpcap)");
  writer.write(0, zeros(1, 60), EPOCH);
  writer.close();
  const source = await openCapture(path, { onWarning });
  expect(source.isUnfiltered).toBe(isUnfiltered);
  await source.close();
  // another program may have left frames out
  const bytes = readFileSync(path);
  bytes.write("editcap", bytes.indexOf("natcorr"));
  writeFileSync(path, bytes);
  const edited = await openCapture(path, { onWarning });
  expect(edited.isUnfiltered).toBe(false);
  await edited.close();
});

test("what is written is what is read, whatever the frames", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(frame, { minLength: 1, maxLength: 5 }), { maxLength: 10 }), async (batches) => {
      const path = scratch("written.pcapng");
      const writer = new PcapngWriter(path, [INSIDE, OUTSIDE], "natcorr (libpcap)");
      let frames = 0;
      for (const batch of batches) {
        expect(writer.write(batch[0].iface, batchOf(batch), EPOCH)).toBe(frames + 1);
        frames += batch.length;
      }
      writer.close();
      const read = await readPath(path);
      const written = batches.flatMap((batch) => batch.map((one) => ({ ...one, iface: batch[0].iface })));
      expect(read.frames).toEqual(
        written.map(({ iface, timeNs, data, beyond }, i) => ({
          frame: i + 1,
          ns: EPOCH + BigInt(timeNs),
          data: Buffer.from(data).toString("hex"),
          original: data.length + beyond,
          iface,
        })),
      );
      expect(read.warnings).toEqual([]);
    }),
  );
});

test("interfaces and what they lost are read back", async () => {
  const path = scratch("interfaces.pcapng");
  const writer = new PcapngWriter(path, [INSIDE, OUTSIDE], "natcorr (libpcap)");
  writer.write(1, zeros(3, 60), EPOCH);
  writer.statistics(0, { received: 10, dropped: 4, droppedByInterface: 0 }, EPOCH);
  writer.statistics(1, { received: 5_000_000_000, dropped: 5_000_000_000, droppedByInterface: 2 }, EPOCH);
  writer.close();
  const read = await readPath(path);
  expect(read.interfaces).toEqual([
    { name: "docker0", linkType: 1, snaplen: 262_144 },
    { name: "enp0s3", linkType: 113, snaplen: 96 },
  ]);
  expect(read.dropped).toBe(5_000_000_006);
});

test("a count that is not known is left out", () => {
  const path = scratch("counts.pcapng");
  const writer = new PcapngWriter(path, [INSIDE], "natcorr (libpcap)");
  writer.write(0, zeros(3, 60), EPOCH);
  writer.statistics(0, {}, EPOCH);
  writer.statistics(0, { dropped: 4 }, EPOCH);
  writer.statistics(0, { received: 9, dropped: 4, droppedByInterface: 0 }, EPOCH);
  writer.close();
  // isb_ifdrop, isb_filteraccept, isb_osdrop, isb_usrdeliv
  expect(countersOf(path)).toEqual([
    [[8, 3n]],
    [
      [7, 4n],
      [8, 3n],
    ],
    [
      [5, 0n],
      [6, 9n],
      [7, 4n],
      [8, 3n],
    ],
  ]);
});

/** The counters of each statistics block in a little-endian pcapng: codes of its options of eight bytes but the times, and values. */
function countersOf(path: string): [number, bigint][][] {
  const file = readFileSync(path);
  const blocks: [number, bigint][][] = [];
  for (let block = 0; block < file.length; block += file.readUInt32LE(block + 4)) {
    if (file.readUInt32LE(block) !== 5) continue;
    const counters: [number, bigint][] = [];
    for (let at = block + 20; file.readUInt16LE(at) !== 0; at += 12) {
      expect(file.readUInt16LE(at + 2)).toBe(8);
      if (file.readUInt16LE(at) > 3) counters.push([file.readUInt16LE(at), file.readBigUInt64LE(at + 4)]);
    }
    blocks.push(counters);
  }
  return blocks;
}

test("frames beyond its buffer are written too, and a second close does nothing", async () => {
  const path = scratch("large.pcapng");
  const writer = new PcapngWriter(path, [INSIDE], "natcorr (libpcap)");
  for (let i = 0; i < 5; i++) writer.write(0, zeros(9, 100_001), EPOCH);
  writer.write(0, zeros(1, 262_144), EPOCH);
  writer.close();
  writer.close();
  const { frames } = await readPath(path);
  expect(frames.map(({ data }) => data.length / 2)).toEqual([...Array(45).fill(100_001), 262_144]);
});

test("frames are in the file a second later, for whoever reads along", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const path = scratch("growing.pcapng");
    const writer = new PcapngWriter(path, [INSIDE], "natcorr (libpcap)");
    const frames = async (): Promise<number> => (await readPath(path)).frames.length;
    writer.write(0, zeros(1, 60), EPOCH);
    expect(await frames()).toBe(1);
    writer.write(0, zeros(2, 60), EPOCH);
    vi.advanceTimersByTime(999);
    writer.write(0, zeros(0, 0), EPOCH);
    expect(await frames()).toBe(1);
    vi.advanceTimersByTime(1);
    writer.write(0, zeros(0, 0), EPOCH);
    expect(await frames()).toBe(3);
    writer.close();
  } finally {
    vi.useRealTimers();
  }
});

test("a path that cannot be written is refused", () => {
  expect(() => new PcapngWriter(scratch("no/such/folder"), [INSIDE], "natcorr (libpcap)")).toThrow(CaptureError);
});

test("a FIFO that nobody reads is refused, not waited for", () => {
  const path = scratch("fifo");
  execFileSync("mkfifo", [path]);
  expect(() => new PcapngWriter(path, [INSIDE], "natcorr (libpcap)")).toThrow(
    `${path}: cannot be written: nobody reads it yet`,
  );
});

test("a full device is reported with the file and what is in it, once", () => {
  const writer = new PcapngWriter("/dev/full", [INSIDE], "natcorr (libpcap)");
  const message = "/dev/full: cannot be written any further: ENOSPC: no space left on device, write; no frame is in it";
  expect(() => {
    for (;;) writer.write(0, zeros(100, 1000), EPOCH);
  }).toThrow(new CaptureError(message));
  expect(() => writer.statistics(0, { received: 1, dropped: 0, droppedByInterface: 0 }, EPOCH)).toThrow(message);
  writer.close();
});

test.skipIf(isSkipped("a full disk under -w", root))(
  "a full disk leaves a file that ends with a whole block",
  async () => {
    const folder = scratch("small-disk");
    mkdirSync(folder);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "natcorr-test", folder]);
    try {
      const path = `${folder}/full.pcapng`;
      const writer = new PcapngWriter(path, [INSIDE, OUTSIDE], "natcorr (libpcap)");
      let kept = 0;
      try {
        for (let i = 0; i < 1000; i++) writer.write(i % 2, zeros(50, 1001), EPOCH);
      } catch (error) {
        kept = Number(/frames 1 to (\d+) are in it, and it is readable/.exec(String(error))?.[1]);
      }
      writer.close();
      expect(kept).toBeGreaterThan(2000);
      expect(statSync(path).size).toBeLessThanOrEqual(3 << 20);
      const read = await readPath(path);
      expect(read.frames).toHaveLength(kept);
      expect(read.warnings).toEqual([]);
    } finally {
      execFileSync("umount", [folder]);
    }
  },
);

test("a comment that is longer than an option may be is cut, and the file stays readable", async () => {
  const path = scratch("commented.pcapng");
  const writer = new PcapngWriter(path, [INSIDE], "natcorr file");
  for (const comment of ["", "short", "µ".repeat(40_000)]) {
    const bytes = Buffer.from(comment);
    writer.commented(0, zeros(1, 61), 0, EPOCH, { bytes, length: bytes.length });
  }
  writer.close();
  const { frames, warnings } = await readPath(path);
  expect([frames.length, warnings]).toEqual([3, []]);
  const bytes = readFileSync(path);
  expect(bytes.includes("short")).toBe(true);
  const at = bytes.indexOf("µµµµ");
  const length = bytes.readUInt16LE(at - 2);
  expect(length).toBeGreaterThan(65_000);
  expect(bytes.subarray(at + length - 3, at + length).toString()).toBe("...");
});

test.skipIf(isSkipped("what tshark makes of our pcapng", tools(["tshark"])))(
  "tshark takes it, with both names and stamps to the nanosecond",
  () => {
    const path = scratch("tshark.pcapng");
    const writer = new PcapngWriter(path, [INSIDE, { ...OUTSIDE, linkType: 1 }], "natcorr (libpcap)");
    writer.write(0, zeros(2, 60), EPOCH);
    writer.write(1, zeros(1, 1500), EPOCH + 5_000_000_000n);
    writer.statistics(0, { received: 2, dropped: 0, droppedByInterface: 0 }, EPOCH);
    writer.close();
    const fields = ["frame.number", "frame.interface_name", "frame.time_epoch", "frame.len"];
    const args = ["-r", path, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
    expect(execFileSync("tshark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")).toEqual(
      [
        "1\tdocker0\t1700000000.123456789\t60",
        "2\tdocker0\t1700000000.123456790\t60",
        "3\tenp0s3\t1700000005.123456789\t1500",
        "",
      ],
    );
  },
);
