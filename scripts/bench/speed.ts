import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { generate, pairPaths } from "./generate.js";
import { type Cost, inTurn, measure, rawTwice } from "./measure.js";
import { measureMixes } from "./mix-speed.js";
import { type Scenario, scenarioNamed } from "./scenarios.js";
import { table } from "./table.js";

/** What `npm run bench speed` is asked for. */
export interface SpeedOptions {
  /** A tenth of the packets, every command once. */
  readonly isQuick: boolean;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
}

interface Pair {
  readonly inside: string;
  readonly outside: string;
  /** Frames a side, about. */
  readonly packets: number;
  readonly title: string;
}

const CACHE = join(tmpdir(), "natcorr-bench");
/** The captures take 2.7 GB, natcorr's output the rest. */
const DISK_BYTES = 4e9;
/** So many that the best of them is hardly disturbed: on a noisy machine, of three it is, by up to a tenth. */
const RUNS = 9;
const START_RUNS = 15;
/** Selects nothing: the address is one of those for examples (RFC 5737), and no capture here has it. */
const NOTHING = ["host", "192.0.2.1"];
/** tshark reads this much of each capture first; all of it only where that would not take longer than the limit. */
const TSHARK_SLICE = 100_000;
const TSHARK_LIMIT_S = 120;

/**
 * Measures natcorr and what else reads two captures, and prints the result as Markdown. Files are read once before,
 * so that all runs find them in memory.
 *
 * @throws Error where there is no room for the captures, or where natcorr or tcpdump fails.
 */
export async function speed(options: SpeedOptions): Promise<void> {
  const scale = options.isQuick ? 0.1 : 1;
  const runs = options.isQuick ? 1 : RUNS;
  const bench = new Bench(options.natcorr, runs);
  process.stdout.write(machine(runs));
  const full = await prepare("full-size", 1_000_000 * scale);
  await bench.compare(full, { ndjson: true, target: 1 });
  const small = await prepare("small-packets", 5_000_000 * scale);
  const whole = await bench.compare(small, { ndjson: false, target: 2 });
  await bench.growth(await prepare("small-packets", 500_000 * scale), small, whole);
  await bench.start();
  await measureMixes({ packets: undefined, scale, runs, natcorr: options.natcorr, names: [] });
}

/** Deletes the captures that `speed` keeps for the next time. */
export function cleanSpeed(): void {
  rmSync(CACHE, { recursive: true, force: true });
}

/** Runs commands, several times in turn, and prints a table a question. */
class Bench {
  readonly #natcorr: string;
  readonly #runs: number;

  constructor(natcorr: string, runs: number) {
    this.#natcorr = natcorr;
    this.#runs = runs;
  }

