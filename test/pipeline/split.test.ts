import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CaptureError, openCapture } from "../../src/capture/open.js";
import { type SideSelectors, splitCapture } from "../../src/pipeline/split.js";
import { packetSources } from "../../src/pipeline/packet-source.js";
import type { FrameSource } from "../../src/packets/batches/frames.js";
import type { Mark } from "../../src/packets/batches/frame-marks.js";
import { concat, echo, ethernet, ipv4, sll2 } from "../support/packets.js";
import { Blocks, pcap, stored } from "../capture/files.js";
import { type Given, MemorySource, type Taken, drained, framesOf } from "./split-source.js";

const NAMED = ["lo", "docker0", "enp0s3"].map((name) => ({ name, linkType: 1, snaplen: 0 }));
const SIDES = { inside: "docker0", outside: "enp0s3" };
const MS = 1_000_000;

/** The sources of both sides, of which each has one part. */
async function split(source: FrameSource, selectors: SideSelectors, warnings: string[] = []) {
  const sides = await splitCapture(source, selectors, { onWarning: (text) => warnings.push(text) });
  expect(sides.map((side) => side.length)).toEqual([1, 1]);
  return [sides[0][0], sides[1][0]] as const;
}

async function refusal(source: MemorySource, selectors: SideSelectors): Promise<string> {
  const error = await split(source, selectors).catch((error: unknown) => error);
  if (!(error instanceof CaptureError)) throw new Error("it was not refused");
  expect(source.closed).toBe(1);
  return error.message;
}

test("each side says up to when the capture of both went on", async () => {
  const source = new MemorySource(NAMED, [{ iface: 1, timeNs: 5 * MS, data: Uint8Array.of(1) }]);
  const sides = await split(source, SIDES);
  for (const side of sides) await drained(side);
  source.endedNs = 2000 * MS;
  expect(sides.map(({ endedNs }) => endedNs)).toEqual([2000 * MS, 2000 * MS]);
});

/** An SLL2 frame of a ping, as the interface with this ifindex saw it. */
function onIfindex(ifindex: number, timeNs = 0): Taken {
  const data = Uint8Array.from(sll2(ipv4({}, echo())));
  new DataView(data.buffer).setUint32(4, ifindex);
  return { iface: 0, timeNs, data };
}

const SLL2 = [{ name: "", linkType: 276, snaplen: 0 }];

test("each side gives its own frames, in order, whoever asks first and however they come", async () => {
  const frame = fc.record({
    iface: fc.integer({ min: 0, max: 2 }),
    data: fc.uint8Array({ maxLength: 300 }),
    gapNs: fc.integer({ min: 0, max: 400 * MS }),
    // out of order too, by less than interfaces are allowed to be
    earlyNs: fc.integer({ min: 0, max: 499 * MS }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 100 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 60 }),
      async (made, batchFrames, asks) => {
        let nowNs = 0;
        const frames = made.map(({ iface, data, gapNs, earlyNs }, i): Given => {
          nowNs += gapNs;
          return { frame: i + 1, iface, data, timeNs: nowNs - earlyNs, beyond: 1 };
        });
        const warnings: string[] = [];
        const sides = await split(new MemorySource(NAMED, frames, batchFrames), SIDES, warnings);
        const given: Given[][] = [[], []];
        const reachedNs = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
        for (const side of asks) {
          const batch = await sides[side].next();
          if (batch === null) continue;
          given[side].push(...framesOf(batch));
          for (const { timeNs } of framesOf(batch)) expect(timeNs).toBeGreaterThanOrEqual(reachedNs[side]);
          reachedNs[side] = Math.max(reachedNs[side], batch.reachedNs);
        }
        for (const [side, source] of sides.entries()) given[side].push(...(await drained(source)));
        expect(given[0]).toEqual(frames.filter(({ iface }) => iface === 1));
        expect(given[1]).toEqual(frames.filter(({ iface }) => iface === 2));
        const others = frames.length - given[0].length - given[1].length;
        const left = warnings.filter((text) => text.includes("left out"));
        expect(left).toEqual(
          others === 0
            ? []
            : [`any: ${others} frame${others > 1 ? "s" : ""} that are of neither side left out: lo (${others})`],
        );
      },
    ),
  );
});

