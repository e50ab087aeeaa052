import type { Flow } from "../packets/flows.js";
import { type Finding, FINDINGS } from "../packets/findings.js";
import { PassingSink } from "../packets/passing-sink.js";
import {
  type FlowSummary,
  IMPACTS,
  type Judgement,
  PROBLEMS,
  type Sink,
  type Tables,
  type Update,
  type Verdict,
  VERDICTS,
} from "../packets/results.js";

/** What may be selected: verdicts, what drops came to, codes of findings, and what else results are. */
export const SELECTABLE: readonly string[] = [
  ...new Set(["pair", "ambiguous", "problem", ...VERDICTS, ...IMPACTS, ...Object.keys(FINDINGS)]),
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
  /** Whether a pcap filter selects packets, and their flows: those of which it selects a frame, on either side. */
  readonly isFiltered: boolean;
}

/** Flows that are remembered for the findings about them, a few megabytes. */
const MOST_REMEMBERED = 100_000;

/** Passes on the results that were selected, and the totals of all. */
export class Selected extends PassingSink {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #flows: ReadonlySet<number> | undefined;
  readonly #slowerThanNs: number | undefined;
  readonly #hidden: ReadonlySet<Verdict>;
  readonly #isFiltered: boolean;
  /** Flows that live and have a packet that the filter selects … */
  readonly #selected = new Set<number>();
  /** … and those that were shown, but for those too many to be remembered. */
  readonly #shown = new Set<number>();
  #tables!: Tables;

  constructor(next: Sink, { only, flows, slowerThanNs, hidden, isFiltered }: Selection) {
    super(next);
    this.#only = only;
    this.#flows = flows;
    this.#slowerThanNs = slowerThanNs;
    this.#hidden = hidden;
    this.#isFiltered = isFiltered;
  }

  /** With a filter, whatever is shown: pairs tell of which flows it selects a packet. */
  override get wantsPairs(): boolean {
    return this.#isFiltered || this.#showsPairs;
  }

  override get mostFlows(): number {
    return this.#flows === undefined && !this.#isFiltered ? super.mostFlows : Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return this.#isFiltered || this.#shows(verdict);
  }

  get #showsPairs(): boolean {
    return super.wantsPairs && this.#isWanted("pair");
  }

  #shows(verdict: Verdict): boolean {
    if (this.#slowerThanNs !== undefined || this.#hidden.has(verdict)) return false;
    const isSelected =
      this.#isVerdictWanted(verdict) || (verdict === "dropped" && IMPACTS.some((impact) => this.#isWanted(impact)));
    return isSelected && super.wantsVerdict(verdict);
  }

  override begin(tables: Tables): void {
    this.#tables = tables;
    super.begin(tables);
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    if (this.#isFiltered) {
      const { timeline } = this.#tables;
      if (!timeline.isSelected(inside) && !timeline.isSelected(outside)) return;
      this.#selected.add(flow.id);
      if (!this.#showsPairs) return;
    }
    if (this.#slowerThanNs !== undefined && latencyNs <= this.#slowerThanNs) return;
    if (this.#isOf(flow.id)) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const rows = [...inside, ...outside];
    if (!this.#isSelected(rows)) return;
    if (this.#slowerThanNs !== undefined || !this.#isWanted("ambiguous")) return;
    if (this.#flows === undefined || rows.some((row) => this.#isOf(this.#tables.flowOf(row))))
      super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (!this.#isSelected([row]) || !this.#shows(judgement.verdict) || !this.#isJudgementWanted(judgement)) return;
    if (this.#isOf(this.#tables.flowOf(row))) super.unmatched(row, judgement);
  }

  /** Whoever was shown the packet as it was before is shown what it turned out to be. */
  override update(update: Update): void {
    if ((this.#isFiltered && !update.isSelected) || !this.#shows(update.before.verdict)) return;
    const isWanted = this.#isJudgementWanted(update) || this.#isJudgementWanted(update.before);
    if (isWanted && this.#isOf(update.flow)) super.update(update);
  }

  override flow(flow: FlowSummary): void {
    if (this.#isFiltered) {
      if (!this.#selected.delete(flow.id)) return;
      if (this.#shown.size < MOST_REMEMBERED) this.#shown.add(flow.id);
    }
    if (this.#isOf(flow.id)) super.flow(flow);
  }

  override finding(finding: Finding): void {
    const isProblem = finding.severity === "warning" && this.#isWanted("problem");
    if (this.#slowerThanNs !== undefined || !(this.#isWanted(finding.code) || isProblem)) return;
    if (!this.#isAboutShown(finding)) return;
    if (this.#flows === undefined || finding.flows.some((flow) => this.#isOf(flow))) super.finding(finding);
  }

  /** Whether the filter, if there is one, selects any of these packets; their flows are then shown. */
  #isSelected(rows: readonly number[]): boolean {
    if (!this.#isFiltered) return true;
    const { timeline } = this.#tables;
    if (!rows.some((row) => timeline.isSelected(row))) return false;
    for (const row of rows) {
      const flow = this.#tables.flowOf(row);
      if (flow !== undefined) this.#selected.add(flow);
    }
    return true;
  }

  /** Whether a finding may be about a flow that the filter shows, or about none in particular. */
  #isAboutShown({ flows, more }: Finding): boolean {
    if (!this.#isFiltered || flows.length === 0 || more > 0) return true;
    return this.#shown.size === MOST_REMEMBERED || flows.some((flow) => this.#shown.has(flow));
  }

  #isVerdictWanted(verdict: Verdict): boolean {
    return this.#isWanted(verdict) || (PROBLEMS.has(verdict) && this.#isWanted("problem"));
  }

  #isJudgementWanted({ verdict, impact }: Pick<Judgement, "verdict" | "impact">): boolean {
    return this.#isVerdictWanted(verdict) || (impact !== undefined && this.#isWanted(impact));
  }

  #isWanted(what: string): boolean {
    return this.#only === undefined || this.#only.has(what);
  }

  #isOf(flow: number | undefined): boolean {
    return this.#flows === undefined || (flow !== undefined && this.#flows.has(flow));
  }
}
