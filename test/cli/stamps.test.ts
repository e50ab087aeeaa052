import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ethernet } from "../support/packets.js";
import { pcap } from "../support/pcap.js";
import { conversation } from "../correlate/traffic.js";
import type { Stamped } from "../correlate/outcome.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const EPOCH_NS = 1_700_000_000_000_000_000n;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "natcorr-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, frames: readonly Stamped[], packed = (bytes: Uint8Array): Uint8Array => bytes): string {
  const path = join(folder, name);
  const stamped = frames.map(({ ns, packet }) => ({ timeNs: EPOCH_NS + BigInt(ns), frame: ethernet(packet) }));
  writeFileSync(path, packed(pcap(stamped)));
  return path;
}

/** Runs natcorr on an inside that it reads from a pipe, in pieces of so many bytes, or from a file. */
function outcomeOf(
  outside: string,
  inside: string | Uint8Array,
  pieceBytes = 0,
): Promise<[number | null, string, string]> {
  const isPiped = typeof inside !== "string";
  const args = [MAIN, "file", isPiped ? "-" : inside, outside, "--format", "ndjson"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
  if (isPiped)
    for (let at = 0; at < inside.length; at += pieceBytes) child.stdin.write(inside.subarray(at, at + pieceBytes));
  child.stdin.end();
  return new Promise((resolve) => {
    child.on("close", (status) => resolve([status, Buffer.concat(out).toString(), Buffer.concat(err).toString()]));
  });
}

/** The same with stamps that are early by up to a millisecond, but for the first. */
function early(frames: readonly Stamped[]): Stamped[] {
  return frames.map(({ ns, packet }, at) => {
    const byNs = at > 0 ? ((at * 7919) % 11) * ((at % 17) * 6000) : 0;
    return { ns: ns - byNs, packet };
  });
}

it("comes to the same bytes from a file, packed or not, and from a pipe in pieces, however stamps are out of order", async () => {
  const { inside, outside } = conversation(9000, { everyUs: 100 });
  const outsideFile = write("outside.pcap", early(outside));
  const insideFile = write("inside.pcap", early(inside));
  const [status, expected] = await outcomeOf(outsideFile, insideFile);
  expect([status, expected.match(/"type":"pair"/g)?.length]).toEqual([0, 9000]);
  const rest = expected.replace(/^.*\n/, "");
  const zipped = write("inside.pcap.gz", early(inside), (bytes) => gzipSync(bytes));
  expect((await outcomeOf(outsideFile, zipped))[1].replace(/^.*\n/, "")).toBe(rest);
  const frames = early(inside).map(({ ns, packet }) => ({ timeNs: EPOCH_NS + BigInt(ns), frame: ethernet(packet) }));
  for (const pieceBytes of [1777, 40_000])
    expect((await outcomeOf(outsideFile, pcap(frames), pieceBytes))[1].replace(/^.*\n/, "")).toBe(rest);
});

it("says once of frames whose stamps leap how many there are, and exits with 1", async () => {
  const { inside, outside } = conversation(300, { everyUs: 10_000 });
  const leaping = inside.map(({ ns, packet }, at) => ({ ns: at === 99 || at === 199 ? ns + 100e9 : ns, packet }));
  const path = write("leaping.pcap", leaping);
  const [status, stdout, stderr] = await outcomeOf(write("sane.pcap", outside), path);
  expect(status).toBe(1);
  expect(stderr.replaceAll("\n    ", " ")).toBe(
    `natcorr: ${path}: 2 frames are stamped out of time and not paired; ` +
      "the first, frame 100, is 100 s ahead of the frames around it; reordercap sorts captures\n",
  );
  expect(stdout.match(/"type":"pair"/g)).toHaveLength(298);
  expect(stdout).not.toContain('"verdict":"dropped"');
});
