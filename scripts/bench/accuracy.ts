import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { generate } from "./generate.js";
import { contentOf, identicalFrames } from "./identity.js";
import { Judge, type Score } from "./judge.js";
import { readCapture } from "./pcap.js";
import { SCENARIOS, type Scenario, scenarioNamed } from "./scenarios.js";
import { percent, table } from "./table.js";

/** What `npm run bench accuracy` is asked for. */
export interface AccuracyOptions {
  /** Seeds 1 … `seeds`, or `seed` alone. */
  readonly seeds: number;
  readonly seed: number | undefined;
  /** Names of scenarios; all but those for speed where empty. */
  readonly scenarios: readonly string[];
  /** Frames a side, instead of what the scenarios say. */
  readonly packets: number | undefined;
  /** natcorr's entry, run by this node. */
  readonly natcorr: string;
}

/** natcorr's window, twice: two frames this far apart may both be candidates of one between them. */
const IDENTICAL_WITHIN_NS = 2e9;

/**
 * Runs natcorr on generated pairs and prints, per scenario, how it did.
 *
 * @returns whether no pair was wrong and every frame was accounted for.
 */
export async function accuracy(options: AccuracyOptions): Promise<boolean> {
  const names = options.scenarios.length > 0 ? options.scenarios : accuracyScenarios();
  const seeds = options.seed === undefined ? Array.from({ length: options.seeds }, (_, i) => i + 1) : [options.seed];
  const folder = mkdtempSync(join(tmpdir(), "natcorr-accuracy-"));
  const rows: string[][] = [];
  let isClean = true;
  try {
    for (const name of names) {
      const base = scenarioNamed(name);
      const scenario = options.packets === undefined ? base : { ...base, packets: options.packets };
      const scores: Score[] = [];
      for (const seed of seeds) {
        const score = await scoreOf(scenario, folder, seed, options.natcorr);
        scores.push(score);
        report(score, name, seed, scenario.packets);
        isClean &&= score.wrong === 0 && score.accounting.length === 0;
      }
      rows.push(rowOf(name, scores));
      process.stderr.write(`${rows.at(-1)?.join("  ")}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.stdout.write(table(HEADINGS, rows));
  return isClean;
}

/** Scenarios small enough to judge frame by frame. */
function accuracyScenarios(): string[] {
  return [...SCENARIOS].filter(([, scenario]) => scenario.packets <= 100_000).map(([name]) => name);
}

async function scoreOf(scenario: Scenario, folder: string, seed: number, natcorr: string): Promise<Score> {
  const pair = generate(scenario, folder, seed);
  const kept = Math.min(scenario.insideSnaplen, scenario.outsideSnaplen);
  const inside = readCapture(pair.inside);
  const outside = readCapture(pair.outside);
  const identical = {
    inside: identicalFrames(inside, kept, IDENTICAL_WITHIN_NS),
    outside: identicalFrames(outside, kept, IDENTICAL_WITHIN_NS),
  };
  const isSame = (i: number, o: number) => contentOf(inside, i, kept) === contentOf(outside, o, kept);
  const judge = new Judge(pair.truth, identical, scenario.captureLoss > 0 ? isSame : undefined);
  const child = spawn(process.execPath, [natcorr, "file", pair.inside, pair.outside, "--format", "ndjson"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text.toString();
  });
  for await (const line of createInterface({ input: child.stdout })) judge.read(line);
  const code = await exit;
  if (code !== 0) throw new Error(`natcorr ended with ${code}: ${complaint}`);
  return judge.finish();
}

function report(score: Score, name: string, seed: number, packets: number): void {
  const trouble = [...score.examples.map((text) => `wrong pair: ${text}`), ...score.accounting];
  if (trouble.length === 0) return;
  process.stderr.write(`${name}, seed ${seed}: ${score.wrong} wrong\n`);
  for (const text of trouble) process.stderr.write(`  ${text}\n`);
  process.stderr.write(`  see it: npm run bench -- generate ${name} <dir> --seed ${seed} --packets ${packets}\n`);
}

const HEADINGS = [
  "scenario",
  "pairs",
  "distinct",
  "wrong",
  "unknowable",
  "precision (worst)",
  "recall, distinct: mean",
  "worst",
  "recall, all: mean",
  "worst",
  "ambiguous",
  "needless",
  "verdicts right",
  "accounts",
];

function rowOf(name: string, scores: readonly Score[]): string[] {
  const sum = (of: (score: Score) => number) => scores.reduce((total, score) => total + of(score), 0);
  const mean = (of: (score: Score) => number) => percent(sum(of) / scores.length);
  const worst = (of: (score: Score) => number) => percent(Math.min(...scores.map(of)));
  const precision = (score: Score) => ratio(score.right, score.right + score.wrong);
  const distinct = (score: Score) => ratio(score.distinctFound, score.distinctPairs);
  const all = (score: Score) => ratio(score.right, score.truePairs);
  return [
    name,
    String(sum((score) => score.truePairs)),
    percent(
      ratio(
        sum((score) => score.distinctPairs),
        sum((score) => score.truePairs),
      ),
    ),
    String(sum((score) => score.wrong)),
    String(sum((score) => score.unknowable)),
    worst(precision),
    mean(distinct),
    worst(distinct),
    mean(all),
    worst(all),
    String(sum((score) => score.ambiguous)),
    String(sum((score) => score.needless)),
    percent(
      ratio(
        sum((score) => score.judgedRight),
        sum((score) => score.judged),
      ),
    ),
    scores.every((score) => score.accounting.length === 0) ? "ok" : "FAIL",
  ];
}

/** A share; 1 where there was nothing to get wrong. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
