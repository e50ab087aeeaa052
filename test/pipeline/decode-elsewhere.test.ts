import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Captures, OpenEvents } from "../../src/pipeline/captures.js";
import { type Decoding, decodeHere as decodeOnThisThread, type Pace } from "../../src/pipeline/decoding.js";
import { frameFilter } from "../../src/pipeline/compile-filter.js";
import { BATCHES } from "../../src/pipeline/batch-ring.js";
import { decodeElsewhere as decodeOnThread } from "../../src/pipeline/decode-elsewhere.js";
import { isWorthAThread, startEarly, startThread } from "../../src/pipeline/thread.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { Heap } from "../../src/packets/memory/heap.js";
import type { PacketBatch } from "../../src/packets/batches/packet-batch.js";
import type { PacketSource } from "../../src/packets/batches/source.js";
import { RECORD_BITS } from "../../src/packets/records.js";

/** What both mark packets by. */
const FILTER = await frameFilter("src host 172.17.0.2 or udp");

type Decode = (from: Captures, events: OpenEvents, pace: Pace) => Promise<Decoding>;

// a thread runs what was built
const THREAD = new URL("../../dist/lib/decoding-thread.js", import.meta.url);
const decodeElsewhere: Decode = (from, events, pace) =>
  decodeOnThread(from, events, pace, new Heap(), FILTER, startThread(THREAD));

const decodeHere: Decode = (from, events, pace) => decodeOnThisThread(from, events, pace, new Heap(), FILTER);

const PCAP_HEADER_BYTES = 24;

const pairOf = (inside: string, outside: string): Captures => [[[inside]], [[outside]]];
const fixture = (name: string): Captures => pairOf(fixtureFile(name, "inside"), fixtureFile(name, "outside"));
const fixtureFile = (name: string, side: string): string =>
  fileURLToPath(new URL(`../../fixtures/${name}/${side}.pcap`, import.meta.url));

const digestOf = (column: Uint8Array): string => createHash("sha256").update(column).digest("hex");

/** Elements a row in the columns that have several. */
const WIDTHS: Readonly<Record<string, number>> = {
  records: 1 << RECORD_BITS,
  doubles: 1 << (RECORD_BITS - 1),
  // IPv4 packets have none there
  src6: 0,
  dst6: 0,
};

/** What a batch says, row by row, and what its source says as of then. */
function told(batch: PacketBatch, source: PacketSource): object {
  const columns: [string, unknown][] = Object.entries(batch);
  const { count, reachedNs, quotes } = batch;
  const rows = columns.flatMap(([name, column]) =>
    ArrayBuffer.isView(column) && "subarray" in column && typeof column.subarray === "function"
      ? [[name, digestOf(column.subarray(0, count * (WIDTHS[name] ?? 1)))]]
      : [],
  );
  // of a batch's thousands, one word: what is wrong with them is seen in the columns as well
  const addresses = digestOf(
    Buffer.from(Array.from({ length: 2 * count }, (_, at) => batch.address(at >> 1, at % 2 === 0).join()).join(" ")),
  );
  const quoted = Array.from({ length: quotes.count }, (_, q) => [quotes.proto[q], quotes.src[4 * q], quotes.seq[q]]);
  const { epochNs, firstNs, lastNs, captureDropped, tally } = source;
  return {
    count,
    reachedNs,
    rows,
    addresses,
    quoted,
    epochNs,
    firstNs,
    lastNs,
    captureDropped,
    tally: structuredClone(tally),
  };
}

async function everythingOf(source: PacketSource, batches: object[]): Promise<object[]> {
  for (let batch = await source.next(); batch !== null; batch = await source.next()) batches.push(told(batch, source));
  return batches;
}

async function read(
  decode: Decode,
  from: Captures,
): Promise<
  Readonly<Record<string, unknown>> & { readonly sides: readonly object[][]; readonly answers: readonly unknown[] }
> {
  const warnings: string[] = [];
  const bytes = [0, 0];
  const given: [object[], object[]] = [[], []];
  const answers: unknown[] = [];
  const events: OpenEvents = {
    onAnswers: (side, epochNs, heard) =>
      void answers.push([side, epochNs, given[side].length, Buffer.from(heard).toString("base64")]),
    onWarning: (text: string) => void warnings.push(text),
    onBytes: (capture: number, read: number) => void (bytes[capture] = read),
  };
  const decoding = await decode(from, events, async (next) => next());
  const { packets, interfaces } = decoding;
  // whoever goes by the clocks that are given looks at these before any packet
  const [[inside], [outside]] = packets;
  const epochsNs = [inside.epochNs, outside.epochNs];
  const sides = [await everythingOf(inside, given[INSIDE]), await everythingOf(outside, given[OUTSIDE])];
  await decoding.close();
  return { names: [inside.name, outside.name], epochsNs, interfaces, sides, answers, warnings, bytes };
}

