import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { losses } from "../../src/cli/commands/losses.js";
import { type ClockOption, correlate } from "../../src/correlate/correlate.js";
import { Heap } from "../../src/packets/memory/heap.js";
import type { Captures, OpenEvents } from "../../src/pipeline/captures.js";
import { decodeElsewhere } from "../../src/pipeline/decode-elsewhere.js";
import { decodeHere, type Decoding, type Pace } from "../../src/pipeline/decoding.js";
import { packetSources } from "../../src/pipeline/packet-source.js";
import { splitCapture } from "../../src/pipeline/split.js";
import { startThread } from "../../src/pipeline/thread.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { TextReporter } from "../../src/report/text/text.js";
import { stored } from "../capture/files.js";
import { natcorr } from "../support/natcorr.js";
import { runs } from "../support/runs.js";
import {
  type Captured,
  captured,
  FORMS,
  mostLost,
  manyFrames,
  opened,
  type Pieces,
  pieces,
  SIDES,
} from "./captures.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
// a thread runs what was built
const THREAD = new URL("../../dist/lib/decoding-thread.js", import.meta.url);

type Decode = (from: Captures, events: OpenEvents, pace: Pace, heap: Heap) => Promise<Decoding>;

interface Settings {
  readonly windowNs: number;
  readonly clock: ClockOption;
  readonly format: "text" | "ndjson";
  readonly quiet: boolean;
  readonly maxPairs: number;
}

const settings: fc.Arbitrary<Settings> = fc.record({
  windowNs: fc.constantFrom(1e9, 1e9, 2e8, 3e9),
  clock: fc.constantFrom<ClockOption>({ kind: "none" }, { kind: "auto" }, { kind: "given", offsetNs: 1_000_000n }),
  format: fc.constantFrom("ndjson", "ndjson", "text"),
  quiet: fc.constantFrom(false, false, false, true),
  maxPairs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 100 })),
});

const USUAL: Settings = {
  windowNs: 1e9,
  clock: { kind: "auto" },
  format: "ndjson",
  quiet: false,
  maxPairs: Number.POSITIVE_INFINITY,
};

/** All that is said of captures, on stdout and on stderr; where not all of them is asked for, stderr tells of what was read, and is left out. */
async function told(
  packets: Decoding["packets"],
  heap: Heap,
  said: string[],
  { quiet, format, windowNs, clock, maxPairs }: Settings,
): Promise<string> {
  const lines: Buffer[] = [];
  const reporter =
    format === "ndjson"
      ? new NdjsonReporter(
          (utf8, onTaken) => {
            lines.push(Buffer.from(utf8));
            onTaken?.();
          },
          { program: "0", quiet },
        )
      : new TextReporter((text) => void lines.push(Buffer.from(text)), {
          quiet,
          width: 120,
          color: false,
          utcOffset: () => 0,
        });
  const onLeaps = (name: string, leaps: object): void => void said.push(`${name} ${JSON.stringify(leaps)}`);
  await correlate(...packets, { windowNs, clock, maxPairs, heap, onLeaps }, reporter);
  reporter.flush();
  for (const source of packets.flat()) said.push(...losses(source));
  return Buffer.concat(lines).toString() + (Number.isFinite(maxPairs) ? "" : said.join("\n"));
}

/** The same of captures in memory, read in these pieces, or as if from disk. */
async function toldOf(files: Captured, of: Settings, cuts?: readonly [Pieces, Pieces]): Promise<string> {
  const heap = new Heap();
  const said: string[] = [];
  const warn = (text: string): void => void said.push(text);
  const sources = await Promise.all(files.map((bytes, at) => opened(`capture${at}`, bytes, heap, warn, cuts?.[at])));
  const sides =
    sources.length === 2
      ? ([[sources[0]], [sources[1]]] as const)
      : await splitCapture(sources[0], SIDES, { onWarning: warn, heap });
  return told(await packetSources(...sides, undefined, heap), heap, said, of);
}

it("says the same of any captures, whatever pieces they are read in", async () => {
  await fc.assert(
    fc.asyncProperty(captured, settings, pieces, pieces, async (files, of, one, other) => {
      const expected = await toldOf(files, of);
      expect(await toldOf(files, of, [one, other])).toBe(expected);
    }),
    { numRuns: runs(7) },
  );
});

