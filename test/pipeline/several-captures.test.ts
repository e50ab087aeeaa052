import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { natcorr } from "../support/natcorr.js";

const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const HEADER_BYTES = 24;
const SIDES = ["inside", "outside"] as const;
type Sides<T> = Readonly<Record<(typeof SIDES)[number], T>>;

/** The records of a pcap file in this host's byte order, each with its header. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = HEADER_BYTES; at < file.length; ) {
    const end = at + 16 + file.readUInt32LE(at + 8);
    records.push(file.subarray(at, end));
    at = end;
  }
  return records;
}

/** Which of two captures a frame is in: those between two addresses are together; what is not IPv4 over Ethernet is in the first one. */
function captureOf(record: Buffer): number {
  const frame = record.subarray(16);
  if (frame.length < 34 || frame.readUInt16BE(12) !== 0x0800) return 0;
  return frame.subarray(26, 34).reduce((sum, byte) => sum + byte, 0) & 1;
}

type Side = (typeof SIDES)[number];
type Frames = Record<"frames", number[]> & { capture?: number; framesIn?: number[] };
type Pair = Sides<Frames> & { side?: Side };

const told = async (...words: string[]): Promise<string> =>
  (await natcorr("file", ...words, "--format", "ndjson")).stdout;

/** The pairs of an output by the frames of both sides, as `numbers` has these, in an order that does not depend on what they are called. */
function pairsIn(text: string, numbers: (side: Side, of: Frames) => number[]): string[] {
  const lines = text.split("\n").filter((line) => line.startsWith('{"type":"pair"'));
  return lines
    .map((line) => {
      const pair: Pair = JSON.parse(line);
      return SIDES.map((side) => numbers(pair.side ?? side, pair[side]).join("+")).join(" ");
    })
    .sort();
}

const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(-1);

describe.each(["mixed", "downloads", "fragments", "hairpin", "drops", "answers-repeated"])(
  "the captures of %s, cut into two a side",
  (name) => {
    let folder: string;
    /** Of each capture a side, the numbers that its frames have in the whole. */
    const wholes = { inside: [[], []], outside: [[], []] } satisfies Sides<number[][]>;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "natcorr-several-"));
      for (const side of SIDES) {
        const file = readFileSync(`${FIXTURES}${name}/${side}.pcap`);
        const cut: Buffer[][] = [[], []];
        for (const [at, record] of recordsOf(file).entries()) {
          const which = captureOf(record);
          cut[which].push(record);
          (wholes[side][which] as number[]).push(at + 1);
        }
        for (const [at, records] of cut.entries())
          writeFileSync(join(folder, `${side}${at}`), Buffer.concat([file.subarray(0, HEADER_BYTES), ...records]));
      }
    });

    afterAll(() => rmSync(folder, { recursive: true }));

    const several = (side: string, ...order: number[]): string =>
      order.map((at) => join(folder, `${side}${at}`)).join(",");

    it("give the same pairs", async () => {
      const whole = `${FIXTURES}${name}/`;
      const expected = pairsIn(await told(`${whole}inside.pcap`, `${whole}outside.pcap`), (_, { frames }) => frames);
      const cut = await told(several("inside", 0, 1), several("outside", 0, 1));
      const found = pairsIn(cut, (side, { frames, capture = 0, framesIn }) =>
        frames.map((frame, at) => wholes[side][framesIn?.[at] ?? capture][frame - 1]),
      );
      expect(found).toEqual(expected);
    });

    it("are counted the same where no pairs are shown", async () => {
      const sides = SIDES.map((side) => several(side, 0, 1));
      const { stdout } = await natcorr("file", ...sides, "-q", "--format", "ndjson");
      expect(lastLine(stdout)).toBe(lastLine(await told(...sides)));
    });

    it("give the same bytes in whichever order they are given", async () => {
      const expected = await told(several("inside", 0, 1), several("outside", 0, 1));
      expect(await told(several("inside", 1, 0), several("outside", 1, 0))).toBe(expected);
    });
  },
);

describe("a capture that was cut into files", () => {
  let folder: string;
  const whole = `${FIXTURES}mixed/inside.pcap`;
  const outside = `${FIXTURES}mixed/outside.pcap`;
  /** As tcpdump -C calls them: the order of their names is none of time. */
  const FILES = 12;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "natcorr-cut-"));
    const file = readFileSync(whole);
    const records = recordsOf(file);
    const each = Math.ceil(records.length / FILES);
    for (let at = 0; at < FILES; at++) {
      const some = records.slice(at * each, (at + 1) * each);
      const path = join(folder, `docker0.pcap${at === 0 ? "" : at}`);
      writeFileSync(path, Buffer.concat([file.subarray(0, HEADER_BYTES), ...some]));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("gives the same pairs, by the numbers that frames have in their files", async () => {
    const text = await told(join(folder, "docker0.pcap*"), outside);
    const expected = await told(whole, outside);
    const header: { captures: Sides<{ name: string }[]> } = JSON.parse(text.split("\n", 1)[0]);
    const inFiles = header.captures.inside.map(({ name }) => recordsOf(readFileSync(name)).length);
    expect(inFiles).toHaveLength(FILES);
    const before = inFiles.map((_, at) => inFiles.slice(0, at).reduce((sum, each) => sum + each, 0));
    const found = pairsIn(text, (side, { frames, capture = 0, framesIn }) =>
      frames.map((frame, at) => frame + (side === "inside" ? before[framesIn?.[at] ?? capture] : 0)),
    );
    expect(found).toEqual(pairsIn(expected, (_, { frames }) => frames));
    expect(lastLine(text)).toBe(lastLine(expected));
  });

  it("is refused where its files are of several captures", async () => {
    const given = told(`${FIXTURES}mixed/*side.pcap`, outside.replace("mixed", "ping"));
    await expect(given).rejects.toThrow(/outside.pcap begins before .*inside.pcap ends, so they are not one capture/);
  });

  it("has files at all", async () => {
    await expect(told(join(folder, "br-*.pcap"), outside)).rejects.toThrow(/br-\*\.pcap/);
  });
});
