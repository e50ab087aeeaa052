import { Few } from "../packets/few.js";
import type { Flow } from "../packets/flows.js";
import {
  copyOf,
  type Finding,
  type FlowSummary,
  type Sink,
  type Summary,
  type Tables,
  type Verdict,
} from "../packets/results.js";
import type { ConntrackTable } from "./conntrack-table.js";
import { CrossCheck } from "./cross-check.js";
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
export class Explaining implements Sink {
  readonly #next: Sink;
  readonly #crossCheck: CrossCheck | undefined;
  readonly #ruleCheck: RuleCheck | undefined;
  /** Flows by the rule that explains them. */
  readonly #byRule = new Map<string, Few>();
  /** Translations that conntrack contradicts. */
  contradictions = 0;

  constructor(next: Sink, { conntrack, rules, interfaces }: Sources) {
    this.#next = next;
    this.#crossCheck = conntrack && new CrossCheck(conntrack);
    this.#ruleCheck = rules && new RuleCheck(rules, ...interfaces);
  }

  get wantsPairs(): boolean {
    return this.#next.wantsPairs;
  }

  get wantsUnmatched(): boolean {
    return this.#next.wantsUnmatched;
  }

  /** Each flow is looked at, whether it is shown or not. */
  readonly mostFlows = Number.POSITIVE_INFINITY;

  begin(tables: Tables): void {
    this.#next.begin(tables);
  }

  pair(inside: number, outside: number, flow: Flow, isOutbound: boolean, latencyNs: number): void {
    this.#next.pair(inside, outside, flow, isOutbound, latencyNs);
  }

  ambiguous(inside: readonly number[], outside: readonly number[], why: string): void {
    this.#next.ambiguous(inside, outside, why);
  }

  unmatched(row: number, verdict: Verdict, why: string): void {
    this.#next.unmatched(row, verdict, why);
  }

  flow(flow: FlowSummary): void {
    const rules = this.#ruleCheck?.flow(flow).map(({ rule, isCertain }) => (isCertain ? rule : `possibly ${rule}`));
    for (const rule of rules ?? []) {
      const flows = this.#byRule.get(rule) ?? new Few();
      this.#byRule.set(rule, flows);
      flows.add(String(flow.id));
    }
    this.#next.flow(rules ? { ...copyOf(flow), rules } : flow);
    const contradicted = this.#crossCheck?.flow(flow);
    if (!contradicted) return;
    this.contradictions++;
    this.#next.finding(contradicted);
  }

  finding(finding: Finding): void {
    this.#next.finding(finding);
  }

  end(summary: Summary): void {
    for (const [rule, { count, text }] of this.#byRule) {
      this.#next.finding({ severity: "info", code: "rule", count, text: `${rule} explains flows ${text}` });
    }
    for (const finding of [...(this.#ruleCheck?.end() ?? []), ...(this.#crossCheck?.end() ?? [])])
      this.#next.finding(finding);
    this.#next.end(summary);
  }
}
