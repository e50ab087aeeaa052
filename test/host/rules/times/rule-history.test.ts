import { describe, expect, test } from "vitest";
import { RuleCheck } from "../../../../src/host/rules/rule-check.js";
import { RuleFacts } from "../../../../src/host/rules/rule-facts.js";
import { readTables } from "../../../../src/host/rules/rule-tables.js";
import { RuleHistory } from "../../../../src/host/rules/times/rule-history.js";
import { withoutCounts } from "../../../../src/host/rules/rules-text.js";
import { TCP } from "../../../../src/protocols/ip-protocols.js";
import { fetched, named, nat, own, published } from "../explained.js";
import { flow, START_NS } from "../../flow.js";

const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
const PUBLISH = "-A PREROUTING -i enp0s3 -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80";
const BEFORE = nat(MASQUERADE);
const AFTER = nat(PUBLISH, MASQUERADE);

/** Seconds after the start of each flow. */
const at = (seconds: number): bigint => START_NS + BigInt(seconds) * 1_000_000_000n;

/** A host where a container that publishes a port was started between a first and a second reading, in such seconds. */
function history(...readings: readonly [text: string, askedS: number, answeredS: number][]): RuleHistory {
  const rules = new RuleHistory(BEFORE, at(-100));
  for (const [text, askedS, answeredS] of readings) rules.take(text, at(askedS), at(answeredS));
  return rules;
}

/** A table with a set that packets add to. */
const table = (elements: string, rule: string): string =>
  `table ip x {\n\tset s {\n\t\ttype ipv4_addr\n\t\tflags dynamic,timeout\n\t\telements = { ${elements} }\n\t}\n\tchain c {\n\t\t${rule}\n\t}\n}\n`;

/** Of a host that is not known to have the address that flows leave with. */
const among = (rules: RuleHistory) => new RuleCheck(rules, named("docker0", "enp0s3"), () => undefined);

const checked = (rules: RuleHistory) => new RuleCheck(rules, named("docker0", "enp0s3"));

describe("rules that are read again", () => {
  test("are the same with natcorr's own table, by which packets are traced", () => {
    const own = `table inet natcorr_7 { # progname nft\n\tflags owner\n\n\tchain prerouting {\n\t\tmeta nftrace set 1\n\t}\n}\n`;
    const rules = history();
    expect(rules.take(`${BEFORE}${own}`, at(1), at(2))).toBe(false);
    expect(rules.take(`${own}${BEFORE}`, at(1), at(2))).toBe(false);
    // lines of a snapshot are put together without a newline at their end
    expect(withoutCounts(`${BEFORE}${own}`.trimEnd())).toBe(withoutCounts(BEFORE.trimEnd()));
    expect(rules.take(`${BEFORE}${own.replace("natcorr_7", "mine")}`, at(3), at(4))).toBe(true);
    expect(readTables(own).tables).toEqual([]);
    expect(readTables(own.replace("natcorr_7", "mine")).tables).toHaveLength(1);
  });

  test("explain what began since then", () => {
    const check = checked(history([AFTER, -50, -49]));
    expect(check.flow(published)).toEqual([PUBLISH]);
    expect(check.flow(fetched)).toEqual([MASQUERADE]);
    expect(check.end()).toEqual([]);
  });

  test("possibly explain what began about a change that none of them shows, and none is missing then", () => {
    const rules = history();
    const told: string[] = [];
    rules.onReading = ({ unreadFromNs }) => told.push(`${unreadFromNs}`);
    rules.hear(at(-1), at(0), "came");
    rules.hear(at(-1), at(0), "went");
    rules.take(BEFORE, at(1), at(2));
    expect(told).toEqual([`${at(-1)}`]);
    const check = checked(rules);
    expect(check.flow(fetched)).toEqual([`possibly ${MASQUERADE}`]);
    expect(check.flow(published)).toEqual([]);
    expect(check.trackingOf({ ...published, nat: "none" })).toBe("untold");
    expect(check.end()).toEqual([]);
  });

  test.each([
    ["a rule that came alone is in the next reading", "came", [MASQUERADE]],
    ["another one may have come and gone beside it", "both", [`possibly ${MASQUERADE}`]],
  ] as const)("explain what began about a change: %s", (_, event, expected) => {
    const rules = history();
    rules.hear(at(-1), at(0), event);
    rules.take(AFTER, at(1), at(2));
    expect(checked(rules).flow(fetched)).toEqual(expected);
  });

  test("may explain what began in between, and certainly do where both are the same", () => {
    const check = checked(history([AFTER, 1, 2]));
    expect(check.flow(published)).toEqual([`possibly ${PUBLISH}`]);
    expect(check.flow(fetched)).toEqual([MASQUERADE]);
    expect(check.end()).toEqual([]);
  });

  test("do not explain what began before they were others", () => {
    const check = checked(history([BEFORE, 5, 6], [AFTER, 10, 11]));
    expect(check.flow(published)).toEqual([]);
    expect(check.end()).toMatchObject([{ code: "rule-missing", count: 1 }]);
    const over = checked(history([AFTER, -50, -49], [AFTER, 5, 6], [BEFORE, 10, 11]));
    expect(over.flow(published)).toEqual([PUBLISH]);
  });

  test("that neither explain it lack no rule, as others may have been there", () => {
    const check = checked(history([nat(), 1, 2]));
    expect(check.flow(published)).toEqual([]);
    expect(check.end()).toEqual([]);
  });

  test("are remembered as far as there is room", () => {
    const rules = history();
    for (let nth = 0; nth < 80; nth++)
      rules.take(nat(`${MASQUERADE} --to-ports 1-${nth + 1}`), START_NS, START_NS + 10n);
    expect(rules.at(START_NS - 1n)).toMatchObject({ isAll: false });
    expect(rules.at(START_NS + 11n)).toEqual({ books: [rules.current], isAll: true });
  });

  test("are the same whatever packets and time made of them", () => {
    const [before, after] = [
      ["10.0.0.1 timeout 1m expires 59s", "counter packets 30 bytes 8706 masquerade"],
      [
        "10.0.0.1 timeout 1m expires 9s,\n\t\t\t10.0.0.2 timeout 1m expires 59s",
        "counter packets 31 bytes 8766 masquerade",
      ],
    ].map(([elements, rule]) => table(elements, rule));
    const saved = "# Generated by iptables-save v1.8.9 on Sat Nov 28\n*nat\n:POSTROUTING ACCEPT [12:720]\nCOMMIT\n";
    const rules = new RuleHistory(saved + before);
    expect(rules.take(saved.replace("12:720", "13:780").replace("28", "29") + after, 1n, 2n)).toBe(false);
    expect(rules.take(saved + after.replace("masquerade", "accept"), 3n, 4n)).toBe(true);
  });
});

