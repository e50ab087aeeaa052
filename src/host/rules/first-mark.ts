import { ANY_MARK, keptBits, type Mark, settledBits } from "./mark.js";
import type { Rule, Table } from "./ruleset.js";

/**
 * The mark of a packet that comes to the NAT rules: of the bits that these set themselves, none, but for those that others may set before. Bits that
 * no rule sets are not known, as rules that ask for them mean what something else sets (tc, eBPF). Where several tables go by marks, none are
 * known, for nobody tells in which order they are asked.
 */
export function firstMark(tables: readonly Table[]): Mark {
  const translating = tables.filter((table) => isNat(table) && rulesIn(table).some(({ text }) => /mark/i.test(text)));
  const families = translating.map(({ family }) => family);
  const areSeveral = new Set(families).size < families.length || (families.length > 1 && families.includes("both"));
  if (areSeveral) return ANY_MARK;
  let known = 0;
  for (const { verdict } of translating.flatMap(rulesIn))
    if (verdict.kind === "mark") known |= settledBits(verdict.mark);
  for (const table of tables)
    for (const { verdict } of filtering(table)) if (verdict.kind === "mark") known &= keptBits(verdict.mark);
  return { value: 0, known: known >>> 0 };
}

/** Whether a table has rules that translate. */
export function isNat({ base }: Table): boolean {
  return base.some(({ type }) => type === "nat");
}

function rulesIn({ chains }: Table): Rule[] {
  return [...chains.values()].flat();
}

/** The rules that packets meet which are forwarded, but for those that translate. */
function filtering(table: Table): Set<Rule> {
  const all = new Set<Rule>();
  for (const { type, rules } of table.base) if (type === "filter") reach(table, rules, all);
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
