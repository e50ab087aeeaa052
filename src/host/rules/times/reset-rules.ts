import { readTables } from "../rule-tables.js";
import { placedText } from "../ruleset.js";
import type { RuleReading } from "./rule-history.js";
import { listedRules } from "./listed-rules.js";

/** The rules, as `placedText` has them, whose counters went back from one reading to the next: they were made anew in between, or set back. */
export function resetRules(readings: readonly RuleReading[]): ReadonlySet<string> {
  const reset = new Set<string>();
  let before = new Map<string, number>();
  for (const { text } of readings) {
    const listed = listedRules(readTables(text));
    const now = new Map(listed.map(({ key, rule: { packets = 0 } }) => [key, packets]));
    for (const { key, table, rule } of listed)
      if ((now.get(key) ?? 0) < (before.get(key) ?? 0)) reset.add(placedText(table, rule));
    before = now;
  }
  return reset;
}
