import { describe, expect, test } from "vitest";
import { explained, fetched, fetchedIpv6, nat, pinged } from "./explained.js";
import { flow } from "../flow.js";
import { NATIVE_NFT } from "./rulesets.js";

/** What comes to the host from outside, or goes out from inside. */
const to = (outside: string, inside: string, proto: "tcp" | "udp" = "tcp") =>
  flow(proto, "outside", `10.0.2.2.1 > ${inside}`, `10.0.2.2.1 > ${outside}`);
const from = (inside: string, outside: string, proto: "tcp" | "udp" = "tcp") =>
  flow(proto, "inside", `${inside} > 8.8.8.8.80`, `${outside} > 8.8.8.8.80`);

/** A table of nft's with this rule. */
const listed = (rule: string) => `table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		${rule}
	}
}
`;

/** A base chain of nft's. */
const chain = (name: string, priority: string, rule: string) =>
  `chain ${name} { type nat hook postrouting priority ${priority}; policy accept; ${rule}; }`;

describe("rules written for nft", () => {
  test.each([
    [
      "a set of ports",
      to("10.0.2.15.8050", "172.17.0.2.8050"),
      'iifname "enp0s3" tcp dport { 80, 443, 8000-8100 } dnat ip to 172.17.0.2',
    ],
    [
      "a set of interfaces",
      to("10.0.2.15.53", "172.17.0.3.5353", "udp"),
      'iifname { "wlan0", "enp0s3" } ip daddr 10.0.2.15 udp dport 53 dnat ip to 172.17.0.3:5353 comment "dns; inside"',
    ],
    [
      "any transport",
      to("10.0.2.15.9000", "172.17.0.4.9000", "udp"),
      "meta l4proto { tcp, udp } th dport 9000 dnat ip to 172.17.0.4",
    ],
    [
      "a named set",
      from("192.168.0.9.1", "10.0.2.15.1"),
      'ip saddr @lan oifname "enp0s3" masquerade random,persistent',
    ],
    [
      "a range of addresses",
      from("10.1.0.9.1", "10.0.2.17.1"),
      'oifname "enp0s3" ip saddr 10.1.0.0/16 ip daddr != 10.0.0.0/8 snat ip to 10.0.2.16-10.0.2.18',
    ],
    ["IPv6", fetchedIpv6, 'ip6 saddr fd00:17::/64 oifname != "docker0" masquerade'],
  ])("%s", (_, seen, rule) => {
    expect(explained(NATIVE_NFT, seen)).toEqual([rule]);
  });

  test("verdict maps and maps, each by the one element that a packet has, and marks that no rule gives", () => {
    expect(explained(NATIVE_NFT, to("10.0.2.15.99", "172.17.0.2.99"))).toEqual([
      "tcp dport 99 dnat ip to 172.17.0.2:99",
    ]);
    expect(explained(NATIVE_NFT, to("10.0.2.15.88", "172.17.0.2.80"))).toEqual([
      "dnat ip to tcp dport map @web { 88 : 172.17.0.2 . 80 }",
    ]);
    expect(explained(NATIVE_NFT, to("10.0.2.15.89", "172.17.0.2.80"))).toEqual([]);
    expect(explained(NATIVE_NFT, from("10.4.0.9.1", "10.0.2.15.1"))).toEqual([
      '? oif "enp0s3" meta nfproto ipv4 ct mark 0x00000001 snat ip to 10.0.2.15',
    ]);
  });

  test("ports of a source's range, and a prefix", () => {
    const dialled = 'meta l4proto tcp oifname "ppp0" snat ip to 10.0.2.16-10.0.2.18:1024-2000';
    expect(explained(NATIVE_NFT, from("10.4.0.9.1", "10.0.2.16.1024"), "docker0", "ppp0")).toEqual([dialled]);
    expect(explained(NATIVE_NFT, from("10.4.0.9.1", "10.0.2.16.2001"), "docker0", "ppp0")).toEqual([]);
    expect(explained(NATIVE_NFT, from("10.2.7.9.1", "10.3.7.9.1"), "docker0", "enp0s9")).toEqual([
      "ip saddr 10.2.0.0/16 snat ip prefix to 10.3.0.0/16",
    ]);
  });

  test("chains are asked by their priority, whatever the order they are listed in", () => {
    const late = chain("late", "srcnat + 10", "masquerade comment late");
    const early = chain("early", "99", 'oifname "enp0s3" masquerade');
    expect(explained(`table ip one { ${late} }\ntable inet two { ${early} }`, fetched)).toEqual([
      'oifname "enp0s3" masquerade',
    ]);
    const accepting = chain("early", "99", "ip saddr 172.17.0.0/16 accept");
    expect(explained(`table ip one { ${late} }\ntable ip two { ${accepting} }`, fetched)).toEqual([
      "masquerade comment late",
    ]);
  });
});