  /** natcorr, raw reading and the others on one pair. @returns natcorr's cost. */
  async compare(pair: Pair, ask: { ndjson: boolean; target: number }): Promise<Cost> {
    const raw = () => rawTwice(pair.inside, pair.outside);
    const commands = [["-q"], NOTHING].map((words) => () => measure([...this.#file(pair), ...words]));
    const [rawCost, quiet, filtered] = await inTurn([raw, ...commands], this.#runs);
    const row = (what: string, cost: Cost, target: string, to = rawCost) => [
      what,
      ...cells(cost),
      times(cost.wallS / to.wallS),
      target,
    ];
    const rows = [
      row("raw: `tcpdump -r … -w /dev/null`, twice", rawCost, ""),
      row("`natcorr file -q`", quiet, `≤ ${times(ask.target)} raw`),
      row(
        "`natcorr file` with a filter that selects nothing",
        filtered,
        `≤ 1.50 × -q; is ${times(filtered.wallS / quiet.wallS)}`,
      ),
    ];
    if (ask.ndjson) {
      // by itself: the disk goes on writing beside whatever is measured next, which takes more from two busy cores than from one
      const ndjson = join(CACHE, "pairs.ndjson");
      const write = () => measure([...this.#file(pair), "--format", "ndjson"], ndjson);
      const [rawBeside, all] = await inTurn([raw, write], this.#runs);
      rmSync(ndjson, { force: true });
      rows.push(row("`natcorr file --format ndjson` to a file", all, "≤ 5.00 × raw", rawBeside));
    }
    rows.push(row("pcap-parser, reading alone (once)", await ownCommand("pcap-parser", pair), ""));
    const { label, cost } = await tshark(pair);
    rows.push(row(label, cost, `≥ 50 × natcorr; is ${times(cost.wallS / quiet.wallS)}`));
    print(pair.title, ["", "wall s", "CPU s", "peak MiB", "to raw", "target"], rows);
    return quiet;
  }

  /** How time and memory grow with ten times the packets. */
  async growth(tenth: Pair, whole: Pair, wholeCost: Cost): Promise<void> {
    const [cost] = await inTurn([() => measure([...this.#file(tenth), "-q"])], this.#runs);
    const ratio = [
      "ratio",
      times(wholeCost.wallS / cost.wallS),
      times(wholeCost.cpuS / cost.cpuS),
      times(wholeCost.peakMiB / cost.peakMiB),
      "time ≤ 10.50 ×, memory flat, ≤ 150 MiB",
    ];
    const rows = [[tenth.title, ...cells(cost), ""], [whole.title, ...cells(wholeCost), ""], ratio];
    print("Growth, `natcorr file -q`", ["", "wall s", "CPU s", "peak MiB", "target"], rows);
  }

  /** What it takes to start at all. */
  async start(): Promise<void> {
    const [node, natcorr] = await inTurn(
      [() => measure([process.execPath, "-e", "0"]), () => measure([process.execPath, this.#natcorr, "--version"])],
      START_RUNS,
    );
    const rows = [
      ["`node -e 0`", milliseconds(node.wallS), ""],
      ["`natcorr --version`", milliseconds(natcorr.wallS), ""],
      ["ratio", times(natcorr.wallS / node.wallS), "≤ 1.30 ×"],
    ];
    print(`Start, best of ${START_RUNS}`, ["", "wall ms", "target"], rows);
  }

  #file(pair: Pair): string[] {
    return [process.execPath, this.#natcorr, "file", pair.inside, pair.outside];
  }
}

/** Runs one of this benchmark's own commands, so that it is measured as a process of its own. */
function ownCommand(name: string, pair: Pair, ...more: string[]): Promise<Cost> {
  return measure([process.execPath, process.argv[1], name, pair.inside, pair.outside, ...more]);
}

async function tshark(pair: Pair): Promise<{ label: string; cost: Cost }> {
  const slice = Math.min(TSHARK_SLICE, pair.packets);
  const cost = await ownCommand("tshark-join", pair, "--packets", String(slice));
  const factor = pair.packets / slice;
  if (factor * cost.wallS <= TSHARK_LIMIT_S) {
    return { label: "`tshark -T fields` on both + join (once)", cost: await ownCommand("tshark-join", pair) };
  }
  const scaled = { wallS: cost.wallS * factor, cpuS: cost.cpuS * factor, peakMiB: cost.peakMiB };
  return {
    label: `\`tshark -T fields\` on both + join (once, of ${millions(slice)} + ${millions(slice)}, times scaled)`,
    cost: scaled,
  };
}

/** Generates a pair unless it is there from before, and reads it into the page cache. */
async function prepare(name: string, packets: number): Promise<Pair> {
  const scenario: Scenario = { ...scenarioNamed(name), packets };
  const digest = createHash("sha256").update(JSON.stringify(scenario)).digest("hex").slice(0, 8);
  const folder = join(CACHE, `${name}-${packets}-${digest}`);
  const paths = pairPaths(folder);
  // The truth is written last: where it is, the rest is whole.
  if (!existsSync(paths.truth)) {
    mkdirSync(CACHE, { recursive: true });
    const { bavail, bsize } = statfsSync(CACHE);
    if (bavail * bsize < DISK_BYTES) throw new Error(`${CACHE} has less than ${DISK_BYTES / 1e9} GB of room`);
    process.stderr.write(`generating ${name}, ${millions(packets)} packets a side\n`);
    generate(scenario, folder, 1);
  }
  await measure(["cat", paths.inside, paths.outside]);
  const gigabytes = (statSync(paths.inside).size + statSync(paths.outside).size) / 1e9;
  const title = `${name}: ${millions(packets)} + ${millions(packets)} packets, ${gigabytes.toFixed(2)} GB`;
  return { inside: paths.inside, outside: paths.outside, packets, title };
}

/** What a tool says its version is. */
function firstLine(command: string, flag: string): string {
  const { stdout, stderr } = spawnSync(command, [flag], { encoding: "utf8" });
  return (stdout || stderr || "not installed").split("\n")[0].replace(/\.$/, "");
}

function machine(runs: number): string {
  const [cpu] = cpus();
  return [
    `Machine: ${cpu?.model.trim() || "unknown CPU"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB;`,
    `Linux ${release()}, Node ${process.version}; ${firstLine("tcpdump", "--version")}; ${firstLine("tshark", "--version")}.`,
    `Captures in the page cache; best time and worst memory of ${runs}, taken in turn, unless a row says otherwise.\n`,
  ].join("\n");
}

const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
const millions = (packets: number): string => `${packets / 1e6}M`;
const milliseconds = (seconds: number): string => (seconds * 1000).toFixed(0);

function cells(cost: Cost): string[] {
  return [cost.wallS.toFixed(2), cost.cpuS.toFixed(2), cost.peakMiB.toFixed(0)];
}

function print(title: string, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  process.stdout.write(`\n### ${title}\n\n${table(headings, rows)}`);
}
