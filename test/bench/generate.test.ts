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
import { DROPPED, FORWARDED, LOCAL, NOT_IP, readTruth, UNSEEN } from "../../scripts/bench/truth.js";

const folder = mkdtempSync(join(tmpdir(), "natcorr-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PACKETS = 1500;
const NAMES = [...SCENARIOS.keys()];
const hasTcpdump = spawnSync("tcpdump", ["--version"]).status === 0;
if (!hasTcpdump) console.warn("tcpdump is not installed: whether it reads the generated captures is not tested");

/** Generates a small pair, in a folder a seed. */
function pairOf(name: string, seed = 1, changes = {}) {
  const pair = generate(
    { ...scenarioNamed(name), packets: PACKETS, ...changes },
    join(folder, seed === 1 ? name : `${name}-${seed}`),
    seed,
  );
  return { ...pair, insideCapture: readCapture(pair.inside), outsideCapture: readCapture(pair.outside) };
}

/** The one's complement sum of a header that holds its own checksum: 0xffff where that is right. */
function headerSum(bytes: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function wrongIpHeaders(capture: Capture): number[] {
  const wrong: number[] = [];
  for (let frame = 1; frame <= capture.count; frame++) {
    const at = capture.start[frame];
    const length = capture.original[frame] - 14;
    const etherType = capture.bytes.readUInt16BE(at + 12);
    if (etherType === 0x0800) {
      const isRight = headerSum(capture.bytes, at + 14, at + 34) === 0xffff;
      if (!isRight || capture.bytes.readUInt16BE(at + 16) !== length) wrong.push(frame);
    } else if (etherType === 0x86dd && capture.bytes.readUInt16BE(at + 18) !== length - 40) wrong.push(frame);
  }
  return wrong;
}

function ttlOf(capture: Capture, frame: number): number {
  const at = capture.start[frame] + 14;
  return capture.bytes[at + (capture.bytes[at] >>> 4 === 6 ? 7 : 8)];
}

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
    expect(insideCapture.count).toBe(truth.insideKind.length - 1);
    expect(outsideCapture.count).toBe(truth.outsideKind.length - 1);
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
    const seen = new Set<number>();
    for (let frame = 1; frame < truth.twin.length; frame++) {
      const twin = truth.twin[frame];
      if (twin === 0) continue;
      seen.add(twin);
      expect(truth.insideKind[frame]).toBe(FORWARDED);
      expect(truth.outsideKind[twin]).toBe(FORWARDED);
      expect(contentOf(outsideCapture, twin, kept)).toBe(contentOf(insideCapture, frame, kept));
      expect(Math.abs(ttlOf(insideCapture, frame) - ttlOf(outsideCapture, twin))).toBe(1);
    }
    expect(seen.size).toBe(times(truth.insideKind, FORWARDED));
    expect(seen.size).toBe(times(truth.outsideKind, FORWARDED));
  });

  test("reads its truth back as it was written", () => {
    expect(readTruth(pairPaths(join(folder, name)).truth)).toEqual(truth);
  });

  test.runIf(hasTcpdump)("is read by tcpdump to its end", () => {
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
    expect(truth.twin.every((twin) => twin === 0)).toBe(true);
    expect(times(truth.insideKind, FORWARDED)).toBe(0);
  }
});

test("a scenario's trouble is in its truth", () => {
  const everything = pairOf("everything-elsewhere", 3, { packets: 8000 });
  for (const kind of [DROPPED, LOCAL, NOT_IP, UNSEEN]) {
    expect(times(everything.truth.insideKind, kind)).toBeGreaterThan(0);
    expect(times(everything.truth.outsideKind, kind)).toBeGreaterThan(0);
  }
  const lost = pairOf("loss", 3, { packets: 8000 });
  const share = times(lost.truth.insideKind, DROPPED) / lost.insideCapture.count;
  expect(share).toBeGreaterThan(0.03);
  expect(share).toBeLessThan(0.12);
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
    expect(headerSum(pseudo, 0, pseudo.length)).toBe(0xffff);
    checked++;
  }
  expect(checked).toBeGreaterThan(PACKETS / 2);
});
