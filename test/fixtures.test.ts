/**
 * Walks fixtures/: what `natcorr file` makes of each pair of captures must be its `expected.ndjson`, byte for byte; and where the host's rules are
 * beside them, with `--rules rules.txt`, its `expected-rules.ndjson`.
 *
 * `UPDATE_FIXTURES=1 npx vitest run test/fixtures.test.ts` writes the expected output instead of comparing it. Read the
 * difference before you keep it: it must be what somebody who knows the traffic would say.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { builtNatcorr, natcorr } from "./support/natcorr.js";

const ROOT = fileURLToPath(new URL("../fixtures/", import.meta.url));
const FILES = ["about.txt", "inside.pcap", "outside.pcap"];
const SIDES = ["inside", "outside"] as const;
const isUpdating = process.env["UPDATE_FIXTURES"] === "1";

/** What a user gets, in the fixture's folder. */
async function built(folder: string, options: readonly string[]): Promise<string> {
  const captures = SIDES.map((side) => `${folder}/${side}.pcap`);
  const { stdout } = await builtNatcorr("file", ...captures, "--format", "ndjson", ...options);
  return stdout.replaceAll(`${folder}/`, "");
}

/** Lines that are about single packets. */
const OF_PACKETS = /^\{"type":"(pair|ambiguous|unmatched|update)".*\n/gm;

/** The line of the text report that says which verdicts unmatched frames got; undefined where there are none. */
function unmatchedText(text: string): string | undefined {
  const parts = SIDES.flatMap((side) => {
    const found = text.matchAll(
      /^\{"type":"(?:unmatched|update)","side":"(\w+)","frame":(\d+).*?"verdict":"([\w-]+)"/gm,
    );
    // an update takes the place of what was said before
    const last = new Map([...found].filter(([, of]) => of === side).map(([, , frame, verdict]) => [frame, verdict]));
    const verdicts = [...last.values()];
    const counts = [...new Set(verdicts)].sort().map((verdict) => ({
      verdict,
      count: verdicts.filter((each) => each === verdict).length,
    }));
    const most = counts.sort((a, b) => b.count - a.count).map(({ verdict, count }) => `${count} ${verdict}`);
    return most.length === 0 ? [] : [`${side} ${most.join(", ")}`];
  });
  return parts.length === 0 ? undefined : `unmatched: ${parts.join("; ")}`;
}

interface Line {
  type: string;
  /** Of a pair, where both of its forms are on one side. */
  side: string | undefined;
  frame: number;
  flow: number;
  flowCount: number;
  inside: { frames: number[] };
  outside: { frames: number[] };
}

interface Totals {
  frames: number;
  paired: number;
  unmatched: number;
  ambiguous: number;
  notIp: number;
  undecodable: number;
}

/** What a pcapng file begins with, and the type of a block with a frame. */
const PCAPNG = 0x0a0d0d0a;
const ENHANCED_PACKET = 6;

/** Frames of a file, little-endian; counted without natcorr's reader. */
function frameCount(path: string): number {
  const bytes = readFileSync(path);
  let frames = 0;
  if (bytes.readUInt32LE(0) === PCAPNG) {
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4))
      if (bytes.readUInt32LE(at) === ENHANCED_PACKET) frames++;
    return frames;
  }
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) frames++;
  return frames;
}

/** Lines about single packets come in the order of their inside frames' stamps, and of their own. */
function checkOrder(text: string): void {
  const times = [...text.matchAll(/^\{"type":"(?:pair".*?"inside":\{[^}]*?|unmatched".*?)"time":"(\d+\.\d{9})"/gm)].map(
    ([, time]) => time,
  );
  expect(times).toEqual([...times].sort());
}

/** Every frame is in exactly one record or in a count of what natcorr does not look at, and the summary says the same. */
function checkAccounts(folder: string, text: string): void {
  const lines: Line[] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const of = (type: string): Line[] => lines.filter((line) => line.type === type);
  expect(lines[0].type).toBe("header");
  expect(of("summary")).toEqual([lines.at(-1)]);
  const { totals }: { totals: Record<"inside" | "outside", Totals> } = JSON.parse(text.trimEnd().split("\n").at(-1)!);
  for (const side of SIDES) {
    const paired = of("pair").flatMap((line) => {
      if (line.side === undefined) return line[side].frames;
      return line.side === side ? line.inside.frames.concat(line.outside.frames) : [];
    });
    const ambiguous = of("ambiguous").flatMap((line) => line[side].frames);
    const unmatched = of("unmatched")
      .filter((line) => line.side === side)
      .map((line) => line.frame);
    const told = totals[side];
    expect(told).toMatchObject({
      frames: frameCount(`${folder}/${side}.pcap`),
      paired: paired.length,
      ambiguous: ambiguous.length,
      unmatched: unmatched.length,
    });
    expect(told.paired + told.unmatched + told.ambiguous + told.notIp + told.undecodable).toBe(told.frames);
    const listed = [...paired, ...ambiguous, ...unmatched];
    expect(new Set(listed).size, `frames of ${side} that are in one record`).toBe(listed.length);
    expect(listed.filter((frame) => frame < 1 || frame > told.frames)).toEqual([]);
  }
  const ids = of("flow").map((line) => line.flow);
  expect(new Set(ids).size).toBe(lines.at(-1)?.flowCount);
  expect(of("pair").filter((line) => !ids.includes(line.flow))).toEqual([]);
}

describe.each(readdirSync(ROOT))("fixtures/%s", (name) => {
  const folder = ROOT + name;
  const ways = [{ file: "expected.ndjson", options: [] as string[] }];
  if (existsSync(`${folder}/rules.txt`))
    ways.push({ file: "expected-rules.ndjson", options: ["--rules", `${folder}/rules.txt`] });

  it("is complete, and says in a line what it shows", () => {
    const files = isUpdating ? FILES : [...FILES, ...ways.map(({ file }) => file)];
    expect(files.filter((file) => !existsSync(`${folder}/${file}`))).toEqual([]);
    expect(readFileSync(`${folder}/about.txt`, "utf8")).toMatch(/^\S.{10,}\n$/);
  });

  it.each(ways)("gives what is expected, with every frame accounted for: $file", async ({ file, options }) => {
    const text = await built(folder, options);
    checkAccounts(folder, text);
    checkOrder(text);
    if (isUpdating) writeFileSync(`${folder}/${file}`, text);
    expect(text).toBe(readFileSync(`${folder}/${file}`, "utf8"));
  });

  it("comes to the same where nobody wants to see packets", async () => {
    const all = readFileSync(`${folder}/expected.ndjson`, "utf8");
    const quiet = ["file", `${folder}/inside.pcap`, `${folder}/outside.pcap`, "-q"];
    const { stdout } = await natcorr(...quiet, "--format", "ndjson");
    expect(stdout.replaceAll(`${folder}/`, "")).toBe(all.replace(OF_PACKETS, ""));
    expect((await natcorr(...quiet, "--width", "200")).stdout.match(/^unmatched: .*$/m)?.[0]).toBe(unmatchedText(all));
  });
});
