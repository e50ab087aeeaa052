import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { keepRules } from "../../src/asking/keep-rules.js";
import { RuleCheck } from "../../src/host/rules/rule-check.js";
import { RuleHistory } from "../../src/host/rules/times/rule-history.js";
import { newsOf } from "../../src/host/snapshot/host-facts.js";
import { KnownHost } from "../../src/host/snapshot/known-host.js";
import { CHANGE_SCHEMA } from "../../src/host/snapshot/schema.js";
import type { HostNews } from "../../src/host/snapshot/snapshot.js";
import { START_NS } from "../host/flow.js";
import { fetched, named, nat } from "../host/rules/explained.js";

const isChange = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(CHANGE_SCHEMA);

const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
const OTHER = "-A POSTROUTING -s 172.30.0.0/16 -j ACCEPT";

/** What is kept, and said, of rules that were others twice, read by such seconds from the start of a flow on, where there is room for some characters. */
function kept(room: number, seconds: readonly [number, number]) {
  const news: HostNews[] = [];
  const said: string[] = [];
  const rules = new RuleHistory(nat(MASQUERADE), START_NS - 100_000_000_000n);
  keepRules(rules, (change) => news.push(change), { warn: (text) => said.push(text) }, room);
  for (const [at, second] of seconds.entries()) {
    const ns = START_NS + BigInt(second) * 1_000_000_000n;
    rules.take(nat(MASQUERADE, ...Array.from({ length: at + 1 }, () => OTHER)), ns, ns);
  }
  const known = new KnownHost();
  for (const each of news) known.take(newsOf(each));
  return { news, said, rules: known.rules };
}

const rulesOf = (history: RuleHistory) => new RuleCheck(history, named("docker0", "enp0s3")).flow(fetched);

const LENGTH = nat(MASQUERADE, OTHER).length;

it("keeps rules as they change, while there is room", () => {
  const { news, said, rules } = kept(4 * LENGTH, [-50, -40]);
  expect(news.every((each) => isChange(each))).toBe(true);
  expect([news.length, said, rules?.hasGaps]).toEqual([3, [], false]);
});

it("says once that there is none, and who reads it names rules of what began behind with a doubt", () => {
  const { news, said, rules = new RuleHistory("") } = kept(2 * LENGTH, [-50, -40]);
  expect(news.every((each) => isChange(each))).toBe(true);
  expect(news.map((each) => "isEndOfRules" in each)).toEqual([false, false, true]);
  expect(said).toEqual([expect.stringContaining("the file keeps no more of the rules as they change")]);
  expect(rules.hasGaps).toBe(true);
  expect(rulesOf(rules)).toEqual([`possibly ${MASQUERADE}`]);
  // what began while they were kept has its rule
  expect(rulesOf(kept(2 * LENGTH, [10, 40]).rules ?? rules)).toEqual([MASQUERADE]);
});
