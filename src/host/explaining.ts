import { type Finding, findingOf, Gathered } from "../packets/results/findings.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import { copyOf, type FlowSummary, type Sink, type Summary, type Tables } from "../packets/results/results.js";
import type { ConntrackTable } from "./conntrack-table.js";
import { CrossCheck } from "./cross-check.js";
import type { Crossing } from "./crossing.js";
import type { SideNames } from "../packets/sides.js";
import { InterfaceName } from "./interfaces.js";
import { RuleCheck } from "./rules/rule-check.js";
import type { RuleHistory } from "./rules/rule-history.js";
import type { Trace } from "./trace/trace.js";

/** What is known beside the captures. */
export interface Sources {
  /** conntrack's translations; more may be read into it while the run goes on. And who speaks by the interfaces, which may grow likewise. */
  readonly conntrack?: { readonly table: ConntrackTable; readonly crossing: Crossing } | undefined;
  readonly rules?: RuleHistory | undefined;
  readonly trace?: Trace | undefined;
  /** Interface names for the rules, inside and outside; empty where they are not known. */
  readonly interfaces: SideNames;
}

/** Passes results on to another sink, each flow with the rules behind it, and adds what conntrack and the rules say. */
export class Explaining extends PassingSink {
  readonly #crossCheck: CrossCheck | undefined;
  readonly #ruleCheck: RuleCheck | undefined;
  readonly #trace: Trace | undefined;
  /** Flows by the rule that explains them. */
  readonly #byRule = new Map<string, Gathered>();
  /** Translations that conntrack contradicts. */
  contradictions = 0;

  constructor(next: Sink, { conntrack, rules, trace, interfaces }: Sources) {
    super(next);
    this.#trace = trace;
    this.#crossCheck = conntrack && new CrossCheck(conntrack.table, conntrack.crossing);
    const [inside, outside] = interfaces;
    this.#ruleCheck = rules && new RuleCheck(rules, [new InterfaceName(inside), new InterfaceName(outside)]);
  }

  /** Each flow is looked at, whether it is shown or not. */
  override get mostFlows(): number {
    return Number.POSITIVE_INFINITY;
  }

  override begin(tables: Tables): void {
    const [inside, outside] = tables.epochsNs;
    this.#crossCheck?.begin(inside > outside ? inside : outside);
    super.begin(tables);
  }

  override flow(flow: FlowSummary): void {
    const rules = this.#ruleCheck?.flow(flow);
    for (const rule of rules ?? []) {
      const flows = this.#byRule.get(rule) ?? new Gathered();
      this.#byRule.set(rule, flows);
      flows.addFlow(flow);
    }
    this.next.flow(rules !== undefined && rules.length > 0 ? { ...copyOf(flow), rule: rules.join("\n") } : flow);
    this.#tell(this.#crossCheck?.flow(flow) ?? []);
  }

  override end(summary: Summary): void {
    for (const [rule, flows] of this.#byRule) this.next.finding(findingOf("rule", flows.flows.count, rule, flows));
    this.#tell([...(this.#ruleCheck?.end() ?? []), ...(this.#crossCheck?.end() ?? []), ...(this.#trace?.end() ?? [])]);
    this.next.end(summary);
  }

  #tell(findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (finding.code === "conntrack-contradicted") this.contradictions++;
      this.next.finding(finding);
    }
  }
}
