import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { natcorr, type Printed } from "../support/natcorr.js";
import { ethernet } from "../support/packets.js";
import { pcap } from "../support/pcap.js";
import { conversation } from "../correlate/traffic.js";
import type { Stamped } from "../correlate/outcome.js";

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

const outcomeOf = (outside: string, inside: string): Promise<Printed> =>
  natcorr("file", inside, outside, "--format", "ndjson");

/** A FIFO into which a capture is written in pieces of so many bytes. */
function piped(name: string, bytes: Uint8Array, pieceBytes: number): string {
  const path = join(folder, name);
  execFileSync("mkfifo", [path]);
  const writer = createWriteStream(path);
  for (let at = 0; at < bytes.length; at += pieceBytes) writer.write(bytes.subarray(at, at + pieceBytes));
  writer.end();
  return path;
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
  const { code, stdout: expected } = await outcomeOf(outsideFile, insideFile);
  expect([code, expected.match(/"type":"pair"/g)?.length]).toEqual([0, 9000]);
  const rest = expected.replace(/^.*\n/, "");
  const zipped = write("inside.pcap.gz", early(inside), (bytes) => gzipSync(bytes));
  expect((await outcomeOf(outsideFile, zipped)).stdout.replace(/^.*\n/, "")).toBe(rest);
  const frames = early(inside).map(({ ns, packet }) => ({ timeNs: EPOCH_NS + BigInt(ns), frame: ethernet(packet) }));
  for (const pieceBytes of [1777, 40_000]) {
    const pipe = piped(`inside.${pieceBytes}`, pcap(frames), pieceBytes);
    expect((await outcomeOf(outsideFile, pipe)).stdout.replace(/^.*\n/, "")).toBe(rest);
  }
});

it("says once of frames whose stamps leap how many there are, and exits with 1", async () => {
  const { inside, outside } = conversation(300, { everyUs: 10_000 });
  const leaping = inside.map(({ ns, packet }, at) => ({ ns: at === 99 || at === 199 ? ns + 100e9 : ns, packet }));
  const path = write("leaping.pcap", leaping);
  const { code, stdout, stderr } = await outcomeOf(write("sane.pcap", outside), path);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `natcorr: ${path}: 2 frames are stamped out of time and not paired; ` +
      "the first, frame 100, is 100 s ahead of the frames around it; reordercap sorts captures\n",
  );
  expect(stdout.match(/"type":"pair"/g)).toHaveLength(298);
  expect(stdout).not.toContain('"verdict":"dropped"');
});

it("says where a capture's frames stand out of their order, from a file or a pipe, and exits with 1", async () => {
  const { inside, outside } = conversation(900, { everyUs: 10_000 });
  const swapped = [...outside.slice(450), ...outside.slice(0, 450)];
  const insideFile = write("whole.pcap", inside);
  const frames = swapped.map(({ ns, packet }) => ({ timeNs: EPOCH_NS + BigInt(ns), frame: ethernet(packet) }));
  for (const path of [write("swapped.pcap", swapped), piped("swapped.pipe", pcap(frames), 1777)]) {
    const { code, stdout, stderr } = await outcomeOf(path, insideFile);
    expect([code, stderr]).toEqual([
      1,
      `natcorr: ${path}: from frame 451 on, stamps are 8.99 s earlier than before it: frames stand out of their order (reordercap sorts them), or the clock was set back\n`,
    ]);
    expect(stdout).not.toContain('"verdict":"dropped"');
  }
});
