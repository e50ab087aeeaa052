import { withoutCounts } from "../rules-text.js";
import type { RuleTables } from "../rule-tables.js";
import { nameOf, type Rule } from "../ruleset.js";

/** A rule of a host's, and where it stands. */
export interface ListedRule {
  /** Tells it from any other of the host's, whatever its counter says. */
  readonly key: string;
  /** The table where it stands, as nft names it: `ip filter`. */
  readonly table: string;
  /** As `Table` has it. */
  readonly isLegacy: boolean;
  readonly rule: Rule;
}

/** All rules of a host, and the policies that drop. */
export function listedRules({ tables, bridge }: Pick<RuleTables, "tables" | "bridge">): ListedRule[] {
  const seen = new Map<string, number>();
  return [...tables, ...bridge].flatMap((each) => {
    const [table, isLegacy] = [nameOf(each), each.isLegacy === true];
    const based = each.base.flatMap(({ rules, policy }) => (policy === undefined ? rules : [...rules, policy]));
    const rules = new Set([...each.chains.values(), based].flat());
    return Array.from(rules, (rule) => {
      const text = `${table} ${rule.chain} ${withoutCounts(rule.text)}`;
      // rules may be alike
      const nth = (seen.get(text) ?? 0) + 1;
      seen.set(text, nth);
      return { key: nth === 1 ? text : `${text} ${nth}`, table, isLegacy, rule };
    });
  });
}
