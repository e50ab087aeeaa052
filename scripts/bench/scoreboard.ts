import { ADVERSARIES } from "./adversary/adversaries.js";
import type { Expectation } from "./adversary/adversary.js";
import type { Truthfulness } from "./claims.js";
import type { Score } from "./judge.js";
import { percent, table } from "./table.js";

/** How natcorr did on one generated pair. */
export interface Outcome {
  readonly score: Score;
  /** What it said beside its pairs; only of scenarios that know what is true of that. */
  readonly truthfulness: Truthfulness | null;
  readonly exitCode: number | null;
  /** The exit code that natcorr owes: not 0 where it cannot use all of a capture. */
  readonly dueExitCode: number;
}

/** A scenario with its outcomes, one a seed. */
export interface Results {
  readonly name: string;
  readonly outcomes: readonly Outcome[];
}

interface Column {
  readonly heading: string;
  readonly of: (outcomes: readonly Outcome[], name: string) => string;
}

const sum = (outcomes: readonly Outcome[], of: (score: Score) => number) =>
  outcomes.reduce((total, { score }) => total + of(score), 0);
const count = (of: (score: Score) => number) => (outcomes: readonly Outcome[]) => String(sum(outcomes, of));
const share = (part: (score: Score) => number, whole: (score: Score) => number) => (outcomes: readonly Outcome[]) =>
  percent(ratio(sum(outcomes, part), sum(outcomes, whole)));
const mean = (of: (score: Score) => number) => (outcomes: readonly Outcome[]) =>
  percent(sum(outcomes, of) / outcomes.length);
const worst = (of: (score: Score) => number) => (outcomes: readonly Outcome[]) =>
  percent(Math.min(...outcomes.map(({ score }) => of(score))));
const told = (of: (said: Truthfulness) => number) => (outcomes: readonly Outcome[]) =>
  String(outcomes.reduce((total, { truthfulness }) => total + (truthfulness === null ? 0 : of(truthfulness)), 0));

const found = (score: Score) => ratio(score.decidableFound, score.decidablePairs);
const all = (score: Score) => ratio(score.right, score.truePairs);

const PAIRS: readonly Column[] = [
  { heading: "pairs", of: count((score) => score.truePairs) },
  {
    heading: "decidable",
    of: share(
      (score) => score.decidablePairs,
      (score) => score.truePairs,
    ),
  },
  { heading: "wrong", of: count((score) => score.wrong) },
  { heading: "unknowable", of: count((score) => score.unknowable) },
];
const RECALL: readonly Column[] = [
  { heading: "recall, decidable: mean", of: mean(found) },
  { heading: "worst", of: worst(found) },
];
const ACCOUNTS: Column = {
  heading: "accounts",
  of: (outcomes) => (outcomes.every(({ score }) => score.accounting.length === 0) ? "ok" : "FAIL"),
};

/** Of the scenarios that the benchmark's own network plays. */
const OWN: readonly Column[] = [
  ...PAIRS,
  { heading: "precision (worst)", of: worst((score) => ratio(score.right, score.right + score.wrong)) },
  ...RECALL,
  { heading: "recall, all: mean", of: mean(all) },
  { heading: "worst", of: worst(all) },
  { heading: "ambiguous", of: count((score) => score.ambiguous) },
  { heading: "needless", of: count((score) => score.needless) },
  {
    heading: "verdicts right",
    of: share(
      (score) => score.judgedRight,
      (score) => score.judged,
    ),
  },
  ACCOUNTS,
];

/** Of those that were made up against natcorr. */
const MADE_UP: readonly Column[] = [
  ...PAIRS,
  ...RECALL,
  { heading: "target", of: (_, name) => targetOf(name) },
  { heading: "negative", of: told(({ negative }) => negative) },
  { heading: "off", of: told(({ off }) => off) },
  { heading: "false fields", of: told(({ falseFields }) => falseFields) },
  { heading: "false verdicts", of: told(({ falseVerdicts }) => falseVerdicts) },
  { heading: "verdicts told (worst)", of: (outcomes) => percent(worstTold(outcomes)) },
  { heading: "drop or miss", of: told(({ dropOrMiss }) => dropOrMiss) },
  { heading: "false findings", of: (outcomes) => falseFindings(outcomes) },
  { heading: "rewrite not named", of: told(({ isSilent }) => Number(isSilent)) },
  { heading: "false flows", of: told(({ falseFlows }) => falseFlows) },
  { heading: "clock off by at most", of: (outcomes) => clockError(outcomes) },
  ACCOUNTS,
  { heading: "exit", of: (outcomes) => [...new Set(outcomes.map(({ exitCode }) => exitCode))].join() },
];

