import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../src/host/address.js";
import { InterfaceName } from "../../../src/host/interfaces.js";
import { IpSets, MOST_SET_LINES } from "../../../src/host/rules/ipsets.js";
import { ANY_MARK } from "../../../src/host/rules/mark.js";
import { readTables } from "../../../src/host/rules/rule-tables.js";
import { withoutCounts } from "../../../src/host/rules/rules-text.js";
import type { HookedPacket } from "../../../src/host/rules/ruleset.js";

/** As ipset 7.17 prints them. */
const SAVED = `create s1 hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x551f31b7
add s1 172.17.0.3
add s1 10.9.8.2
create s2 hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xf759adfb
add s2 10.0.0.0/8
add s2 10.1.0.0/16 nomatch
add s2 10.1.2.0/24
create s3 hash:ip,port family inet hashsize 1024 maxelem 65536 counters bucketsize 12 initval 0x8ca76125
add s3 10.0.2.2,tcp:80 packets 0 bytes 0
add s3 10.0.2.3,icmp:echo-request packets 0 bytes 0
add s3 10.0.2.2,udp:53 packets 0 bytes 0
add s3 10.0.2.9,gre:0 packets 0 bytes 0
create s4 hash:net,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xe0cb6a89
add s4 10.0.2.0/24,udp:53
add s4 10.0.2.8/32,udp:53 nomatch
create s5 bitmap:port range 0-1024
add s5 53
add s5 100
create s7 hash:ip family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0x0d75b72c
add s7 2001:db8::1
create s8 hash:ip family inet hashsize 1024 maxelem 65536 timeout 300 bucketsize 12 initval 0x2c207297
add s8 1.2.3.4 timeout 299
create s9 hash:net,iface family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xffb8d8a5
create s11 hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 bucketsize 12 initval 0x843b4910
add s11 5.6.7.0
create s12 hash:ip family inet hashsize 1024 maxelem 65536 comment skbinfo bucketsize 12 initval 0xa1a8a665
add s12 9.9.9.9 comment "a timeout 3"
create s6 list:set size 8
add s6 s1
add s6 s7
create s13 list:set size 8
add s13 s9
add s13 s13
create none hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xf759adfb
`;
const [TCP, UDP, ICMP, GRE, SCTP] = [6, 17, 1, 47, 132];

const NOBODY = { isIpv6: false, value: 0n };

function packet(proto: number, src: string, dst: string, ports?: readonly [src: number, dst: number]): HookedPacket {
  const [from, to] = [src, dst].map((text) => parseAddress(text) ?? NOBODY);
  const [srcPort, dstPort] = ports ?? [];
  const [inInterface, outInterface] = [new InterfaceName([""]), new InterfaceName([""])];
  const state = {
    isEcho: false,
    isDstLocal: false,
    isDstRewritten: false,
    isNew: true,
    isInvalid: false,
    mark: ANY_MARK,
  } as const;
  return { isIpv6: from.isIpv6, proto, src: from, dst: to, srcPort, dstPort, inInterface, outInterface, ...state };
}

const QUERY = packet(UDP, "172.17.0.3", "10.0.2.2", [4000, 53]);
const SYN = packet(TCP, "172.17.0.4", "10.0.2.2", [40_000, 80]);
const OVER_IPV6 = packet(TCP, "2001:db8::1", "2001:db8::2", [40_000, 80]);
const to = (dst: string, proto = UDP, port = 53): HookedPacket => packet(proto, "172.17.0.3", dst, [4000, port]);

describe("a packet's ends", () => {
  it.each([
    ["s1 src", QUERY, true],
    ["s1 dst", QUERY, false],
    ["s1 src", SYN, false],
    ["s1 src", OVER_IPV6, false],
    ["s7 src", OVER_IPV6, true],
    ["s2 dst", to("10.3.0.1"), true],
    ["s2 dst", to("10.1.3.1"), false],
    ["s2 dst", to("10.1.2.1"), true],
    ["s2 dst", to("11.1.2.1"), false],
    ["s3 dst,dst", SYN, true],
    ["s3 dst,dst", QUERY, true],
    ["s3 dst,src", SYN, false],
    ["s3 src,dst", SYN, false],
    ["s3 dst,dst", to("10.0.2.2", TCP, 81), false],
    ["s3 dst,dst", packet(GRE, "172.17.0.3", "10.0.2.9"), true],
    ["s3 dst,dst", packet(ICMP, "172.17.0.3", "10.0.2.9"), undefined],
    ["s3 dst,dst", packet(UDP, "172.17.0.3", "10.0.2.2"), undefined],
    ["s3 dst", SYN, undefined],
    ["s4 dst,dst", to("10.0.2.7"), true],
    ["s4 dst,dst", to("10.0.2.8"), false],
    ["s5 dst", QUERY, true],
    ["s5 src", QUERY, false],
    ["s5 dst", to("10.0.2.2", SCTP), false],
    ["s6 src", QUERY, true],
    ["s6 src", OVER_IPV6, true],
    ["s6 src", SYN, false],
    ["s8 src", QUERY, undefined],
    ["s9 src,src", QUERY, undefined],
    ["s11 dst", to("5.6.7.9"), true],
    ["s11 dst", to("5.6.8.9"), false],
    ["s12 dst", to("9.9.9.9"), true],
    ["s13 src", QUERY, undefined],
    ["none src", QUERY, false],
    ["unknown src", QUERY, undefined],
    ["s1 up", QUERY, undefined],
  ])("are in %s or not: %#", (asked, of, answer) => {
    const [name, flags] = asked.split(" ");
    expect(new IpSets(SAVED.split("\n")).match(name, flags)(of)).toBe(answer);
  });

  it("are in no set that is known in part, nor certainly in one that rules change", () => {
    const many = Array.from(
      { length: MOST_SET_LINES },
      (_, at) => `add s1 10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
    );
    expect(new IpSets([...SAVED.split("\n"), ...many]).match("s1", "src")(QUERY)).toBeUndefined();
    const rules = ["-A FORWARD -j SET --add-set s1 src"];
    expect(new IpSets([...SAVED.split("\n"), ...rules]).match("s1", "src")(QUERY)).toBeUndefined();
  });
});

it("sets stand before or behind the rules that ask for them, and those that are not there are named", () => {
  const rules = `*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set s1 src -m set ! --match-set gone dst -j DROP\nCOMMIT\n`;
  for (const text of [SAVED + rules, rules + SAVED]) {
    const { tables, unread, unknownSets } = readTables(text);
    expect([unread, unknownSets]).toEqual([[], ["gone"]]);
    const [{ matches }] = tables[0].chains.get("FORWARD") ?? [];
    expect(matches.map((match) => match(QUERY))).toEqual([true, undefined]);
  }
});

it("elements that end by themselves make no others of the rules, and those that come do", () => {
  expect(withoutCounts(SAVED.replace("timeout 299", "timeout 7"))).toBe(withoutCounts(SAVED));
  expect(withoutCounts(SAVED.replace("add s1 10.9.8.2", "add s1 10.9.8.3"))).not.toBe(withoutCounts(SAVED));
  expect(withoutCounts(SAVED.replace("9.9.9.9", "9.9.9.8"))).not.toBe(withoutCounts(SAVED));
});
