import { ANY_MARK, type Mark, parseMark, remarked } from "./mark.js";
import { negated, UNKNOWN } from "./matches.js";
import { elementMatches, readMasked, readSelector, type Selector, unknownSelector } from "./nft-keys.js";
import { type Element, readElements, readerOf, type Sets } from "./nft-sets.js";
import { type Token, TokenReader } from "./nft-tokens.js";
import { readValues } from "./nft-values.js";
import { rejecting } from "./rejecting.js";
import type { Match, Rule, RuleVerdict, Target } from "./ruleset.js";
import { masquerading, parseTarget, targetOf } from "./target.js";
import { xtVerdict } from "./xt-targets.js";

/** Options of `log`, each with a value (nft(8), "Log statement"). */
const LOG_OPTIONS = new Set(["prefix", "level", "group", "snaplen", "queue-threshold", "flags"]);

/** What may become of a packet that meets all that is asked before; where a map tells it, by one of its elements. */
interface Outcome {
  readonly matches: readonly Match[];
  readonly verdict: RuleVerdict;
  readonly element?: Element;
}

/** Reads a rule. It is several where it does more than one thing, as to give a mark, or where a map tells what it does. */
export function parseNftRules(text: string, tokens: readonly Token[], sets: Sets): Omit<Rule, "chain">[] {
  return new RuleReader(text, tokens, sets).read();
}

class RuleReader {
  readonly #text: string;
  readonly #reader: TokenReader;
  readonly #sets: Sets;
  readonly #matches: Match[] = [];
  readonly #rules: Omit<Rule, "chain">[] = [];
  #packets: number | undefined;

  constructor(text: string, tokens: readonly Token[], sets: Sets) {
    this.#text = text;
    this.#reader = new TokenReader(tokens);
    this.#sets = sets;
  }

  read(): Omit<Rule, "chain">[] {
    while (!this.#reader.isAtEnd) {
      const outcomes = this.#outcomes();
      if (outcomes !== null) {
        for (const outcome of outcomes) this.#add(outcome);
        return this.#rules;
      }
    }
    this.#add({ matches: [], verdict: { kind: "continue" } });
    return this.#rules;
  }