describe("what nft's rules may ask for", () => {
  // each as nft prints it, most of them made by iptables-nft
  test.each([
    'oifname "enp*"',
    'meta iifname "docker0" meta oifname { "enp0s3", "ppp0" }',
    'iif "docker0" oif "enp0s3"',
    "meta l4proto tcp ip daddr 180.101.49.11 tcp dport { 80, 443, 8000-8100 } ",
    "meta l4proto != udp ct state new",
    "ip protocol tcp ip saddr 172.17.0.3-172.17.0.20",
    "tcp sport != 1-1024 tcp dport != 81",
    "th sport 38450",
    "fib saddr type != local fib daddr type != local",
    "ip saddr . tcp dport { 172.17.0.3 . 80, 172.17.0.4 . 81 }",
    'oifname . ip saddr { "enp0s3" . 172.17.0.3 }',
    'iifname . oifname { "docker0" . "enp0s3" }',
    'log prefix "a, masquerade b" level info flags all counter',
    "meta nfproto ipv4 ip saddr == 172.17.0.0/16",
    "meta nfproto { ipv6, ipv4 } fib daddr type != local",
  ])("%s is met", (asked) => {
    expect(explained(listed(`${asked} masquerade`), fetched)).toEqual([`${asked} masquerade`]);
  });

  test.each([
    'oifname != "enp*"',
    "udp dport 80",
    "udp sport 38450 ip6 daddr ::/0",
    "ip6 saddr != fd00::/8",
    "ip6 nexthdr tcp",
    "meta nfproto ipv6",
    "meta mark 0x00000001 ip saddr != 172.17.0.0/16",
    "icmp type echo-request",
    "tcp dport != { 80, 443 }",
  ])("%s is not", (asked) => {
    expect(explained(listed(`${asked} masquerade`), fetched)).toEqual([]);
  });

  test.each([
    "meta mark 0x00000001",
    "meta mark & 0x00004000 == 0x00004000",
    "meta random & 2147483647 < 1073741824",
    "tcp flags syn / syn,rst",
    "ct status dnat",
    "ct mark { 0x1, 0x2 }",
    "ip saddr @unheard",
    "ct mark . ip saddr { 0x1 . 172.17.0.3 }",
    "ct reply ip saddr 180.101.49.11",
    "tcp dport http",
    'xt match "statistic"',
    "limit rate 10/second burst 5 packets",
    "fib daddr type unicast",
    "fib daddr . iif type local",
  ])("%s may be met", (asked) => {
    expect(explained(listed(`${asked} masquerade`), fetched)).toEqual([`? ${asked} masquerade`]);
  });

  test("echo requests of both kinds", () => {
    const pingedIpv6 = flow("icmpv6", "inside", "fd00:17::3 > fd00::1 id 7", "fd00:2::15 > fd00::1 id 7");
    expect(explained(listed("icmp type echo-request masquerade"), pinged)).toHaveLength(1);
    const rule = "icmpv6 type echo-request masquerade";
    expect(explained(listed(rule).replace("table ip", "table ip6"), pingedIpv6)).toEqual([rule]);
    expect(
      explained(nat("-A POSTROUTING -s fd00::/8 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j MASQUERADE"), pingedIpv6),
    ).toHaveLength(1);
  });

  test("iptables' own targets", () => {
    expect(explained(listed("ip saddr 172.17.0.0/16 xt target NETMAP"), fetched)).toEqual([
      "? ip saddr 172.17.0.0/16 xt target NETMAP",
    ]);
    expect(explained(listed('xt target "LOG"\n\t\tmasquerade to :1-65535'), fetched)).toEqual([
      "masquerade to :1-65535",
    ]);
    expect(explained(listed('xt target "WHAT"\n\t\tmasquerade'), fetched)).toEqual([
      '? xt target "WHAT"',
      "? masquerade",
    ]);
    expect(explained(listed("drop\n\t\tmasquerade"), fetched)).toEqual([]);
    expect(explained(listed("continue\n\t\tmasquerade"), fetched)).toEqual(["masquerade"]);
  });

  test("parts of iptables' own that nft writes as a comment, where it was built without iptables' library", () => {
    expect(
      explained(listed("# xt_recent counter packets 0 bytes 0 return # handle 4\n\t\tmasquerade"), fetched),
    ).toEqual(["? masquerade"]);
    expect(explained(listed("ip saddr 172.17.0.0/16 counter packets 3 bytes 87 # xt_SNAT"), fetched)).toEqual([
      "? ip saddr 172.17.0.0/16 # xt_SNAT",
    ]);
    expect(explained(listed("# xt_LOG\n\t\tmasquerade # handle 3"), fetched)).toEqual(["masquerade"]);
  });

  test("no packet comes to a table that is dormant", () => {
    expect(explained(listed("masquerade").replace("{", "{\n\tflags dormant\n"), fetched)).toEqual([]);
    expect(explained(listed("masquerade").replace("{", "{\n\tflags owner\n"), fetched)).toEqual(["masquerade"]);
  });

  test("a verdict map by name may lead anywhere", () => {
    expect(explained(listed("ip saddr vmap @where\n\t\tmasquerade"), fetched)).toEqual([
      "? ip saddr vmap @where",
      "? masquerade",
    ]);
  });

  test("a rule on several lines, and sets on several lines", () => {
    const set = "set lan {\n\t\ttype ipv4_addr\n\t\telements = { 172.17.0.9,\n\t\t\t     172.17.0.3 }\n\t}\n";
    const text = listed("ip saddr { 10.0.0.1,\n\t\t\t172.17.0.3 } masquerade").replace("\tchain", `\t${set}\tchain`);
    expect(explained(text, fetched)).toEqual(["ip saddr { 10.0.0.1, 172.17.0.3 } masquerade"]);
    expect(explained(text.replace(/ip saddr .*\n.*}/, "ip saddr @lan"), fetched)).toEqual(["ip saddr @lan masquerade"]);
  });
});