test("both sides may be asked at the same time, and what they gave stays until they are asked again", async () => {
  const frames = Array.from({ length: 50 }, (_, i) => ({ iface: 1 + (i % 2), timeNs: i, data: Uint8Array.of(i) }));
  const [inside, outside] = await split(new MemorySource(NAMED, frames, 10), SIDES);
  const [a, b] = await Promise.all([inside.next(), outside.next()]);
  await outside.next();
  expect(framesOf(a!).map(({ frame }) => frame)).toEqual([1, 3, 5, 7, 9]);
  expect(framesOf(b!)).toHaveLength(5);
  expect([inside.name, outside.name, inside.epochNs]).toEqual(["docker0", "enp0s3", 1_700_000_000_000_000_000n]);
});

test("a silent side says how far the capture has been read, and the other one's frames do not pile up", async () => {
  const frames = Array.from({ length: 20_000 }, (_, i) => ({ iface: 1, timeNs: i * MS, data: Uint8Array.of(i & 255) }));
  const source = new MemorySource(NAMED, frames);
  const [inside, outside] = await split(source, SIDES);
  let given = 0;
  for (let read = 1; read <= 20; read++) {
    const silent = await outside.next();
    expect(source.asked).toBe(read);
    expect(silent?.count).toBe(0);
    const reachedNs = (read * 1000 - 1) * MS - 500 * MS;
    expect(silent?.reachedNs).toBeGreaterThan(reachedNs - 100 * MS);
    expect(silent?.reachedNs).toBeLessThanOrEqual(reachedNs);
    given += (await inside.next())!.count;
    expect(given).toBe(read * 1000);
  }
  const last = await outside.next();
  // what the other interface had by then may not have been written yet, where somebody was killed
  expect([last?.count, last?.reachedNs]).toEqual([0, 19_499 * MS]);
  expect(await outside.next()).toBeNull();
});

test("a silent side of one interface is covered up to the last frame there is", async () => {
  const frames = [onIfindex(7), ...Array.from({ length: 10 }, (_, i) => onIfindex(8, i * MS))];
  const [, outside] = await split(new MemorySource(SLL2, frames), { inside: "8", outside: "7" });
  let reachedNs = 0;
  for (let batch = await outside.next(); batch !== null; batch = await outside.next())
    reachedNs = Math.max(reachedNs, batch.reachedNs);
  expect(reachedNs).toBe(9 * MS);
});

test("a side that was captured in one run with the other begins with it, and one that was merged with it by itself", async () => {
  const blocks = new Blocks();
  const frame = ethernet(ipv4({}, echo()));
  const writtenBy = (program: string): Uint8Array =>
    concat(
      blocks.section(program === "" ? undefined : blocks.option(4, Buffer.from(program))),
      blocks.describe({ name: "docker0" }),
      blocks.describe({ name: "enp0s3" }),
      ...[0, 1, 2, 3].map((seconds) => blocks.enhanced(seconds < 2 ? 0 : 1, BigInt(seconds * 1e6), frame)),
    );
  const outsideFirstNs = async (program: string): Promise<number> => {
    const source = await openCapture(stored(writtenBy(program), "both.pcapng"), {
      onWarning: (text) => expect.fail(text),
    });
    const sides = await splitCapture(source, SIDES, { onWarning: (text) => expect.fail(text) });
    const [, [outside]] = await packetSources(...sides);
    while ((await outside.next()) !== null);
    return outside.firstNs;
  };
  for (const program of ["Dumpcap (Wireshark) 4.0.17 (Git v4.0.17)", "natcorr"])
    expect(await outsideFirstNs(program)).toBe(0);
  // a program that rewrites captures may have been given a merged one
  for (const program of ["Mergecap (Wireshark) 4.0.17 (Git v4.0.17)", "Editcap (Wireshark) 4.0.17", ""])
    expect(await outsideFirstNs(program)).toBe(2e9);
});

