import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { notesIn } from "../../src/capture/notes.js";
import { PcapngWriter } from "../../src/capture/pcapng-writer.js";
import { FrameBatch } from "../../src/packets/batches/frames.js";
import { isSkipped, tools } from "../support/needs.js";
import { scratch } from "../support/scratch.js";
import { packed, pcap, readPath } from "./files.js";

const INTERFACES = [{ name: "docker0", linkType: 1, snaplen: 262_144 }];
const LONG = `long ${"ä".repeat(700_000)} end`;
/** The type of a note's block. */
const NOTE = 0x806e_6174;

let files = 0;

/** A capture with a frame behind each note. */
function written(notes: readonly string[], names: readonly (readonly [Uint32Array, string])[] = []): string {
  const path = scratch(`notes-${files++}.pcapng`);
  const writer = new PcapngWriter(path, INTERFACES, "natcorr (libpcap)");
  const batch = new FrameBatch();
  batch.count = 1;
  batch.data = new Uint8Array(60);
  batch.captured[0] = batch.original[0] = 60;
  writer.names(names);
  for (const note of notes) {
    writer.note(note);
    writer.write(0, batch, 1_700_000_000_000_000_000n);
  }
  writer.close();
  return path;
}

/** A file of these bytes. */
function saved(bytes: Uint8Array): string {
  const path = scratch(`notes-${files++}`);
  writeFileSync(path, bytes);
  return path;
}

async function notesOf(path: string): Promise<string[]> {
  const notes: string[] = [];
  for await (const note of notesIn(path)) notes.push(note);
  return notes;
}

/** A block of a big-endian section, or of a little-endian one. */
function block(type: number, body: Uint8Array, big = false): Buffer {
  const length = body.length + 12;
  return Buffer.concat([packed(big, [32, type], [32, length]), body, packed(big, [32, length])]);
}

/** A section's header that says who wrote it, of 7 characters. */
const section = (writer: string, big = false): Buffer =>
  block(
    0x0a0d0d0a,
    Buffer.concat([
      packed(big, [32, 0x1a2b3c4d], [16, 1], [16, 0], [32, 0xffffffff], [32, 0xffffffff], [16, 4], [16, 7]),
      Buffer.from(`${writer}\0`),
      packed(big, [32, 0]),
    ]),
    big,
  );
const piece = (total: number, from: number, text: string, big = false): Buffer =>
  block(NOTE, Buffer.concat([packed(false, [32, total], [32, from]), Buffer.from(text)]), big);

it("notes come back in their order, however long they are, and no frame is another than without them", async () => {
  const path = written(["first", LONG, "last"]);
  expect(await notesOf(path)).toEqual(["first", LONG, "last"]);
  const { frames, warnings } = await readPath(path);
  expect([frames.length, warnings]).toEqual([3, []]);
});

it("notes are in compressed captures, and behind the byte order of any section", async () => {
  const bytes = readFileSync(written(["one"]));
  expect(await notesOf(saved(gzipSync(bytes)))).toEqual(["one"]);
  const big = Buffer.concat([section("natcorr", true), piece(4, 0, "text", true)]);
  expect(await notesOf(saved(Buffer.concat([big, bytes])))).toEqual(["text", "one"]);
});

it.each([
  ["what is no capture", Buffer.from("text")],
  ["nothing", Buffer.alloc(0)],
  ["a pcap file", pcap([{ data: new Uint8Array(60) }])],
  ["what another program wrote", Buffer.concat([section("another"), piece(4, 0, "text")])],
])("of %s there are none", async (_, bytes) => expect(await notesOf(saved(bytes))).toEqual([]));

it("of what is no file there are none: it can be read but once", async () => {
  for (const path of ["-", "/dev/null", scratch("not there")]) expect(await notesOf(path)).toEqual([]);
});

it.each([
  ["overlap", [piece(8, 0, "text"), piece(8, 0, "text")]],
  ["are of two notes", [piece(8, 0, "text"), piece(12, 4, "text")]],
  ["lack the first", [piece(8, 4, "text")]],
  ["are empty", [piece(4, 0, "")]],
  ["have no length", [block(NOTE, Buffer.alloc(4))]],
  ["claim to be of more than there can be", [piece(0xffff_fff0, 0, "text")]],
])("of pieces that %s, no text is made up", async (_, blocks) => {
  const notes = await notesOf(saved(Buffer.concat([section("natcorr"), ...blocks, piece(4, 0, "next")])));
  expect(notes.slice(0, -1).every((note) => note === "")).toBe(true);
  expect([notes.length > 1, notes.at(-1)]).toEqual([true, "next"]);
});

it("of a capture that is cut off, there are the notes before", async () => {
  const bytes = readFileSync(written(["one", "two", LONG]));
  expect(await notesOf(saved(bytes.subarray(0, bytes.length - 500_000)))).toEqual(["one", "two"]);
});

it("bytes that were changed are survived", async () => {
  const bytes = readFileSync(written(["one", "two"]));
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      expect((await notesOf(saved(changed))).length).toBeLessThanOrEqual(2);
    }),
  );
});

it.skipIf(isSkipped("names as Wireshark shows them", tools(["tshark"], "scripts/lab/install")))(
  "Wireshark shows the names that addresses have, and gives notes no frame's number",
  () => {
    const names = [
      [Uint32Array.of(0xac11_0002), "web"],
      [Uint32Array.of(0xfd00_0000, 0, 0, 2), `long-${"x".repeat(100)}`],
    ] as const;
    const tshark = (...args: readonly string[]): string =>
      execFileSync("tshark", ["-r", written(["one", "two"], names), ...args], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    expect(tshark("-q", "-z", "hosts")).toMatch(/^172\.17\.0\.2\tweb$/m);
    expect(tshark("-q", "-z", "hosts")).toMatch(/^fd00::2\tlong-x{52}\.\.\.$/m);
    expect(tshark("-T", "fields", "-e", "frame.number")).toBe("1\n2\n");
  },
);
