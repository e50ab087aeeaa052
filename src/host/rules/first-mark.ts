import { ANY_MARK, keptBits, type Mark, markOf, settledBits } from "./mark.js";
import type { BaseChain, Rule, Table } from "./ruleset.js";

/** Where destinations are translated: include/uapi/linux/netfilter_ipv4.h, NF_IP_PRI_NAT_DST. */
const NAT_DST_PRIORITY = -100;

/**
 * The mark of a packet as it comes in: of the bits that rules which translate set, none. Other bits are not known, as rules that ask for them
 * may mean what something else sets (tc, eBPF). Where several tables that translate go by marks, none are known, for nobody tells in which order they are asked.
 */
export function firstMark(tables: readonly Table[]): Mark {
  const translating = tables.filter((table) => isNat(table) && rulesIn(table).some(({ text }) => /mark/i.test(text)));
  const families = translating.map(({ family }) => family);
  const areSeveral = new Set(families).size < families.length || (families.length > 1 && families.includes("both"));
  if (areSeveral) return ANY_MARK;
  let known = 0;
  for (const table of translating)
    for (const { verdict } of reached(table, ({ type }) => type === "nat"))
      if (verdict.kind === "mark") known |= settledBits(verdict.mark);
  return markOf(0, known);
}

/** The bits of a mark that nothing changes between where destinations are translated and where packets are forwarded. */
export function keptBehindNat(tables: readonly Table[]): number {
  let kept = 0xffff_ffff;
  for (const table of tables)
    for (const { verdict } of reached(table, isBehindNat)) if (verdict.kind === "mark") kept &= keptBits(verdict.mark);
  return kept;
}

/** The bits of a mark that rules which translate destinations leave as they were. */
export function keptByNat(tables: readonly Table[]): number {
  let kept = 0xffff_ffff;
  for (const table of tables)
    for (const { verdict } of reached(table, ({ type, hook }) => type === "nat" && hook === "prerouting")) {
      const isMissing = verdict.kind === "jump" && !table.chains.has(verdict.chain);
      if (verdict.kind === "unclear" || isMissing) return 0;
      if (verdict.kind === "mark") kept &= keptBits(verdict.mark);
    }
  return kept;
}

function isBehindNat({ type, hook, priority }: BaseChain): boolean {
  return type === "filter" && hook === "prerouting" && priority >= NAT_DST_PRIORITY;
}

/** What of some tables a packet meets that may tell how it is translated: the chains that translate, and of tables that give marks, those that filter too. */
export function telling(tables: readonly Table[]): Table[] {
  return tables
    .map((table) => {
      const isMarking = rulesIn(table).some(({ verdict }) => verdict.kind === "mark");
      return isMarking ? table : { ...table, base: table.base.filter(({ type }) => type === "nat") };
    })
    .filter(({ base }) => base.length > 0);
}

/** Whether a table has rules that translate. */
export function isNat({ base }: Table): boolean {
  return base.some(({ type }) => type === "nat");
}

function rulesIn({ chains }: Table): Rule[] {
  return [...chains.values()].flat();
}

/** The rules that packets may meet which come to some of a table's chains. */
export function reached(table: Table, isOne: (chain: BaseChain) => boolean): Set<Rule> {
  const all = new Set<Rule>();
  for (const chain of table.base) if (isOne(chain)) reach(table, chain.rules, all);
  return all;
}

/** Adds these rules, and those of all chains that they jump to. */
function reach(table: Table, rules: readonly Rule[], all: Set<Rule>): void {
  for (const rule of rules) {
    if (all.has(rule)) continue;
    all.add(rule);
    const { verdict } = rule;
    if (verdict.kind === "jump" || verdict.kind === "goto") reach(table, table.chains.get(verdict.chain) ?? [], all);
  }
}