  #add({ matches, verdict, element }: Outcome): void {
    const isNamed = element !== undefined && this.#text.includes("map @");
    const text = isNamed ? `${this.#text} { ${element.key} : ${element.value} }` : this.#text;
    // what is counted before a map is not what one of its elements got
    const packets = element === undefined ? this.#packets : undefined;
    this.#rules.push({ text, matches: [...this.#matches, ...matches], verdict, packets });
  }

  #ask(...matches: readonly Match[]): null {
    // what was counted so far was not asked for that
    if (matches.length > 0) this.#packets = undefined;
    this.#matches.push(...matches);
    return null;
  }

  /** Reads on. What ends the rule has outcomes; null: it goes on. */
  #outcomes(): readonly Outcome[] | null {
    const reader = this.#reader;
    const word = reader.peek();
    if (word === "snat" || word === "dnat") return this.#readNat();
    // `# xt_DNAT`: names of targets are in capitals, those of matches are not
    if (/^xt_[A-Z]+$/.test(word)) return this.#passOn(xtVerdict(reader.next().slice("xt_".length)));
    const verdict = readVerdict(reader);
    if (verdict !== null) return [{ matches: [], verdict }];
    const selector = readSelector(reader);
    if (selector !== null) return this.#readSelected(selector);
    if (this.#readNote()) return null;
    switch (word) {
      case "xt":
      case "XT":
        return reader.peek(1) === "target" ? this.#readXtTarget() : this.#askUnknown();
      case "tproxy":
        return this.#readTproxy();
      case "vmap":
        return this.#readVmap(unknownSelector());
      case "{":
        reader.block();
        return this.#ask(UNKNOWN);
      // the key behind it is part of a longer one
      case ".":
        reader.next();
        if (readSelector(reader) !== null) readValues(reader, this.#sets);
        return this.#ask(UNKNOWN);
      default:
    }
    return this.#askUnknown();
  }

  /** Reads what neither asks anything of a packet nor decides about it: a counter, a comment, `log`. False: it is none. */
  #readNote(): boolean {
    const reader = this.#reader;
    switch (reader.peek()) {
      case "counter":
        if (reader.peek(1) === "name") return false;
        this.#packets = readCounter(reader);
        return true;
      case "comment":
        reader.next();
        reader.next();
        return true;
      case "log":
        reader.next();
        while (LOG_OPTIONS.has(reader.peek())) {
          reader.next();
          readValues(reader, this.#sets);
        }
        return true;
      default:
        return false;
    }
  }

  #askUnknown(): null {
    this.#reader.next();
    return this.#ask(UNKNOWN);
  }

  /** Reads what follows a selector: values, a verdict map, or what it is set to. */
  #readSelected(selector: Selector): readonly Outcome[] | null {
    const reader = this.#reader;
    if (reader.peek() === "vmap") return this.#readVmap(selector);
    if (reader.accepts("set")) {
      const mark = readMark(reader, this.#sets);
      if (selector.key === "meta mark") this.#add({ matches: [], verdict: { kind: "mark", mark } });
      return null;
    }
    const masked = selector.key === "meta mark" ? readMasked(reader) : null;
    if (masked !== null) return this.#ask(masked);
    const { isNegated, texts } = readValues(reader, this.#sets);
    const match = texts ? selector.isOneOf(texts) : UNKNOWN;
    return this.#ask(...selector.needs, isNegated ? negated(match) : match);
  }

  /** Reads the verdicts of a verdict map, `{ "lo" : return, "enp0s3" : jump published }`. */
  #readVmap(selector: Selector): readonly Outcome[] {
    this.#reader.next();
    const elements = readElements(this.#reader, this.#sets);
    if (elements === null) return [{ matches: [...selector.needs, UNKNOWN], verdict: { kind: "unclear" } }];
    return outcomesOf(selector, elements, (value) => readVerdict(readerOf(value)) ?? { kind: "unclear" });
  }

  /** Reads `dnat ip to 172.17.0.2:80`, `snat ip prefix to 10.3.0.0/16`, `dnat ip to ip daddr . tcp dport map @web`. */
  #readNat(): readonly Outcome[] {
    const reader = this.#reader;
    reader.next();
    let isNetwork = false;
    while (/^(ip6?|prefix|addr|interval|port|\.)$/.test(reader.peek()))
      isNetwork = reader.next() === "prefix" || isNetwork;
    const unknown: RuleVerdict = { kind: "nat", to: null };
    if (!reader.accepts("to")) return [{ matches: [], verdict: unknown }];
    const selector = readSelector(reader);
    if (selector === null) return [{ matches: [], verdict: { kind: "nat", to: readTarget(reader, isNetwork) } }];
    const elements = reader.accepts("map") ? readElements(reader, this.#sets) : null;
    // `map { … } : 8080`
    if (elements === null || reader.peek().startsWith(":")) return [{ matches: selector.needs, verdict: unknown }];
    return outcomesOf(selector, elements, (value) => ({ kind: "nat", to: readTarget(readerOf(value), isNetwork) }));
  }

  /** Reads `tproxy ip to 127.0.0.1:3129`: where a proxy listens, it gets what comes so far. */
  #readTproxy(): null {
    const reader = this.#reader;
    reader.next();
    if (!reader.accepts("ip")) reader.accepts("ip6");
    if (reader.accepts("to")) reader.next();
    this.#add({ matches: [], verdict: { kind: "redirect" } });
    return null;
  }

  /** Reads a target of iptables' own that nft has no words for: `xt target "NETMAP"`, `XT target MASQUERADE not found`. */
  #readXtTarget(): readonly Outcome[] | null {
    this.#reader.next();
    this.#reader.next();
    const verdict = xtVerdict(this.#reader.next());
    if (this.#reader.accepts("not")) this.#reader.accepts("found");
    return this.#passOn(verdict);
  }

  /** A target of iptables' that ends the rule, unless it only notes something. */
  #passOn(verdict: RuleVerdict): readonly Outcome[] | null {
    return verdict.kind === "continue" ? null : [{ matches: [], verdict }];
  }
}

