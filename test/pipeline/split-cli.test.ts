import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/capture/engines.js";
import { writerText } from "../../src/capture/pcapng-blocks.js";
import { PcapngWriter } from "../../src/capture/pcapng-writer.js";
import { openCapture } from "../../src/capture/open.js";
import { FrameBatch } from "../../src/packets/batches/frames.js";
import { natcorr as inThisProcess, type Printed } from "../support/natcorr.js";
import { scratch } from "../support/scratch.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const FIXTURE = `${FIXTURES}docker-web/`;

function natcorr(...args: readonly string[]): Promise<Printed> {
  return inThisProcess("file", ...args);
}

/** Both captures of a fixture in one pcapng file, as `natcorr live -w` writes it: batch after batch. */
async function bothInOne(
  fixture = FIXTURE,
  names = ["docker0", "enp0s3"],
  engine: Engine = "libpcap",
): Promise<string> {
  const sources = await Promise.all(
    ["inside.pcap", "outside.pcap"].map((name) =>
      openCapture(fixture + name, { onWarning: (text) => expect.fail(text) }),
    ),
  );
  const path = scratch("both.pcapng");
  const writer = new PcapngWriter(
    path,
    sources.map((source, side) => ({ ...source.interfaces[0], name: names[side] })),
    writerText(engine),
  );
  const batches = await Promise.all(sources.map(async (source) => (await source.next()) ?? new FrameBatch()));
  const written = [0, 0];
  // what came within 10 ms on one, then on the other
  for (
    let untilNs = sources[0].epochNs;
    written.some((from, side) => from < batches[side].count);
    untilNs += 10_000_000n
  )
    for (const [side, { count, timeNs }] of batches.entries()) {
      const from = written[side];
      while (written[side] < count && timeNs[written[side]] <= Number(untilNs - sources[side].epochNs)) written[side]++;
      if (written[side] > from)
        writer.write(side, rowsOf(batches[side], from, written[side] - from), sources[side].epochNs);
    }
  writer.close();
  return path;
}

function rowsOf(batch: FrameBatch, from: number, most: number): FrameBatch {
  const to = Math.max(from, Math.min(from + most, batch.count));
  const rows = new FrameBatch();
  rows.count = to - from;
  rows.data = batch.data;
  for (const column of ["start", "captured", "original", "timeNs"] as const)
    rows[column].set(batch[column].subarray(from, to));
  return rows;
}

type Line = Readonly<Record<string, unknown>>;

