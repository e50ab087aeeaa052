import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitsOf } from "../../src/pipeline/hash-limit.js";
import { Heap } from "../../src/packets/memory/heap.js";
import { losses } from "../../src/cli/commands/losses.js";
import { packetSources } from "../../src/pipeline/packet-source.js";
import { BATCH_FRAMES, type CaptureInterface, FrameBatch, type FrameSource } from "../../src/packets/batches/frames.js";
import { Decoder, type Limits, NO_LIMITS } from "../../src/wire/decode.js";
import type { PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { HAS_IP_ID } from "../../src/packets/packets.js";
import { concat, ethernet, filler, ipv4, udp } from "../support/packets.js";
import * as samples from "../wire/samples.js";

interface Cut {
  captured: number;
  original: number;
}

function batch(frames: readonly Cut[], data = new Uint8Array(0)): FrameBatch {
  const batch = new FrameBatch();
  batch.data = data;
  batch.count = frames.length;
  let start = 0;
  for (const [row, { captured, original }] of frames.entries()) {
    batch.start[row] = start;
    batch.captured[row] = captured;
    batch.original[row] = original;
    start += captured;
  }
  return batch;
}

const ETHERNET = { name: "", linkType: 1, snaplen: 0 };
const RAW = { name: "", linkType: 101, snaplen: 0 };

const WHOLE = { captured: 60, original: 60 };

/** What a capture sets as limits that begins with these frames, the first of the last interface, the others of the first. */
function limits(frames: readonly Cut[], interfaces: readonly CaptureInterface[], isLive = false): Limits {
  const first = batch(frames);
  if (frames.length > 0) first.iface[0] = interfaces.length - 1;
  return limitsOf(new Decoder(new Heap()), { batches: [first], source: { interfaces, isLive } });
}

it("a capture that cuts nothing sets no limit", () => {
  expect(limits([], [])).toEqual(NO_LIMITS);
  expect(limits([WHOLE], [ETHERNET, RAW])).toEqual(NO_LIMITS);
});

it("the shortest snaplen of all interfaces counts, without the link header", () => {
  const raw = { ...RAW, snaplen: 96 };
  const ethernets = { ...ETHERNET, snaplen: 96 };
  expect(limits([WHOLE], [raw])).toEqual({ key: 96, headers: 96 });
  expect(limits([WHOLE, WHOLE], [raw, ethernets])).toEqual({ key: 96 - 14, headers: 96 - 14 });
  expect(limits([WHOLE], [{ ...ETHERNET, snaplen: 10 }])).toEqual({ key: 0, headers: 0 });
});

it("tags take their part of a snaplen where frames have some", () => {
  const tagged = [1, 2, 0].map((tags) =>
    ethernet(ipv4({}, udp({})), { tags: Array.from({ length: tags }, () => [0x8100, 7] as const) }),
  );
  const cut = { ...ETHERNET, snaplen: 96 };
  const limitsWith = (...frames: readonly Uint8Array[]): Limits => {
    const lengths = frames.map(({ length }) => ({ captured: length, original: length }));
    const batches = [batch(lengths, Uint8Array.from(concat(...frames)))];
    return limitsOf(new Decoder(new Heap()), { batches, source: { interfaces: [cut] } });
  };
  expect(limitsWith(tagged[0])).toEqual({ key: 96 - 14 - 4, headers: 96 - 14 - 4 });
  expect(limitsWith(...tagged)).toEqual({ key: 96 - 14 - 8, headers: 96 - 14 });
});

it("an interface without frames counts in a capture that is running, which knows them all", () => {
  const silent = { ...RAW, snaplen: 96 };
  expect(limits([WHOLE], [silent, RAW])).toEqual(NO_LIMITS);
  expect(limits([WHOLE], [silent, RAW], true)).toEqual({ key: 96, headers: 96 });
});

it("cut frames overrule a header that promises more, where they are most of those that are longer", () => {
  const promised = { ...RAW, snaplen: 262_144 };
  const long = { captured: 1500, original: 1500 };
  const cut = { captured: 80, original: 1500 };
  expect(limits([WHOLE, cut], [promised])).toEqual({ key: 80, headers: 80 });
  expect(limits([WHOLE, cut, long], [promised])).toEqual({ key: 80, headers: 80 });
  expect(limits([WHOLE, cut, long, long], [promised])).toEqual({ key: 262_144, headers: 262_144 });
  // two captures put together: half of what is longer than 60 bytes was cut there, and all that is longer than 80
  expect(limits([{ captured: 60, original: 90 }, cut, cut], [promised]).key).toBe(80);
  expect(limits([{ captured: 60, original: 90 }, cut], [promised]).key).toBe(60);
});

it("what comes later in a capture does not count, and it does not matter in which pieces it comes", () => {
  const cut = { captured: 80, original: 1500 };
  const begins = Array.from({ length: 256 }, () => WHOLE);
  expect(limits([...begins, cut], [RAW])).toEqual(NO_LIMITS);
  const pieces = [[WHOLE], [cut, WHOLE], [cut]].map((frames) => batch(frames));
  expect(limitsOf(new Decoder(new Heap()), { batches: pieces, source: { interfaces: [RAW] } })).toEqual({
    key: 80,
    headers: 80,
  });
});

/** A source of one batch. */
function source(name: string, frames: readonly Uint8Array[], keep: number, captureDropped = 0): FrameSource {
  const kept = frames.map((frame) => frame.subarray(0, keep));
  const first = batch(
    frames.map((frame, row) => ({ captured: kept[row].length, original: frame.length })),
    Uint8Array.from(concat(...kept)),
  );
  first.timeNs.set([5, 3]);
  const batches = [first];
  return {
    name,
    epochNs: 7n,
    interfaces: [ETHERNET],
    resolutionNs: 1000,
    captureDropped,
    hasCounters: true,
    next: () => Promise.resolve(batches.shift() ?? null),
    close: () => Promise.resolve(),
  };
}

function frame(src: string): Uint8Array {
  return ethernet(ipv4({ src, dst: "8.8.8.8", id: 9 }, udp({ srcPort: 5, dstPort: 53, payload: filler(200) })));
}

it("twins of a long and a short capture get the same keys", async () => {
  const arp = new Uint8Array(60);
  const [[inside], [outside]] = await packetSources(
    [source("docker0", [frame("172.17.0.2"), arp], 100, 4)],
    [source("enp0s3", [frame("10.0.2.15")], 1000)],
  );
  const a = await inside.next();
  const b = await outside.next();
  expect(a?.count).toBe(1);
  expect([a?.key(0), a?.key2(0)]).toEqual([b?.key(0), b?.key2(0)]);
  expect([inside.name, inside.epochNs, inside.resolutionNs]).toEqual(["docker0", 7n, 1000]);
  expect(await inside.next()).toBeNull();
  expect([inside.firstNs, inside.lastNs]).toEqual([5, 5]);
  expect(losses(inside)).toEqual([
    "docker0: 4 frames lost while capturing, by the capture's own count",
    "docker0: 1 frame cut by the snaplen: pairs rest on what is left",
  ]);
});

const numbered = (id: number, length: number) =>
  ethernet(ipv4({ id }, udp({ srcPort: 5, dstPort: 53, payload: filler(length) })));

it("an IP ID that a sender gives to several packets is none", async () => {
  const frames = [numbered(7, 1), numbered(7, 1), numbered(7, 2), numbered(7, 2), numbered(8, 3), numbered(9, 4)];
  const [[inside]] = await packetSources([source("docker0", frames, 100)], [source("enp0s3", [], 100)]);
  const packets = await inside.next();
  const haveId = frames.map((_, row) => ((packets?.flags(row) ?? 0) & HAS_IP_ID) !== 0);
  // two equal ones may be one, seen twice
  expect(haveId).toEqual([true, true, false, false, true, true]);
});

/** One side's batches, from a source that gives its frames piece by piece, however many each has. */
async function batchesOf(
  pieces: readonly (readonly Uint8Array[])[],
  isOnDisk: boolean,
  isLive = false,
): Promise<PacketBatch[]> {
  let given = 0;
  let piece = 0;
  const pieceWise: FrameSource = {
    ...source("docker0", [], 0),
    isOnDisk,
    isLive,
    next: (most = BATCH_FRAMES) => {
      if (piece === pieces.length) return Promise.resolve(null);
      const frames = pieces[piece++];
      expect(frames.length).toBeLessThanOrEqual(most);
      const next = batch(
        frames.map(({ length }) => ({ captured: length, original: length })),
        Uint8Array.from(concat(...frames)),
      );
      next.number(given + 1);
      // every tenth frame was stamped before the one ahead of it
      for (let row = 0; row < frames.length; row++) next.timeNs[row] = 10 * given - (given++ % 10 === 9 ? 1 : 0) * 15;
      return Promise.resolve(next);
    },
  };
  const [[inside]] = await packetSources([pieceWise], [source("enp0s3", [], 0)]);
  const batches: PacketBatch[] = [];
  for (let next = await inside.next(); next; next = await inside.next()) batches.push(next.copy());
  expect(inside.tally.frames).toBe(given);
  return batches;
}

describe("a batch of packets", () => {
  const frames = [
    frame("172.17.0.2"),
    new Uint8Array(60),
    ...[samples.echoRequest, samples.timeExceeded].map((s) => s.frame),
  ];
  const some = fc.array(fc.constantFrom(...frames), { maxLength: 8 });

  it("from disk is the same in whatever pieces it is read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 8 }), async (pieces) => {
        expect(await batchesOf(pieces, true)).toEqual(await batchesOf([pieces.flat()], true));
      }),
    );
  });

  it("from disk is as full as it may be", async () => {
    const pieces = [4000, 96, 4096, 1].map((count) => Array.from({ length: count }, () => frames[0]));
    expect((await batchesOf(pieces, true)).map(({ count }) => count)).toEqual([4096, 4096, 1]);
  });

  it("from elsewhere is what came at once, be it nothing, but for the frames that tell how it was cut", async () => {
    const pieces = [[frames[0]], [], [frames[0], frames[0]]];
    expect((await batchesOf(pieces, false, true)).map(({ count }) => count)).toEqual([1, 0, 2]);
    expect((await batchesOf(pieces, false)).map(({ count }) => count)).toEqual([3]);
    const more = [...pieces, Array.from({ length: 300 }, () => frames[0]), [frames[0]]];
    expect((await batchesOf(more, false)).map(({ count }) => count)).toEqual([3, 300, 1]);
  });
});
