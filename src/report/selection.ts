import type { Flow } from "../packets/flows/flows.js";
import { type Finding, FINDINGS } from "../packets/results/findings.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import {
  copyOf,
  type FlowSummary,
  IMPACTS,
  type Judgement,
  PROBLEMS,
  type Sink,
  type Tables,
  type Update,
  type Verdict,
  VERDICTS,
  wantsUpdate,
} from "../packets/results/results.js";

/** What drops came to, as words: `unknown` is a verdict, and means that alone. */
const NAMED_IMPACTS = IMPACTS.filter((impact) => impact !== "unknown");

/** What may be selected: verdicts, what drops came to, codes of findings, and what else results are. */
export const SELECTABLE: readonly string[] = [
  ...new Set(["pair", "ambiguous", "problem", ...VERDICTS, ...NAMED_IMPACTS, ...Object.keys(FINDINGS)]),
];

/** Which results are shown. What is not selected counts all the same, and is paired as if it were. */
export interface Selection {
  /** Words of SELECTABLE, and the flows of what they mean; undefined: whatever it is. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Ids of flows; undefined: of any flow, or of none. */
  readonly flows?: ReadonlySet<number> | undefined;
  /** Of pairs, those that took longer than this, nanoseconds. */
  readonly slowerThanNs?: number | undefined;
  /** Verdicts of which packets are counted alone. */
  readonly hidden: ReadonlySet<Verdict>;
  /** Whether a pcap filter selects packets, and their flows: those of which it selects a frame, on either side. */
  readonly isFiltered: boolean;
}

/** Flows, and frames, that are remembered for the findings about them, a few megabytes. */
const MOST_REMEMBERED = 100_000;
/** Flows that are held back until a finding names them: of each finding, a hundred are named. */
const MOST_HELD = 10_000;

