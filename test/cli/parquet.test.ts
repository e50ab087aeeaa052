import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { natcorr } from "../support/natcorr.js";
import { PART_ROWS } from "../../src/report/parquet/table.js";
import { ethernet, ipv4, tcp } from "../support/packets.js";
import { rowOf, tableIn } from "../support/parquet.js";
import { pcap } from "../support/pcap.js";
import { scratch } from "../support/scratch.js";

const FIXTURES = join(import.meta.dirname, "../../fixtures");
const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const capturesOf = (name: string): [inside: string, outside: string] => [
  `${FIXTURES}/${name}/inside.pcap`,
  `${FIXTURES}/${name}/outside.pcap`,
];
const [inside, outside] = capturesOf("mixed");

/** The lines of a type that NDJSON has, as rows. */
async function linesOf(type: string, ...args: readonly string[]): Promise<object[]> {
  const { stdout } = await natcorr("file", "--format", "ndjson", ...args);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line): { readonly type: string } => JSON.parse(line));
  return lines.filter((line) => line.type === type).map((line) => rowOf(line));
}

it("has what NDJSON has, changes nothing of what is printed, and writes a page as well", async () => {
  const run = scratch("parents/run");
  const page = scratch("beside.html");
  const printed = await natcorr("file", "-q", inside, outside);
  expect(await natcorr("file", "-q", inside, outside, "--parquet", run, "--html", page)).toEqual(printed);
  expect(await tableIn(run, "pairs")).toEqual(await linesOf("pair", inside, outside));
  expect(await tableIn(run, "unmatched")).toEqual(await linesOf("unmatched", inside, outside));
  expect(await tableIn(run, "flows")).toEqual(await linesOf("flow", inside, outside));
  expect(await tableIn(run, "summary")).toEqual(await linesOf("summary", inside, outside));
  expect(readFileSync(page, "utf8")).toContain("</html>");
});

it.each([[["--flow", "10"]], [["--slower-than", "50us"]], [["-c", "100"]], [["host", "172.17.0.3"]]])(
  "has the rows that %j selects, whatever is shown of them",
  async (select) => {
    const run = scratch(`selected ${select.join(" ")}`);
    await natcorr("file", "-q", "--only", "mtu", "--parquet", run, inside, outside, ...select);
    const pairs = await tableIn(run, "pairs");
    expect(pairs).not.toEqual([]);
    expect(pairs).toEqual(await linesOf("pair", inside, outside, ...select));
  },
);

it("takes a folder that is empty, and leaves one with files as it was", async () => {
  const run = scratch("taken");
  mkdirSync(run);
  expect((await natcorr("file", "-q", inside, outside, "--parquet", run)).code).toBe(0);
  const before = readdirSync(join(run, "pairs"));
  const again = await natcorr("file", "-q", inside, outside, "--parquet", run);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain(`argument '${run}' is invalid. It must be a new folder, or an empty one.`);
  expect(readdirSync(join(run, "pairs"))).toEqual(before);
});

it("takes no file for a folder, nor standard output", async () => {
  for (const path of [inside, "-"]) {
    const { code, stderr } = await natcorr("file", "-q", inside, outside, "--parquet", path);
    expect([code, stderr.includes("It must be a new folder, or an empty one.")]).toEqual([2, true]);
  }
});

it("says at once where the folder cannot be made", async () => {
  const file = scratch("a file");
  writeFileSync(file, "");
  const run = join(file, "run");
  await expect(natcorr("file", "-q", inside, outside, "--parquet", run)).rejects.toThrow(
    `${run}/captures/000000.parquet: cannot be written: ENOTDIR`,
  );
});

it.each([
  ["SIGKILL", { isWhole: false }],
  ["SIGINT", { isWhole: true }],
] as const)("can be read up to its last part after %s", async (signal, { isWhole }) => {
  const [one, other] = (["inside", "outside"] as const).map((side) => {
    const path = scratch(`${side} of ${signal}.pcap`);
    writeFileSync(path, segments(side, PART_ROWS + 5000));
    return path;
  });
  const run = scratch(`ended by ${signal}`);
  // standard input stays open: by itself, natcorr does not end
  const child = spawn(process.execPath, [MAIN, "file", "-q", "--clock-offset", "none", "-", other, "--parquet", run], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdin.on("error", () => {});
  child.stdin.write(readFileSync(one));
  while (!existsSync(join(run, "pairs", "000001.parquet"))) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill(signal);
  await ended;
  child.stdin.destroy();
  const pairs = await tableIn(run, "pairs");
  expect(pairs.slice(0, PART_ROWS).map(({ inside_frames: frames }) => frames)).toEqual(
    Array.from({ length: PART_ROWS }, (_, at) => [at + 1]),
  );
  const summary = await tableIn(run, "summary");
  expect(summary.map(({ totals_inside_paired: paired }) => paired)).toEqual(isWhole ? [pairs.length] : []);
});

/** A capture of TCP segments, one a millisecond, as they look on a side. */
function segments(side: "inside" | "outside", count: number): Buffer {
  const [src, ttl, delayNs] = side === "inside" ? ["172.17.0.2", 64, 0n] : ["10.0.2.15", 63, 29_000n];
  const frames = Array.from({ length: count }, (_, at) => ({
    timeNs: 1_700_000_000_000_000_000n + BigInt(at) * 1_000_000n + delayNs,
    frame: ethernet(
      ipv4(
        { src, dst: "180.101.49.11", ttl, id: (at % 65_535) + 1 },
        tcp({ srcPort: 45678, dstPort: 443, seq: at + 1, ack: 1 }),
      ),
    ),
  }));
  return pcap(frames);
}
