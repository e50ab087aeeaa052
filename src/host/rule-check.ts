import { type Finding, findingOf, Gathered, ofFlows } from "../packets/results/findings.js";
import type { FlowSummary } from "../packets/results/results.js";
import type { Interfaces } from "./interfaces.js";
import { isExplained, isReaddressed, type RuleBook } from "./rules.js";

/** Names the rules behind flows' translations, and notes which have none. */
export class RuleCheck {
  readonly #book: RuleBook;
  readonly #interfaces: Interfaces;
  readonly #missing = new Gathered();
  /** Flows that are translated, and of an IP version that nobody saved the rules of. */
  readonly #others = new Gathered();

  constructor(book: RuleBook, interfaces: Interfaces) {
    this.#book = book;
    this.#interfaces = interfaces;
  }

  /** The rules that explain a finished flow, one after the other as its first packet met them, with a word before those that are not certain. */
  flow(flow: FlowSummary): string[] {
    const { helped, problems } = this.#book;
    const explanations = this.#book.explain(flow, this.#interfaces);
    const isHelped = helped.has(flow);
    if (!isExplained(flow, explanations) && !isHelped)
      (this.#isOther(flow) ? this.#others : this.#missing).addFlow(flow);
    return explanations.map(({ rule, kind, isCertain }) => {
      if (isCertain) return rule;
      const alike = explanations.filter((each) => each.kind === kind);
      // where no others make what was made, and all were understood, it is one of these
      const isOneOf =
        problems.length === 0 && !isHelped && isReaddressed(flow, kind) && alike.every(({ to }) => to !== null);
      if (!isOneOf) return `possibly ${rule}`;
      return alike.length === 1 ? rule : `one of ${alike.length}: ${rule}`;
    });
  }

  /** Whether there are rules of the other IP version alone. */
  #isOther({ inside }: FlowSummary): boolean {
    const isIpv6 = inside.src.includes(":");
    return !this.#book.isAbout(isIpv6) && this.#book.isAbout(!isIpv6);
  }

  /** What there is to say of all flows together; call it once, after the last. */
  end(): Finding[] {
    const { problems } = this.#book;
    const missing = `no rule${problems.length > 0 ? " that was understood" : ""} explains the translation`;
    const version = this.#book.isAbout(false) ? "IPv6" : "IPv4";
    const others = `no rules of ${version} were given, and flows of it are translated`;
    const hint = "ip6tables-save -t nat prints those of IPv6, iptables-save -t nat those of IPv4, nft list ruleset all";
    const findings = [
      ...ofFlows("rule-missing", this.#missing, missing),
      ...ofFlows("rules-unread", this.#others, others, hint),
    ];
    if (problems.length > 0) {
      const text = `of the rules, not all is known: ${problems.join("; ")}`;
      findings.push(findingOf("rules-unread", problems.length, text));
    }
    return findings;
  }
}