function outcomesOf(
  selector: Selector,
  elements: readonly Element[],
  verdictOf: (value: string) => RuleVerdict,
): readonly Outcome[] {
  const matches = elementMatches(selector, elements);
  return elements.map((element, at) => ({
    element,
    matches: [...selector.needs, matches[at]],
    verdict: verdictOf(element.value),
  }));
}

/** Reads `10.0.2.15:80`, `[fd00::2]:80`, `:80`, or `10.0.2.15 . 80`. */
function readTarget(reader: TokenReader, isNetwork: boolean): Target | null {
  const text = reader.next();
  return reader.accepts(".") ? targetOf(text, reader.next(), isNetwork) : parseTarget(text, isNetwork);
}

/** Reads `counter packets 12 bytes 720`, and gives the packets; undefined of `counter` alone, as `nft -s` prints it. */
function readCounter(reader: TokenReader): number | undefined {
  reader.next();
  const packets = reader.accepts("packets") ? Number(reader.next()) : undefined;
  if (reader.accepts("bytes")) reader.next();
  return packets;
}

/** Reads what a mark is set to: `0x1`, `meta mark | 0x00004000`, `ct mark`. Whatever is set so, all of it is read. */
function readMark(reader: TokenReader, sets: Sets): (mark: Mark) => Mark {
  const selector = readSelector(reader);
  const literal = selector === null ? parseMark(reader.next()) : null;
  const steps: ((mark: Mark) => Mark)[] = [];
  if (literal !== null) steps.push((mark) => remarked(mark, literal, 0xffff_ffff));
  else if (selector?.key !== "meta mark") steps.push(() => ANY_MARK);
  while (OPERATORS.has(reader.peek())) {
    const operator = reader.next();
    const operand = parseMark(reader.peek());
    if (operator === "map") readElements(reader, sets);
    else if (operand !== null || readSelector(reader) === null) reader.next();
    steps.push((mark) => (operand === null ? ANY_MARK : operated(mark, operator, operand)));
  }
  return (mark) => steps.reduce((each, step) => step(each), mark);
}

const OPERATORS = new Set(["|", "or", "&", "and", "^", "xor", "<<", ">>", "map"]);

function operated(mark: Mark, operator: string, operand: number): Mark {
  switch (operator) {
    case "|":
    case "or":
      return remarked(mark, operand, operand);
    case "&":
    case "and":
      return remarked(mark, 0, ~operand);
    case "^":
    case "xor":
      return remarked(mark, operand, 0);
    default:
      return ANY_MARK;
  }
}

/** The verdict that comes next, but for those whose target a map may tell; null where none does. */
function readVerdict(reader: TokenReader): RuleVerdict | null {
  switch (reader.peek()) {
    case "masquerade":
      reader.next();
      return { kind: "nat", to: masquerading(reader.accepts("to") ? reader.next().replace(/^:/, "") : undefined) };
    case "jump":
    case "goto":
      return { kind: reader.next() === "goto" ? "goto" : "jump", chain: reader.next() };
    case "return":
      return { kind: "return" };
    case "continue":
      return { kind: "continue" };
    case "notrack":
      // a statement: behind it the rule may go on
      return reader.peek(1) === "" ? { kind: "untrack" } : null;
    case "redirect":
      return { kind: "redirect" };
    case "accept":
    case "queue":
      return { kind: "end" };
    case "drop":
      return { kind: "drop" };
    case "reject":
      // `reject with icmpx admin-prohibited`; earlier versions of nft write `type` before the last word
      return rejecting(reader.peek(1) === "with" ? [2, 3, 4].map((ahead) => reader.peek(ahead)).join(" ") : "");
    default:
      return null;
  }
}
