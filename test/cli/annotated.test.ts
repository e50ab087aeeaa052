import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { natcorr } from "../support/natcorr.js";
import { isSkipped, tools } from "../support/needs.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const DISSECTOR = join(import.meta.dirname, "../../src/report/annotated/natcorr.lua");
const SIDES = ["inside", "outside"] as const;
type SideName = (typeof SIDES)[number];

const capturesOf = (name: string): [inside: string, outside: string] => [
  `${FIXTURES}/${name}/inside.pcap`,
  `${FIXTURES}/${name}/outside.pcap`,
];

/** A frame of the file that was written. */
interface Written {
  readonly side: SideName;
  /** Epoch nanoseconds. */
  readonly stampNs: bigint;
  readonly original: number;
  readonly data: Buffer;
  readonly comment: string;
}

/** Reads what was written without natcorr's reader: blocks of pcapng, little-endian; frames of interfaces that are called after their captures. */
function framesIn(path: string): Written[] {
  const bytes = readFileSync(path);
  const ifaces: SideName[] = [];
  const frames: Written[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    const block = bytes.subarray(at, at + bytes.readUInt32LE(at + 4));
    const type = block.readUInt32LE(0);
    if (type === 1) ifaces.push(block.includes("inside.pcap") ? "inside" : "outside");
    if (type !== 6) continue;
    const captured = block.readUInt32LE(20);
    const options = 28 + Math.ceil(captured / 4) * 4;
    const hasComment = block.length - 4 > options && block.readUInt16LE(options) === 1;
    frames.push({
      side: ifaces[block.readUInt32LE(8)],
      stampNs: (BigInt(block.readUInt32LE(12)) << 32n) | BigInt(block.readUInt32LE(16)),
      original: block.readUInt32LE(24),
      data: block.subarray(28, 28 + captured),
      comment: hasComment ? block.subarray(options + 4, options + 4 + block.readUInt16LE(options + 2)).toString() : "",
    });
  }
  return frames;
}

/** Frames of a pcap file, little-endian. */
function framesOfPcap(path: string): Omit<Written, "side" | "comment">[] {
  const bytes = readFileSync(path);
  const frames: Omit<Written, "side" | "comment">[] = [];
  const unitNs = bytes.readUInt32LE(0) === 0xa1b23c4d ? 1n : 1000n;
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8))
    frames.push({
      stampNs: BigInt(bytes.readUInt32LE(at)) * 1_000_000_000n + BigInt(bytes.readUInt32LE(at + 4)) * unitNs,
      original: bytes.readUInt32LE(at + 12),
      data: bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 8)),
    });
  return frames;
}

interface Line {
  readonly type: string;
  readonly side: SideName;
  readonly frame: number;
  readonly flow: number;
  readonly verdict: string;
  readonly impact?: string;
  readonly byFrame?: number;
  readonly why: string;
  readonly latencyNs: number;
  readonly inside: { readonly frames: readonly number[] };
  readonly outside: { readonly frames: readonly number[] };
  readonly totals: Readonly<Record<SideName, { readonly notIp: number; readonly undecodable: number }>>;
}

/** What is printed of captures, and the file that is written of them: frames, and by side, where each is in it, from 1 on. */
async function annotated(name: string, ...options: readonly string[]) {
  const path = scratch(`${name}.pcapng`);
  const { stdout } = await natcorr("file", ...capturesOf(name), "--format", "ndjson", "-w", path, ...options);
  const frames = framesIn(path);
  const places: Record<SideName, number[]> = { inside: [], outside: [] };
  for (const [at, { side }] of frames.entries()) places[side].push(at + 1);
  return { path, frames, stdout, numberOf: (side: SideName, frame: number) => places[side][frame - 1] };
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line));

/** What was said last of each frame without a twin. */
function judgedIn(lines: readonly Line[]): readonly Line[] {
  const judged = lines.filter(({ type }) => type === "unmatched" || type === "update");
  return [...new Map(judged.map((line) => [`${line.side} ${line.frame}`, line])).values()];
}

/** Lines of pairs of both sides. */
const pairsIn = (lines: readonly Line[]): Line[] =>
  lines.filter(({ type, side }) => type === "pair" && side === undefined);

/** How long a packet took by its frame's comment, nanoseconds. */
function latencyIn(comment: string): number {
  const [, number, unit] = / · ([+-][\d.]+) (s|ms|µs|ns)$/.exec(comment) ?? [];
  return Math.round(Number(number) * { s: 1e9, ms: 1e6, µs: 1e3, ns: 1 }[unit ?? ""]!);
}

const NAMES = [
  "ping",
  "mixed",
  "drops",
  "tso-off-drops",
  "fragments",
  "unreachable",
  "hairpin",
  "vxlan",
  "proxy-ipv6",
  "clock-set-one-way",
];