/** As what a packet counts of which nothing was shown so far: as no problem. */
const NOT_SHOWN: Update["before"] = { verdict: "unknown" };

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
  /** The frames that it selects of those without a pair, by side, up to so many. */
  readonly #frames = [new Set<number>(), new Set<number>()] as const;
  /** Flows of which results are shown, and that live; where words say which. */
  readonly #told = new Set<number>();
  /** Flows that no such result is of: a finding may be about them. By their ids. */
  readonly #held = new Map<number, FlowSummary>();
  #tables!: Tables;

  constructor(next: Sink, { only, flows, slowerThanNs, hidden, isFiltered }: Selection) {
    super(next);
    this.#only = only;
    this.#flows = flows;
    this.#slowerThanNs = slowerThanNs;
    this.#hidden = hidden;
    this.#isFiltered = isFiltered;
  }

  /** With a filter, whatever is shown: pairs tell of which flows it selects a packet. So do those that are slow. */
  override get wantsPairs(): boolean {
    return this.#isFiltered || this.#showsPairs || (this.#slowerThanNs !== undefined && this.#isWanted("pair"));
  }

  override get mostFlows(): number {
    return this.#flows === undefined && !this.#isFiltered && this.#showsAllFlows
      ? super.mostFlows
      : Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return this.#isFiltered || this.#shows(verdict) || (!this.#showsAllFlows && this.#selects(verdict));
  }

  /** Whether each flow is shown that the filter and the ids select: all have pairs. */
  get #showsAllFlows(): boolean {
    return this.#isWanted("pair") && this.#slowerThanNs === undefined;
  }

  get #showsPairs(): boolean {
    return super.wantsPairs && this.#isWanted("pair");
  }

  #shows(verdict: Verdict): boolean {
    return this.#selects(verdict) && super.wantsVerdict(verdict);
  }

  #selects(verdict: Verdict): boolean {
    if (this.#hidden.has(verdict)) return false;
    return (
      this.#isVerdictWanted(verdict) ||
      (verdict === "dropped" && NAMED_IMPACTS.some((impact) => this.#isWanted(impact)))
    );
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
    }
    if (!this.#isWanted("pair")) return;
    if (this.#slowerThanNs !== undefined && latencyNs <= this.#slowerThanNs) return;
    if (!this.#isOf(flow.id)) return;
    this.#tell(flow.id);
    if (super.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const rows = [...inside, ...outside];
    if (!this.#isSelected(rows) || !this.#isWanted("ambiguous")) return;
    const flows = rows.map((row) => this.#tables.flowOf(row));
    if (this.#flows !== undefined && !flows.some((flow) => this.#isOf(flow))) return;
    for (const flow of flows) this.#tell(flow);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (!this.#isSelected([row]) || !this.#selects(judgement.verdict) || !this.#isJudgementWanted(judgement)) return;
    const flow = this.#tables.flowOf(row);
    if (!this.#isOf(flow)) return;
    this.#tell(flow);
    if (super.wantsVerdict(judgement.verdict)) super.unmatched(row, judgement);
  }

  /** Whoever asks for what a packet was, or for what it turned out to be, is shown that. */
  override update(update: Update): void {
    if (this.#isFiltered && !update.isSelected) return;
    const [wasWanted, isWanted] = [update.before, update].map(
      (said) => this.#selects(said.verdict) && this.#isJudgementWanted(said),
    );
    if ((!wasWanted && !isWanted) || !this.#isOf(update.flow)) return;
    this.#tell(update.flow);
    if (wantsUpdate(this.next, update)) super.update(wasWanted ? update : { ...update, before: NOT_SHOWN });
  }

  override flow(flow: FlowSummary): void {
    if (this.#isFiltered) {
      if (!this.#selected.delete(flow.id)) return;
      if (this.#shown.size < MOST_REMEMBERED) this.#shown.add(flow.id);
    }
    if (!this.#isOf(flow.id)) return;
    if (this.#told.delete(flow.id) || this.#showsAllFlows) super.flow(flow);
    else if (this.#held.size < MOST_HELD) this.#held.set(flow.id, copyOf(flow));
  }

  override finding(finding: Finding): void {
    const isProblem = finding.severity === "warning" && this.#isWanted("problem");
    if (!(this.#isWanted(finding.code) || isProblem) || !this.#isAboutShown(finding)) return;
    if (this.#flows !== undefined && !finding.flows.some((flow) => this.#isOf(flow))) return;
    for (const id of finding.flows) {
      const flow = this.#held.get(id);
      if (flow !== undefined && this.#held.delete(id)) super.flow(flow);
    }
    super.finding(finding);
  }

  /** Takes it that something is shown of a flow. */
  #tell(flow: number | undefined): void {
    if (flow !== undefined && !this.#showsAllFlows) this.#told.add(flow);
  }

  /** Whether the filter, if there is one, selects any of these packets; their flows are then shown. */
  #isSelected(rows: readonly number[]): boolean {
    if (!this.#isFiltered) return true;
    const { timeline } = this.#tables;
    if (!rows.some((row) => timeline.isSelected(row))) return false;
    for (const row of rows) {
      const flow = this.#tables.flowOf(row);
      if (flow !== undefined) this.#selected.add(flow);
      const frames = this.#frames[timeline.sideOf(row)];
      if (frames.size < MOST_REMEMBERED) frames.add(timeline.frame(row));
    }
    return true;
  }

  /** Whether a finding may be about a flow, or a frame, that the filter shows, or about none in particular. */
  #isAboutShown({ flows, frames, more }: Finding): boolean {
    if (!this.#isFiltered || more > 0) return true;
    const named = [frames.inside, frames.outside] as const;
    if (flows.length === 0 && named.every(({ length }) => length === 0)) return true;
    const isFrameShown = named.some((some, side) => {
      const shown = this.#frames[side];
      return shown !== undefined && (shown.size === MOST_REMEMBERED || some.some((frame) => shown.has(frame)));
    });
    return isFrameShown || this.#shown.size === MOST_REMEMBERED || flows.some((flow) => this.#shown.has(flow));
  }

  #isVerdictWanted(verdict: Verdict): boolean {
    return this.#isWanted(verdict) || (PROBLEMS.has(verdict) && this.#isWanted("problem"));
  }

  #isJudgementWanted({ verdict, impact }: Pick<Judgement, "verdict" | "impact">): boolean {
    return this.#isVerdictWanted(verdict) || (impact !== undefined && impact !== "unknown" && this.#isWanted(impact));
  }

  #isWanted(what: string): boolean {
    return this.#only === undefined || this.#only.has(what);
  }

  #isOf(flow: number | undefined): boolean {
    return this.#flows === undefined || (flow !== undefined && this.#flows.has(flow));
  }
}