function targetOf(name: string): string {
  const recall = ADVERSARIES.get(name)?.recall ?? null;
  return recall === null ? "–" : percent(recall);
}

/** Their codes, each with the number of seeds. */
function falseFindings(outcomes: readonly Outcome[]): string {
  const seeds = new Map<string, number>();
  for (const { truthfulness } of outcomes) {
    for (const code of truthfulness?.falseFindings.keys() ?? []) seeds.set(code, (seeds.get(code) ?? 0) + 1);
  }
  return seeds.size === 0 ? "0" : [...seeds].map(([code, times]) => `${code} × ${times}`).join(", ");
}

/** The greatest error of all seeds; with an exclamation mark where one is beyond its uncertainty. */
function clockError(outcomes: readonly Outcome[]): string {
  const errors = outcomes.map(({ truthfulness }) => truthfulness?.clock ?? null).filter((clock) => clock !== null);
  if (errors.length === 0) return "–";
  const [offsetNs, ppm] = [
    Math.max(...errors.map((error) => Math.abs(error.offsetNs))),
    Math.max(...errors.map((error) => Math.abs(error.driftPpm))),
  ];
  const mark = errors.every(({ isWithin }) => isWithin) ? "" : " !";
  return `${(offsetNs / 1000).toFixed(1)} µs, ${ppm.toFixed(1)} ppm${mark}`;
}

/** The share of verdicts that is asked for where a scenario says nothing else, of so many frames at least: see `Expectation`. */
const USUALLY_TOLD = 0.8;
const LEAST_JUDGED = 20;

/** That the worst seed finds or tells less than is asked for, in words; null where it does as much, or nothing is asked for. */
export function missedTarget(
  outcomes: readonly Outcome[],
  asked: Partial<Pick<Expectation, "recall" | "told">>,
): string | null {
  const { recall = null, told: least = recall === null ? 0 : USUALLY_TOLD } = asked;
  if (recall !== null && worstRecall(outcomes) < recall) return `less than the ${percent(recall)} asked for`;
  return worstTold(outcomes) < least ? `fewer verdicts than the ${percent(least)} asked for` : null;
}

/** The share of decided verdicts that frames without a twin got, of the worst seed. */
function worstTold(outcomes: readonly Outcome[]): number {
  const shares = outcomes.map(({ truthfulness }) =>
    truthfulness === null || truthfulness.judged < LEAST_JUDGED
      ? 1
      : ratio(truthfulness.judgedRight, truthfulness.judged),
  );
  return Math.min(...shares);
}

/** The share of decidable pairs that was found, of the worst seed. */
function worstRecall(outcomes: readonly Outcome[]): number {
  return Math.min(...outcomes.map(({ score }) => found(score)));
}

/** A scenario's outcomes in a few words, while others are still to come. */
export function gist(outcomes: readonly Outcome[]): string {
  const untrue = told(({ falseVerdicts, falseFields, negative, off }) => falseVerdicts + falseFields + negative + off)(
    outcomes,
  );
  const pairs = sum(outcomes, (score) => score.truePairs);
  const wrong = sum(outcomes, (score) => score.wrong);
  return `${pairs} pairs, ${wrong} wrong, found ${percent(worstRecall(outcomes))}, said falsely ${untrue}`;
}

/** All results as Markdown: a table of the benchmark's own scenarios, one of those made up against natcorr. */
export function scoreboard(results: readonly Results[]): string {
  const tables = [
    { columns: OWN, rows: results.filter(({ name }) => !ADVERSARIES.has(name)) },
    { columns: MADE_UP, rows: results.filter(({ name }) => ADVERSARIES.has(name)) },
  ];
  return tables
    .filter(({ rows }) => rows.length > 0)
    .map(({ columns, rows }) =>
      table(
        ["scenario", ...columns.map(({ heading }) => heading)],
        rows.map(({ name, outcomes }) => [name, ...columns.map(({ of }) => of(outcomes, name))]),
      ),
    )
    .join("\n");
}

/** A share; 1 where there was nothing to get wrong. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