it.each(NAMES)("each frame of %s is written once, as it was, with what is printed of it", async (name) => {
  const { frames, stdout, numberOf } = await annotated(name);
  for (const [at, side] of SIDES.entries()) {
    const ofSide = frames.filter((frame) => frame.side === side);
    expect(ofSide.map(({ stampNs, original, data }) => ({ stampNs, original, data }))).toEqual(
      framesOfPcap(capturesOf(name)[at]),
    );
  }
  const commentOf = (side: SideName, frame: number): string => frames[numberOf(side, frame) - 1].comment;
  const lines = linesOf(stdout);
  for (const line of pairsIn(lines))
    for (const [side, other] of [SIDES, SIDES.toReversed()]) {
      const twins = line[other].frames.map((frame) => numberOf(other, frame));
      const named = ` · twin frame${twins.length === 1 ? "" : "s"} ${twins.join(", ")} on ${other}.pcap · `;
      for (const comment of line[side].frames.map((frame) => commentOf(side, frame))) {
        expect(comment).toMatch(new RegExp(`^natcorr: flow ${line.flow} · `));
        expect(comment).toContain(named);
        expect(latencyIn(comment)).toBe(line.latencyNs);
      }
    }
  for (const { side, frame, flow, verdict, impact, byFrame, why } of judgedIn(lines)) {
    const comment = commentOf(side, frame);
    expect(comment.startsWith(`natcorr: no twin${flow === undefined ? "" : ` · flow ${flow}`} · `)).toBe(true);
    expect(comment).toContain(` · verdict ${verdict} · reason `);
    expect(/ · impact (\w+)/.exec(comment)?.[1]).toBe(impact);
    expect(/ · by frame (\d+)/.exec(comment)?.[1]).toBe(byFrame && String(numberOf(side, byFrame)));
    expect(comment.endsWith(` · ${why}`)).toBe(true);
  }
  const totals = Object.values(lines[lines.length - 1].totals);
  const untold = totals.reduce((sum, { notIp, undecodable }) => sum + notIp + undecodable, 0);
  expect(frames.filter(({ comment }) => comment === "").length).toBe(untold);
});

it("frames of both sides are in the order of time on the inside's clock, with their own stamps", async () => {
  const { frames } = await annotated("ping");
  const sorted = frames.toSorted((a, b) => (a.stampNs < b.stampNs ? -1 : 1));
  expect(frames.map(({ side, stampNs }) => [side, stampNs])).toEqual(
    sorted.map(({ side, stampNs }) => [side, stampNs]),
  );
  // the outside's clock is 3.5 s ahead: by their stamps, they would come behind all others
  const shifted = readFileSync(capturesOf("ping")[1]);
  for (let at = 24; at < shifted.length; at += 16 + shifted.readUInt32LE(at + 8))
    shifted.writeUInt32LE(shifted.readUInt32LE(at) + 3, at);
  const [later, path] = [scratch("outside.pcap"), scratch("shifted.pcapng")];
  writeFileSync(later, shifted);
  await natcorr("file", capturesOf("ping")[0], later, "-w", path, "--clock-offset", "3s");
  expect(framesIn(path).map(({ side, data }) => [side, data])).toEqual(frames.map(({ side, data }) => [side, data]));
});

it("a filter, or a flow, selects the frames that are written; what is not among them is named by its capture", async () => {
  const all = await annotated("mixed");
  const flow = judgedIn(linesOf(all.stdout)).find(({ verdict }) => verdict === "dropped")?.flow;
  const { frames } = await annotated("mixed", "--flow", String(flow), "-q");
  expect(frames.length).toBe(all.frames.filter(({ comment }) => comment.includes(` flow ${flow} · `)).length);
  expect(frames.every(({ comment }) => comment.includes(` flow ${flow} · `))).toBe(true);
  const filtered = await annotated("mixed", "icmp");
  expect(filtered.frames.length).toBeGreaterThan(0);
  expect(filtered.frames.length).toBeLessThan(all.frames.length);
});

