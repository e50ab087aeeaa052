import { expect, it } from "vitest";
import { hashLimit } from "../../src/cli/hash-limit.js";
import { losses } from "../../src/cli/losses.js";
import { packetSources } from "../../src/cli/packet-source.js";
import { FrameBatch, type FrameSource } from "../../src/packets/frames.js";
import { concat, ethernet, filler, ipv4, udp } from "../support/packets.js";

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

it("a capture that cuts nothing sets no limit", () => {
  expect(hashLimit(null, [])).toBe(Number.POSITIVE_INFINITY);
  expect(hashLimit(batch([{ captured: 60, original: 60 }]), [ETHERNET, RAW])).toBe(Number.POSITIVE_INFINITY);
});

it("the shortest snaplen of all interfaces counts, without the link header", () => {
  expect(hashLimit(null, [{ ...RAW, snaplen: 96 }, ETHERNET])).toBe(96);
  // 14 bytes of Ethernet, and two VLAN tags there might be
  expect(
    hashLimit(null, [
      { ...RAW, snaplen: 96 },
      { ...ETHERNET, snaplen: 96 },
    ]),
  ).toBe(96 - 14 - 8);
  expect(hashLimit(null, [{ ...ETHERNET, snaplen: 10 }])).toBe(0);
});

it("cut frames overrule a header that promises more", () => {
  const frames = batch([
    { captured: 60, original: 60 },
    { captured: 80, original: 1500 },
  ]);
  expect(hashLimit(frames, [{ ...RAW, snaplen: 262_144 }])).toBe(80);
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
    captureDropped,
    next: () => Promise.resolve(batches.shift() ?? null),
    close: () => Promise.resolve(),
  };
}

function frame(src: string): Uint8Array {
  return ethernet(ipv4({ src, dst: "8.8.8.8", id: 9 }, udp({ srcPort: 5, dstPort: 53, payload: filler(200) })));
}

it("twins of a long and a short capture get the same keys", async () => {
  const arp = new Uint8Array(60);
  const [inside, outside] = await packetSources(
    source("docker0", [frame("172.17.0.2"), arp], 100, 4),
    source("enp0s3", [frame("10.0.2.15")], 1000),
  );
  const a = await inside.next();
  const b = await outside.next();
  expect(a?.count).toBe(1);
  expect([a?.key(0), a?.key2(0)]).toEqual([b?.key(0), b?.key2(0)]);
  expect([inside.name, inside.epochNs, inside.firstNs, inside.lastNs]).toEqual(["docker0", 7n, 3, 5]);
  expect(await inside.next()).toBeNull();
  expect(losses(inside)).toEqual([
    "docker0: 4 frames lost while capturing, by the capture's own count",
    "docker0: 1 frame cut by the snaplen; their pairs rest on what is left of them",
  ]);
});
