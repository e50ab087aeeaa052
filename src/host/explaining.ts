import { epochNsOf } from "../packets/results/epoch-ns.js";
import { type Finding, findingOf } from "../packets/results/findings.js";
import { Gathered } from "../packets/results/gathered.js";
import type { Reason } from "../packets/results/reasons.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import {
  copyOf,
  type FlowSummary,
  type Judgement,
  type Sink,
  type Summary,
  type Tables,
} from "../packets/results/results.js";
import type { Verdict } from "../packets/results/verdicts.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import type { ConntrackTable } from "./conntrack-table.js";
import { CrossCheck } from "./cross-check.js";
import type { Crossing } from "./crossing.js";
import type { Setting } from "./ended-entries.js";
import type { SideNames } from "../packets/sides.js";
import { InterfaceName } from "./interfaces.js";
import { openerByEntries, summaryBegunBy } from "./opener.js";
import { RuleCheck } from "./rules/rule-check.js";
import type { RuleHistory } from "./rules/times/rule-history.js";
import { rulesChanged } from "./rules/times/rules-changed.js";
import type { Masquerade } from "./rules/rules.js";
import type { TraceSaid } from "./trace/trace.js";

/** What is known beside the captures. */
export interface Sources {
  /** conntrack's translations; more may be read into it while the run goes on. And who speaks by the interfaces, which may grow likewise. */
  readonly conntrack?: { readonly table: ConntrackTable; readonly crossing: Crossing } | undefined;
  readonly rules?: RuleHistory | undefined;
  /** Whether Docker told of a container that changed between two moments, epoch nanoseconds. */
  readonly haveContainersChanged: (fromNs: bigint, toNs: bigint) => boolean;
  readonly canMasquerade?: Masquerade | undefined;
  readonly trace?: TraceSaid | undefined;
  /** What the host says of its settings, at the end. */
  readonly setting: Setting;
  /** Interface names for the rules, inside and outside; empty where they are not known. */
  readonly interfaces: SideNames;
}

/** What packets came to that may have been answers which conntrack did not take for such. */
const ALONE: ReadonlySet<Verdict> = new Set(["dropped", "unknown"]);

/** What the host answers where it took a packet of a conversation that it forwards for one to itself: its entry may be gone. */
const TAKEN: ReadonlySet<Reason | undefined> = new Set<Reason>(["host-reset", "host-refuses", "port-unreachable"]);

/** Passes results on to another sink, each flow with the rules behind it, and adds what conntrack and the rules say. */
export class Explaining extends PassingSink {
  readonly #table: ConntrackTable | undefined;
  readonly #crossCheck: CrossCheck | undefined;
  readonly #ruleCheck: RuleCheck | undefined;
  readonly #trace: TraceSaid | undefined;
  readonly #rulesChanged: () => readonly Finding[];
  /** Flows by the rule that explains them. */
  readonly #byRule = new Map<string, Gathered>();
  /** Translations that conntrack contradicts. */
  contradictions = 0;

  constructor(next: Sink, sources: Sources) {
    super(next);
    const { conntrack, rules, trace, setting, interfaces, canMasquerade, haveContainersChanged } = sources;
    this.#rulesChanged = () => (rules === undefined ? [] : rulesChanged(rules.inForce, haveContainersChanged));
    this.#trace = trace;
    this.#table = conntrack?.table;
    this.#crossCheck = conntrack && new CrossCheck(conntrack.table, conntrack.crossing, setting);
    const [inside, outside] = interfaces;
    const names = [new InterfaceName(inside), new InterfaceName(outside)] as const;
    this.#ruleCheck = rules && new RuleCheck(rules, names, canMasquerade);
  }

  /** Each flow is looked at, whether it is shown or not. */
  override get mostFlows(): number {
    return Number.POSITIVE_INFINITY;
  }

  override wantsVerdict(verdict: Verdict): boolean {
    const isHeard = this.#crossCheck !== undefined && (ALONE.has(verdict) || verdict === "refused");
    return isHeard || super.wantsVerdict(verdict);
  }

  override unmatched(row: number, judgement: Judgement): void {
    const { verdict, reason, byFrame } = judgement;
    const isTaken = verdict === "refused" && TAKEN.has(reason);
    if (this.#crossCheck !== undefined && (isTaken || ALONE.has(verdict))) this.#noteAlone(row, this.#crossCheck);
    if (this.#crossCheck !== undefined && isTaken) this.#noteRefused(row, byFrame, this.#crossCheck);
    super.unmatched(row, judgement);
  }

  override begin(tables: Tables): void {
    const [inside, outside] = tables.epochsNs;
    this.#crossCheck?.begin(inside > outside ? inside : outside, inside);
    super.begin(tables);
  }

  override flow(summary: FlowSummary): void {
    const flow = this.#asBegun(summary);
    const rules = this.#ruleCheck?.flow(flow);
    for (const rule of rules ?? []) {
      const flows = this.#byRule.get(rule) ?? new Gathered();
      this.#byRule.set(rule, flows);
      flows.addFlow(flow);
    }
    this.next.flow(rules !== undefined && rules.length > 0 ? copyOf(flow, rules.join("\n")) : flow);
    this.#tell(this.#crossCheck?.flow(flow, this.#ruleCheck?.trackingOf(flow)) ?? []);
  }

  /** A flow with who began it, where conntrack or the rules tell that, and its packets do not. */
  #asBegun(flow: FlowSummary): FlowSummary {
    if (flow.initiator !== "unknown" || flow.nat !== "unknown" || flow.sides[INSIDE] === flow.sides[OUTSIDE])
      return flow;
    const opener = (this.#table && openerByEntries(flow, this.#table)) ?? this.#ruleCheck?.openerOf(flow);
    return opener === undefined ? flow : summaryBegunBy(flow, opener);
  }

  override end(summary: Summary): void {
    for (const [rule, flows] of this.#byRule) this.next.finding(findingOf("rule", flows.flows.count, rule, flows));
    this.#tell([
      ...(this.#ruleCheck?.end() ?? []),
      ...this.#rulesChanged(),
      ...(this.#crossCheck?.end() ?? []),
      ...(this.#trace?.end() ?? []),
    ]);
    this.next.end(summary);
  }

  #noteAlone(row: number, crossCheck: CrossCheck): void {
    const { timeline, tuples } = this.tables;
    const flow = this.tables.flowOf(row);
    if (flow === undefined || timeline.sideOf(row) !== OUTSIDE) return;
    crossCheck.alone(flow, tuples.addressText(timeline.tuple(row), timeline.forward(row) === 1));
  }

  #noteRefused(row: number, byFrame: number | undefined, crossCheck: CrossCheck): void {
    const { timeline } = this.tables;
    const flow = this.tables.flowOf(row);
    const frames = byFrame === undefined ? [timeline.frame(row)] : [timeline.frame(row), byFrame];
    if (flow !== undefined) crossCheck.refused(flow, epochNsOf(this.tables, row), timeline.sideOf(row), frames);
  }

  #tell(findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (finding.code === "conntrack-contradicted") this.contradictions++;
      this.next.finding(finding);
    }
  }
}
