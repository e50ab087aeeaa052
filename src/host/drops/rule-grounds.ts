import type { Dropped } from "../../packets/results/drops.js";
import { type DroppingRule, FilterBook } from "./filter-book.js";
import { type Ground, isDropped, isStopped, packetsIn } from "./ground.js";
import type { Ways } from "./ways.js";

/** So many rules are named that may have dropped something and are no ground. */
const MOST_DOUBTS = 2;

const ADVICE = "narrow the rule, or accept the packets before it, if they are meant to pass";
/** Docker makes the rules of these chains again whenever it starts; in the chain for users, it has none. */
const IS_DOCKERS = /^DOCKER(?!-USER$)/;
const ADVICE_DOCKER =
  "Docker made that rule, and makes it again: docker network connect <network> <container> lets two networks' containers meet, and docker run -p publishes a port";

/** The packets that a rule matches. */
interface Matched {
  readonly dropping: DroppingRule;
  readonly certain: Dropped[];
  readonly possible: Dropped[];
}

/** What a host's rules, and how far their counters moved between two snapshots, say of packets that were dropped in between. */
export class RuleGrounds {
  readonly #before: FilterBook;
  readonly #after: FilterBook;
  readonly #waysBefore: Ways;
  readonly #ways: Ways;

  /** By the rules of both snapshots, and the ways that packets take by each. */
  constructor(before: string, after: string, waysBefore: Ways, ways: Ways) {
    this.#before = new FilterBook(before);
    this.#after = new FilterBook(after);
    this.#waysBefore = waysBefore;
    this.#ways = ways;
  }

  /** The rules that could have dropped them: each matches its packets, and counted at least as many; certain matches come first. `doubts`: what else may be. */
  grounds(dropped: readonly Dropped[]): { grounds: Ground[]; doubts: string[] } {
    const certainly: Ground[] = [];
    const possibly: Ground[] = [];
    const doubts: string[] = [];
    for (const { dropping, certain, possible } of this.#matched(dropped)) {
      const counted = this.#counted(dropping.key);
      const stoppedCertainly = certain.filter(isStopped);
      const all = [...stoppedCertainly, ...possible];
      // of others, nobody asks what dropped them
      const isDoubt = all.some(isDropped);
      if (isDoubt && counted === undefined) doubts.push(`${dropping.text} may have dropped some, and does not count`);
      if (isDoubt && counted !== undefined && counted > 0 && counted < packetsIn(all))
        doubts.push(`${dropping.text} may have dropped ${counted} of ${packetsIn(all)}, by its counter`);
      if (counted === undefined || counted === 0) continue;
      // what it counted were those that were dropped, before it was any that nobody answered
      const sure = counted >= packetsIn(certain) ? certain : stoppedCertainly;
      if (sure.length > 0 && counted >= packetsIn(sure)) certainly.push(groundOf(dropping, sure, counted, true));
      // where a trace names the rule, what may be it is no news
      const open = possible.filter(({ isTold }) => !isTold);
      if (open.length > 0 && counted >= packetsIn(all)) possibly.push(groundOf(dropping, open, counted, false));
    }
    const more = doubts.length - MOST_DOUBTS;
    const listed = [...doubts.slice(0, MOST_DOUBTS), ...(more > 0 ? [`so may ${more} more rules`] : [])];
    return { grounds: [...certainly, ...possibly], doubts: [...listed, ...this.#unasked()] };
  }

  /** The rules that are not asked, and may have dropped packets. */
  #unasked(): string[] {
    const { aside, unread } = this.#after;
    return [
      ...(this.#after.isLike(this.#before) ? [] : ["the rules changed meanwhile: those that are gone are not asked"]),
      ...(aside.length > 0 ? [`natcorr does not follow rules of ${aside.join(", ")}, and some of these drop`] : []),
      ...(unread > 0 ? [`${unread} ${unread === 1 ? "line" : "lines"} of the rules could not be read`] : []),
    ];
  }

  /** The packets that each rule matches, in the order in which they meet the rules. */
  #matched(dropped: readonly Dropped[]): Iterable<Matched> {
    const byRule = new Map<string, Matched>();
    const isChanged = !this.#after.isLike(this.#before);
    for (const kind of dropped) {
      const { packet } = this.#ways.of(kind);
      if (packet === undefined) continue;
      for (const dropping of this.#after.dropping(packet, (key) => this.#isIdle(key))) {
        const isCertain = dropping.isCertain && (!isChanged || this.#wasCertain(dropping, kind));
        // that they were dropped at all is not known
        if (!isCertain && !isStopped(kind)) continue;
        if (!mayCause(dropping, kind)) continue;
        const matched = byRule.get(dropping.key) ?? { dropping, certain: [], possible: [] };
        byRule.set(dropping.key, matched);
        (isCertain ? matched.certain : matched.possible).push(kind);
      }
    }
    return byRule.values();
  }

  /** Whether a rule dropped packets by the rules before, too, as these knew the ways. */
  #wasCertain({ key }: DroppingRule, kind: Dropped): boolean {
    const { packet } = this.#waysBefore.of(kind);
    const dropping = packet && this.#before.dropping(packet, (each) => this.#isIdle(each));
    return dropping?.some((each) => each.key === key && each.isCertain) === true;
  }

  /** Whether nothing met a rule meanwhile: its counter stands where it stood, and was not set back. */
  #isIdle(key: string): boolean {
    const after = this.#after.counted(key);
    return after !== undefined && after === (this.#before.has(key) ? this.#before.counted(key) : 0);
  }

  /** How many packets met a rule meanwhile; undefined where its counter does not tell. One that is new, or was put there once more, counts from 0. */
  #counted(key: string): number | undefined {
    const after = this.#after.counted(key);
    const before = this.#before.has(key) ? this.#before.counted(key) : 0;
    if (after === undefined || before === undefined) return undefined;
    return after < before ? after : after - before;
  }
}

/** Whether what became of packets can be a rule's doing: what was refused was answered, and by what the rule says. */
function mayCause({ rule: { verdict } }: DroppingRule, { refusal }: Dropped): boolean {
  return refusal === undefined || (verdict.kind === "reject" && verdict.answers.includes(refusal));
}

/** The command that shows a rule, and what it counts. */
function shownBy({ rule, table }: DroppingRule): string {
  const [family, name] = table.split(" ");
  if (!rule.text.startsWith("-")) return `nft list chain ${table} ${rule.chain}`;
  return `${family === "ip6" ? "ip6tables" : "iptables"} ${name === "filter" ? "" : `-t ${name} `}-vnL ${rule.chain}`;
}

function groundOf(dropping: DroppingRule, kinds: readonly Dropped[], counted: number, isCertain: boolean): Ground {
  const { rule, table } = dropping;
  const others = counted - packetsIn(kinds);
  const matches = isCertain
    ? "matches them"
    : "may match them (not all that it asks for, or a rule before it, can be told)";
  const more = others > 0 ? `, ${others} of them others` : "";
  return {
    code: "drop-rule",
    kinds,
    isCertain,
    text: `a rule in ${rule.chain} (${table}) ${matches}, and counted ${counted} between the snapshots${more}: ${rule.text}`,
    hint: `${IS_DOCKERS.test(rule.chain) ? ADVICE_DOCKER : ADVICE}; ${shownBy(dropping)} shows what it counts`,
    cause: { rule: isCertain ? rule.text : `possibly ${rule.text}`, table, chain: rule.chain, counted },
  };
}