test("frames too late for what has been said are told, once", async () => {
  const frames = [0, 1, 2, 3, 4, 450, 900, 399, 100].map((ms) => ({
    iface: 1,
    timeNs: ms * MS,
    data: new Uint8Array(1),
  }));
  const warnings: string[] = [];
  const [inside] = await split(new MemorySource(NAMED, frames, 1), SIDES, warnings);
  expect(await drained(inside)).toHaveLength(9);
  expect(warnings).toEqual([expect.stringMatching(/^any: is not in order of time from frame 8 on; reordercap/)]);
});

test("interfaces by number, several to a side, and by ifindex", async () => {
  const frames = [1, 2, 0, 1].map((iface) => ({ iface, timeNs: 0, data: new Uint8Array(1) }));
  const sides = await splitCapture(
    new MemorySource(NAMED, frames),
    { inside: "0,enp0s3", outside: "1" },
    { onWarning: (text) => expect.fail(text) },
  );
  // those of each interface by themselves
  expect(sides.map((side) => side.map(({ name }) => name))).toEqual([["lo", "enp0s3"], ["docker0"]]);
  const given = await Promise.all(sides.flat().map((part) => drained(part)));
  expect(given.map((part) => part.map(({ frame }) => frame))).toEqual([[3], [2], [1, 4]]);

  const warnings: string[] = [];
  const any = [7, 9, 9, 70_000, 8, 9].map((ifindex) => onIfindex(ifindex));
  const cut = { ...any[0], data: any[0].data.subarray(0, 19) };
  const [inside, outside] = await split(
    new MemorySource(SLL2, [...any, cut]),
    { inside: "70000", outside: "7" },
    warnings,
  );
  expect([inside.name, outside.name]).toEqual(["ifindex 70000", "ifindex 7"]);
  expect((await drained(inside)).map(({ frame }) => frame)).toEqual([4]);
  expect((await drained(outside)).map(({ frame }) => frame)).toEqual([1]);
  expect(warnings).toEqual([
    "any: 5 frames that are of neither side left out: ifindex 9 (3), ifindex 8 (1), a cut header (1)",
  ]);
});

test("in SLL2 frames a name is this host's, and that is said", async () => {
  const lo = Number(readFileSync("/sys/class/net/lo/ifindex", "utf8"));
  const warnings: string[] = [];
  const frames = [onIfindex(lo + 1), onIfindex(lo)];
  const [inside] = await split(new MemorySource(SLL2, frames), { inside: "lo", outside: String(lo + 1) }, warnings);
  expect(inside.name).toBe("lo");
  expect((await drained(inside)).map(({ frame }) => frame)).toEqual([2]);
  expect(warnings).toEqual([
    `any: lo is taken to be ifindex ${lo}, as on this host: the capture has no names, only numbers`,
  ]);
});

test.each([
  [
    NAMED,
    { inside: "docker1", outside: "enp0s3" },
    /^any: has no interface that is known as docker1, .* 0 lo \(0\), 1 docker0 \(1\), 2 enp0s3 \(0\)$/,
  ],
  [NAMED, { inside: "docker0", outside: "3" }, /^any: has no interface 3, but/],
  [NAMED, { inside: "docker0", outside: "1" }, /^docker0 is selected as the inside and as the outside$/],
  [NAMED.slice(0, 1), { inside: "docker0", outside: "enp0s3" }, /0 lo \(1\); .*select by addresses/],
  [NAMED, { inside: "docker0" }, /--outside is needed as well/],
  [NAMED, { inside: "172.17.0.0/33", outside: "1" }, /'172\.17\.0\.0\/33' is neither an interface nor a prefix/],
  [NAMED, { inside: "docker0,", outside: "1" }, /'' is neither/],
])("refuses %j for %j", async (interfaces, selectors, why) => {
  const frames = [{ iface: Math.min(1, interfaces.length - 1), timeNs: 0, data: new Uint8Array(60) }];
  expect(await refusal(new MemorySource(interfaces, frames), selectors)).toMatch(why);
});

