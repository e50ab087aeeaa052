import type { Finding } from "../packets/results/findings.js";
import type { Flow } from "../packets/flows/flows.js";
import type { PairTimes } from "../packets/results/pair-times.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import type { Judgement, Moved, Sink, Summary, Update } from "../packets/results/results.js";
import { type Impact, PROBLEMS, type Verdict, VERDICTS } from "../packets/results/verdicts.js";
import type { Side } from "../packets/sides.js";

/** What has a verdict, and what a drop came to. */
type Judged = Pick<Judgement, "verdict" | "impact">;

/** How many packets of a side there are of which the same is said. */
interface Alike {
  readonly verdict: Verdict;
  readonly impact: Impact | undefined;
  count: number;
}

/**
 * Passes all results on, and counts those that a run is to fail on: by the summary, which is about all packets, or where it is told of some of them alone,
 * each by itself.
 */
export class Failing extends PassingSink {
  readonly #on: ReadonlySet<string>;
  readonly #isOfSome: boolean;
  readonly #counts = new Map<string, number>();
  /** Of a selection, what is said of packets without a twin, by side and by that. */
  readonly #alike = new Map<string, Alike>();

  /** `on`: words of SELECTABLE. `isOfSome`: whether it is told of a selection, and not of all. */
  constructor(next: Sink, on: ReadonlySet<string>, isOfSome: boolean) {
    super(next);
    this.#on = on;
    this.#isOfSome = isOfSome;
  }

  /** What was found of it, and how often: `dropped (6), leak (1)`; empty where nothing was. */
  get text(): string {
    return [...this.#on]
      .flatMap((what) => ((this.#counts.get(what) ?? 0) > 0 ? [`${what} (${this.#counts.get(what)})`] : []))
      .join(", ");
  }

  override get wantsPairs(): boolean {
    return super.wantsPairs || (this.#isOfSome && this.#on.has("pair"));
  }

  override get pairTimes(): PairTimes | undefined {
    return this.#isOfSome ? undefined : super.pairTimes;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return super.wantsVerdict(verdict) || this.#isOfSome;
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    // the summary counts packets on each side
    if (this.#isOfSome) this.#count(["pair"], 2);
    if (super.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    if (this.#isOfSome) this.#count(["ambiguous"], inside.length + outside.length);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (this.#isOfSome) this.#alikeOf(this.tables.timeline.sideOf(row), judgement).count++;
    super.unmatched(row, judgement);
  }

  override update(update: Update): void {
    if (this.#isOfSome) this.#move(update.side, update.before, update, 1);
    super.update(update);
  }

  /** Nobody says which they are: any that are selected may be, and what may not be so is not counted. */
  override moved(moved: Moved): void {
    const { side, before, count } = moved;
    if (this.#isOfSome) this.#move(side, before, moved, Math.min(count, this.#alikeOf(side, before).count));
    super.moved(moved);
  }

  override finding(finding: Finding): void {
    const { code, severity, count } = finding;
    // packets are counted by their verdict
    if (!isVerdict(code)) this.#count(severity === "warning" ? [code, "problem"] : [code], count);
    super.finding(finding);
  }

  override end(summary: Summary): void {
    if (!this.#isOfSome) this.#countAll(summary);
    for (const alike of this.#alike.values()) this.#countJudged(alike);
    super.end(summary);
  }

  #countAll(summary: Summary): void {
    for (const { paired, ambiguous } of [summary.inside, summary.outside]) {
      this.#count(["pair"], paired);
      this.#count(["ambiguous"], ambiguous);
    }
    for (const [verdict, count] of summary.verdicts.flatMap((counts) => [...counts]))
      this.#countVerdict(verdict, count);
    for (const [impact, count] of summary.impacts.flatMap((counts) => [...counts])) this.#countImpact(impact, count);
  }

  #alikeOf(side: Side, { verdict, impact }: Judged): Alike {
    const key = `${side} ${verdict} ${verdict === "dropped" ? impact : undefined}`;
    const alike = this.#alike.get(key) ?? { verdict, impact, count: 0 };
    this.#alike.set(key, alike);
    return alike;
  }

  /** Takes it that something else is said of so many. */
  #move(side: Side, before: Judged, now: Judged, count: number): void {
    this.#alikeOf(side, before).count -= count;
    this.#alikeOf(side, now).count += count;
  }

  #countJudged({ verdict, impact, count }: Alike): void {
    this.#countVerdict(verdict, count);
    if (verdict === "dropped" && impact !== undefined) this.#countImpact(impact, count);
  }

  #countVerdict(verdict: Verdict, count: number): void {
    this.#count(PROBLEMS.has(verdict) ? [verdict, "problem"] : [verdict], count);
  }

  /** As a word, `unknown` is a verdict. */
  #countImpact(impact: Impact, count: number): void {
    if (impact !== "unknown") this.#count([impact], count);
  }

  #count(names: readonly string[], count: number): void {
    const name = names.find((each) => this.#on.has(each));
    if (name !== undefined) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }
}

/** Whether a finding says how many packets have a verdict. */
function isVerdict(code: string): boolean {
  return VERDICTS.some((verdict) => verdict === code);
}
