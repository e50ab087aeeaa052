import { findingOf, Gathered } from "../packets/results/findings.js";
import { PassingSink } from "../packets/results/passing-sink.js";
import { copyOf, type FlowSummary, type Sink, type Summary } from "../packets/results/results.js";
import type { ConntrackTable } from "./conntrack-table.js";
import { CrossCheck } from "./cross-check.js";
import { InterfaceName } from "./interfaces.js";
import { RuleCheck } from "./rule-check.js";
import type { RuleBook } from "./rules.js";

/** What is known beside the captures. */
export interface Sources {
  /** conntrack's translations; more may be read into it while the run goes on. */
  readonly conntrack?: ConntrackTable | undefined;
  readonly rules?: RuleBook | undefined;
  /** Interface names for the rules, inside and outside; empty where they are not known. */
  readonly interfaces: readonly [string, string];
}

/** Passes results on to another sink, each flow with the rules behind it, and adds what conntrack and the rules say. */
export class Explaining extends PassingSink {
  readonly #crossCheck: CrossCheck | undefined;
  readonly #ruleCheck: RuleCheck | undefined;
  /** Flows by the rule that explains them. */
  readonly #byRule = new Map<string, Gathered>();
  /** Translations that conntrack contradicts. */
  contradictions = 0;

  constructor(next: Sink, { conntrack, rules, interfaces }: Sources) {
    super(next);
    this.#crossCheck = conntrack && new CrossCheck(conntrack);
    const [inside, outside] = interfaces;
    this.#ruleCheck = rules && new RuleCheck(rules, [new InterfaceName(inside), new InterfaceName(outside)]);
  }

  /** Each flow is looked at, whether it is shown or not. */
  override get mostFlows(): number {
    return Number.POSITIVE_INFINITY;
  }

  override flow(flow: FlowSummary): void {
    const rules = this.#ruleCheck?.flow(flow).map(({ rule, isCertain }) => (isCertain ? rule : `possibly ${rule}`));
    for (const rule of rules ?? []) {
      const flows = this.#byRule.get(rule) ?? new Gathered();
      this.#byRule.set(rule, flows);
      flows.addFlow(flow);
    }
    this.next.flow(rules !== undefined && rules.length > 0 ? { ...copyOf(flow), rule: rules.join("\n") } : flow);
    const contradicted = this.#crossCheck?.flow(flow);
    if (!contradicted) return;
    this.contradictions++;
    this.next.finding(contradicted);
  }

  override end(summary: Summary): void {
    for (const [rule, flows] of this.#byRule) this.next.finding(findingOf("rule", flows.flows.count, rule, flows));
    for (const finding of [...(this.#ruleCheck?.end() ?? []), ...(this.#crossCheck?.end() ?? [])])
      this.next.finding(finding);
    this.next.end(summary);
  }
}
