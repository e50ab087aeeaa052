import type { Answer } from "../answer.js";
import { candidatesAmong } from "./candidates.js";
import { ANY_MARK, eitherMark, type Mark } from "./mark.js";
import {
  type BaseChain,
  type ChainType,
  type Hook,
  type HookedPacket,
  HOOKS,
  nameOf,
  placedText,
  type Rule,
  type Table,
  type Target,
} from "./ruleset.js";

/** Most jumps within one another: nf_tables allows 16 (NFT_JUMP_STACK_SIZE), and a loop would have no end of them. */
const MOST_JUMPS = 64;
/** Most rules asked about one packet. Kubernetes' rule sets have tens of thousands; chains that jump to each other, any number. */
const MOST_RULES = 200_000;

/** How a packet may go on from a rule or from a chain, one bit each: more than one where that cannot be told. */
const NOWHERE = 0; // it cannot have come here
const ON = 1; // to the next rule
const BACK = 2; // out of the chain, to where it was jumped from
const ENDED = 4; // out of the base chain
const DECIDED = 8; // translated, or dropped: no other base chain of the hook is asked
const ANYWHERE = BACK | ENDED | DECIDED;

/** A rule that a packet may have met. */
export interface Met {
  /** As iptables-save prints it, or with its table and chain before it, as `nft monitor trace` has it. */
  readonly text: string;
  readonly to: Target | null;
  readonly isCertain: boolean;
}

/** What tells the candidates in a chain, made when a packet first comes to it. */
const chains = new WeakMap<readonly Rule[], (packet: HookedPacket) => readonly Rule[]>();

/** The rules of a chain that a packet may meet. */
export function candidatesIn(rules: readonly Rule[], packet: HookedPacket): readonly Rule[] {
  const known = chains.get(rules) ?? candidatesAmong(rules, ({ matches }) => matches.flatMap(({ keys = [] }) => keys));
  chains.set(rules, known);
  return known(packet);
}

/** A base chain, and its table. */
interface Place {
  readonly table: Table;
  readonly chain: BaseChain;
}

/** Base chains of one priority: those that decide about a packet, and those that filter before that. */
interface Equals {
  readonly deciding: readonly Place[];
  readonly passing: readonly Place[];
}

/** By tables, and by what packets ask for: thousands of flows meet the same. */
const places = new WeakMap<readonly Table[], (readonly Equals[] | undefined)[]>();

/** The base chains of a hook that packets of an IP version come to, in the order of their priorities; `type`: those that decide. */
function placesIn(tables: readonly Table[], type: ChainType, hook: Hook, isIpv6: boolean): readonly Equals[] {
  let ofTables = places.get(tables);
  if (ofTables === undefined) places.set(tables, (ofTables = []));
  const place = 4 * HOOKS.indexOf(hook) + (type === "nat" ? 2 : 0) + (isIpv6 ? 1 : 0);
  return (ofTables[place] ??= equalsAmong(tables, type, hook, isIpv6 ? "ipv6" : "ipv4"));
}

function equalsAmong(
  tables: readonly Table[],
  type: ChainType,
  hook: Hook,
  family: Table["family"],
): readonly Equals[] {
  const all = tables
    .filter((table) => [family, "both", "device", "bridge"].includes(table.family))
    .flatMap((table) => table.base.map((chain): Place => ({ table, chain })))
    .filter(({ chain }) => chain.hook === hook && (chain.type === type || type === "nat"));
  const priorities = new Set(all.map(({ chain }) => chain.priority).toSorted((one, other) => one - other));
  return Array.from(priorities, (priority) => {
    const equals = all.filter(({ chain }) => chain.priority === priority);
    const [deciding, passing] = [true, false].map((decides) =>
      equals.filter(({ chain }) => (chain.type === type) === decides),
    );
    return { deciding, passing };
  });
}

/** Where no rule is left out. */
const NO_RULES: ReadonlySet<Rule> = new Set();

function never(): boolean {
  return false;
}

/**
 * A packet on its way through the rules of one hook, and those that can have translated it; of chains that filter, those that can have dropped it. To rules
 * that translate, it comes with the mark that those give it which filter before.
 */
export class Walk {
  readonly #type: ChainType;
  readonly #hook: Hook;
  readonly #packet: HookedPacket;
  readonly #canBe: (to: Target | null) => Answer;
  readonly #isIdle: (rule: Rule) => boolean;
  readonly #without: ReadonlySet<Rule>;
  #rulesLeft = MOST_RULES;
  /** The mark that it may have left the base chain with, for all those ways that end there. */
  #markAtEnd: Mark | undefined;
  /** In the order the packet meets them. */
  readonly found = new Map<Rule, Met>();
  /** Those that it may have met which give it to the host itself. */
  readonly redirects = new Map<Rule, Met>();
  /** Those that it may have met which have conntrack leave it alone. */
  readonly untracking = new Map<Rule, Met>();
  /** Those that it may have met which end a chain that translates, or its way through a base chain, for packets that they match. */
  readonly ending = new Map<Rule, Met>();
  /** Jumps have no end, or there are too many rules: what lies beyond was not looked at. */
  isCutShort = false;
  /** Whether it goes through a chain that filters, on its way to one that translates: it was not dropped there, and what matters is its mark. */
  #isPassing = false;

