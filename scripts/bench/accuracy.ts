import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ADVERSARIES } from "./adversary/adversaries.js";
import { generateAdversary } from "./adversary/adversary.js";
import { Claims } from "./claims.js";
import { generate } from "./generate.js";
import { contentOf, identicalFrames } from "./identity.js";
import { Judge } from "./judge.js";
import { type Capture, readCapture } from "./pcap.js";
import { SCENARIOS, type Scenario, scenarioNamed } from "./scenarios.js";
import { gist, missedTarget, type Outcome, type Results, scoreboard } from "./scoreboard.js";
import { FORWARDED, type SideTruth, UNSEEN } from "./truth.js";

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

/** Has `read` every line that natcorr says of these words, which are captures and options. Resolves with its exit code. */
export type Program = (words: readonly string[], read: (line: string) => void) => Promise<number | null>;

/** natcorr's window, twice: two frames this far apart may both be candidates of one between them. */
const IDENTICAL_WITHIN_NS = 2e9;

/**
 * Runs natcorr on generated pairs and prints, per scenario, how it did.
 *
 * @returns whether no pair was wrong, none left before it entered, every frame was accounted for, nothing false was said, natcorr ended as it must, and as much
 * was found as was asked for in every seed.
 */
export async function accuracy(options: AccuracyOptions): Promise<boolean> {
  const names = options.scenarios.length > 0 ? options.scenarios : accuracyScenarios();
  const seeds = options.seed === undefined ? Array.from({ length: options.seeds }, (_, i) => i + 1) : [options.seed];
  const folder = mkdtempSync(join(tmpdir(), "natcorr-accuracy-"));
  const natcorr: Program = (words, read) => run(options.natcorr, words, read);
  const results: Results[] = [];
  let isClean = true;
  try {
    for (const name of names) {
      const outcomes: Outcome[] = [];
      for (const seed of seeds) {
        const outcome = await outcomeOf(name, folder, seed, natcorr, options.packets);
        outcomes.push(outcome);
        report(outcome, name, seed, options.packets);
        isClean &&= isFaultless(outcome) && isTrue(outcome);
      }
      const targetMissed = missedTarget(outcomes, ADVERSARIES.get(name) ?? {});
      isClean &&= targetMissed === null;
      results.push({ name, outcomes });
      process.stderr.write(`${name}  ${gist(outcomes)}${targetMissed === null ? "" : `, ${targetMissed}`}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.stdout.write(scoreboard(results));
  return isClean;
}

/** All scenarios that are small enough to judge frame by frame. */
function accuracyScenarios(): string[] {
  return [...simulated(), ...ADVERSARIES.keys()];
}

/** Those that a simulated host makes, but for the large ones that speed is measured with. */
export function simulated(): string[] {
  return [...SCENARIOS].filter(([, scenario]) => scenario.packets <= 100_000).map(([name]) => name);
}

/** Whether no pair was wrong, none left before it entered, every frame was accounted for, and natcorr ended as it must. */
export function isFaultless({ score, truthfulness, exitCode, dueExitCode }: Outcome): boolean {
  const isSound = score.wrong === 0 && score.accounting.length === 0 && (truthfulness?.negative ?? 0) === 0;
  return isSound && exitCode === dueExitCode;
}

/** Whether nothing that is said beside pairs is false, as far as the scenario knows what is true. */
export function isTrue({ truthfulness }: Outcome): boolean {
  if (truthfulness === null) return true;
  const { off, falseFields, falseVerdicts, falseFindings, falseFlows, isSilent, clock } = truthfulness;
  return (
    off + falseFields + falseVerdicts + falseFindings.size + falseFlows === 0 && !isSilent && clock?.isWithin !== false
  );
}

/** What natcorr makes of the pair of that name and seed, which is written to a folder. */
export async function outcomeOf(
  name: string,
  folder: string,
  seed: number,
  natcorr: Program,
  packets?: number,
): Promise<Outcome> {
  const adversary = ADVERSARIES.get(name);
  if (adversary === undefined) {
    const base = scenarioNamed(name);
    const scenario = packets === undefined ? base : { ...base, packets };
    const { judge, paths } = judgeOf(scenario, folder, seed);
    const exitCode = await natcorr(paths, (line) => judge.read(line));
    return { score: judge.finish(), truthfulness: null, exitCode, dueExitCode: 0 };
  }
  const pair = generateAdversary(adversary, folder, seed, packets);
  const judge = new Judge(pair.truth, pair.isUnknowable);
  const claims = new Claims(pair, adversary);
  const exitCode = await natcorr([pair.inside, pair.outside, ...(adversary.args ?? [])], (line) => {
    judge.read(line);
    claims.read(line);
  });
  const dueExitCode = pair.circumstances.hasLeaps ? 1 : 0;
  return { score: judge.finish(), truthfulness: claims.finish(), exitCode, dueExitCode };
}

/** A pair of the benchmark's own network. What of it is decidable is what no neighbour equals. */
function judgeOf(scenario: Scenario, folder: string, seed: number): { judge: Judge; paths: string[] } {
  const { truth: made, ...paths } = generate(scenario, folder, seed);
  const kept = Math.min(scenario.insideSnaplen, scenario.outsideSnaplen);
  const inside = readCapture(paths.inside);
  const outside = readCapture(paths.outside);
  const truth = {
    inside: { ...made.inside, isDecidable: distinctFrames(made.inside, inside, kept) },
    outside: { ...made.outside, isDecidable: distinctFrames(made.outside, outside, kept) },
  };
  // where each capture lost the twin of such a frame, what is left looks like a pair to any observer
  const isUnknowable = (i: number, o: number) =>
    scenario.captureLoss > 0 &&
    truth.inside.kind[i] === UNSEEN &&
    truth.outside.kind[o] === UNSEEN &&
    contentOf(inside, i, kept) === contentOf(outside, o, kept);
  return { judge: new Judge(truth, isUnknowable), paths: [paths.inside, paths.outside] };
}

function distinctFrames({ kind }: SideTruth, capture: Capture, kept: number): Uint8Array {
  const identical = identicalFrames(capture, kept, IDENTICAL_WITHIN_NS);
  return identical.map((isIdentical, frame) => (kind[frame] === FORWARDED && isIdentical === 0 ? 1 : 0));
}

/** Runs natcorr on captures, line by line. @returns its exit code. @throws Error where it says nothing at all. */
async function run(natcorr: string, words: readonly string[], read: (line: string) => void): Promise<number | null> {
  const child = spawn(process.execPath, [natcorr, "file", ...words, "--format", "ndjson"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text.toString();
  });
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    lines++;
    read(line);
  }
  const code = await exit;
  if (lines === 0) throw new Error(`natcorr ended with ${code}: ${complaint}`);
  return code;
}

function report(
  { score, truthfulness, exitCode, dueExitCode }: Outcome,
  name: string,
  seed: number,
  packets?: number,
): void {
  const trouble = [
    ...score.examples.map((text) => `wrong pair: ${text}`),
    ...score.accounting,
    ...(truthfulness?.examples ?? []),
    ...(exitCode === dueExitCode ? [] : [`natcorr ended with ${exitCode} instead of ${dueExitCode}`]),
  ];
  if (trouble.length === 0) return;
  process.stderr.write(`${name}, seed ${seed}: ${score.wrong} wrong\n`);
  for (const text of trouble) process.stderr.write(`  ${text}\n`);
  const size = packets === undefined ? "" : ` --packets ${packets}`;
  process.stderr.write(`  see it: npm run bench -- generate ${name} <dir> --seed ${seed}${size}\n`);
}
