import { type Finding, findingOf, ofFlows } from "../../packets/results/findings.js";
import { Gathered } from "../../packets/results/gathered.js";
import type { FlowSummary } from "../../packets/results/results.js";
import type { Answer } from "../answer.js";
import type { Interfaces } from "../interfaces.js";
import { type Opener, summaryBegunBy } from "../opener.js";
import type { RuleHistory } from "./times/rule-history.js";
import { resetRules } from "./times/reset-rules.js";
import { isExplained, isReaddressed, type Masquerade, type RuleBook } from "./rules.js";

/** Whether conntrack has to do with a flow. */
export type Tracking = "tracked" | "untracked" | "untold";

/** What a book says of a flow: whether its rules explain all of the translation, and which they are, with a word before those that are not certain. */
interface Told {
  readonly isExplained: boolean;
  readonly rules: readonly { words: string; rule: string }[];
}

/** Names the rules behind flows' translations, and notes which have none. */
export class RuleCheck {
  readonly #history: RuleHistory;
  readonly #interfaces: Interfaces;
  readonly #canMasquerade: Masquerade;
  #reset: ReadonlySet<string> | undefined;
  readonly #missing = new Gathered();
  /** Flows that are translated, and of an IP version that nobody saved the rules of. */
  readonly #others = new Gathered();

  constructor(history: RuleHistory, interfaces: Interfaces, canMasquerade: Masquerade = () => true) {
    this.#history = history;
    this.#interfaces = interfaces;
    this.#canMasquerade = canMasquerade;
  }

  /** The rules that explain a finished flow, one after the other as its first packet met them, with a word before those that are not certain. */
  flow(flow: FlowSummary): string[] {
    const { books, isAll } = this.#history.at(flow.firstNs);
    const isHelped = this.#history.helped.has(flow);
    const told = books.map((book) => this.#told(flow, book, isHelped));
    const isExplainable = isHelped || told.some(({ isExplained }) => isExplained);
    // else rules may have been there that nobody read
    if (!isExplainable && books.length === 1 && isAll && !this.#history.hasGaps)
      (this.#isOther(flow) ? this.#others : this.#missing).addFlow(flow);
    const [lines, ...others] = told.map(({ rules }) => rules.map(({ words, rule }) => `${words}${rule}`));
    const isSame = isAll && others.every((each) => each.join("\n") === lines.join("\n"));
    if (isSame && !this.#mayHaveGone(told[0])) return lines;
    const explaining = told.filter(({ isExplained }) => isExplained);
    const rules = (explaining.length > 0 ? explaining : told).flatMap((each) => each.rules);
    return [...new Set(rules.map(({ rule }) => `possibly ${rule}`))];
  }

  /** Whether a rule had conntrack leave a flow alone that left as it came; it is not told where one may have that was there for a moment. */
  trackingOf(flow: FlowSummary): Tracking {
    if (flow.nat !== "none") return "tracked";
    const { books, isAll } = this.#history.at(flow.firstNs);
    const isSure = (book: RuleBook): boolean =>
      book.explain(flow, this.#interfaces).some(({ kind, isCertain }) => kind === "untrack" && isCertain);
    const sure = books.filter(isSure).length;
    if (isAll && !this.#history.hasGaps && sure === books.length) return "untracked";
    return sure > 0 || this.#history.mayHaveUnread(flow.firstNs) ? "untold" : "tracked";
  }

  /** Whether rules that are there by each reading may not have been in between. */
  #mayHaveGone({ rules }: Told): boolean {
    if (!this.#history.hasGaps) return false;
    this.#reset ??= resetRules(this.#history.inForce.flatMap(({ first, last }) => [first, last]));
    const reset = this.#reset;
    return rules.some(({ rule }) => reset.has(rule));
  }

  /**
   * Who must have begun a flow, as rules translate it if that one did, and none do if the other end did; undefined where they do not tell. Who began has spoken.
   */
  openerOf(flow: FlowSummary): Opener {
    const { books, isAll } = this.#history.at(flow.firstNs);
    if (
      !isAll ||
      this.#history.helped.has(flow) ||
      books.some(({ problems, hasBypass }) => problems.length > 0 || hasBypass)
    )
      return undefined;
    const mayHave = (opener: "inside" | "outside"): boolean =>
      books.some((book) => this.#told(summaryBegunBy(flow, opener), book, false).isExplained);
    const [fromInside, fromOutside] = [mayHave("inside"), mayHave("outside")];
    if (fromInside === fromOutside) return undefined;
    if (fromInside) return flow.pairsOutbound > 0 ? "inside" : undefined;
    return flow.pairs > flow.pairsOutbound ? "outside" : undefined;
  }

  #told(flow: FlowSummary, book: RuleBook, isHelped: boolean): Told {
    const canMasquerade = (): Answer => this.#canMasquerade(flow, flow.firstNs);
    const explanations = book.explain(flow, this.#interfaces, { canMasquerade });
    const rules = explanations.map(({ rule, kind, isCertain }) => {
      if (isCertain) return { rule, words: "" };
      const alike = explanations.filter((each) => each.kind === kind);
      // where no others make what was made, and all were understood, it is one of these
      const isOneOf =
        book.problems.length === 0 && !isHelped && isReaddressed(flow, kind) && alike.every(({ isMaker }) => isMaker);
      if (!isOneOf) return { rule, words: "possibly " };
      return { rule, words: alike.length === 1 ? "" : `one of ${alike.length}: ` };
    });
    return { isExplained: isExplained(flow, explanations), rules };
  }

  /** Whether there are rules of the other IP version alone. */
  #isOther({ inside }: FlowSummary): boolean {
    const isIpv6 = inside.src.includes(":");
    return !this.#book.isAbout(isIpv6) && this.#book.isAbout(!isIpv6);
  }

  /** What there is to say of all flows together; call it once, after the last. */
  end(): Finding[] {
    const { problems } = this.#history;
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

  get #book(): RuleBook {
    return this.#history.current;
  }
}