test("an ifindex that no frame has is an error, with those there are; a name of no host's at once", async () => {
  const frames = [2, 4, 4].map((ifindex) => onIfindex(ifindex));
  expect(await refusal(new MemorySource(SLL2, frames), { inside: "4", outside: "99" })).toBe(
    "any: has no interface 99, but (with frames) ifindex 2 (1), ifindex 4 (2)",
  );
  const source = new MemorySource(SLL2, frames, 1);
  expect(await refusal(source, { inside: "no-such-if0", outside: "4" })).toMatch(
    /known as no-such-if0, .*ifindex 2 \(1\)$/,
  );
  expect(source.asked).toBe(1);
});

test("what is missing at the end of a long capture is an error then", async () => {
  const frames = Array.from({ length: 100 }, (_, i) => onIfindex(4, i));
  const [inside] = await split(new MemorySource(SLL2, frames, 1), { inside: "4", outside: "99" });
  let given = 0;
  await expect(async () => {
    for (let batch = await inside.next(); batch; batch = await inside.next()) given += batch.count;
  }).rejects.toThrow(/no interface 99/);
  expect(given).toBe(100);
});

test("interfaces described behind frames, and losses told by interface, in a pcapng file", async () => {
  const blocks = new Blocks();
  const frame = ethernet(ipv4({}, echo()));
  const lost = (frames: number) =>
    Buffer.concat([blocks.option(7, blocks.uint64(BigInt(frames))), blocks.option(0, Buffer.alloc(0))]);
  const file = concat(
    blocks.section(),
    blocks.describe({ name: "docker0" }),
    blocks.enhanced(0, 1n, frame),
    blocks.enhanced(0, 2n, frame),
    blocks.describe({ name: "lo" }),
    blocks.describe({ name: "enp0s3" }),
    blocks.enhanced(2, 3n, frame),
    blocks.statistics(0, lost(5)),
    blocks.statistics(1, lost(100)),
    blocks.statistics(2, lost(7)),
  );
  const source = await openCapture(stored(file, "late.pcapng"), { onWarning: (text) => expect.fail(text) });
  const [inside, outside] = await split(source, SIDES);
  const marks: [Mark[], Mark[]] = [[], []];
  expect((await drained(inside, marks[0])).map(({ frame }) => frame)).toEqual([1, 2]);
  expect((await drained(outside, marks[1])).map(({ frame, iface }) => [frame, iface])).toEqual([[3, 2]]);
  expect([inside.captureDropped, outside.captureDropped, source.captureDropped]).toEqual([5, 7, 112]);
  // each once, when the capture had come to its end; those of lo concern neither
  const loss = { sinceNs: Number.NEGATIVE_INFINITY, toldNs: -1000 };
  const losses = marks.map((of) => of.filter((mark) => mark.loss !== undefined));
  expect(losses).toEqual([
    [{ frame: 3, iface: 0, loss: { ...loss, count: 5 } }],
    [{ frame: 3, iface: 2, loss: { ...loss, count: 7 } }],
  ]);
  await inside.close();
  await outside.close();
  expect(await source.next()).toBeNull();
});

test("an empty capture", async () => {
  const source = await openCapture(stored(pcap([])), { onWarning: (text) => expect.fail(text) });
  const [inside, outside] = await split(source, { inside: "172.17.0.0/16" });
  expect([await drained(inside), await drained(outside)]).toEqual([[], []]);
});

test("closing both sides closes the capture, and says what was left out until then", async () => {
  const frames = [0, 1].map((iface) => ({ iface, timeNs: 0, data: new Uint8Array(1) }));
  const warnings: string[] = [];
  const source = new MemorySource(NAMED, frames, 1);
  const [inside, outside] = await split(source, SIDES, warnings);
  await inside.next();
  await inside.close();
  expect([source.closed, warnings]).toEqual([0, []]);
  await outside.close();
  expect([source.closed, warnings.length]).toEqual([1, 1]);
});
