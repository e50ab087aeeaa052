import type { HostRules, Ruling } from "../../packets/results/host-rules.js";
import type { Ends, Translation } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side, SIDES } from "../../packets/sides.js";
import { addressOf } from "../address.js";
import type { Answer } from "../answer.js";
import { pairOf } from "./helped.js";
import { InterfaceName, type Interfaces } from "../interfaces.js";
import type { RuleHistory } from "./times/rule-history.js";
import { isExplained, type Explanation, type Masquerade, type Outcome, type RuleBook } from "./rules.js";
import { hooked, meet, UNKNOWN } from "./hooked.js";
import type { Target } from "./ruleset.js";
import { addressesMade } from "./target.js";
import { OwnAddresses } from "../snapshot/own-addresses.js";
import { begunBy, passage } from "../tuples.js";

/** So many flows are held against the rules: rules of another host or time do not explain the first of them. */
const MOST_EXPLAINED = 4096;
/** So many addresses are remembered whose packets cross. */
const MOST_ADDRESSES = 65_536;
/** So many rules are named, the others counted. */
const MOST_NAMED = 2;

/** What stands for a rule that came and went between two readings. */
const UNREAD = "one that was gone before it could be read";

const UNTAKEN = { proxying: [], redirecting: [] } as const;

/** What a ruling is made by. */
interface By {
  readonly book: RuleBook;
  /** Whether that is known to have been in force then. */
  readonly isOfThen: boolean;
  /** Whether the packet may have passed the rules by. */
  readonly hasBypass: boolean | undefined;
}

/** What a book of rules says of single packets, by what the flows seen so far tell of the host. */
export class RuleFacts implements HostRules {
  readonly wantsFlows = true;
  readonly #history: RuleHistory;
  readonly #interfaces: Interfaces;
  /** Who is behind the inside. */
  readonly #inside = new Set<string>();
  readonly #leadsInside: (address: string) => boolean;
  readonly #canMasquerade: Masquerade;
  readonly #ownAddresses: OwnAddresses;
  /** Addresses that flows show to be on an interface of the host: they may go by where nobody else tells. */
  readonly #own = new Set<string>();
  #explained = 0;
  /** The rules that flows are held against. */
  #bookLearnt: RuleBook | undefined;
  #judgedNs = 0n;
  /** Pairs of hosts with a translation that no rule explains, and no helper of what else they speak. */
  readonly #unexplained = new Set<string>();

  /**
   * `ownAddresses`: those that are known to be on an interface of the host, and when. `leadsInside`: whether its routes are known to lead to an address by a captured interface
   * of the inside.
   */
  constructor(
    history: RuleHistory,
    interfaces: Interfaces,
    ownAddresses = new OwnAddresses(),
    leadsInside: (address: string) => boolean = () => false,
    canMasquerade: Masquerade = () => true,
  ) {
    this.#leadsInside = leadsInside;
    this.#canMasquerade = canMasquerade;
    this.#history = history;
    this.#interfaces = interfaces;
    this.#ownAddresses = ownAddresses;
  }