it("several captures of a side, and one capture of both, are written as well", async () => {
  const folder = `${FIXTURES}/two-bridges`;
  const insides = `${folder}/inside.pcap,${folder}/inside-br-app.pcap`;
  const [merged, again] = [scratch("merged.pcapng"), scratch("again.pcapng")];
  const { stdout } = await natcorr("file", insides, `${folder}/outside.pcap`, "-q", "--format", "ndjson", "-w", merged);
  const sides = ["--inside", "inside.pcap,inside-br-app.pcap", "--outside", "outside.pcap"];
  const split = await natcorr("file", merged, ...sides, "-q", "--format", "ndjson", "-w", again);
  expect(linesOf(split.stdout).at(-1)?.totals).toEqual(linesOf(stdout).at(-1)?.totals);
  const [once, twice] = [merged, again].map(framesIn);
  expect(once.length).toBe(
    ["inside", "inside-br-app", "outside"].reduce(
      (sum, name) => sum + framesOfPcap(`${folder}/${name}.pcap`).length,
      0,
    ),
  );
  expect(once.some(({ comment }) => / on inside-br-app\.pcap · /.test(comment))).toBe(true);
  // whoever goes to a frame's twin, and to the twin of that, is back
  const twinOf = (at: number): number => Number(/ twin frame (\d+) /.exec(once[at]?.comment ?? "")?.[1] ?? 0) - 1;
  const paired = once.flatMap((_, at) => (twinOf(at) < 0 ? [] : [at]));
  expect(paired.length).toBeGreaterThan(50);
  expect(paired.map((at) => twinOf(twinOf(at)))).toEqual(paired);
  expect(twice.map(({ stampNs, data }) => [stampNs, data])).toEqual(once.map(({ stampNs, data }) => [stampNs, data]));
  expect(twice.map(({ comment }) => comment)).toEqual(once.map(({ comment }) => comment));
});

it("whatever is shown, comments are the same", async () => {
  const { path } = await annotated("mixed");
  const bytes = readFileSync(path);
  for (const options of [["-q"], ["--format", "text"], ["--only", "leak"], ["--fail-on", "dropped"]]) {
    await annotated("mixed", ...options);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  }
});

it("says why captures cannot be written, before anything is", async () => {
  const copy = scratch("copy.pcap");
  copyFileSync(capturesOf("ping")[0], copy);
  const { size } = statSync(copy);
  const over = await natcorr("file", copy, capturesOf("ping")[1], "-w", copy);
  expect([over.code, over.stderr]).toEqual([
    2,
    expect.stringContaining(`-w would overwrite '${copy}', which is one of the captures`),
  ]);
  expect(statSync(copy).size).toBe(size);
  const once = await natcorr("file", "-", copy, "-w", scratch("never.pcapng"));
  expect([once.code, once.stderr]).toEqual([2, expect.stringContaining("'-' can be read once only")]);
  const toOutput = await natcorr("file", ...capturesOf("ping"), "-w", "-");
  expect([toOutput.code, toOutput.stderr]).toEqual([
    2,
    expect.stringContaining("It must be a file: standard output is for the report"),
  ]);
  await expect(natcorr("file", ...capturesOf("ping"), "-w", scratch("no/such/folder.pcapng"))).rejects.toThrow(
    "cannot be written",
  );
});

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** Fields of the frames that a display filter selects, as tshark shows them. */
function shown(path: string, filter: string, ...names: readonly string[]): string[][] {
  const fields = ["-T", "fields", "-E", "occurrence=a", ...names.flatMap((name) => ["-e", name])];
  const text = run("tshark", "-X", `lua_script:${DISSECTOR}`, "-r", path, "-Y", filter, ...fields);
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.split("\t"));
}

it.skipIf(isSkipped("what Wireshark shows of natcorr's comments", tools(["tshark", "capinfos"])))(
  "Wireshark's fields are the NDJSON's, and it takes the file",
  async () => {
    const { path, stdout, frames, numberOf } = await annotated("mixed");
    expect(run("capinfos", "-c", "-M", path)).toContain(`Number of packets:   ${frames.length}\n`);
    const judged = judgedIn(linesOf(stdout));
    for (const verdict of new Set(judged.map((line) => line.verdict)))
      expect([verdict, shown(path, `natcorr.verdict == "${verdict}"`, "frame.number").length]).toEqual([
        verdict,
        judged.filter((line) => line.verdict === verdict).length,
      ]);
    const names = ["frame.number", "natcorr.twin", "natcorr.flow", "natcorr.latency", "natcorr.rewrite"];
    const byNumber = new Map<string, string[]>();
    for (const [number, ...rest] of shown(path, "natcorr.twin", ...names)) byNumber.set(number, rest);
    const pairs = pairsIn(linesOf(stdout));
    expect(pairs.length).toBeGreaterThan(100);
    for (const { inside, outside, flow, latencyNs } of pairs) {
      const twins = outside.frames.map((frame) => numberOf("outside", frame)).join(",");
      const [twin, ofFlow, seconds, rewrite] = byNumber.get(String(numberOf("inside", inside.frames[0]))) ?? [];
      expect([twin, ofFlow, Math.round(Number(seconds) * 1e9)]).toEqual([twins, String(flow), latencyNs]);
      expect(rewrite).not.toBe("");
    }
    const slow = pairs.filter(({ latencyNs }) => latencyNs > 50_000);
    expect(shown(path, "natcorr.latency > 0.00005", "frame.number").length).toBe(
      slow.reduce((sum, { inside, outside }) => sum + inside.frames.length + outside.frames.length, 0),
    );
  },
);
