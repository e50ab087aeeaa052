import type { Dropped } from "../../packets/results/drops.js";
import type { DroppingRule } from "./filter-book.js";
import { type Ground, isDropped, isStopped, packetsIn } from "./ground.js";
import type { Counted, RuleTimes } from "./rule-times.js";
import { type Sharing, together } from "./together.js";
import type { Reason } from "../../packets/results/reasons.js";
import { stoodText } from "../rules/times/stood.js";

/** So many rules are named that may have dropped something and are no ground. */
const MOST_DOUBTS = 2;

const ADVICE = "narrow the rule, or accept the packets before it, if they are meant to pass";
/** Docker makes the rules of these chains again whenever it starts; in the chain for users, it has none. */
const IS_DOCKERS = /^DOCKER(?!-USER$)/;
const ADVICE_DOCKER =
  "Docker made that rule, and makes it again: docker network connect <network> <container> lets two networks' containers meet, and docker run -p publishes a port";

/** What nothing but a rule answers a packet with that it is to forward: a host without a way, or a neighbour, says other things. */
const OF_RULES_ALONE: ReadonlySet<Reason | undefined> = new Set<Reason>([
  "port-unreachable",
  "prohibited",
  "host-refuses",
]);

const WHO_CHANGES = "rules-changed says what else changed then";

/** How far a rule matches packets. */
const MATCHES = "matches them";
const MAY_MATCH = "may match them (not all that it asks for, or a rule before it, can be told)";
/** The same of one that came or went. */
const MAY_HAVE_MATCHED =
  "may match them (not all that it asks for, a rule before it, or whether it was there then, can be told)";
const NO_OTHER = "may match them, and no other rejects so what they may meet";

/** A rule that may have dropped a packet. */
interface MayDrop {
  readonly dropping: DroppingRule;
  isCertain: boolean;
  /** By how many rule sets, and ways, it may. */
  times: number;
  /** Whether the host would take the packet itself, by any of these. */
  isToHost: boolean;
}

/** The packets that a rule matches. */
interface Matched {
  readonly dropping: DroppingRule;
  readonly certain: Dropped[];
  readonly possible: Dropped[];
  /** Of the certain ones, those that were stopped, or were to be forwarded: what a firewall keeps from the host itself is nobody's loss. */
  readonly meant: Dropped[];
  /** Of the possible ones, those that were refused so that no other rule, nor anything else, can have done it. */
  readonly alone: Dropped[];
}

/** What rules were found to have dropped: for certain, possibly, perhaps, and each a part of it. */
interface Found {
  readonly certainly: Ground[];
  readonly possibly: Ground[];
  readonly doubts: string[];
  readonly sharing: Sharing[];
}

/** What a host's rules, and how far their counters moved between two snapshots, say of packets that were dropped in between. */
export class RuleGrounds {
  readonly #times: RuleTimes;

  constructor(times: RuleTimes) {
    this.#times = times;
  }

