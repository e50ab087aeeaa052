import type { Finding } from "../packets/findings.js";
import { PassingSink } from "../packets/passing-sink.js";
import { PROBLEMS, type Sink, type Summary, VERDICTS } from "../packets/results.js";

/** Passes all results on, and counts those that a run is to fail on. */
export class Failing extends PassingSink {
  readonly #on: ReadonlySet<string>;
  readonly #counts = new Map<string, number>();

  /** `on`: words of SELECTABLE. */
  constructor(next: Sink, on: ReadonlySet<string>) {
    super(next);
    this.#on = on;
  }

  /** What was found of it, and how often: `dropped (6), leak (1)`; empty where nothing was. */
  get text(): string {
    return [...this.#on]
      .flatMap((what) => (this.#counts.has(what) ? [`${what} (${this.#counts.get(what)})`] : []))
      .join(", ");
  }

  override finding(finding: Finding): void {
    const { code, severity, count } = finding;
    // packets are counted by their verdict
    if (!isVerdict(code)) this.#count(severity === "warning" ? [code, "problem"] : [code], count);
    super.finding(finding);
  }

  override end(summary: Summary): void {
    for (const { paired, ambiguous } of [summary.inside, summary.outside]) {
      this.#count(["pair"], paired);
      this.#count(["ambiguous"], ambiguous);
    }
    for (const [verdict, count] of summary.verdicts.flatMap((counts) => [...counts]))
      this.#count(PROBLEMS.has(verdict) ? [verdict, "problem"] : [verdict], count);
    for (const [impact, count] of summary.impacts.flatMap((counts) => [...counts])) this.#count([impact], count);
    super.end(summary);
  }

  #count(names: readonly string[], count: number): void {
    const name = names.find((each) => this.#on.has(each));
    if (name !== undefined && count > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }
}

/** Whether a finding says how many packets have a verdict. */
function isVerdict(code: string): boolean {
  return VERDICTS.some((verdict) => verdict === code);
}
