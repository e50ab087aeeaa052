import type { Flow } from "../packets/flows.js";
import { type Finding, FINDINGS } from "../packets/findings.js";
import { PassingSink } from "../packets/passing-sink.js";
import { type FlowSummary, PROBLEMS, type Sink, type Tables, type Verdict, VERDICTS } from "../packets/results.js";

/** What may be selected: verdicts, codes of findings, and what else results are. */
export const SELECTABLE: readonly string[] = [
  ...new Set(["pair", "ambiguous", "problem", ...VERDICTS, ...Object.keys(FINDINGS)]),
];

/** Which results are shown. What is not selected counts all the same, and is paired as if it were. */
export interface Selection {
  /** Words of SELECTABLE; undefined: whatever it is. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Ids of flows; undefined: of any flow, or of none. */
  readonly flows?: ReadonlySet<number> | undefined;
  /** Pairs that took longer than this, nanoseconds, and nothing else but flows. */
  readonly slowerThanNs?: number | undefined;
  /** Verdicts of which packets are counted alone. */
  readonly hidden: ReadonlySet<Verdict>;
}

/** Passes on the results that were selected, and the totals of all. */
export class Selected extends PassingSink {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #flows: ReadonlySet<number> | undefined;
  readonly #slowerThanNs: number | undefined;
  readonly #hidden: ReadonlySet<Verdict>;
  #tables!: Tables;

  constructor(next: Sink, { only, flows, slowerThanNs, hidden }: Selection) {
    super(next);
    this.#only = only;
    this.#flows = flows;
    this.#slowerThanNs = slowerThanNs;
    this.#hidden = hidden;
  }

  override get wantsPairs(): boolean {
    return super.wantsPairs && this.#isWanted("pair");
  }

  override get mostFlows(): number {
    return this.#flows === undefined ? super.mostFlows : Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    if (this.#slowerThanNs !== undefined || this.#hidden.has(verdict)) return false;
    const isSelected = this.#isWanted(verdict) || (PROBLEMS.has(verdict) && this.#isWanted("problem"));
    return isSelected && super.wantsVerdict(verdict);
  }

  override begin(tables: Tables): void {
    this.#tables = tables;
    super.begin(tables);
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    if (this.#slowerThanNs !== undefined && latencyNs <= this.#slowerThanNs) return;
    if (this.#isOf(flow.id)) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    if (this.#slowerThanNs !== undefined || !this.#isWanted("ambiguous")) return;
    if (this.#flows === undefined || [...inside, ...outside].some((row) => this.#isOf(this.#tables.flowOf(row))))
      super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, verdict: Verdict, why: string): void {
    if (this.#isOf(this.#tables.flowOf(row))) super.unmatched(row, verdict, why);
  }

  override flow(flow: FlowSummary): void {
    if (this.#isOf(flow.id)) super.flow(flow);
  }

  override finding(finding: Finding): void {
    const isProblem = finding.severity === "warning" && this.#isWanted("problem");
    if (this.#slowerThanNs !== undefined || !(this.#isWanted(finding.code) || isProblem)) return;
    if (this.#flows === undefined || finding.flows.some((flow) => this.#isOf(flow))) super.finding(finding);
  }

  #isWanted(what: string): boolean {
    return this.#only === undefined || this.#only.has(what);
  }

  #isOf(flow: number | undefined): boolean {
    return this.#flows === undefined || (flow !== undefined && this.#flows.has(flow));
  }
}
