import * as fc from "fast-check";
import { expect, test } from "vitest";
import { named } from "./explained.js";
import { flowProtocolNumber } from "../../../src/host/protocols.js";
import { RuleFacts } from "../../../src/host/rules/rule-facts.js";
import { RuleHistory } from "../../../src/host/rules/times/rule-history.js";
import { runs } from "../../support/runs.js";
import { flow } from "../flow.js";
import * as rulesets from "./rulesets.js";

const FLOWS = [
  flow("tcp", "inside", "172.17.0.3.1 > 180.101.49.11.80", "10.0.2.15.1 > 180.101.49.11.80"),
  flow("udp", "outside", "172.17.0.1.5 > 172.17.0.2.80", "10.0.2.2.5 > 10.0.2.15.88"),
  flow("icmpv6", "inside", "fd00:17::3 > fd00::1 id 7", "fd00:2::15 > fd00::1 id 7"),
  flow("ip-47", "inside", "172.17.0.3 > 10.0.2.2", "10.0.2.15 > 10.0.2.2"),
];

const CHAINS = ["PREROUTING", "POSTROUTING", "A", "B", "C", "constructor"];
const chain = fc.constantFrom(...CHAINS);
const iptablesRule = fc
  .tuple(
    chain,
    fc.constantFrom("", "-s 172.17.0.0/16 ", "! -o ", "-m mark --mark 1 ", "-p tcp ", "--__proto__ 1 ", "! "),
    fc.constantFrom("-j MASQUERADE", "-j SNAT --to-source", "-j RETURN", "-j", "-g", "-j ACCEPT", ""),
    fc.oneof(fc.constant(""), chain),
  )
  .map(([chain, options, target, name]) => `-A ${chain} ${options}${target} ${target === "" ? "" : name}`);
const iptables = fc.array(iptablesRule, { maxLength: 30 }).map((rules) => `*nat\n${rules.join("\n")}\nCOMMIT\n`);

const NFT_WORDS = `table ip inet chain set { } ; , " # @lan != vmap map : . elements = tcp dport 80-90 oifname saddr 10.0.0.0/8 jump
  goto A B masquerade snat dnat to counter packets log prefix xt target return type nat hook postrouting priority srcnat`;
const nftWord = fc.constantFrom("\n", ...NFT_WORDS.split(/\s+/));
const nft = fc.array(nftWord, { maxLength: 60 }).map((words) => `table ip nat {\nchain A {\n${words.join(" ")}`);

/** A real rule set of which some characters are gone, or others. */
const damaged = fc
  .tuple(
    fc.constantFrom(...Object.values(rulesets)),
    fc.array(fc.tuple(fc.nat({ max: 2000 }), fc.nat({ max: 6 }), fc.string({ maxLength: 3 })), { maxLength: 6 }),
  )
  .map(([text, edits]) =>
    edits.reduce<string>((text, [at, length, other]) => text.slice(0, at) + other + text.slice(at + length), text),
  );

test("whatever the rules are, they are read, and asked about any flow, to the end", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), iptables, nft, damaged), (text) => {
      const history = new RuleHistory(text);
      const facts = new RuleFacts(history, named("", ""));
      for (const each of FLOWS) {
        for (const { rule } of history.current.explain(each, named("docker0", "enp0s3"))) expect(rule).not.toBe("");
        facts.learn(each);
        const proto = flowProtocolNumber(each.proto);
        for (const { answer, doubt } of [facts.arriving(proto, each.outside), facts.leaving(proto, each.inside)])
          expect(doubt === "").toBe(answer !== undefined);
      }
    }),
    { numRuns: runs(1000) },
  );
});
