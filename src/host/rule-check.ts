import { type Finding, findingOf, Gathered } from "../packets/results/findings.js";
import type { FlowSummary } from "../packets/results/results.js";
import type { Interfaces } from "./interfaces.js";
import { type Explanation, isExplained, isReaddressed, type RuleBook } from "./rules.js";

/** Names the rules behind flows' translations, and notes which have none. */
export class RuleCheck {
  readonly #book: RuleBook;
  readonly #interfaces: Interfaces;
  readonly #missing = new Gathered();

  constructor(book: RuleBook, interfaces: Interfaces) {
    this.#book = book;
    this.#interfaces = interfaces;
  }

  /** The rules that explain a finished flow, as `RuleBook.explain` gives them. */
  flow(flow: FlowSummary): Explanation[] {
    const { helped, problems } = this.#book;
    const explanations = this.#book.explain(flow, this.#interfaces);
    const isHelped = helped.has(flow);
    if (!isExplained(flow, explanations) && !isHelped) this.#missing.addFlow(flow);
    // where no other makes what was made, and all were understood, it is this one
    const isOnly = (kind: Explanation["kind"], to: Explanation["to"]): boolean =>
      to !== null && explanations.filter((each) => each.kind === kind).length === 1 && isReaddressed(flow, kind);
    if (problems.length > 0 || isHelped) return explanations;
    return explanations.map(({ rule, kind, isCertain, to }) => ({
      rule,
      kind,
      isCertain: isCertain || isOnly(kind, to),
      to,
    }));
  }

  /** What there is to say of all flows together; call it once, after the last. */
  end(): Finding[] {
    const findings: Finding[] = [];
    const { count } = this.#missing.flows;
    if (count > 0) {
      const text = "no rule explains the translation";
      findings.push(findingOf("rule-missing", count, text, this.#missing));
    }
    const { problems } = this.#book;
    if (problems.length > 0) {
      const text = `of the rules, not all was understood: ${problems.join("; ")}`;
      findings.push(findingOf("rules-unread", problems.length, text));
    }
    return findings;
  }
}