/** Lines of a type, without what the two ways of capturing number and name differently. */
function lines(stdout: string, type: string): string[] {
  const found = stdout
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line))
    .filter((line) => line["type"] === type);
  return found
    .map((line) => JSON.stringify(line, (key, value: unknown) => (/^(frames?|byFrame)$/.test(key) ? undefined : value)))
    .map((line) => line.replace(/frame \d+|(?<=[a-z] )\(\w+ #\d+\)/g, "frame"))
    .sort();
}

/** What is said of the clocks. */
async function clocks(...args: readonly string[]): Promise<string | undefined> {
  return /^clocks: (.*)$/m.exec((await natcorr("-q", ...args)).stdout)?.[1];
}

describe("natcorr file with both sides in one capture", () => {
  it.each([
    ["libpcap", "10.0µs"],
    ["cap", "50.0ms"],
  ] as const)(
    "knows how exactly stamps of one clock agree, by what natcorr captured them by: %s",
    async (engine, within) => {
      const both = await bothInOne(FIXTURE, undefined, engine);
      const sides = ["--inside", "docker0", "--outside", "enp0s3"];
      expect(await clocks(both, ...sides)).toBe(`taken as one, to within ${within}`);
    },
  );

  it("does not know that of two captures, which may be of two hosts", async () => {
    const sides = await Promise.all(
      ["inside", "outside"].map(async (name) => {
        const source = await openCapture(`${FIXTURE}${name}.pcap`, { onWarning: (text) => expect.fail(text) });
        const path = scratch(`${name}.pcapng`);
        const writer = new PcapngWriter(path, source.interfaces, writerText("libpcap"));
        writer.write(0, (await source.next()) ?? new FrameBatch(), source.epochNs);
        writer.close();
        return path;
      }),
    );
    expect(await clocks(...sides, "--clock-offset", "none")).toBe("taken as one, nothing tells how exactly");
  });

  it("finds what it finds in two, and every frame has its number in the one", async () => {
    const both = await bothInOne();
    const two = await natcorr("--format", "ndjson", `${FIXTURE}inside.pcap`, `${FIXTURE}outside.pcap`);
    const one = await natcorr("--format", "ndjson", both, "--inside", "docker0", "--outside", "1");
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(lines(one.stdout, "header")).toEqual([expect.stringMatching(/"docker0".*"enp0s3"/)]);
    expect(lines(one.stdout, "pair").length).toBeGreaterThan(40);
    for (const type of ["pair", "flow", "ambiguous"]) expect(lines(one.stdout, type)).toEqual(lines(two.stdout, type));
    const frames = [...one.stdout.matchAll(/"frames":\[([\d,]+)\]/g)].flatMap(([, numbers]) =>
      numbers.split(",").map(Number),
    );
    const { totals }: { totals: { inside: { frames: number }; outside: { frames: number } } } = JSON.parse(
      one.stdout.trimEnd().split("\n").at(-1)!,
    );
    expect(new Set(frames).size).toBe(frames.length);
    expect(Math.max(...frames)).toBeLessThanOrEqual(totals.inside.frames + totals.outside.frames);
  });

  it.each(["drops", "mixed", "tso-off-drops"])("judges what is alone as it does in two: %s", async (name) => {
    const fixture = `${FIXTURES}${name}/`;
    const both = await bothInOne(fixture, ["inside", "outside"]);
    const two = await natcorr("--format", "ndjson", `${fixture}inside.pcap`, `${fixture}outside.pcap`);
    const one = await natcorr("--format", "ndjson", both, "--inside", "0", "--outside", "1");
    expect(lines(one.stdout, "unmatched").length).toBeGreaterThan(5);
    for (const type of ["pair", "unmatched", "flow", "finding"])
      expect(lines(one.stdout, type)).toEqual(lines(two.stdout, type));
  });

  it("does not ask whether both are of one host and time, where one run captured them", async () => {
    const folder = `${FIXTURES}no-forwarding/`;
    const asked = /of (one|the same) host and/;
    const two = await natcorr(`${folder}inside.pcap`, `${folder}outside.pcap`);
    expect(two.stdout).toMatch(asked);
    const one = await natcorr(await bothInOne(folder), "--inside", "docker0", "--outside", "enp0s3");
    expect(one.stdout).not.toMatch(asked);
    expect(one.stdout).toContain("nothing-paired: natcorr found no packet of one capture in the other: does the host");
  });

  it("names the interfaces for the host's routes: what they lead to a bridge that is not captured is unknown, and a rule may have dropped it", async () => {
    const fixture = `${FIXTURES}dropped-by-rules/`;
    const host = ["--host", ["before", "after"].map((moment) => `${fixture}${moment}.json`).join(",")];
    const sides = ["--inside", "docker0", "--outside", "enp0s3"];
    const { stdout } = await natcorr("--format", "ndjson", await bothInOne(fixture), ...sides, ...host);
    const alone = lines(stdout, "unmatched").filter((line) => line.includes("172.30.0.2"));
    expect(alone).toHaveLength(4);
    for (const line of alone)
      expect(line).toMatch(
        /"routed-elsewhere".*the host's route to 172\.30\.0\.2 leaves by br-app, which is not captured/,
      );
    const isolated = expect.stringMatching(/"drop-rule","count":4,.*-A DOCKER-ISOLATION-STAGE-2 -o br-app -j DROP/);
    expect(lines(stdout, "finding")).toContainEqual(isolated);
  });

  it.each([
    [["a", `${FIXTURE}outside.pcap`, "--inside", "0", "--outside", "1"], "is a second one"],
    [["a", "--outside", "1"], "--outside needs --inside"],
    [["a", "--inside", "docker0"], "--outside is needed as well"],
    [["a", "--inside", "10.0.0.0/40"], "'10.0.0.0/40' is neither an interface nor a prefix"],
  ])("%j is wrong: exit 2, and why", async (args, why) => {
    const { code, stdout, stderr } = await natcorr(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(why);
  });

  it("says what there is where nobody says which the sides are", async () => {
    const both = await bothInOne();
    expect(await natcorr(both)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        `${both} holds docker0, enp0s3: if both sides are in it, say which, as --inside docker0 --outside enp0s3`,
      ),
    });
    const one = await natcorr(`${FIXTURE}inside.pcap`);
    expect([one.code, one.stderr]).toEqual([2, expect.stringContaining("--inside with the inside's prefix")]);
  });

  it("exits 1 where the capture has no such interface, and lists those it has", async () => {
    const args = [MAIN, "file", await bothInOne(), "--inside", "docker1", "--outside", "enp0s3"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect([status, stdout]).toEqual([1, ""]);
    // wherever it is folded, as the folder's name may be long
    expect(stderr.replaceAll(/\s+/g, " ")).toMatch(
      /^natcorr: \S+both\.pcapng: has no interface that is known as docker1, .* 0 docker0 \(51\), 1 enp0s3 \(51\) $/,
    );
  });
});
