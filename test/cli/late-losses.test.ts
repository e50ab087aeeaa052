import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPath } from "../capture/files.js";
import { natcorr } from "../support/natcorr.js";
import { ethernet, ipv4, udp } from "../support/packets.js";
import { dumpcap, pcap, type PcapFrame } from "../support/pcap.js";

let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "natcorr-losses-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What natcorr says of a fixture if dumpcap had taken it, and had lost so many frames on each side. */
async function said(fixture: string, lost: number, ...options: readonly string[]): Promise<string> {
  const paths: string[] = [];
  for (const side of ["inside", "outside"]) {
    const { frames } = await readPath(
      fileURLToPath(new URL(`../../fixtures/${fixture}/${side}.pcap`, import.meta.url)),
    );
    const taken = frames.map(({ ns, data }) => ({ timeNs: ns, frame: Buffer.from(data, "hex") }));
    const path = join(folder, `${side}.pcapng`);
    writeFileSync(path, dumpcap(taken, lost));
    paths.push(path);
  }
  return (await natcorr("file", ...paths, ...options)).stdout;
}

describe("losses that a capture tells of at its end", () => {
  it("leave no packet dropped that may be among them, on the first screen neither", async () => {
    expect(await said("drops", 0, "-q")).toMatch(/^Packets that never arrived: /);
    const text = await said("drops", 1, "-q");
    expect(text).toMatch(
      /^No packet was seen to be dropped or refused\.\nAlso: 31 capture-loss \(the other capture lost frames then, at most 2 of these\)\.\s+--only capture-loss shows them\.\n/,
    );
    expect(text).toMatch(/unmatched: inside \d+ capture-loss.*; outside \d+ capture-loss/);
  });

  it("are told as updates of what was shown, and with --only dropped as well", async () => {
    for (const options of [[], ["--only", "dropped"]]) {
      const text = await said("drops", 1, "--format", "ndjson", ...options);
      const dropped = text.match(/"type":"unmatched".*"verdict":"dropped"/g) ?? [];
      const updates = text.match(/"type":"update".*"verdict":"capture-loss"/g) ?? [];
      expect(updates.length).toBe(dropped.length);
    }
  });

  it("leave no clash that rests on a packet which may be among them", async () => {
    expect(await said("ping-clash", 0, "-q")).toContain("nat-clash-drop");
    const text = await said("ping-clash", 1, "-q");
    expect(text).not.toContain("nat-clash-drop");
    expect(text).toContain("! capture-loss");
  });
});

it("a capture that tells when it ended covers what passed behind its last frame", async () => {
  const [inside, outside] = await Promise.all(
    ["inside", "outside"].map(async (side) => {
      const path = fileURLToPath(new URL(`../../fixtures/tcp-snat/${side}.pcap`, import.meta.url));
      return (await readPath(path)).frames.map(({ ns, data }) => ({ timeNs: ns, frame: Buffer.from(data, "hex") }));
    }),
  );
  const saidOf = async (write: (frames: typeof outside) => Buffer) => {
    const paths = ["inside", "outside"].map((side) => join(folder, `ended-${side}.pcapng`));
    writeFileSync(paths[0], write(inside));
    writeFileSync(paths[1], write(outside.slice(0, -6)));
    const { stdout } = await natcorr("file", ...paths, "--format", "ndjson");
    return new Set(Array.from(stdout.matchAll(/"side":"inside".*?"reason":"([^"]*)"/g), ([, reason]) => reason));
  };
  // what is answered had left all the same
  const told = new Set(["never-entered", "no-twin", "forwarded-unseen"]);
  expect(await saidOf((frames) => dumpcap(frames, 0))).toEqual(told);
  expect(await saidOf((frames) => pcap(frames))).toEqual(new Set(["capture-edge"]));
});

/** Datagrams of a container, one every 10 ms, as one of both sides shows them. */
function datagrams(src: string, ttl: number, delayNs: bigint): PcapFrame[] {
  return Array.from({ length: 500 }, (_, n) => ({
    timeNs: 1_700_000_000_000_000_000n + 10_000_000n * BigInt(n) + delayNs,
    frame: ethernet(ipv4({ src, dst: "180.101.49.11", ttl, id: n + 1 }, udp({ payload: Buffer.from(`query ${n}`) }))),
  }));
}

it("a capture that has no frame for long lost them where it says so at its end, but for what may have waited longer than the window; else it may have paused", async () => {
  const inside = datagrams("172.17.0.2", 64, 0n).filter((_, n) => n < 150 || n >= 300);
  const [lossy, whole, outside] = ["lossy", "whole", "outside"].map((name) => join(folder, `${name}.pcapng`));
  writeFileSync(lossy, dumpcap(inside, 150));
  writeFileSync(whole, dumpcap(inside, 0));
  writeFileSync(outside, dumpcap(datagrams("10.0.2.15", 63, 29_000n), 0));
  const unmatched = async (path: string) =>
    (await natcorr("file", "-q", path, outside)).stdout.match(/^unmatched: .*$/m)?.[0];
  expect(await unmatched(whole)).toBe("unmatched: outside 150 unknown");
  expect(await unmatched(lossy)).toBe("unmatched: outside 100 capture-loss, 50 unknown");
});
