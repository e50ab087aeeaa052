import { type Finding, findingOf, type RuleChange } from "../../../packets/results/findings.js";
import { Few } from "../../../packets/results/few.js";
import { saidFew } from "../../../packets/results/sentence.js";
import { type ListedRule, listedRules } from "./listed-rules.js";
import type { RulesInForce } from "./rule-history.js";
import { timeOfDay } from "./stood.js";

/** So many changes are listed as data. */
const MOST_LISTED = 100;

/** What Docker makes by itself for its networks and containers (moby, libnetwork/drivers/bridge), but for what stands in DOCKER-USER. */
const DOCKERS = [
  /^-A DOCKER(?!-USER )/,
  /^-A \S+ (?:.* )?-j DOCKER(?:-\S+)?$/,
  /^-A FORWARD -o (\S+) -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT$/,
  /^-A FORWARD -i (\S+) (?:! )?-o \1 -j (?:ACCEPT|DROP)$/,
  /^-A POSTROUTING -s \S+ ! -o \S+ -j MASQUERADE$/,
  /^-A POSTROUTING -s (\S+) -d \1 -p \S+ -m \S+ --dport \d+ -j MASQUERADE$/,
];
/** Where it keeps its rules that are nft's own. */
const DOCKERS_TABLE = "docker-bridges";

/** What became of a rule between two readings. */
interface Step {
  readonly isThere: boolean;
  /** It had become so by then, epoch nanoseconds. */
  readonly byNs: bigint;
}

/** A rule that came or went. */
interface Changed extends ListedRule {
  readonly steps: readonly Step[];
}

/**
 * Which rules came and went while they were read. `isDockersTime`: whether Docker told of a container that changed between two moments, epoch nanoseconds: then its own rules, which change with
 * that, are no news.
 */
export function rulesChanged(
  inForce: readonly RulesInForce[],
  isDockersTime: (fromNs: bigint, toNs: bigint) => boolean,
): Finding[] {
  const changed = changesOf(inForce, isDockersTime);
  if (changed.length === 0) return [];
  const groups = new Map<string, Changed[]>();
  for (const each of changed) {
    const when = stepsText(each.steps);
    groups.set(when, [...(groups.get(when) ?? []), each]);
  }
  const text = Array.from(groups, ([when, rules]) => `${when}: ${groupText(rules)}`).join("; ");
  const changes = changed.slice(0, MOST_LISTED).map(({ table, rule, steps }): RuleChange => {
    const timesOf = (isThere: boolean): bigint[] =>
      steps.filter((step) => step.isThere === isThere).map(({ byNs }) => byNs);
    return { rule: rule.text, table, chain: rule.chain, cameNs: timesOf(true), wentNs: timesOf(false) };
  });
  return [{ ...findingOf("rules-changed", changed.length, text), changes }];
}

function changesOf(
  inForce: readonly RulesInForce[],
  isDockersTime: (fromNs: bigint, toNs: bigint) => boolean,
): Changed[] {
  const steps = new Map<string, { listed: ListedRule; steps: Step[] }>();
  let before: Map<string, ListedRule> | undefined;
  for (const [at, { book, first }] of inForce.entries()) {
    const now = new Map(listedRules(book.read).map((each) => [each.key, each]));
    const note = (listed: ListedRule, isThere: boolean): void => {
      if (isDockers(listed) && isDockersTime(inForce[at - 1].last.heldNs, first.answeredNs)) return;
      const known = steps.get(listed.key) ?? { listed, steps: [] };
      steps.set(listed.key, known);
      known.steps.push({ isThere, byNs: first.answeredNs });
    };
    if (before !== undefined) {
      for (const [key, listed] of before) if (!now.has(key)) note(listed, false);
      for (const [key, listed] of now) if (!before.has(key)) note(listed, true);
    }
    before = now;
  }
  return Array.from(steps.values(), ({ listed, steps: own }) => ({ ...listed, steps: own }));
}

function isDockers({ table, rule }: ListedRule): boolean {
  return table.endsWith(` ${DOCKERS_TABLE}`) || DOCKERS.some((shape) => shape.test(rule.text));
}

/** `there by 17:23:55, gone by 17:24:04`; of what came and went time and again, how often. */
function stepsText(steps: readonly Step[]): string {
  const [first, last] = [steps[0], steps[steps.length - 1]];
  if (steps.length > 2)
    return `came and went ${steps.length} times, from ${timeOfDay(first.byNs)} to ${timeOfDay(last.byNs)}`;
  const said = steps.map(({ isThere, byNs }) => `${isThere ? "there" : "gone"} by ${timeOfDay(byNs)}`);
  return said.join(first.isThere ? ", " : ", and again ");
}

/** `-A DOCKER-USER … -j DROP (ip filter), and 9 of Docker's own`. */
function groupText(rules: readonly Changed[]): string {
  const others = rules.filter((each) => !isDockers(each));
  const named = new Few<string>();
  for (const text of new Set(others.map(whereText))) named.add(text);
  const dockers = rules.length - others.length;
  const said = [
    ...(others.length > 0 ? [saidFew(named).text] : []),
    ...(dockers > 0 ? [`${dockers} of Docker's own`] : []),
  ];
  return said.join(", and ");
}

/** A rule of iptables behind its table, one of nft's behind its chain as well. */
function whereText({ rule: { text, chain }, table }: ListedRule): string {
  return text.startsWith("-") ? `${table} ${text}` : `${table} ${chain} ${text}`;
}
