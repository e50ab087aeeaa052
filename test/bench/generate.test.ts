import { strictEqual } from "node:assert";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { generate, pairPaths } from "../../scripts/bench/generate.js";
import { contentOf } from "../../scripts/bench/identity.js";
import { type Capture, readCapture } from "../../scripts/bench/pcap.js";
import { SCENARIOS, scenarioNamed } from "../../scripts/bench/scenarios.js";
import {
  DROPPED,
  FORWARDED,
  LOCAL,
  NOT_IP,
  PROXIED,
  readTruth,
  REFUSED,
  type SideTruth,
  UNSEEN,
} from "../../scripts/bench/truth.js";
import { isSkipped, tools } from "../support/needs.js";
import { onesSum } from "./sums.js";

const folder = mkdtempSync(join(tmpdir(), "natcorr-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PACKETS = 1500;
const NAMES = [...SCENARIOS.keys()];
const lacksTcpdump = isSkipped("whether tcpdump reads the generated captures", tools(["tcpdump"]));

/** Generates a small pair, in a folder a seed. */
function pairOf(name: string, seed = 1, changes = {}) {
  const pair = generate(
    { ...scenarioNamed(name), packets: PACKETS, ...changes },
    join(folder, seed === 1 ? name : `${name}-${seed}`),
    seed,
  );
  return { ...pair, insideCapture: readCapture(pair.inside), outsideCapture: readCapture(pair.outside) };
}

function wrongIpHeaders(capture: Capture): number[] {
  const wrong: number[] = [];
  for (let frame = 1; frame <= capture.count; frame++) {
    const at = capture.start[frame];
    const length = capture.original[frame] - 14;
    const etherType = capture.bytes.readUInt16BE(at + 12);
    if (etherType === 0x0800) {
      const isRight = onesSum(capture.bytes, at + 14, at + 34) === 0xffff;
      if (!isRight || capture.bytes.readUInt16BE(at + 16) !== length) wrong.push(frame);
    } else if (etherType === 0x86dd && capture.bytes.readUInt16BE(at + 18) !== length - 40) wrong.push(frame);
  }
  return wrong;
}

function ttlOf(capture: Capture, frame: number): number {
  const at = capture.start[frame] + 14;
  return capture.bytes[at + (capture.bytes[at] >>> 4 === 6 ? 7 : 8)];
}

/** FORWARDED frames by serial. */
function framesBySerial({ kind, serial }: SideTruth): Map<number, number[]> {
  const frames = new Map<number, number[]>();
  for (let frame = 1; frame < kind.length; frame++) {
    if (kind[frame] === FORWARDED) frames.set(serial[frame], [...(frames.get(serial[frame]) ?? []), frame]);
  }
  return frames;
}

/** Where a frame's IP payload begins, how many bytes from the start of its datagram, and whether that is cut. */
function cutOf({ bytes, start }: Capture, frame: number): { at: number; offset: number; isCut: boolean } {
  const ip = start[frame] + 14;
  if (bytes[ip] >>> 4 === 4) {
    const word = bytes.readUInt16BE(ip + 6);
    return { at: ip + 20, offset: 8 * (word & 0x1fff), isCut: (word & 0x3fff) !== 0 };
  }
  if (bytes[ip + 6] !== 44) return { at: ip + 40, offset: 0, isCut: false };
  return { at: ip + 48, offset: bytes.readUInt16BE(ip + 42) & 0xfff8, isCut: true };
}

const isFragment = (capture: Capture, frame: number) => cutOf(capture, frame).isCut;

/** What frames that belong together carry, put together: TCP payload, or a datagram after its transport header. */
interface Piece {
  /** Where it begins: a TCP sequence number, or a fragment's offset. */
  readonly order: number;
  readonly bytes: Buffer;
}

function piecesOf(capture: Capture, frames: readonly number[]): Piece[] {
  const pieces = frames.map((frame) => {
    const { at, offset, isCut } = cutOf(capture, frame);
    const end = capture.start[frame] + capture.captured[frame];
    const isTcp = !isCut && capture.bytes[at - 20 + 9] === 6;
    const isTcp6 = !isCut && capture.bytes[at - 40 + 6] === 6 && capture.bytes[at - 40] >>> 4 === 6;
    if (isTcp || isTcp6) {
      const from = at + 4 * (capture.bytes[at + 12] >>> 4);
      return { order: capture.bytes.readUInt32BE(at + 4), bytes: capture.bytes.subarray(from, end) };
    }
    return { order: offset, bytes: capture.bytes.subarray(offset === 0 ? at + 8 : at, end) };
  });
  const first = pieces[0].order;
  return pieces.sort((a, b) => ((a.order - first) | 0) - ((b.order - first) | 0));
}

const digestOf = (pieces: readonly Piece[]) =>
  createHash("sha256")
    .update(Buffer.concat(pieces.map(({ bytes }) => bytes)))
    .digest("hex");

/** The bytes of a segment that some of its pieces have. */
const partsOf = ({ order, bytes }: Piece, pieces: readonly Piece[]): Piece[] =>
  pieces.map((piece) => {
    const from = (piece.order - order) | 0;
    return { order: piece.order, bytes: bytes.subarray(from, from + piece.bytes.length) };
  });

const times = (column: Uint8Array, value: number) => column.subarray(1).filter((entry) => entry === value).length;

function digests(seed: number): string[] {
  const own = join(folder, "digests");
  generate({ ...scenarioNamed("everything"), packets: PACKETS }, own, seed);
  return Object.values(pairPaths(own)).map((path) => createHash("sha256").update(readFileSync(path)).digest("hex"));
}

test("the same seed gives the same bytes, another seed others", () => {
  const [first, again, other] = [digests(7), digests(7), digests(8)];
  expect(again).toEqual(first);
  for (const [i, digest] of other.entries()) expect(digest).not.toBe(first[i]);
});

describe.each(NAMES)("%s", (name) => {
  const pair = pairOf(name);
  const { truth, insideCapture, outsideCapture } = pair;
  const scenario = scenarioNamed(name);

  test("has well-formed frames of the size asked for", () => {
    expect(insideCapture.count).toBe(truth.inside.kind.length - 1);
    expect(outsideCapture.count).toBe(truth.outside.kind.length - 1);
    // A few packets are under way when the generator stops; one that starts late or hears noise has fewer or more.
    expect(insideCapture.count + outsideCapture.count).toBeGreaterThanOrEqual(2 * PACKETS);
    expect(insideCapture.count + outsideCapture.count).toBeLessThan(2 * PACKETS + 200);
    expect(insideCapture.snaplen).toBe(scenario.insideSnaplen);
    expect(outsideCapture.nanoseconds).toBe(scenario.outsideNanoseconds);
    expect(wrongIpHeaders(insideCapture)).toEqual([]);
    expect(wrongIpHeaders(outsideCapture)).toEqual([]);
  });

  test("pairs, in its truth, frames that agree in all a NAT leaves alone and lost one hop", () => {
    const kept = Math.min(scenario.insideSnaplen, scenario.outsideSnaplen);
    const outside = framesBySerial(truth.outside);
    const inside = framesBySerial(truth.inside);
    expect(new Set(inside.keys())).toEqual(new Set(outside.keys()));
    for (const [serial, frames] of inside) {
      const twins = outside.get(serial) ?? [];
      strictEqual(Math.abs(ttlOf(insideCapture, frames[0]) - ttlOf(outsideCapture, twins[0])), 1);
      const isCut = [...frames.map((frame) => isFragment(insideCapture, frame)), frames.length > 1, twins.length > 1];
      const [there, here] = [piecesOf(outsideCapture, twins), piecesOf(insideCapture, frames)];
      // of a segment, pieces may be lost behind the cut
      const isWhole = scenario.segmentPieceLoss === 0 || (frames.length > 1 && twins.length > 1);
      const [whole, pieces] = there.length > here.length ? [here, there] : [there, here];
      const [told, expected] = isCut.includes(true)
        ? [digestOf(pieces), digestOf(isWhole ? whole : partsOf(whole[0], pieces))]
        : [contentOf(outsideCapture, twins[0], kept), contentOf(insideCapture, frames[0], kept)];
      strictEqual(told, expected);
    }
  });

  test("reads its truth back as it was written", () => {
    expect(readTruth(pairPaths(join(folder, name)).truth)).toEqual(truth);
  });

  test.skipIf(lacksTcpdump)("is read by tcpdump to its end", () => {
    for (const capture of [pair.inside, pair.outside]) {
      const { status, stdout, stderr } = spawnSync("tcpdump", ["-nr", capture, "--count"], { encoding: "utf8" });
      expect(stderr).not.toMatch(/truncated|bad|invalid/i);
      expect(status).toBe(0);
      const count = capture === pair.inside ? insideCapture.count : outsideCapture.count;
      expect(stdout).toContain(`${count} packets`);
    }
  });
});

test("unrelated hosts and multicast have no pair", () => {
  for (const name of ["unrelated", "unrelated-beats", "multicast"]) {
    const { truth } = pairOf(name);
    expect(times(truth.inside.kind, FORWARDED)).toBe(0);
    expect(times(truth.outside.kind, FORWARDED)).toBe(0);
  }
});

test("a scenario's trouble is in its truth", () => {
  const everything = pairOf("everything-elsewhere", 3, { packets: 8000 });
  for (const kind of [DROPPED, LOCAL, NOT_IP, UNSEEN]) {
    expect(times(everything.truth.inside.kind, kind)).toBeGreaterThan(0);
    expect(times(everything.truth.outside.kind, kind)).toBeGreaterThan(0);
  }
  const lost = pairOf("loss", 3, { packets: 8000 });
  const share = times(lost.truth.inside.kind, DROPPED) / lost.insideCapture.count;
  expect(share).toBeGreaterThan(0.03);
  expect(share).toBeLessThan(0.12);
});

test("the hard cases are in the mix: cut on either side, whole and in fragments, refused, proxied", () => {
  const { truth } = pairOf("hard-mix", 3, { packets: 8000 });
  const inside = framesBySerial(truth.inside);
  const outside = framesBySerial(truth.outside);
  const counts = [...inside].map(([serial, frames]) => [frames.length, outside.get(serial)?.length ?? 0]);
  expect(counts.some(([one, many]) => one === 1 && many > 1)).toBe(true);
  expect(counts.some(([many, one]) => many > 1 && one === 1)).toBe(true);
  expect(counts.some(([some, others]) => some > 1 && others > 1)).toBe(true);
  expect(times(truth.inside.kind, REFUSED)).toBeGreaterThan(0);
  expect(times(truth.inside.kind, PROXIED)).toBeGreaterThan(0);
  expect(times(truth.outside.kind, PROXIED)).toBeGreaterThan(0);
});

test("transport checksums outside are right, as nothing is left to a card there", () => {
  const { outsideCapture } = pairOf("published", 5);
  let checked = 0;
  for (let frame = 1; frame <= outsideCapture.count; frame++) {
    const ip = outsideCapture.start[frame] + 14;
    const { bytes } = outsideCapture;
    const end = ip + outsideCapture.captured[frame] - 14;
    if (bytes[ip + 9] !== 6) continue;
    const pseudo = Buffer.alloc(12 + 2 * Math.ceil((end - ip - 20) / 2));
    bytes.copy(pseudo, 0, ip + 12, ip + 20);
    pseudo.writeUInt16BE(6, 8);
    pseudo.writeUInt16BE(end - ip - 20, 10);
    bytes.copy(pseudo, 12, ip + 20, end);
    strictEqual(onesSum(pseudo, 0, pseudo.length), 0xffff);
    checked++;
  }
  expect(checked).toBeGreaterThan(PACKETS / 2);
});