describe("decoding on another thread", () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "natcorr-thread-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A capture with the frames of a fixture again and again: many batches. */
  const long = (side: string, times = 2000, name = "docker-web"): string => {
    const capture = readFileSync(fixtureFile(name, side));
    const path = join(folder, `${name}-${side}.pcap`);
    writeFileSync(path, Buffer.concat([capture, ...Array<Buffer>(times).fill(capture.subarray(PCAP_HEADER_BYTES))]));
    return path;
  };

  // a traceroute is answered by errors, which quote
  it.each(["docker-web", "traceroute", "fragments", "ping-name"])(
    "gives what decoding here gives: %s",
    async (name) => {
      expect(await read(decodeElsewhere, fixture(name))).toEqual(await read(decodeHere, fixture(name)));
    },
  );

  it("goes round its batches, and one side waits for nobody while the other one is read", async () => {
    const from = pairOf(long("inside", 3000), long("outside", 3000));
    const here = await read(decodeHere, from);
    for (const batches of here.sides) expect(batches.length).toBeGreaterThan(2 * BATCHES);
    expect(await read(decodeElsewhere, from)).toEqual(here);
  });

  it("tells what DNS answers said before the packets that they came with", async () => {
    const from = pairOf(long("inside", 1000, "ping-name"), long("outside", 1000, "ping-name"));
    const here = await read(decodeHere, from);
    expect(here.answers.length).toBeGreaterThan(4);
    expect(await read(decodeElsewhere, from)).toEqual(here);
  });

  it("lets the event loop turn before each batch whose packets take some time", async () => {
    const decoding = await decodeElsewhere(
      pairOf(long("inside"), long("outside")),
      { onWarning() {}, onBytes() {} },
      async (next) => next(),
    );
    let turns = 0;
    let turning: NodeJS.Immediate | undefined;
    const turn = (): void => {
      turns++;
      turning = setImmediate(turn);
    };
    turn();
    let before = 0;
    for (const source of decoding.packets.flat()) {
      for (let batch = await source.next(); batch !== null; batch = await source.next()) {
        expect(turns).toBeGreaterThan(before);
        before = turns;
        // longer than the loop may stand still, and mostly longer than the other thread takes for a batch
        for (const untilMs = performance.now() + 12; performance.now() < untilMs; );
      }
    }
    clearImmediate(turning);
    await decoding.close();
  });

  it("passes on what is wrong with a capture", async () => {
    const cut = join(folder, "cut.pcap");
    copyFileSync(fixtureFile("docker-web", "inside"), cut);
    truncateSync(cut, 1001);
    const from = pairOf(cut, fixtureFile("docker-web", "outside"));
    const here = await read(decodeHere, from);
    expect(here).toMatchObject({ warnings: [expect.stringContaining("cut.pcap: damaged at frame")] });
    expect(await read(decodeElsewhere, from)).toEqual(here);
  });

  it("refuses what cannot be used, in the same words", async () => {
    const from = pairOf(join(folder, "none.pcap"), fixtureFile("docker-web", "outside"));
    const here: unknown = await read(decodeHere, from).catch((error: unknown) => error);
    expect(here).toMatchObject({ name: "CaptureError", message: expect.stringContaining("none.pcap") });
    // the errors are of one class by name only: one was built, the other was not
    const elsewhere: unknown = await read(decodeElsewhere, from).catch((error: unknown) => error);
    expect(String(elsewhere)).toBe(String(here));
  });

  it("is for large files only", () => {
    const small = ["inside", "outside"].map((side) => fixtureFile("docker-web", side));
    expect(isWorthAThread(small)).toBe(false);
    expect(isWorthAThread([join(folder, "none.pcap"), "-"])).toBe(false);
    const large = join(folder, "large.pcap");
    copyFileSync(fixtureFile("docker-web", "inside"), large);
    truncateSync(large, 64 * 2 ** 20);
    expect(isWorthAThread([large, fixtureFile("docker-web", "outside")])).toBe(true);
    expect(isWorthAThread([large, "/dev/null"])).toBe(false);
    // whoever opens it says what is wrong with it
    expect(isWorthAThread([large, "x".repeat(5000)])).toBe(false);
    for (const args of [
      ["file", ...small],
      ["file", "-q", join(folder, "none.pcap"), "-"],
      ["live", large, large],
      [large],
      [],
    ])
      expect(startEarly(args)).toBeUndefined();
  });

  it("is started early where the command line names large files", async () => {
    const large = join(folder, "large.pcap");
    copyFileSync(fixtureFile("docker-web", "inside"), large);
    truncateSync(large, 64 * 2 ** 20);
    // whatever the words are beside the files
    const thread = startEarly(["file", "-q", large, "-", `--filter=${"x".repeat(5000)}`, ""], THREAD);
    expect(thread?.threadId).toBeGreaterThan(0);
    await thread?.terminate();
  });
});
