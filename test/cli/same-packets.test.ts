import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CaptureError } from "../../src/capture/errors.js";
import { natcorr } from "../support/natcorr.js";
import { ethernet, ipv4, udp } from "../support/packets.js";
import { pcap, type PcapFrame } from "../support/pcap.js";

let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "natcorr-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Datagrams of a container, one every 10 ms, as one of both sides shows them. */
function shown(src: string, ttl: number, delayNs: bigint): PcapFrame[] {
  return Array.from({ length: 40 }, (_, n) => ({
    timeNs: 1_700_000_000_000_000_000n + 10_000_000n * BigInt(n) + delayNs,
    frame: ethernet(ipv4({ src, dst: "180.101.49.11", ttl, id: n + 1 }, udp({ payload: Buffer.from(`query ${n}`) }))),
  }));
}

const inside = shown("172.17.0.2", 64, 0n);
const outside = shown("10.0.2.15", 63, 29_000n);
const onAll = [...inside, ...outside].toSorted((a, b) => Number(a.timeNs - b.timeNs));

function written(name: string, frames: readonly PcapFrame[], packed = (bytes: Buffer): Buffer => bytes): string {
  writeFileSync(path(name), packed(pcap(frames)));
  return path(name);
}

it("one capture for both sides is wrong usage, and says what to do", async () => {
  const both = written("both.pcap", onAll);
  const { code, stdout, stderr } = await natcorr("file", both, both);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("both.pcap' is given as both sides; one capture with both sides takes --inside");
  expect((await natcorr("file", "-q", both, "--inside", "172.17.0.0/16")).code).toBe(0);
});

it("captures of the same packets at one point cannot be used: a copy, or one of all interfaces beside one of a side", async () => {
  const sides = [written("inside.pcap", inside), written("outside.pcap", outside)] as const;
  const any = written("any.pcap", onAll);
  const copy = written("copy.pcap.gz", inside, gzipSync);
  for (const [one, other] of [
    [sides[0], copy],
    [any, sides[1]],
    [sides[0], any],
  ] as const) {
    const refused = natcorr("file", one, other);
    await expect(refused).rejects.toThrow(CaptureError);
    await expect(refused).rejects.toThrow(`${one} and ${other} show the same packets at the same time`);
    await expect(refused).rejects.toThrow("--inside 172.17.0.0/16");
  }
  expect((await natcorr("file", "-q", ...sides)).code).toBe(0);
});

it("nor can they where the kernel stamped half of the packets for each of the captures", async () => {
  const late = shown("10.0.2.15", 63, 34_000n);
  const restamped = written(
    "restamped.pcap",
    outside.map((frame, n) => (n % 5 < 3 ? late[n] : frame)),
  );
  await expect(natcorr("file", written("any.pcap", onAll), restamped)).rejects.toThrow(CaptureError);
});

it("captures of nothing are no copies, nor are those of a router that leaves packets as they are", async () => {
  const empty = [written("nothing.pcap", []), written("nothing-either.pcap", [])];
  expect((await natcorr("file", "-q", ...empty)).code).toBe(0);
  const bridged = written("bridged.pcap", shown("172.17.0.2", 64, 7_000n));
  expect((await natcorr("file", "-q", written("inside.pcap", inside), bridged)).code).toBe(0);
});