it("tells of what many packets turned out to be: of the last ones each, of all in the summary", async () => {
  const lost = 18_001;
  const paths = mostLost(20_002, 10).map((bytes, side) => stored(bytes, `${side}.pcapng`));
  const { stdout: text } = await natcorr("file", ...paths, "--format", "ndjson");
  const updates = text.match(/"type":"update".*"verdict":"capture-loss"/g) ?? [];
  // but for those judged at the end, when it was known
  expect(updates.length).toBeGreaterThan(16_000);
  expect(updates.length).toBeLessThanOrEqual(16_384);
  // nothing tells of the last one whether the other capture was still running
  expect(text).toContain(`"verdicts":{"capture-loss":${lost - 1},"unknown":1},"impacts":{}}`);
  expect(text).not.toContain('"code":"dropped"');
  expect(text).toMatch(/"code":"capture-loss","count":18000,.*; of \d+ of them something else was said before/);
  const { stdout: shown } = await natcorr("file", ...paths, "-q");
  expect(shown).toContain("No packet was seen to be dropped or refused.");
  expect(shown).not.toContain("LOST");
});

const elsewhere: Decode = (from, events, pace, heap) =>
  decodeElsewhere(from, events, pace, heap, undefined, startThread(THREAD));

const zipped = (path: string, bytes: Uint8Array): void => writeFileSync(path, gzipSync(bytes));

const piped = (path: string, bytes: Uint8Array): void => {
  execFileSync("mkfifo", [path]);
  // whoever has read enough closes it
  createWriteStream(path)
    .on("error", () => {})
    .end(bytes);
};

const withoutHeader = (text: string): string => text.replace(/^.*\n/, "");

describe.each(FORMS)("of many frames in a %s capture", (form) => {
  const files = manyFrames(form);
  let folder: string;
  let expected: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "natcorr-bytes-"));
    expected = await toldOf(files, USUAL);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** What is said of them where they are kept like this, under the names they have in memory. */
  async function toldFrom(
    decode: Decode,
    kept: (path: string, bytes: Uint8Array) => void,
    of: Settings = USUAL,
  ): Promise<string> {
    const paths = files.map((bytes, at) => {
      const path = join(folder, `capture${at}`);
      rmSync(path, { force: true });
      kept(path, bytes);
      return path;
    });
    const from: Captures = paths.length === 2 ? [[[paths[0]]], [[paths[1]]]] : { path: paths[0], sides: SIDES };
    const heap = new Heap();
    const said: string[] = [];
    const events = { onWarning: (text: string) => void said.push(text), onBytes() {} };
    const decoding = await decode(from, events, (next) => next(), heap);
    const text = await told(decoding.packets, heap, said, of);
    await decoding.close();
    return text.replaceAll(`${folder}/`, "");
  }

  it("has losses to tell of where that can be told, before they are known and after", () => {
    for (const told of [/"type":"unmatched".*"verdict":"capture-loss"/, /"type":"update".*"verdict":"capture-loss"/])
      expect(told.test(expected)).toBe(form !== "pcap");
  });

  it("says the same whatever pieces they are read in", async () => {
    expect(
      await toldOf(files, USUAL, [
        [1777, 3, 60_000],
        [40_000, 5],
      ]),
    ).toBe(expected);
    expect(await toldOf(files, USUAL, [[700], [100_000]])).toBe(expected);
  });

  it("says the same of files, packed or not, decoded here or on another thread", async () => {
    for (const decode of [decodeHere, elsewhere])
      for (const kept of [writeFileSync, zipped]) expect(await toldFrom(decode, kept)).toBe(expected);
  });

  it.each([5, 500, 5000])("says the same of the first %i pairs, summary included", async (maxPairs) => {
    const of = { ...USUAL, maxPairs };
    const first = await toldOf(files, of);
    expect(first).toContain('"type":"summary"');
    expect(await toldOf(files, of, [[1777, 3, 60_000], [700]])).toBe(first);
    expect(await toldFrom(elsewhere, writeFileSync, of)).toBe(first);
    expect(await toldFrom(decodeHere, piped, of)).toBe(first);
  });

  it("says the same of FIFOs", async () => {
    expect(await toldFrom(decodeHere, piped)).toBe(expected);
  });

  it("says the same of standard input, but for its name", async () => {
    const paths = files.map((bytes, at) => {
      const path = join(folder, `capture${at}`);
      rmSync(path, { force: true });
      writeFileSync(path, bytes);
      return path;
    });
    const sides = files.length === 2 ? [paths[1]] : ["--inside", SIDES.inside, "--outside", SIDES.outside];
    const options = [...sides, "--format", "ndjson"];
    const fromFile = withoutHeader((await natcorr("file", paths[0], ...options)).stdout);
    expect(fromFile.length).toBeGreaterThan(1_000_000);
    const child = spawn(process.execPath, [MAIN, "file", "-", ...options]);
    const out: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
    child.stdin.end(files[0]);
    await once(child, "close");
    expect(withoutHeader(Buffer.concat(out).toString())).toBe(fromFile);
  });
});
