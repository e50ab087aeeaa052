/**
 * Walks fixtures/: what `natcorr file` makes of the captures of each, inside*.pcap and outside*.pcap, must be its `expected.ndjson`, byte for byte; and where the host's rules,
 * or a trace of them, are beside them, with `--rules rules.txt`, its `expected-rules.ndjson`, and with `--trace trace.txt`, its `expected-trace.ndjson`;
 * where snapshots of the host are, with both for `--host`, its `expected-host.ndjson`. Where `truth.csv` is, which whoever made the captures wrote, natcorr finds the pairs that
 * are in it, all of them, and no other.
 *
 * `UPDATE_FIXTURES=1 npx vitest run test/fixtures.test.ts` writes the expected output instead of comparing it. Read the
 * difference before you keep it: it must be what somebody who knows the traffic would say.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtNatcorr, natcorr } from "./support/natcorr.js";
import { PutAway } from "./support/put-away.js";

const ROOT = fileURLToPath(new URL("../fixtures/", import.meta.url));
const FILES = ["about.txt", "inside.pcap", "outside.pcap"];
const SIDES = ["inside", "outside"] as const;
const isUpdating = process.env["UPDATE_FIXTURES"] === "1";

/** The captures of a side, in the order in which the header lists them. */
function capturesOf(folder: string, side: string): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith(side) && name.endsWith(".pcap"));
  return names.sort().map((name) => `${folder}/${name}`);
}

/** How the captures of a fixture are given. */
function wordsOf(folder: string): string[] {
  return SIDES.map((side) => capturesOf(folder, side).join(","));
}

/** What a program prints, in the fixture's folder. */
async function printed(program: typeof natcorr, folder: string, options: readonly string[]): Promise<string> {
  const { stdout } = await program("file", ...wordsOf(folder), "--format", "ndjson", ...options);
  return stdout.replaceAll(`${folder}/`, "");
}

