import { RuleHistory } from "../../../src/host/rules/times/rule-history.js";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Trace } from "../../../src/host/trace/trace.js";
import type { Arrival } from "../../../src/packets/results/traces.js";

/** A trace of these lines. */
function traceOf(...lines: readonly string[]): Trace {
  const trace = new Trace();
  for (const line of lines) trace.read(line);
  return trace;
}

/** What nft and xtables-monitor say of a datagram to port 9 of a traced host, and of the rule that drops it (nftables 1.0.6, iptables 1.8.9). */
const NFT = [
  'trace id 129088c2 ip raw PREROUTING packet: iif "docker0" ether saddr b6:0a:72:17:e4:a0 ether daddr ae:7c:91:e6:74:bd ip saddr 172.17.0.2 ip daddr 10.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 61442 ip protocol udp ip length 33 udp sport 55514 udp dport 9 udp length 13 @th,64,40 0x68656c6c6f ',
  "trace id 129088c2 ip raw PREROUTING rule counter packets 0 bytes 0 meta nftrace set 1 (verdict continue)",
  "trace id 129088c2 ip raw PREROUTING policy accept ",
  'trace id 129088c2 ip filter FORWARD packet: iif "docker0" oif "enp0s3" ether saddr b6:0a:72:17:e4:a0 ether daddr ae:7c:91:e6:74:bd ip saddr 172.17.0.2 ip daddr 10.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 61442 ip protocol udp ip length 33 udp sport 55514 udp dport 9 udp length 13 @th,64,40 0x68656c6c6f ',
  "trace id 129088c2 ip filter FORWARD rule counter packets 0 bytes 0 jump DOCKER-USER (verdict jump DOCKER-USER)",
  "trace id 129088c2 ip filter DOCKER-USER rule udp dport 9 counter packets 0 bytes 0 drop (verdict drop)",
];
const XTABLES = [
  "PACKET: 2 129088c2 IN=docker0 MACSRC=b6:a:72:17:e4:a0 MACDST=ae:7c:91:e6:74:bd MACPROTO=0800 SRC=172.17.0.2 DST=10.0.2.2 LEN=33 TOS=0x0 TTL=64 ID=61442 DF SPORT=55514 DPORT=9 ",
  " TRACE: 2 129088c2 raw:PREROUTING:rule:0x2:CONTINUE  -4 -t raw -A PREROUTING -j TRACE",
  " TRACE: 2 129088c2 raw:PREROUTING:policy:ACCEPT ",
  "PACKET: 2 129088c2 IN=docker0 OUT=enp0s3 MACSRC=b6:a:72:17:e4:a0 MACDST=ae:7c:91:e6:74:bd MACPROTO=0800 SRC=172.17.0.2 DST=10.0.2.2 LEN=33 TOS=0x0 TTL=63 ID=61442 DF SPORT=55514 DPORT=9 ",
  " TRACE: 2 129088c2 filter:FORWARD:rule:0x3:JUMP:DOCKER-USER  -4 -t filter -A FORWARD -j DOCKER-USER",
  " TRACE: 2 129088c2 filter:DOCKER-USER:rule:0x4:DROP  -4 -t filter -A DOCKER-USER -p udp -m udp --dport 9 -j DROP",
];
const DATAGRAM: Arrival = {
  ends: { src: "172.17.0.2", srcPort: 55_514, dst: "10.0.2.2", dstPort: 9 },
  ttl: 64,
  length: 33,
  ipId: 61_442,
};

/** A SYN over IPv6. */
const SYN: Arrival = {
  ends: { src: "fd01::2", srcPort: 55_604, dst: "fd02::2", dstPort: 81 },
  ttl: 64,
  length: 80,
  ipId: 0,
};