  learn(flow: Translation): void {
    if (this.#inside.size < MOST_ADDRESSES)
      this.#inside.add(flow.initiator === "outside" ? flow.inside.dst : flow.inside.src);
    const { helped } = this.#history;
    if (this.#bookLearnt !== this.#book) this.#beginBook();
    if (helped.note(flow)) this.#unexplained.delete(pairOf(flow));
    if (flow.nat === "none" || flow.initiator === "unknown" || this.#explained === MOST_EXPLAINED) return;
    // no rule translates between IP versions
    const isIpv6 = flow.inside.src.includes(":");
    if (isIpv6 !== flow.outside.src.includes(":") || !this.#book.isAbout(isIpv6)) return;
    this.#explained++;
    for (const name of this.#interfaces) name.asked.clear();
    const isMade = (interfaces: Interfaces, isDstLocal?: Answer): boolean =>
      isExplained(flow, this.#explain(flow, interfaces, isDstLocal));
    if (!isMade(this.#interfaces)) {
      const isByRule = flow.proto !== "tcp" && this.#isMadeTurned(flow);
      if (!isByRule && !helped.has(flow)) this.#unexplained.add(pairOf(flow));
      this.#history.onQuestion();
      return;
    }
    // where no rule would explain the flow if it were otherwise, it is so
    for (const side of SIDES) {
      const name = this.#interfaces[side];
      const [inside, outside] = this.#interfaces;
      const isMadeBy = (other: InterfaceName): boolean => isMade(side === INSIDE ? [other, outside] : [inside, other]);
      for (const each of name.asked) {
        if (!isMadeBy(name.supposing(each))) name.exclude(each);
        else if (!isMadeBy(name.without(each))) name.confirm(each);
      }
    }
    this.#learnOwn(flow, isMade);
  }

  #explain(flow: Translation, interfaces: Interfaces, isDstLocal?: Answer): Explanation[] {
    return this.#book.explain(flow, interfaces, {
      isDstLocal,
      canMasquerade: () => this.#canMasquerade(flow),
    });
  }

  /** Takes note that no packet from before that time is judged any more, epoch nanoseconds. */
  reach(timeNs: bigint): void {
    this.#judgedNs = timeNs;
  }

  arriving(proto: number, ends: Ends): Ruling {
    const isDstLocal = this.#isOwn(ends.dst) || undefined;
    const coming = { hook: "prerouting", from: OUTSIDE, proto, ends, isDstLocal } as const;
    const outcome = meet(this.#book, this.#interfaces, coming);
    const ruling = this.#ruling(outcome);
    if (ruling.answer !== true) return ruling;
    const strangers = outcome.rules
      .map(({ to }) => destinationOf(to, ends))
      .filter((each) => !this.#inside.has(each) && !this.#leadsInside(each));
    if (strangers.length === 0) return ruling;
    return { ...ruling, answer: undefined, doubt: `nothing shows that ${strangers[0]} is inside` };
  }

  taking(side: Side, proto: number, ends: Ends): Ruling {
    const coming = { hook: "prerouting", from: side, proto, ends, isDstLocal: this.#isOwn(ends.dst) } as const;
    const packet = hooked(this.#book, this.#interfaces, coming);
    const { proxying, redirecting } = packet === undefined ? UNTAKEN : this.#book.taking(packet);
    const rules = [...proxying, ...redirecting];
    const isCertain = rules.some((rule) => rule.isCertain);
    const isTranslated = isCertain || (rules.length > 0 ? undefined : false);
    // it is known which a proxy takes
    const ruling = this.#ruling({ isTranslated, rules }, { hasBypass: this.#book.hasUntracked });
    return proxying.length === 0
      ? ruling
      : {
          ...ruling,
          answer: undefined,
          doubt: "a proxy takes it only where it listens, and else the rule drops it (--trace live tells)",
        };
  }

  /** Rules do not tell what was. */
  passedAs(): undefined {}

  leaving(proto: number, ends: Ends, atNs?: bigint): Ruling {
    if (atNs === undefined) return this.#leavingBy(this.#book, proto, ends);
    const { books, isAll } = this.#history.at(atNs);
    const by = books.map((book) => this.#leavingBy(book, proto, ends, true));
    const mayExempt =
      by.find(({ answer, rules }) => answer === false && rules !== "")?.rules ??
      (this.#history.mayHaveUnread(atNs) ? UNREAD : undefined);
    const doubt = "the rules were others about then";
    const then = isAll && by.length === 1 ? by[0] : ({ answer: undefined, rules: "", doubt, mayExempt } as const);
    if (then.answer === true || then.rules !== "" || mayExempt !== undefined) return then;
    const ever = this.#history.inForce.map(({ book }) => this.#leavingBy(book, proto, ends, true));
    return { ...then, atOtherTimes: ever.find(({ answer }) => answer === true)?.rules };
  }

  /** `isOfThen`: whether the book is known to have been in force when they left. */
  #leavingBy(book: RuleBook, proto: number, ends: Ends, isOfThen = false): Ruling {
    const coming = { from: INSIDE, proto, ends, isDstLocal: false } as const;
    const ruling = (outcome: Pick<Outcome, "isTranslated" | "rules">, hasBypass?: boolean): Ruling =>
      this.#ruling(outcome, { book, isOfThen, hasBypass });
    const entering = hooked(book, this.#interfaces, { ...coming, hook: "prerouting" });
    if (entering === undefined) return ruling(UNKNOWN);
    const untracking = book.untracking(entering, true);
    if (untracking.some(({ isCertain }) => isCertain)) return ruling({ isTranslated: false, rules: untracking }, false);
    let { mark } = book.meet("prerouting", entering);
    ({ mark } = meet(book, this.#interfaces, { ...coming, hook: "forward", mark }));
    const leaving = hooked(book, this.#interfaces, { ...coming, hook: "postrouting", mark });
    if (leaving === undefined) return ruling(UNKNOWN);
    const { isTranslated, rules } = book.meet("postrouting", leaving);
    const exempting = isTranslated === false ? book.exempting("postrouting", leaving) : [];
    return ruling({ isTranslated, rules: [...rules, ...exempting] }, untracking.length > 0);
  }

  /** Whether an address is known to have been the host's since packets passed that are judged now. What flows showed before need not be so any more, where addresses come and go. */
  #isOwn(address: string): boolean {
    if (this.#ownAddresses.isEmpty) return this.#own.has(address);
    return this.#ownAddresses.hadSince(address, this.#judgedNs);
  }

  /** Whether rules explain a flow if the other end opened it: of what has no handshake, that is whoever was met first. */
  #isMadeTurned(flow: Translation): boolean {
    const other = begunBy(flow, flow.initiator === "inside" ? "outside" : "inside");
    return isExplained(other, this.#explain(other, this.#interfaces));
  }

  /** Takes it that the host has an address, where the rules tell that. */
  #learnOwn(flow: Translation, isMade: (interfaces: Interfaces, isDstLocal?: Answer) => boolean): void {
    const { entering, leaving } = passage(flow);
    const sources = this.#explain(flow, this.#interfaces).filter(({ kind }) => kind === "snat");
    // there may be another rule by now, which gives an address that the host is not known to have
    if (sources.some(({ to, isMaker }) => to !== null && !isMaker)) this.#history.onQuestion();
    // masquerading takes the address of the interface that a packet leaves by
    else if (sources.length > 0 && sources.every(({ to }) => to?.isMasquerade)) this.#own.add(leaving.src);
    if (flow.nat.includes("dnat") && !this.#own.has(entering.dst) && !isMade(this.#interfaces, false))
      this.#own.add(entering.dst);
  }

  #ruling({ isTranslated, rules }: Pick<Outcome, "isTranslated" | "rules">, by: Partial<By> = {}): Ruling {
    const named = rules.slice(0, MOST_NAMED).map(({ text }) => text);
    if (rules.length > MOST_NAMED) named.push(`and ${rules.length - MOST_NAMED} more`);
    const { book = this.#book, isOfThen = false } = by;
    const { hasBypass = book.hasBypass } = by;
    const doubt = this.#doubt(isTranslated, rules.length > 0, { book, isOfThen, hasBypass });
    const answer = doubt === "" ? isTranslated : undefined;
    // which of them it is depends on more than is to be seen, as on chance
    const oneOf = answer === true && rules.length > 1 ? "one of " : "";
    return { answer, rules: oneOf + named.join("; "), doubt };
  }

  get #book(): RuleBook {
    return this.#history.current;
  }

  /** Begins to hold flows against other rules than before. */
  #beginBook(): void {
    this.#bookLearnt = this.#book;
    this.#explained = 0;
    this.#unexplained.clear();
  }

  #doubt(isTranslated: Answer, hasRule: boolean, { book, isOfThen, hasBypass }: By): string {
    if (this.#history.hasGaps) return "the rules were not the same all the time";
    if (!isOfThen && !this.#history.areTheSameSince(this.#judgedNs)) return "the rules were others a moment ago";
    if (book.problems.length > 0) return "not all of the rules is known";
    if (this.#unexplained.size > 0) return "the rules do not explain all translations that were seen";
    if (hasBypass) return "some packets pass the NAT rules by (notrack, tproxy)";
    if (isTranslated !== undefined) return "";
    return hasRule ? "it asks for more than is to be seen" : "the rules ask for more than is to be seen";
  }
}

/** The address that a packet is sent to: the one that it has, where a rule rewrites the port alone; of several, all of them. */
function destinationOf(to: Target | null, { dst }: Ends): string {
  if (to === null) return "whom it is sent to";
  const addresses = addressesMade(to, dst);
  if (addresses === undefined) return dst;
  const { isIpv6, first, last } = addresses;
  return first === last ? addressOf(isIpv6, first) : `${addressOf(isIpv6, first)}-${addressOf(isIpv6, last)}`;
}
