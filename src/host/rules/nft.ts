import { parseNftRules } from "./nft-rule.js";
import { type Elements, elementsOf, type Sets } from "./nft-sets.js";
import { type Token, TokenReader, tokensOf } from "./nft-tokens.js";
import { withoutCounters } from "./rules-text.js";
import { interfaceMatch } from "./matches.js";
import { type BaseChain, HOOKS, policyRule, type Rule, type Table } from "./ruleset.js";

/** Table families that see IP packets as they are forwarded, by a bridge the last one. */
const FAMILIES = new Map<string, Table["family"]>([
  ["ip", "ipv4"],
  ["ip6", "ipv6"],
  ["inet", "both"],
  ["netdev", "device"],
  ["bridge", "bridge"],
]);

/** Names that nft gives priorities (nft(8), "Standard priority names"); those of bridges have other ones. */
const PRIORITIES = new Map([
  ["bridge dstnat", -300],
  ["bridge filter", -200],
  ["bridge out", 100],
  ["bridge srcnat", 300],
  ["raw", -300],
  ["mangle", -150],
  ["dstnat", -100],
  ["filter", 0],
  ["security", 50],
  ["srcnat", 100],
]);

/**
 * Reads what `nft list ruleset` prints. `unread` tells where in the text statements outside of tables begin; what is not
 * understood within a rule makes the rule possible, never certain. `aside`: as `RuleTables` has it.
 */
export function parseNft(text: string): { tables: Table[]; unread: number[]; aside: string[] } {
  const tables: Table[] = [];
  const unread: number[] = [];
  const aside: string[] = [];
  const reader = new TokenReader(tokensOf(text));
  while (!reader.isAtEnd) {
    const statement = reader.statement();
    const brace = statement.findIndex((token) => token.text === "{");
    // `table ip nat {`; a table of no family is one of ip
    if (brace > 1 && statement[0].text === "table") {
      const familyName = brace > 2 ? statement[1].text : "ip";
      const family = FAMILIES.get(familyName);
      const { text: name } = statement[brace - 1];
      if (family === "bridge" && statement.some(isDrop)) aside.push(`${familyName} ${name}`);
      if (family) tables.push(parseTable(text, name, family, new TokenReader(statement.slice(brace)).block()));
    } else if (statement.length > 0) {
      unread.push(statement[0].start);
    }
  }
  return { tables, unread, aside };
}

function isDrop({ text, isQuoted }: Token): boolean {
  return !isQuoted && (text === "drop" || text === "reject");
}

function parseTable(text: string, name: string, family: Table["family"], body: readonly Token[]): Table {
  const { sets, blocks, isDormant } = declarationsOf(body);
  const chains = new Map<string, Rule[]>();
  const base: BaseChain[] = [];
  for (const [chain, block] of blocks) {
    const { place, rules, policy } = parseChain(text, chain, block, sets, family);
    chains.set(chain, rules);
    if (place === undefined || isDormant) continue;
    const here = (rule: Rule): Rule => ofDevices(rule, place);
    base.push({ ...place, rules: rules.map(here), policy: policy && here(policy) });
  }
  return { name, family, base, chains };
}

/** What a table declares, by name: its sets and maps, and what its chains hold, whose rules may ask for a set that stands below them. */
function declarationsOf(body: readonly Token[]): { sets: Sets; blocks: Map<string, Token[]>; isDormant: boolean } {
  const sets = new Map<string, Elements>();
  const blocks = new Map<string, Token[]>();
  const reader = new TokenReader(body);
  let isDormant = false;
  while (!reader.isAtEnd) {
    const declaration = new TokenReader(reader.statement());
    const kind = declaration.next();
    const named = declaration.next();
    // no packet comes to its chains (nft(8), "Tables")
    if (kind === "flags") isDormant = /\bdormant\b/.test(named);
    if (declaration.peek() !== "{") continue;
    const block = declaration.block();
    if (kind === "set" || kind === "map") sets.set(named, elementsOf(block));
    if (kind === "chain") blocks.set(named, block);
  }
  return { sets, blocks, isDormant };
}

function parseChain(
  text: string,
  chain: string,
  block: readonly Token[],
  sets: Sets,
  family: Table["family"],
): { place: Place | undefined; rules: Rule[]; policy: Rule | undefined } {
  const reader = new TokenReader(block);
  const rules: Rule[] = [];
  let place: Place | undefined;
  let policy: Rule | undefined;
  while (!reader.isAtEnd) {
    const statement = reader.statement();
    const [first] = statement;
    if (first === undefined || first.text === "comment") continue;
    if (first.text === "policy") {
      // nft counts none of what it decides
      if (statement[1]?.text === "drop") policy = policyRule(chain, "policy drop", undefined);
      continue;
    }
    if (first.text === "type") {
      place = placeOf(statement, family);
      continue;
    }
    const lines = text.slice(first.start, statement[statement.length - 1].end).split("\n");
    const source = withoutCounters(lines.map((line) => line.trim()).join(" "));
    for (const rule of parseNftRules(source, statement, sets)) rules.push({ chain, ...rule });
  }
  return { place, rules, policy };
}

/** Where a base chain stands. */
interface Place extends Omit<BaseChain, "rules" | "policy"> {
  /** The interfaces whose packets come there; empty where all do. */
  readonly devices: readonly string[];
}

/** A rule of a base chain that only packets of its interfaces come to. */
function ofDevices(rule: Rule, { hook, devices }: Place): Rule {
  if (devices.length === 0) return rule;
  return {
    ...rule,
    matches: [interfaceMatch(hook === "egress" ? "outInterface" : "inInterface", devices), ...rule.matches],
  };
}

const PLACE = /^type (nat|filter) hook (\w+)(?: devices? =? ?([^=]+?))? priority ([a-z]*)\s*([+-]?)\s*(\d{0,9})$/;

/**
 * `type nat hook postrouting priority srcnat + 10`, `type filter hook ingress devices = { docker0, enp0s3 } priority filter`; undefined where it is no place that rules
 * for forwarded packets have.
 */
function placeOf(statement: readonly Token[], family: Table["family"]): Place | undefined {
  const words = statement.map(({ text }) => text).join(" ");
  const found = PLACE.exec(words);
  if (!found) return undefined;
  const [, type, word, devices = "", name, sign, offset] = found;
  const hook = HOOKS.find((each) => each === word);
  if (hook === undefined) return undefined;
  return {
    type: type === "nat" ? "nat" : "filter",
    hook,
    devices: devices.split(/[ ,{}]+/).filter(Boolean),
    priority: (PRIORITIES.get(family === "bridge" ? `bridge ${name}` : name) ?? 0) + Number(`${sign}${offset || 0}`),
  };
}
