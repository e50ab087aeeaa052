import type { Flow } from "../packets/flows/flows.js";
import type { Finding } from "../packets/results/findings.js";
import { type ContainerName, isCalled } from "../packets/results/container-name.js";
import { type Containers, NO_CONTAINERS } from "../packets/results/containers.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import {
  copyOf,
  type FlowSummary,
  type Judgement,
  type Sink,
  type Tables,
  type Update,
} from "../packets/results/results.js";
import type { Verdict } from "../packets/results/verdicts.js";
import { SIDE_NAMES, type Side, SIDES } from "../packets/sides.js";
import type { Asked } from "./asked.js";
import { Eras } from "./eras.js";
import { farEndOfPair } from "./far-end.js";
import { namesOf, namesOfLone } from "./row-names.js";

/** Which results are shown. What is not selected counts all the same, and is paired as if it were. */
export interface Selection {
  /** What is shown, and the flows of that. */
  readonly asked: Asked;
  /** Ids of flows; undefined: of any flow, or of none. */
  readonly flows?: ReadonlySet<number> | undefined;
  /** Of pairs, those that took longer than this, nanoseconds. */
  readonly slowerThanNs?: number | undefined;
  /** Whether a pcap filter selects packets, and their flows: those of which it selects a frame, on either side. */
  readonly isFiltered: boolean;
  /** Whether packets are told of at the end, by what is known then: those that may be selected by that are passed on, too. */
  readonly isSummedUp?: boolean;
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
  readonly #asked: Asked;
  readonly #flows: ReadonlySet<number> | undefined;
  readonly #slowerThanNs: number | undefined;
  readonly #isFiltered: boolean;
  /** Whether packets are passed on that may be asked for by what becomes known of them. */
  readonly #isLaterPassed: boolean;
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

  constructor(next: Sink, { asked, flows, slowerThanNs, isFiltered, isSummedUp, ofContainers }: Selection) {
    super(next);
    this.#asked = asked;
    this.#flows = flows;
    this.#slowerThanNs = slowerThanNs;
    this.#isFiltered = isFiltered;
    this.#isLaterPassed = isSummedUp === true && this.#asked.hasSomeLater;
    this.#ofContainers = ofContainers;
    this.#isByPacket = isFiltered || ofContainers !== undefined;
  }

  /** Where packets are selected one by one, whatever is shown: pairs tell of which flows one is. So do those that are slow. */
  override get wantsPairs(): boolean {
    return this.#isByPacket || this.#showsPairs || (this.#slowerThanNs !== undefined && this.#asked.names("pair"));
  }

  override get pairTimes(): undefined {
    return undefined;
  }

  override get mostFlows(): number {
    return this.#flows === undefined && !this.#isByPacket && this.#showsAllFlows
      ? super.mostFlows
      : Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    if (this.#isByPacket || (!this.#showsAllFlows && this.#asked.hasSomeOf(verdict))) return true;
    return (this.#isLaterPassed || this.#asked.hasSomeOf(verdict)) && super.wantsVerdict(verdict);
  }

  /** Whether each flow is shown that is selected, by packets or by its id: all have pairs. */
  get #showsAllFlows(): boolean {
    return this.#asked.names("pair") && this.#slowerThanNs === undefined;
  }

  get #showsPairs(): boolean {
    return super.wantsPairs && this.#asked.names("pair");
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
    if (!this.#asked.names("pair")) return;
    if (this.#slowerThanNs !== undefined && latencyNs <= this.#slowerThanNs) return;
    if (!this.#isOf(flow.id)) return;
    this.#tell(flow.id);
    if (super.wantsPairs) super.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  override ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    const rows = [...inside, ...outside];
    if (!this.#isSelected(rows) || !this.#asked.names("ambiguous")) return;
    const flows = rows.map((row) => this.tables.flowOf(row));
    if (this.#flows !== undefined && !flows.some((flow) => this.#isOf(flow))) return;
    for (const flow of flows) this.#tell(flow);
    super.ambiguous(inside, outside, why);
  }

  override unmatched(row: number, judgement: Judgement): void {
    const isAsked = this.#asked.has(judgement);
    if (!this.#isSelected([row], judgement.verdict) || !(isAsked || this.#isLaterPassed)) return;
    const flow = this.tables.flowOf(row);
    if (!this.#isOf(flow)) return;
    if (isAsked) this.#tell(flow);
    super.unmatched(row, judgement);
  }

  /** Whoever asks for what a packet was, or for what it turned out to be, is shown that. */
  override update(update: Update): void {
    if (this.#isFiltered && !update.isSelected) return;
    if (this.#ofContainers !== undefined && !this.#isFrameShown(update.side, update.frame)) return;
    const [wasAsked, isAsked] = [update.before, update].map((said) => this.#asked.has(said));
    if ((!wasAsked && !isAsked) || !this.#isOf(update.flow)) return;
    this.#tell(update.flow);
    super.update(wasAsked ? update : { ...update, before: NOT_SHOWN });
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
    const isProblem = finding.severity === "warning" && this.#asked.names("problem");
    const isAsked = [finding.code, ...(finding.explains ?? [])].some((code) => this.#asked.names(code));
    if (!(isAsked || isProblem) || !this.#isAboutShown(finding)) return;
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
  #isSelected(rows: readonly number[], verdict?: Verdict): boolean {
    if (!this.#isByPacket) return true;
    if (!this.#isFilteredIn(rows) || !this.#isOfContainers(rows, verdict)) return false;
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

  /** Whether any of these packets without a twin is from, or to, one of the containers. */
  #isOfContainers(rows: readonly number[], verdict: Verdict | undefined): boolean {
    return this.#areCalled((containers) => rows.flatMap((row) => namesOfLone(this.tables, containers, row, verdict)));
  }

  #areCalled(namesIn: (containers: Containers) => readonly (ContainerName | undefined)[]): boolean {
    if (this.#ofContainers === undefined) return true;
    const { containers, words } = this.#ofContainers;
    return namesIn(containers).some((name) => isCalled(name, words));
  }

  /** The same of a pair, which is as others of its flow are as long as no address changes hands. */
  #isPairOfContainers(flow: number, inside: number, outside: number, isOutbound: boolean): boolean {
    const era = this.#eras.of(inside);
    const known = this.#areOfContainers.get(flow);
    if (known?.era === era) return known.is;
    const far = farEndOfPair(this.tables, inside, outside, isOutbound);
    const is = this.#areCalled((containers) =>
      [inside, outside].flatMap((row) => namesOf(this.tables, containers, row, far)),
    );
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

  #isOf(flow: number | undefined): boolean {
    return this.#flows === undefined || (flow !== undefined && this.#flows.has(flow));
  }
}
