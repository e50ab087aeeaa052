import { describe, expect, it } from "vitest";
import { ConntrackTable } from "../../src/host/conntrack-table.js";
import { type Opener, openerByEntries, summaryBegunBy } from "../../src/host/opener.js";
import { RuleCheck } from "../../src/host/rules/rule-check.js";
import { RuleHistory } from "../../src/host/rules/times/rule-history.js";
import type { FlowSummary } from "../../src/packets/results/results.js";
import { flow } from "./flow.js";
import { nat, named } from "./rules/explained.js";

const [INSIDE_ENDS, OUTSIDE_ENDS] = ["172.17.0.3.6001 > 180.101.49.11.4444", "10.0.2.15.6001 > 180.101.49.11.4444"];

/** Datagrams of which nothing tells who began them; those that travel outbound are so many of two. */
const datagrams = (pairsOutbound: number, more: Partial<FlowSummary> = {}) =>
  flow("udp", "unknown", INSIDE_ENDS, OUTSIDE_ENDS, { nat: "unknown", pairs: 2, pairsOutbound, ...more });

function byEntries(...lines: readonly string[]): Opener {
  const table = new ConntrackTable();
  for (const line of lines) table.read(line);
  return openerByEntries(datagrams(2), table);
}

function byRules(seen: FlowSummary, ...rules: readonly string[]): Opener {
  return new RuleCheck(new RuleHistory(nat(...rules)), named("docker0", "enp0s3")).openerOf(seen);
}

describe("who made conntrack's entry", () => {
  const FROM_INSIDE =
    "udp 17 29 src=172.17.0.3 dst=180.101.49.11 sport=6001 dport=4444 [UNREPLIED] src=180.101.49.11 dst=10.0.2.15 sport=4444 dport=6001";
  const FROM_OUTSIDE =
    "udp 17 29 src=180.101.49.11 dst=10.0.2.15 sport=4444 dport=6001 src=172.17.0.3 dst=180.101.49.11 sport=6001 dport=4444";
  it("is who began the flow", () => {
    expect(byEntries(FROM_INSIDE)).toBe("inside");
    expect(byEntries(FROM_OUTSIDE)).toBe("outside");
  });

  it("is not known without one, by that of another flow, or by two of both", () => {
    expect(byEntries()).toBeUndefined();
    expect(byEntries(FROM_INSIDE.replaceAll("6001", "6002"))).toBeUndefined();
    expect(byEntries(FROM_INSIDE, FROM_OUTSIDE)).toBeUndefined();
  });
});

describe("who is the only one that rules translate so", () => {
  const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
  const DNAT = "-A PREROUTING -i enp0s3 -p udp -m udp --dport 6001 -j DNAT --to-destination 172.17.0.3:6001";
  it("is who began the flow", () => {
    expect(byRules(datagrams(2), MASQUERADE)).toBe("inside");
    expect(byRules(datagrams(1), MASQUERADE)).toBe("inside");
    expect(byRules(datagrams(0), DNAT)).toBe("outside");
  });

  it.each([
    ["both may be", datagrams(2), [MASQUERADE, DNAT]],
    ["who would be it has not spoken", datagrams(0), [MASQUERADE]],
    ["none is", datagrams(2), ["-A POSTROUTING -s 172.30.0.0/16 -j MASQUERADE"]],
    [
      "a rule is not understood that may translate what the other end sends",
      datagrams(2),
      [MASQUERADE, "-A PREROUTING -j FANCYNAT"],
    ],
    ["some packets pass the rules by", datagrams(2), [MASQUERADE, "-A PREROUTING -p icmp -j NOTRACK"]],
  ])("is not known where %s", (_, seen, rules) => {
    expect(byRules(seen, ...rules)).toBeUndefined();
  });
});

it("tells what the translation is called, and which way its ends are", () => {
  const { nat: known, initiator, inside } = summaryBegunBy(datagrams(2), "inside");
  expect([known, initiator, inside.src]).toEqual(["snat", "inside", "172.17.0.3"]);
  const other = summaryBegunBy(datagrams(0), "outside");
  expect([other.nat, other.initiator, other.inside.src, other.outside.dst]).toEqual([
    "dnat",
    "outside",
    "180.101.49.11",
    "10.0.2.15",
  ]);
  expect(other.pairs).toBe(2);
});