  /** `canBe`: whether a NAT rule with this target can have made what became of the packet. `isIdle`: whether nothing met a rule by then. `without`: rules that are left out. */
  constructor(
    type: ChainType,
    hook: Hook,
    packet: HookedPacket,
    canBe: (to: Target | null) => Answer,
    isIdle: (rule: Rule) => boolean = never,
    without: ReadonlySet<Rule> = NO_RULES,
  ) {
    this.#isIdle = isIdle;
    this.#without = without;
    this.#type = type;
    this.#hook = hook;
    this.#packet = { ...packet };
    this.#canBe = canBe;
  }

  /** The mark that the packet has now. */
  get mark(): Mark {
    return this.#packet.mark;
  }

  /**
   * Asks the hook's base chains of all tables, in the order the kernel does. The first NAT rule that is met decides
   * (net/netfilter/nf_nat_core.c, nf_nat_inet_fn), and the first that drops; accept ends only its own base chain.
   *
   * @returns whether the packet is translated, or dropped, by whichever rule.
   */
  through(tables: readonly Table[]): Answer {
    let isCertain = true;
    for (const { passing, deciding } of placesIn(tables, this.#type, this.#hook, this.#packet.isIpv6)) {
      const { mark } = this.#packet;
      this.#pass(passing);
      if (deciding.length === 0) continue;
      // those that filter may be asked behind them
      this.#packet.mark = eitherMark(mark, this.#packet.mark);
      const ways = this.#throughEquals(deciding, isCertain);
      if (ways === DECIDED) return true;
      if (ways === NOWHERE) return undefined;
      if ((ways & DECIDED) !== 0) isCertain = false;
    }
    return isCertain ? false : undefined;
  }

  /**
   * Takes it through base chains of one priority that filter, for the mark that it gets there. As nobody tells their order, each may see what
   * the others made of it.
   */
  #pass(chains: readonly Place[]): void {
    const { inInterface, outInterface } = this.#packet;
    this.#isPassing = true;
    this.#packet.inInterface = inInterface.quiet();
    this.#packet.outInterface = outInterface.quiet();
    for (let isDone = chains.length === 0; !isDone; ) {
      const { mark } = this.#packet;
      const [first, ...others] = chains.map(({ table, chain }) => this.#markAfter(table, chain, mark));
      this.#packet.mark = others.length === 0 ? first : [first, ...others].reduce(eitherMark, mark);
      isDone = others.length === 0 || this.#packet.mark.known === mark.known;
    }
    this.#packet.inInterface = inInterface;
    this.#packet.outInterface = outInterface;
    this.#isPassing = false;
  }

  /** The mark that it has behind a base chain; the same as before where it does not get there. */
  #markAfter(table: Table, chain: BaseChain, mark: Mark): Mark {
    this.#packet.mark = mark;
    return this.#through(table, chain, true).left ?? mark;
  }

  /** The ways out of a base chain, and the mark that it may have left it with, unless it did not. */
  #through(table: Table, { rules, policy }: BaseChain, isCertain: boolean): { out: number; left: Mark | undefined } {
    this.#markAtEnd = undefined;
    let out = this.#follow(table, rules, isCertain, 0);
    if (policy !== undefined && (out & BACK) !== 0)
      out = (out & ~BACK) | this.#obey(table, policy, isCertain && out === BACK, true, 0);
    return { out, left: (out & BACK) === 0 ? this.#markAtEnd : eitherMark(this.#markAtEnd, this.#packet.mark) };
  }