describe.each([
  ["nft monitor trace", NFT, "ip filter DOCKER-USER udp dport 9 drop"],
  ["xtables-monitor --trace", XTABLES, "-t filter -A DOCKER-USER -p udp -m udp --dport 9 -j DROP"],
])("%s", (_, lines, rule) => {
  it("names the rule that stopped a packet, once for each", () => {
    const trace = traceOf(...lines);
    expect(trace.stopOf(DATAGRAM)).toEqual({ rule, isRefusal: false });
    expect(trace.stopOf(DATAGRAM)).toBeUndefined();
    expect(trace.end()).toEqual([]);
  });

  it("names none for a packet that differs in what the trace shows", () => {
    const { ends } = DATAGRAM;
    for (const other of [
      { ttl: 63 },
      { length: 34 },
      { ipId: 61_443 },
      { ends: { ...ends, src: "172.17.0.3" } },
      { ends: { ...ends, dst: "10.0.2.3" } },
      { ends: { ...ends, srcPort: 1 } },
      { ends: { ...ends, dstPort: 10 } },
    ])
      expect(traceOf(...lines).stopOf({ ...DATAGRAM, ...other })).toBeUndefined();
  });

  it("names none where the trace ends before, or shows no packet", () => {
    expect(traceOf(...lines.slice(0, -1)).stopOf(DATAGRAM)).toBeUndefined();
    expect(traceOf(...lines.slice(4)).stopOf(DATAGRAM)).toBeUndefined();
  });

  it("knows a packet by what it was before it was routed, where the trace begins behind that", () => {
    const behind = lines.slice(3);
    expect(traceOf(...behind).stopOf(DATAGRAM)?.rule).toBe(rule);
    expect(traceOf(...behind).stopOf({ ...DATAGRAM, ttl: 63 })).toBeUndefined();
    // where it stays on its bridge, its TTL stays as well
    const bridged = behind.map((line) => line.replace("enp0s3", "docker0"));
    expect(traceOf(...bridged).stopOf({ ...DATAGRAM, ttl: 63 })?.rule).toBe(rule);
  });

  it("takes what has another id once it was routed, as with br_netfilter, for one packet", () => {
    const routed = lines.slice(3).map((line) => line.replace("129088c2", "5722024f"));
    const trace = traceOf(...lines.slice(0, 3), ...routed);
    expect([trace.stopOf(DATAGRAM)?.rule, trace.stopOf(DATAGRAM)]).toEqual([rule, undefined]);
    // a second one that only came in
    const again = lines.slice(0, 3).map((line) => line.replace("129088c2", "15d4b26c"));
    expect(traceOf(...lines.slice(0, 3), ...again, ...routed).stopOf(DATAGRAM)).toBeUndefined();
  });

  it("of packets that look alike, it tells what holds for all of them", () => {
    const again = lines.map((line) => line.replace("129088c2", "15d4b26c"));
    const twice = traceOf(...lines, ...again);
    expect([twice.stopOf(DATAGRAM)?.rule, twice.stopOf(DATAGRAM)?.rule]).toEqual([rule, rule]);
    expect(traceOf(...lines, ...again.slice(0, -1)).stopOf(DATAGRAM)).toBeUndefined();
    const elsewhere = again.map((line) =>
      line.replace("DOCKER-USER rule udp", "OTHER rule udp").replace("-p udp", "-p all"),
    );
    expect(traceOf(...lines, ...elsewhere).stopOf(DATAGRAM)).toBeUndefined();
  });

  it("takes an id for another packet where that differs", () => {
    const other = lines.map((line) => line.replace(/61442/, "61500"));
    const trace = traceOf(...lines.slice(0, -1), ...other);
    expect(trace.stopOf(DATAGRAM)).toBeUndefined();
    expect(trace.stopOf({ ...DATAGRAM, ipId: 61_500 })?.rule).toBe(rule);
  });
});

