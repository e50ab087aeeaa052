import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { tracePoint } from "../../src/asking/trace-match.js";
import { isSkipped, root, tools } from "../support/needs.js";

const BEGIN = 'iifname "docker0"';
const PORTS = "meta l4proto { tcp, udp, sctp }";

/** What follows the interface in each rule. */
const rulesOf = (...filters: readonly string[]): string[] =>
  tracePoint("docker0", filters, false).point.rules.map((rule) => rule.slice(BEGIN.length).trim());

/** Filters of which nft is asked for all, and what it is asked. */
const WHOLE: readonly (readonly [filter: string, rules: readonly string[]])[] = [
  ["", [""]],
  ["udp", ["meta l4proto udp"]],
  ["icmp or icmp6", ["meta l4proto icmp", "meta l4proto ipv6-icmp"]],
  ["host 172.17.0.2", ["ip saddr 172.17.0.2", "ip daddr 172.17.0.2"]],
  ["src 172.17.0.2", ["ip saddr 172.17.0.2"]],
  ["dst net fd00:17::/64", ["ip6 daddr fd00:17::/64"]],
  ["port 53", [`${PORTS} th sport 53`, `${PORTS} th dport 53`]],
  ["tcp dst port 80 or 443", ["meta l4proto tcp th dport 80", "meta l4proto tcp th dport 443"]],
  ["src host 10.0.0.1 || 10.0.0.2", ["ip saddr 10.0.0.1", "ip saddr 10.0.0.2"]],
  [
    "host 172.17.0.2  and udp dst port 53",
    ["ip saddr 172.17.0.2 meta l4proto udp th dport 53", "ip daddr 172.17.0.2 meta l4proto udp th dport 53"],
  ],
  // of two IP versions, nothing is selected
  ["ip6&&src host 10.0.0.1", []],
  ["src host fd00::1 and src 10.0.0.1", []],
];

/** Filters of which nft is asked for a part, or for nothing: it selects no less than they do. */
const IN_PART: readonly (readonly [filter: string, rules: readonly string[]])[] = [
  ["udp and not port 53", ["meta l4proto udp"]],
  ["tcp[13] & 2 != 0 and src 10.0.0.1", ["ip saddr 10.0.0.1"]],
  ["icmp or tcp[13] & 2 != 0", [""]],
  ["udp or tcp and port 53", [""]],
  ["not (udp and port 53 and icmp)", [""]],
  ["src or dst host 10.0.0.1", [""]],
  ["host www.example", [""]],
  ["port domain", [""]],
  ["net 172.17", [""]],
  ["greater 100", [""]],
  ["udp src", [""]],
  [Array.from({ length: 200 }, (_, at) => `host 10.0.0.${at}`).join(" or "), [""]],
];

describe("the rules that trace what a filter selects", () => {
  it.each(WHOLE)("%s", (filter, rules) => {
    expect(rulesOf(filter)).toEqual(rules);
    expect(tracePoint("docker0", [filter], false).unsaid).toEqual([]);
  });

  it.each(IN_PART)("in part: %s", (filter, rules) => {
    expect(rulesOf(filter)).toEqual(rules);
    expect(tracePoint("docker0", [filter], false).unsaid).toEqual([filter]);
  });

  it("ask for what all filters select, and for containers", () => {
    expect(rulesOf("src 10.0.0.1", "icmp")).toEqual(["ip saddr 10.0.0.1 meta l4proto icmp"]);
    expect(tracePoint("docker0", ["src fd00::1"], true).point.rules).toEqual([
      `${BEGIN} ip6 saddr @addresses6 ip6 saddr fd00::1`,
      `${BEGIN} ip6 daddr @addresses6 ip6 saddr fd00::1`,
      `${BEGIN} meta l4proto . th dport @ports ip6 saddr fd00::1`,
    ]);
  });

  it.skipIf(isSkipped("nft takes the rules that trace", root, tools(["nft", "unshare"], "apt install nftables")))(
    "are rules to nft",
    () => {
      const rules = [...WHOLE, ...IN_PART].flatMap(([filter]) => tracePoint("docker0", [filter], true).point.rules);
      const sets =
        "set addresses4 { type ipv4_addr; }; set addresses6 { type ipv6_addr; }; set ports { type inet_proto . inet_service; }";
      const input = `add table inet t { ${sets}; chain c { ${rules.join(" accept; ")} accept; }; }`;
      expect(execFileSync("unshare", ["-n", "nft", "-c", "-f", "-"], { input, encoding: "utf8" })).toBe("");
    },
  );
});