const pairsIn = (text: string): number => text.match(/^\{"type":"pair"/gm)?.length ?? 0;

/** Lines that are about single packets. */
const OF_PACKETS = /^\{"type":"(pair|ambiguous|unmatched|update)".*\n/gm;

/** The line of the text report that says which verdicts unmatched frames got; undefined where there are none. */
function unmatchedText(text: string): string | undefined {
  const parts = SIDES.flatMap((side) => {
    const found = text.matchAll(
      /^\{"type":"(?:unmatched|update)","side":"(\w+)","frame":(\d+(?:,"capture":\d+)?).*?"verdict":"([\w-]+)"/gm,
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
  /** Of a pair, or a flow, where both of its forms are on one side. */
  side: string | undefined;
  frame: number;
  flow: number;
  nat: string;
  verdict: string;
  flowCount: number;
  inside: { frames: number[]; length: number };
  outside: { frames: number[]; length: number };
  missing: object[] | undefined;
  direction: string;
  retransmission: boolean | undefined;
  rewrite: string[];
  /** Of a finding, what it is, and how often. */
  code: string;
  count: number;
  hint: string;
  more: number;
  frames: Record<"inside" | "outside", number[]>;
  latencyNs: number;
  latency: Record<"inbound" | "outbound", { minNs: number; maxNs: number } | null>;
  pairs: number;
  bytes: number;
  insideOnly: number;
  outsideOnly: number;
  /** The flows that a finding is about. */
  flows: number[];
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

/** A frame of one of several captures has a number above so many times its capture's place. */
const APART = 1_000_000;

/** A line with the frames of a side numbered apart by the captures that have them. */
function numberedApart(text: string): Line {
  const apart = (frames: number[], captures: number[]): number[] =>
    frames.map((frame, at) => frame + APART * captures[at]);
  const line: Line & { capture?: number; framesIn?: Line["frames"] } = JSON.parse(text);
  if (line.frame !== undefined) line.frame += APART * (line.capture ?? 0);
  for (const side of SIDES) {
    const of: { frames?: number[]; capture?: number; framesIn?: number[] } | undefined = line[side];
    if (of?.frames !== undefined) of.frames = apart(of.frames, of.framesIn ?? of.frames.map(() => of.capture ?? 0));
    if (line.framesIn !== undefined) line.frames[side] = apart(line.frames[side], line.framesIn[side]);
  }
  return line;
}

/** Captures whose outside stamps are not of the inside's clock, or go back: what stands there alone is not in the order of the others by them. */
const CLOCKS_APART: ReadonlySet<string> = new Set([
  "clock-set-acks-intact",
  "clock-set-beats-flushed",
  "clock-set-by-periods",
  "clock-set-one-way",
  "clock-set-renumbered",
  "port-given-away",
]);

/** Lines about single packets come in the order of their inside frames' stamps, and of their own. */
function checkOrder(name: string, text: string): void {
  const alone = CLOCKS_APART.has(name) ? 'unmatched","side":"inside"' : 'unmatched"';
  const line = new RegExp(`^\\{"type":"(?:pair".*?"inside":\\{[^}]*?|${alone}.*?)"time":"(\\d+\\.\\d{9})"`, "gm");
  const times = [...text.matchAll(line)].map(([, time]) => time);
  expect(times).toEqual([...times].sort());
}

/**
 * Every frame is in exactly one record or in a count of what natcorr does not look at, and the summary, the flows and the findings say the same. Returns
 * the summary's totals, by side.
 */
function checkAccounts(folder: string, text: string): Record<"inside" | "outside", Totals> {
  const lines: Line[] = text.trimEnd().split("\n").map(numberedApart);
  const of = (type: string): Line[] => lines.filter((line) => line.type === type);
  expect(lines[0].type).toBe("header");
  expect(of("summary")).toEqual([lines.at(-1)]);
  const { totals }: { totals: Record<"inside" | "outside", Totals> } = JSON.parse(text.trimEnd().split("\n").at(-1)!);
  // an update takes the place of what was said before
  const last = new Map(of("unmatched").map((line) => [`${line.side} ${line.frame}`, line]));
  for (const { side, frame, ...said } of of("update"))
    last.set(`${side} ${frame}`, { ...last.get(`${side} ${frame}`)!, ...said });
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
      paired: paired.length,
      ambiguous: ambiguous.length,
      unmatched: unmatched.length,
      verdicts: counts([...last.values()].filter((line) => line.side === side).map(({ verdict }) => verdict)),
    });
    expect(told.paired + told.unmatched + told.ambiguous + told.notIp + told.undecodable).toBe(told.frames);
    const listed = [...paired, ...ambiguous, ...unmatched];
    expect(new Set(listed).size, `frames of ${side} that are in one record`).toBe(listed.length);
    const frames = capturesOf(folder, side).map(frameCount);
    expect(listed.filter((frame) => frame < 1 || frame % APART > frames[Math.floor(frame / APART)])).toEqual([]);
  }
  const ids = of("flow").map((line) => line.flow);
  expect(new Set(ids).size).toBe(lines.at(-1)?.flowCount);
  expect(of("pair").filter((line) => !ids.includes(line.flow))).toEqual([]);
  expect(of("finding").flatMap(({ flows }) => flows.filter((flow) => !ids.includes(flow)))).toEqual([]);
  checkFindings(of("finding"), of("pair"));
  for (const side of SIDES) {
    const told = new Set([...last.values()].filter((line) => line.side === side).map(({ frame }) => frame));
    for (const line of [...of("pair"), ...of("ambiguous")]) for (const frame of line[side].frames) told.add(frame);
    const found = of("finding").filter(({ code }) => code === "mtu" || code === "refused" || code === "dropped");
    expect(found.flatMap(({ frames }) => frames[side].filter((frame) => !told.has(frame)))).toEqual([]);
  }
  const [pairs, alone] = [groupBy(of("pair")), groupBy([...last.values()].filter(({ verdict }) => verdict !== "copy"))];
  for (const flow of of("flow")) checkFlow(flow, pairs.get(flow.flow) ?? [], alone.get(flow.flow) ?? []);
  return totals;
}

/** What a NAT rewrites; anything else was rewritten beyond that. */
const REWRITTEN = new Set(["src", "srcPort", "dst", "dstPort", "icmpId"]);

/** So many frames, and flows, a finding lists. */
const MOST_LISTED = 100;
const NO_FINDING: Pick<Line, "flows" | "frames" | "more"> = { flows: [], frames: { inside: [], outside: [] }, more: 0 };

/** Findings that name no frames: what is about all of them, or about the host alone. */
const NAMELESS: ReadonlySet<string> = new Set(["nothing-paired", "nat-missing"]);

const byNumber = (a: number, b: number): number => a - b;

/** Findings that count pairs count those that are shown. */
function checkFindings(findings: readonly Line[], pairs: readonly Line[]): void {
  const countOf = (code: string): number => findings.find((finding) => finding.code === code)?.count ?? 0;
  const isMore = ({ rewrite }: Line): boolean => rewrite.some((field) => !REWRITTEN.has(field));
  const told = {
    retransmissions: pairs.filter((pair) => pair.retransmission === true),
    rewritten: pairs.filter(isMore),
  };
  for (const [code, some] of Object.entries(told)) {
    expect(countOf(code)).toBe(some.length);
    const { frames, flows, more } = findings.find((finding) => finding.code === code) ?? NO_FINDING;
    for (const side of SIDES) {
      const theirs = some.map((pair) => pair[side].frames[0]);
      expect(theirs).toEqual(expect.arrayContaining(frames[side]));
      expect(frames[side]).toHaveLength(Math.min(theirs.length, MOST_LISTED));
    }
    expect(flows.toSorted(byNumber)).toEqual([...new Set(some.map(({ flow }) => flow))].toSorted(byNumber));
    expect(more).toBe(2 * Math.max(0, some.length - MOST_LISTED));
  }
  for (const { code, count, frames, more, hint } of findings) {
    expect(count).toBeGreaterThan(0);
    expect(hint).not.toBe("");
    const listed = SIDES.map((side) => frames[side].length);
    expect([code, listed[0] + listed[1] + more > 0]).toEqual([code, !NAMELESS.has(code)]);
    expect(SIDES.map((side) => new Set(frames[side]).size)).toEqual(listed);
    expect([code, Math.max(...listed) < MOST_LISTED && more > 0]).toEqual([code, false]);
  }
  const shown = new Set(pairs.map(({ flow }) => flow));
  const ofFlows = findings.filter(({ code }) => ["port-rewritten", "retransmissions", "missing-pieces"].includes(code));
  expect(ofFlows.flatMap(({ flows }) => flows.filter((flow) => !shown.has(flow)))).toEqual([]);
}

/** A flow says what its pairs say, and how many packets of it have no twin. */
function checkFlow(flow: Line, pairs: readonly Line[], alone: readonly Line[]): void {
  const on = (side: string): number => alone.filter((line) => line.side === side).length;
  expect(flow.pairs).toBe(pairs.length);
  if (flow.side === undefined) expect([flow.insideOnly, flow.outsideOnly]).toEqual([on("inside"), on("outside")]);
  else expect(flow.insideOnly + flow.outsideOnly).toBe(on(flow.side));
  if (flow.nat === "proxy") return;
  // of a segment that lost pieces, what left has crossed
  const crossed = (pair: Line): Line["inside"] =>
    pair.missing !== undefined && pair.direction === "outbound" ? pair.outside : pair.inside;
  expect(flow.bytes).toBe(pairs.reduce((bytes, pair) => bytes + crossed(pair).length, 0));
  for (const direction of ["inbound", "outbound"] as const) {
    const took = pairs.filter((pair) => pair.direction === direction).map(({ latencyNs }) => latencyNs);
    if (took.length === 0) expect(flow.latency[direction]).toBeNull();
    else expect(flow.latency[direction]).toMatchObject({ minNs: Math.min(...took), maxNs: Math.max(...took) });
  }
}

/** How often there is each of some words. */
function counts(words: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const word of words) found[word] = (found[word] ?? 0) + 1;
  return found;
}

/** Lines by their flow. */
function groupBy(lines: readonly Line[]): Map<number, Line[]> {
  const found = new Map<number, Line[]>();
  for (const line of lines) found.set(line.flow, [...(found.get(line.flow) ?? []), line]);
  return found;
}

const putAway = new PutAway();
beforeAll(() => putAway.begin());
afterAll(() => putAway.end());

describe.each(readdirSync(ROOT))("fixtures/%s", (name) => {
  const folder = ROOT + name;
  const ways = [{ file: "expected.ndjson", options: [] as string[] }];
  for (const what of ["rules", "trace"])
    if (existsSync(`${folder}/${what}.txt`))
      ways.push({ file: `expected-${what}.ndjson`, options: [`--${what}`, `${folder}/${what}.txt`] });
  if (existsSync(`${folder}/after.json`)) {
    const snapshots = ["before", "after"].map((moment) => `${folder}/${moment}.json`);
    ways.push({ file: "expected-host.ndjson", options: ["--host", snapshots.join(",")] });
  }

  it("is complete, and says in a line what it shows", () => {
    const files = isUpdating ? FILES : [...FILES, ...ways.map(({ file }) => file)];
    expect(files.filter((file) => !existsSync(`${folder}/${file}`))).toEqual([]);
    expect(readFileSync(`${folder}/about.txt`, "utf8")).toMatch(/^\S.{10,}\n$/);
  });

  it.each(ways)("gives what is expected, with every frame accounted for: $file", async ({ file, options }) => {
    const text = await printed(builtNatcorr, folder, options);
    const totals = checkAccounts(folder, text);
    for (const side of SIDES) {
      const frames = capturesOf(folder, side).map(frameCount);
      expect(totals[side].frames).toBe(frames.reduce((sum, each) => sum + each));
    }
    checkOrder(name, text);
    if (isUpdating) writeFileSync(`${folder}/${file}`, text);
    expect(text).toBe(readFileSync(`${folder}/${file}`, "utf8"));
  });

  it("accounts for the first pairs alone as for all of them", async () => {
    const all = pairsIn(readFileSync(`${folder}/expected.ndjson`, "utf8"));
    for (const count of new Set([1, Math.ceil(Math.max(2, all) / 2)])) {
      const text = await printed(natcorr, folder, ["-c", String(count)]);
      expect(pairsIn(text)).toBe(Math.min(count, all));
      checkAccounts(folder, text);
    }
  });

  it("comes to the same where nobody wants to see packets, which are put away at once, and read no more", async () => {
    putAway.readers.clear();
    const all = readFileSync(`${folder}/expected.ndjson`, "utf8");
    const quiet = ["file", ...wordsOf(folder), "-q"];
    const { stdout } = await natcorr(...quiet, "--format", "ndjson");
    expect(stdout.replaceAll(`${folder}/`, "")).toBe(all.replace(OF_PACKETS, ""));
    expect((await natcorr(...quiet, "--width", "200")).stdout.match(/^unmatched: .*$/m)?.[0]).toBe(unmatchedText(all));
    expect([...putAway.readers]).toEqual([]);
  });
});

/** Pairs as `truth.csv` has them, a line a pair: the frames of the inside, those of the outside. */
function truePairs(name: string): string[] {
  const [head, ...pairs] = readFileSync(`${ROOT}${name}/truth.csv`, "utf8").trimEnd().split("\n");
  expect(head).toBe("inside_frames,outside_frames");
  return pairs.sort();
}

describe("fixtures whose truth is known", () => {
  const known = readdirSync(ROOT).filter((name) => existsSync(`${ROOT}${name}/truth.csv`));

  it("are there", () => {
    expect(known.length).toBeGreaterThanOrEqual(8);
  });

  it.each(known)("%s: the pairs found are the true ones", (name) => {
    const lines: Line[] = readFileSync(`${ROOT}${name}/expected.ndjson`, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const found = lines
      .filter(({ type }) => type === "pair")
      .map(({ inside, outside }) => `${inside.frames.join(" ")},${outside.frames.join(" ")}`);
    expect(found.sort()).toEqual(truePairs(name));
  });
});