test("rules are the same where packets add the first element to a set, or are the last to meet a rule", () => {
  const empty = table("", "masquerade").replace("\t\telements = {  }\n", "");
  const rules = new RuleHistory(empty);
  expect(rules.take(table("10.0.0.1 expires 2h59m57s756ms", "masquerade"), 1n, 2n)).toBe(false);
  const sized = (count: string, used: string): string =>
    empty
      .replace("\t\tflags", `\t\tsize 65535${count}\n\t\tflags`)
      .replace("masquerade", `last used ${used} masquerade`);
  const counted = new RuleHistory(sized("", "never"));
  expect(counted.take(sized("\t# count 12", "2h3m4s"), 1n, 2n)).toBe(false);
});

test("rules are compared to the end, however long a set is", () => {
  const lines = "\t\tflags dynamic\n".repeat(100_000);
  const rules = new RuleHistory(`table ip x {\n\tset s {\n${lines}\t}\n}\n`);
  expect(rules.take(`table ip x {\n\tset s {\n${lines}\t}\n}\n`, 1n, 2n)).toBe(false);
});

describe("a flow that left with an address which the host is not known to have", () => {
  const pooled = flow("tcp", "inside", "172.17.0.3.5000 > 198.51.100.7.80", "10.0.2.30.5000 > 198.51.100.7.80");
  const SNAT = "-A POSTROUTING -s 172.17.0.3/32 -j SNAT --to-source 10.0.2.30";

  test("is possibly masqueraded", () => {
    const check = among(history());
    expect(check.flow(pooled)).toEqual([`possibly ${MASQUERADE}`]);
    expect(check.end()).toEqual([]);
    expect(checked(history()).flow(pooled)).toEqual([MASQUERADE]);
    const never = new RuleCheck(history([nat(SNAT, MASQUERADE), 1, 2]), named("docker0", "enp0s3"), () => false);
    expect(never.flow(pooled)).toEqual([`possibly ${SNAT}`]);
    const without = new RuleCheck(history(), named("docker0", "enp0s3"), () => false);
    expect(without.flow(pooled)).toEqual([]);
    expect(without.end()).toMatchObject([{ code: "rule-missing", count: 1 }]);
    expect(among(new RuleHistory(nat(SNAT, MASQUERADE))).flow(pooled)).toEqual([SNAT]);
    // what is behind a rule that it certainly meets did not make it
    expect(among(new RuleHistory(nat(MASQUERADE, SNAT))).flow(pooled)).toEqual([`possibly ${MASQUERADE}`]);
  });

  test("has the rules read again, and does not show that the address is on the host", () => {
    const rules = new RuleHistory(
      nat(PUBLISH, "-A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.3:81", MASQUERADE),
    );
    let questions = 0;
    rules.onQuestion = () => questions++;
    const isOwn = (canMasquerade: () => true | undefined) => {
      const facts = new RuleFacts(rules, named("docker0", "enp0s3"), undefined, () => true, canMasquerade);
      facts.learn(pooled);
      return facts.arriving(TCP, { src: "198.51.100.7", srcPort: 5000, dst: "10.0.2.30", dstPort: 89 }).answer;
    };
    expect([isOwn(() => true), questions]).toEqual([true, 0]);
    expect([isOwn(() => undefined), questions]).toEqual([undefined, 1]);
  });
});

describe("verdicts by rules that are read again", () => {
  const call = { src: "198.51.100.7", srcPort: 5000, dst: "10.0.2.15", dstPort: 88 };

  test("go by them once no packet is judged that came before", () => {
    const rules = history([AFTER, 1, 2]);
    const facts = new RuleFacts(rules, named("docker0", "enp0s3"), own("10.0.2.15"));
    facts.learn(published);
    facts.reach(START_NS);
    expect(facts.arriving(TCP, call)).toEqual({
      answer: undefined,
      rules: PUBLISH,
      doubt: "the rules were others a moment ago",
    });
    facts.reach(START_NS + 3_000_000_000n);
    expect(facts.arriving(TCP, call)).toEqual({ answer: true, rules: PUBLISH, doubt: "" });
  });

  test("are asked for where none explains a translation, which then may speak for the new ones", () => {
    const rules = history();
    let questions = 0;
    rules.onQuestion = () => questions++;
    const facts = new RuleFacts(rules, named("docker0", "enp0s3"), own("10.0.2.15"));
    facts.learn(fetched);
    expect(questions).toBe(0);
    facts.learn(published);
    expect(questions).toBe(1);
    rules.take(AFTER, START_NS, START_NS);
    facts.learn(published);
    expect(questions).toBe(1);
    facts.reach(START_NS + 1n);
    expect(facts.arriving(TCP, call).answer).toBe(true);
  });
});
