import type { Flow } from "../packets/flows/flows.js";
import { type Finding, FINDINGS } from "../packets/results/findings.js";
import { type Containers, isCalled, NO_CONTAINERS } from "../packets/results/containers.js";
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
} from "../packets/results/results.js";
import { SIDE_NAMES, type Side, SIDES } from "../packets/sides.js";
import { Eras } from "./eras.js";
import { type FarEnd, farEndOfPair, farEndOfRow } from "./far-end.js";
import { namesOf } from "./row-names.js";

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
  /** The containers, by the words that name them, whose packets are selected, and their flows; undefined: of whomever. */
  readonly ofContainers?: OfContainers | undefined;
}

/** Some containers. */
export interface OfContainers {
  readonly containers: Containers;
  readonly words: ReadonlySet<string>;
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
  readonly #ofContainers: OfContainers | undefined;
  /** Whether packets are selected one by one: by the filter, or as some containers'. */
  readonly #isByPacket: boolean;
  /** Flows that live and have a packet that is selected so … */
  readonly #selected = new Set<number>();
  /** … and those that were shown, but for those too many to be remembered. */
  readonly #shown = new Set<number>();
  /** Flows that live, by whether they are of those containers, and in which era. */
  readonly #areOfContainers = new Map<number, { readonly era: number; readonly is: boolean }>();
  #eras!: Eras;
  /** The frames that are selected so of those without a pair, by side, up to so many. */
  readonly #frames = [new Set<number>(), new Set<number>()] as const;
  /** Flows of which results are shown, and that live; where words say which. */
  readonly #told = new Set<number>();
  /** Flows that no such result is of: a finding may be about them. By their ids. */
  readonly #held = new Map<number, FlowSummary>();

  constructor(next: Sink, { only, flows, slowerThanNs, hidden, isFiltered, ofContainers }: Selection) {
    super(next);
    this.#only = only;
    this.#flows = flows;
    this.#slowerThanNs = slowerThanNs;
    this.#hidden = hidden;
    this.#isFiltered = isFiltered;
    this.#ofContainers = ofContainers;
    this.#isByPacket = isFiltered || ofContainers !== undefined;
  }

  /** Where packets are selected one by one, whatever is shown: pairs tell of which flows one is. So do those that are slow. */
  override get wantsPairs(): boolean {
    return this.#isByPacket || this.#showsPairs || (this.#slowerThanNs !== undefined && this.#isWanted("pair"));
  }

  override get mostFlows(): number {
    return this.#flows === undefined && !this.#isByPacket && this.#showsAllFlows
      ? super.mostFlows
      : Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    return this.#isByPacket || this.#shows(verdict) || (!this.#showsAllFlows && this.#selects(verdict));
  }

  /** Whether each flow is shown that is selected, by packets or by its id: all have pairs. */
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
    this.#eras = new Eras(tables, this.#ofContainers?.containers ?? NO_CONTAINERS);
    super.begin(tables);
  }

  override pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    if (this.#isByPacket) {
      if (!this.#isFilteredIn([inside, outside]) || !this.#isPairOfContainers(flow.id, inside, outside, isOutbound))
        return;
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
    const flows = rows.map((row) => this.tables.flowOf(row));
    if (this.#flows !== undefined && !flows.some((flow) => this.#isOf(flow))) return;
    for (const flow of flows) this.#tell(flow);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    if (!this.#isSelected([row]) || !this.#selects(judgement.verdict) || !this.#isJudgementWanted(judgement)) return;
    const flow = this.tables.flowOf(row);
    if (!this.#isOf(flow)) return;
    this.#tell(flow);
    super.unmatched(row, judgement);
  }

  /** Whoever asks for what a packet was, or for what it turned out to be, is shown that. */
  override update(update: Update): void {
    if (this.#isFiltered && !update.isSelected) return;
    if (this.#ofContainers !== undefined && !this.#isFrameShown(update.side, update.frame)) return;
    const [wasWanted, isWanted] = [update.before, update].map(
      (said) => this.#selects(said.verdict) && this.#isJudgementWanted(said),
    );
    if ((!wasWanted && !isWanted) || !this.#isOf(update.flow)) return;
    this.#tell(update.flow);
    super.update(wasWanted ? update : { ...update, before: NOT_SHOWN });
  }

  override flow(flow: FlowSummary): void {
    if (this.#isByPacket) {
      this.#areOfContainers.delete(flow.id);
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

  /** Whether any of these packets is selected; their flows are then shown. */
  #isSelected(rows: readonly number[]): boolean {
    if (!this.#isByPacket) return true;
    if (!this.#isFilteredIn(rows) || !this.#isOfContainers(rows)) return false;
    const { timeline } = this.tables;
    for (const row of rows) {
      const flow = this.tables.flowOf(row);
      if (flow !== undefined) this.#selected.add(flow);
      const frames = this.#frames[timeline.sideOf(row)];
      if (frames.size < MOST_REMEMBERED) frames.add(timeline.frame(row));
    }
    return true;
  }

  /** Whether the filter selects any of these packets. */
  #isFilteredIn(rows: readonly number[]): boolean {
    return !this.#isFiltered || rows.some((row) => this.tables.timeline.isSelected(row));
  }

  /** Whether any of these packets is from, or to, one of the containers. */
  #isOfContainers(rows: readonly number[], farOf = (row: number): FarEnd => farEndOfRow(this.tables, row)): boolean {
    if (this.#ofContainers === undefined) return true;
    const { containers, words } = this.#ofContainers;
    return rows.some((row) => namesOf(this.tables, containers, row, farOf(row)).some((name) => isCalled(name, words)));
  }

  /** The same of a pair, which is as others of its flow are as long as no address changes hands. */
  #isPairOfContainers(flow: number, inside: number, outside: number, isOutbound: boolean): boolean {
    const era = this.#eras.of(inside);
    const known = this.#areOfContainers.get(flow);
    if (known?.era === era) return known.is;
    const far = farEndOfPair(this.tables, inside, outside, isOutbound);
    const is = this.#isOfContainers([inside, outside], () => far);
    this.#areOfContainers.set(flow, { era, is });
    return is;
  }

  #isFrameShown(side: Side, frame: number): boolean {
    const shown = this.#frames[side];
    return shown.size === MOST_REMEMBERED || shown.has(frame);
  }

  /** Whether a finding may be about a flow, or a frame, that is shown, or about none in particular. */
  #isAboutShown({ flows, frames, more }: Finding): boolean {
    if (!this.#isByPacket || more > 0) return true;
    const named = SIDES.map((side) => frames[SIDE_NAMES[side]]);
    if (flows.length === 0 && named.every(({ length }) => length === 0)) return true;
    if (SIDES.some((side) => named[side].some((frame) => this.#isFrameShown(side, frame)))) return true;
    return this.#shown.size === MOST_REMEMBERED || flows.some((flow) => this.#shown.has(flow));
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