it("over IPv6, both tools' lengths are those of the whole packet; a chain's policy stops as a rule does, and REJECT says so", () => {
  const xtables = traceOf(
    "PACKET: 10 bb1ba70f IN=docker0 OUT=enp0s3 MACPROTO=86dd SRC=fd01::2 DST=fd02::2 LEN=60 TC=0 HOPLIMIT=63 FLOWLBL=860402 SPORT=55604 DPORT=81 SYN ",
    " TRACE: 10 bb1ba70f filter:FORWARD:policy:DROP ",
  );
  expect(xtables.stopOf(SYN)).toEqual({ rule: "filter FORWARD policy DROP", isRefusal: false });
  const nft = traceOf(
    'trace id bb1ba70f ip6 raw PREROUTING packet: iif "docker0" ip6 saddr fd01::2 ip6 daddr fd02::2 ip6 hoplimit 64 ip6 flowlabel 860402 ip6 length 40 tcp sport 55604 tcp dport 81 tcp flags == syn tcp window 64800 ',
    "trace id bb1ba70f ip6 filter FORWARD rule tcp dport 81 counter packets 0 bytes 0 reject (verdict drop)",
  );
  expect(nft.stopOf(SYN)).toEqual({ rule: "ip6 filter FORWARD tcp dport 81 reject", isRefusal: true });
  const policy = traceOf(
    'trace id bb1ba70f ip6 raw PREROUTING packet: iif "docker0" ip6 saddr fd01::2 ip6 daddr fd02::2 ip6 hoplimit 64 ip6 flowlabel 860402 ip6 length 40 tcp sport 55604 tcp dport 81 ',
    "trace id bb1ba70f ip6 filter FORWARD policy drop ",
  );
  expect(policy.stopOf(SYN)).toEqual({ rule: "ip6 filter FORWARD policy drop", isRefusal: false });
});

it("says of a rule that the monitor does not know that it came or went meanwhile", () => {
  const trace = traceOf(
    'trace id bb1ba70f ip6 raw PREROUTING packet: iif "docker0" ip6 saddr fd01::2 ip6 daddr fd02::2 ip6 hoplimit 64 ip6 flowlabel 860402 ip6 length 40 tcp sport 55604 tcp dport 81 ',
    "trace id bb1ba70f ip6 filter FORWARD unknown rule handle 89 (verdict drop)",
  );
  expect(trace.stopOf(SYN)?.rule).toBe("ip6 filter FORWARD handle 89, which came or went while it was traced");
});

it("says what such a rule says, once it was read", () => {
  const chain = "\tchain FORWARD { # handle 1\n\t\ttcp dport 81 counter packets 0 bytes 0 reject # handle 89\n\t}\n";
  const rules = new RuleHistory("");
  const trace = new Trace({ rules });
  trace.read(
    'trace id bb1ba70f ip6 raw PREROUTING packet: iif "docker0" ip6 saddr fd01::2 ip6 daddr fd02::2 ip6 hoplimit 64 ip6 flowlabel 860402 ip6 length 40 tcp sport 55604 tcp dport 81 ',
  );
  trace.read("trace id bb1ba70f ip6 filter FORWARD unknown rule handle 89 (verdict drop)");
  rules.take(`table ip6 filter { # handle 3\n${chain}}\n`, 1n, 2n);
  expect(trace.stopOf(SYN)).toEqual({ rule: "ip6 filter FORWARD tcp dport 81 reject", isRefusal: true });
});

it("says that who tells it ended before the run", () => {
  const trace = new Trace({ isLive: true });
  expect(trace.end()).toEqual([]);
  trace.cutOff();
  expect(trace.end()).toMatchObject([
    { code: "trace-unread", text: "nft monitor trace ended before the run: what came behind that was not traced" },
  ]);
});

it("says what could not be read, and where nothing was", () => {
  expect(traceOf("", "huh", "12:00:00 IP 1.2.3.4 > 5.6.7.8: ICMP").end()).toMatchObject([
    {
      code: "trace-unread",
      count: 2,
      text: "2 lines of the trace could not be read, the first is line 2; the trace has no packet",
    },
  ]);
});

it("whatever its lines are, they are read to the end", () => {
  const recorded = readFileSync(new URL("../../../fixtures/traced/trace.txt", import.meta.url), "utf8").split("\n");
  const line = fc.constantFrom(...recorded, ...XTABLES);
  const damaged = fc
    .tuple(line, fc.nat(400), fc.nat(20), fc.string({ maxLength: 20 }))
    .map(([text, at, many, by]) => text.slice(0, at) + by + text.slice(at + many));
  fc.assert(
    fc.property(fc.array(fc.oneof(line, damaged, fc.string()), { maxLength: 40 }), (lines) => {
      const trace = traceOf(...lines);
      expect(trace.stopOf(DATAGRAM)?.isRefusal ?? false).toBeTypeOf("boolean");
      for (const { count } of trace.end()) expect(count).toBeLessThanOrEqual(lines.length);
    }),
  );
});
