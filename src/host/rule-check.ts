import { type Finding, findingOf, Gathered } from "../packets/findings.js";
import type { FlowSummary } from "../packets/results.js";
import type { Explanation, RuleBook } from "./rules.js";
import { passage } from "./tuples.js";

/** Names the rules behind flows' translations, and notes which have none. */
export class RuleCheck {
  readonly #book: RuleBook;
  readonly #insideInterface: string;
  readonly #outsideInterface: string;
  readonly #missing = new Gathered();

  /** Interfaces as in `RuleBook.explain`. */
  constructor(book: RuleBook, insideInterface: string, outsideInterface: string) {
    this.#book = book;
    this.#insideInterface = insideInterface;
    this.#outsideInterface = outsideInterface;
  }

  /** The rules that explain a finished flow, as `RuleBook.explain` gives them. */
  flow(flow: FlowSummary): Explanation[] {
    const explanations = this.#book.explain(flow, this.#insideInterface, this.#outsideInterface);
    const { entering, leaving } = passage(flow);
    const isExplained = (kind: Explanation["kind"]): boolean => explanations.some((each) => each.kind === kind);
    // a source port alone is changed without a rule too, where it clashes (net/netfilter/nf_nat_core.c, null binding)
    const lacksSource = flow.nat.includes("snat") && entering.src !== leaving.src && !isExplained("snat");
    const lacksDestination = flow.nat.includes("dnat") && !isExplained("dnat");
    if (lacksSource || lacksDestination) this.#missing.addFlow(flow);
    return explanations;
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