  /**
   * The rules that could have dropped them: each matches its packets, and counted at least as many, unless it was gone before it was read once more; certain matches come
   * first. `doubts`: what else may be.
   */
  grounds(dropped: readonly Dropped[]): { grounds: Ground[]; doubts: string[] } {
    const found: Found = { certainly: [], possibly: [], doubts: [], sharing: [] };
    for (const matched of this.#matched(dropped)) {
      const counted = this.#times.counted(matched.dropping.key);
      if (counted === undefined) this.#takeUncounted(matched, found);
      else this.#takeCounted(matched, counted, found);
    }
    const { certainly, possibly, doubts, sharing } = found;
    const shared = this.#shared(sharing, [...certainly, ...possibly]);
    possibly.push(...shared.grounds);
    for (const { dropping, kinds, count } of sharing)
      if (!shared.named.has(dropping.key))
        doubts.push(`${dropping.text} may have dropped ${count} of ${packetsIn(kinds)}, by its counter`);
    const more = doubts.length - MOST_DOUBTS;
    const listed = [...doubts.slice(0, MOST_DOUBTS), ...(more > 0 ? [`so may ${more} more rules`] : [])];
    return { grounds: [...certainly, ...possibly], doubts: [...listed, ...this.#unasked()] };
  }

  /** Takes a rule that does not count. */
  #takeUncounted({ dropping, certain, possible, meant, alone }: Matched, { possibly, doubts }: Found): void {
    const uncounted = meant.filter(({ isTold }) => !isTold);
    if (uncounted.length > 0) possibly.push(this.#groundOf(dropping, uncounted, undefined, MATCHES));
    if (alone.length > 0) possibly.push(this.#groundOf(dropping, alone, undefined, NO_OTHER));
    // of others, nobody asks what dropped them
    const isDoubt = (uncounted.length > 0 ? possible : [...certain.filter(isStopped), ...possible]).some(isDropped);
    if (isDoubt) doubts.push(`${dropping.text} may have dropped some, and does not count`);
  }

  #takeCounted(
    { dropping, certain, possible }: Matched,
    counted: Counted,
    { certainly, possibly, sharing }: Found,
  ): void {
    const { count, isGone } = counted;
    const stoppedCertainly = certain.filter(isStopped);
    const all = [...stoppedCertainly, ...possible];
    // of others, nobody asks what dropped them
    if (all.some(isDropped) && count > 0 && count < packetsIn(all) && !isGone)
      sharing.push({ dropping, kinds: all, count });
    if (count === 0 && !isGone) return;
    const hasCounted = (kinds: readonly Dropped[]): boolean => isGone || count >= packetsIn(kinds);
    // what it counted were those that were dropped, before it was any that nobody answered
    const sure = hasCounted(certain) ? certain : stoppedCertainly;
    if (sure.length > 0 && hasCounted(sure)) certainly.push(this.#groundOf(dropping, sure, counted, MATCHES));
    // where a trace names the rule, what may be it is no news
    const open = possible.filter(({ isTold }) => !isTold);
    if (open.length > 0 && count > 0 && hasCounted(all))
      possibly.push(this.#groundOf(dropping, open, counted, MAY_MATCH));
  }

  /** The rules that may have dropped together what none of them can have dropped alone, and nothing else tells of; and which these are, by their keys. */
  #shared(sharing: readonly Sharing[], grounds: readonly Ground[]): { grounds: Ground[]; named: ReadonlySet<string> } {
    const told = new Set(grounds.flatMap(({ kinds }) => kinds));
    const isOpen = (kind: Dropped): boolean => isDropped(kind) && !kind.isTold && !told.has(kind);
    const groups = together(
      sharing.map((each) => ({ ...each, kinds: each.kinds.filter(isOpen) })).filter(({ kinds }) => kinds.length > 0),
    );
    const named = new Set(groups.flatMap(({ rules }) => rules.map(({ dropping }) => dropping.key)));
    return {
      named,
      grounds: groups.flatMap(({ rules, count }) => rules.map((each) => groundAmong(each, rules, count))),
    };
  }

  /** The rules that are not asked, and may have dropped packets. */
  #unasked(): string[] {
    const { aside, unknownSets, unread } = this.#times.last;
    return [
      ...(this.#times.isUnwatched
        ? ["the rules changed meanwhile: those that are gone are not asked (--rules live reads them as they change)"]
        : []),
      ...(aside.length > 0 ? [`natcorr does not follow rules of ${aside.join(", ")}, and some of these drop`] : []),
      ...(unknownSets.length > 0
        ? [`who is in sets that rules ask for is not known: ${unknownSets.join(", ")} (ipset save)`]
        : []),
      ...(unread > 0 ? [`${unread} ${unread === 1 ? "line" : "lines"} of the rules could not be read`] : []),
    ];
  }

  /** The packets that each rule matches, in the order in which they meet the rules. */
  #matched(dropped: readonly Dropped[]): Iterable<Matched> {
    const byRule = new Map<string, Matched>();
    for (const kind of dropped) {
      const causes = [...this.#dropping(kind)].filter(([, { dropping }]) => mayCause(dropping, kind));
      for (const [key, { dropping, isCertain, isToHost }] of causes) {
        // that they were dropped at all is not known
        if (!isCertain && !isStopped(kind)) continue;
        const matched = byRule.get(key) ?? { dropping, certain: [], possible: [], meant: [], alone: [] };
        byRule.set(key, matched);
        (isCertain ? matched.certain : matched.possible).push(kind);
        if (isCertain && (isStopped(kind) || !isToHost)) matched.meant.push(kind);
        const isAlone = causes.length === 1 && !isCertain && !isToHost && !kind.isTold;
        if (isAlone && OF_RULES_ALONE.has(kind.refusal)) matched.alone.push(kind);
      }
    }
    return byRule.values();
  }

  /** The rules that may have dropped packets, those that were there last first, by their keys. Certain is what drops them by all rules, and ways, that there may have been then. */
  #dropping(kind: Dropped): ReadonlyMap<string, Readonly<MayDrop>> {
    const found = new Map<string, MayDrop>();
    let times = 0;
    for (const { books, ways } of this.#times.during(kind.firstNs, kind.lastNs).toReversed())
      for (const way of ways) {
        times++;
        const { packet } = way.of(kind);
        const dropping = packet && books[0].dropping(packet, (key) => this.#times.isIdle(key));
        for (const each of dropping ?? []) {
          const known = found.get(each.key) ?? { dropping: each, isCertain: true, times: 0, isToHost: false };
          found.set(each.key, known);
          known.times++;
          known.isCertain &&= each.isCertain;
          known.isToHost ||= packet?.goesTo === "host";
        }
      }
    for (const each of found.values()) each.isCertain &&= each.times === times;
    return found;
  }

  /** `counted`: undefined of a rule without a counter. `matches`: how far it does, in words. */
  #groundOf(
    dropping: DroppingRule,
    kinds: readonly Dropped[],
    counted: Counted | undefined,
    matches: typeof MATCHES | typeof MAY_MATCH | typeof NO_OTHER,
  ): Ground {
    const { rule, table, key, isLegacy } = dropping;
    const isCertain = counted !== undefined && matches === MATCHES;
    const stood = this.#times.stood(key, kinds[0].firstNs);
    const when = stood === undefined ? "" : `was ${stoodText(stood)}, `;
    const how = stood !== undefined && matches === MAY_MATCH ? MAY_HAVE_MATCHED : matches;
    const next =
      counted?.isGone === true ? WHO_CHANGES : `${shownBy(dropping)} shows ${counted ? "what it counts" : "it"}`;
    const cause = { rule: isCertain ? rule.text : `possibly ${rule.text}`, table, chain: rule.chain };
    return {
      code: "drop-rule",
      kinds,
      isCertain,
      text: `a rule in ${rule.chain} (${table}${isLegacy ? ", of iptables-legacy" : ""}) ${how}, ${when}and ${countText(counted, packetsIn(kinds))}: ${rule.text}`,
      hint: hintOf(dropping, next),
      cause: counted === undefined ? cause : { ...cause, counted: counted.count },
      // what one counted that was gone before it was read once more, nobody may know
      ...(isCertain && counted.count >= packetsIn(kinds) && { stops: "rule-counts" }),
    };
  }
}

/** What may be a rule's doing in part, of some that counted so many packets together. */
function groundAmong({ dropping, kinds, count }: Sharing, rules: readonly Sharing[], all: number): Ground {
  const { rule, table, isLegacy } = dropping;
  const others = rules.length - 1;
  const beside = `${others} other ${others === 1 ? "rule" : "rules"} named here`;
  return {
    code: "drop-rule",
    kinds,
    isCertain: false,
    text: `a rule in ${rule.chain} (${table}${isLegacy ? ", of iptables-legacy" : ""}) may have dropped some of them: it counted ${count} between the snapshots, and with ${beside} ${all}: ${rule.text}`,
    hint: hintOf(dropping, `${shownBy(dropping)} shows what it counts`),
    cause: { rule: `possibly ${rule.text}`, table, chain: rule.chain, counted: count },
  };
}

/** What to do about a rule, and what to look at next. */
function hintOf({ rule }: DroppingRule, next: string): string {
  return `${IS_DOCKERS.test(rule.chain) ? ADVICE_DOCKER : ADVICE}; ${next}`;
}

/** What a rule counted, with how many it did beside some packets. */
function countText(counted: Counted | undefined, packets: number): string {
  if (counted === undefined) return "has no counter that tells how many it stopped";
  const { count, isGone } = counted;
  const others = count - packets;
  return `counted ${count} ${isGone ? "until it was read last" : "between the snapshots"}${others > 0 ? `, ${others} of them others` : ""}`;
}

/** Whether what became of packets can be a rule's doing: what was refused was answered, and by what the rule says. */
function mayCause({ rule: { verdict } }: DroppingRule, { refusal }: Dropped): boolean {
  return refusal === undefined || (verdict.kind === "reject" && verdict.answers.includes(refusal));
}

/** The command that shows a rule, and what it counts. */
function shownBy({ rule, table, isLegacy }: DroppingRule): string {
  const [family, name] = table.split(" ");
  if (!rule.text.startsWith("-")) return `nft list chain ${table} ${rule.chain}`;
  return `${family === "ip6" ? "ip6tables" : "iptables"}${isLegacy ? "-legacy" : ""} ${name === "filter" ? "" : `-t ${name} `}-vnL ${rule.chain}`;
}