  /**
   * Asks base chains of one priority. Nobody tells which is asked first: that is the one that was made last (net/netfilter/core.c,
   * nf_hook_entries_grow), and tables are listed in another order. So, where several may decide, each is only possible.
   */
  #throughEquals(chains: readonly Place[], isCertain: boolean): number {
    const before = this.found.size;
    const { mark } = this.#packet;
    const ways: number[] = [];
    let markAfter: Mark | undefined;
    for (const { table, chain } of chains) {
      this.#packet.mark = mark;
      const { out, left } = this.#through(table, chain, isCertain);
      ways.push(out);
      if (left !== undefined) markAfter = eitherMark(markAfter, left);
    }
    this.#packet.mark = markAfter ?? mark;
    const deciding = ways.filter((out) => (out & DECIDED) !== 0);
    if (deciding.length > 1)
      for (const [rule, met] of [...this.found].slice(before)) this.found.set(rule, { ...met, isCertain: false });
    // if it did not come to one of them, another one decided before
    if (ways.includes(NOWHERE)) return deciding.length > 0 ? DECIDED : NOWHERE;
    return ways.includes(DECIDED) ? DECIDED : ways.reduce((all, out) => all | out, NOWHERE);
  }

  /** Asks the rules of a chain, which the packet certainly or possibly comes to; gives the ways out of it. */
  #follow(table: Table, rules: readonly Rule[], isCertain: boolean, jumps: number): number {
    let waysOut = NOWHERE;
    let markBack: Mark | undefined;
    for (const rule of candidatesIn(rules, this.#packet)) {
      if (this.#rulesLeft-- <= 0) return this.#cutShort();
      if (this.#without.has(rule)) continue;
      const isMet = this.#isMet(rule);
      if (isMet === false || (isMet === undefined && this.#isIdle(rule))) continue;
      const { mark } = this.#packet;
      let ways = this.#obey(table, rule, isCertain && waysOut === NOWHERE, isMet === true, jumps);
      if ((ways & BACK) !== 0) markBack = eitherMark(markBack, this.#packet.mark);
      if (isMet === undefined) {
        this.#packet.mark = (ways & ON) === 0 ? mark : eitherMark(mark, this.#packet.mark);
        ways |= ON;
      }
      waysOut |= ways & ~ON;
      if ((ways & ON) === 0) {
        this.#packet.mark = markBack ?? this.#packet.mark;
        return waysOut;
      }
    }
    this.#packet.mark = eitherMark(markBack, this.#packet.mark);
    return waysOut | BACK;
  }

  /** Whether the packet has all that a rule asks for. What comes behind that it lacks is not asked. */
  #isMet({ matches }: Rule): Answer {
    let answer: Answer = true;
    for (const match of matches) {
      const has = match(this.#packet);
      if (has === false) return false;
      if (has === undefined) answer = undefined;
    }
    return answer;
  }

  /** The ways on from a rule that is met; `isMet` where that is certain, provided the packet `surelyGetsHere`. */
  #obey(table: Table, rule: Rule, surelyGetsHere: boolean, isMet: boolean, jumps: number): number {
    const { verdict } = rule;
    const isCertain = surelyGetsHere && isMet;
    switch (verdict.kind) {
      case "nat": {
        const isMaker = this.#canBe(verdict.to);
        // what it would have made is not what came out: the packet did not come here
        if (isMaker === false) return NOWHERE;
        this.#find(table, rule, verdict.to, isCertain && isMaker === true);
        // what natcorr does not understand may be a map that lacks the packet
        return this.#leave(verdict.to === null ? DECIDED | ON : DECIDED);
      }
      case "jump":
      case "goto": {
        const chain = table.chains.get(verdict.chain);
        if (!chain) return this.#notUnderstood(table, rule);
        if (jumps === MOST_JUMPS) return this.#cutShort();
        const ways = this.#follow(table, chain, isCertain, jumps + 1);
        if (verdict.kind === "goto" || (ways & BACK) === 0) return ways;
        return (ways & ~BACK) | ON;
      }
      case "redirect":
        if (this.#isPassing) return NOWHERE;
        this.redirects.set(rule, { text: placedText(nameOf(table), rule), to: null, isCertain });
        // a proxy takes it where it listens, and else the packet is gone (net/netfilter/xt_TPROXY.c, tproxy_tg4)
        return this.#leave(this.#type === "nat" ? ENDED : ENDED | DECIDED);
      case "drop":
      case "reject":
        if (this.#isPassing) return NOWHERE;
        if (this.#type === "nat") return this.#leave(ENDED);
        this.#find(table, rule, null, isCertain);
        return this.#leave(DECIDED);
      case "end":
        this.#noteEnding(table, rule, isCertain);
        return this.#leave(ENDED);
      case "untrack":
        this.untracking.set(rule, { text: placedText(nameOf(table), rule), to: null, isCertain });
        return ON;
      case "mark":
        this.#packet.mark = verdict.mark(this.#packet.mark);
        return ON;
      case "return":
        this.#noteEnding(table, rule, isCertain);
        return BACK;
      case "continue":
        return ON;
      case "unclear":
      default:
        return this.#notUnderstood(table, rule);
    }
  }

  /** Takes note that the packet may end its way through the base chain here. */
  #leave(ways: number): number {
    this.#markAtEnd = eitherMark(this.#markAtEnd, this.#packet.mark);
    return ways;
  }

  /** A target that natcorr does not understand may do anything, translate too. */
  #notUnderstood(table: Table, rule: Rule): number {
    if (this.#type === "nat" && !this.#isPassing) this.#find(table, rule, null, false);
    this.#packet.mark = ANY_MARK;
    return this.#leave(ANYWHERE | ON);
  }

  #find(table: Table, rule: Rule, to: Target | null, isMet: boolean): void {
    const isCertain = isMet || this.found.get(rule)?.isCertain === true;
    this.found.set(rule, { text: placedText(nameOf(table), rule), to, isCertain });
  }

  #noteEnding(table: Table, rule: Rule, isCertain: boolean): void {
    if (this.#type !== "nat" || this.#isPassing) return;
    this.ending.set(rule, { text: placedText(nameOf(table), rule), to: null, isCertain });
  }

  #cutShort(): number {
    this.isCutShort = true;
    this.#packet.mark = ANY_MARK;
    return this.#leave(ANYWHERE);
  }
}
