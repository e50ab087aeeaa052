import { describe, expect, it } from "vitest";
import { RuleBook } from "../../../src/host/rules/rules.js";
import type { Dropped } from "../../../src/packets/results/drops.js";
import { OUTSIDE } from "../../../src/packets/sides.js";
import { counted, dropped, filter, explained, found, ICMP, QUERY, snapshot, TCP, told } from "./drops.js";

const DROP = "-A FORWARD -s 172.17.0.3/32 -p udp -m udp --dport 53 -j DROP";

/** A snapshot's rules, of which the last dropped so many packets. */
const rulesAt = (packets: number, ...others: readonly string[]) => ({
  rules: { iptables: filter(...others.map((each) => `[1:1] ${each}`), `[${packets}:1] ${DROP}`) },
});

describe("a rule that matches what was dropped", () => {
  const three = [dropped(3, QUERY)];

  it("is named where its counter moved by as many", () => {
    const [finding, ...others] = found(three, counted({ iptables: filter(`[2→5:1] ${DROP}`) }));
    expect(finding).toMatchObject({
      code: "drop-rule",
      count: 3,
      rule: DROP,
      table: "ip filter",
      chain: "FORWARD",
      counted: 3,
      text: `a rule in FORWARD (ip filter) matches them, and counted 3 between the snapshots: ${DROP}`,
    });
    expect(others).toEqual([]);
  });

  it("is named with how many others it counted", () => {
    const [finding] = found(three, counted({ iptables: filter(`[2→9:1] ${DROP}`) }));
    expect(finding.text).toContain("counted 7 between the snapshots, 4 of them others: ");
  });

  it.each([
    ["did not move", "2→2", ""],
    ["moved by less", "2→4", `${DROP} may have dropped 2 of 3, by its counter`],
  ])("is not named where its counter %s", (_, counter, doubt) => {
    const findings = found(three, counted({ iptables: filter(`[${counter}:1] ${DROP}`) }));
    expect(told(findings)).toEqual(["drop-unexplained 3"]);
    expect(findings[0].text).toContain(doubt);
  });

  it("is none of what came by another of the captured bridges, whose packets it counts", () => {
    const rule = "-A FORWARD -i br-app -p udp --dport 53 -j DROP";
    const fromApp = dropped(5, { ...QUERY, src: "172.30.0.3" }, { source: 1 });
    const names = [["docker0", "br-app"], ["enp0s3"]] as const;
    const snapshots = counted({ iptables: filter(`[0→5:1] ${rule}`) });
    expect(told(found([...three, fromApp], snapshots, {}, names))).toEqual([
      `drop-rule 5 ${rule}`,
      "drop-unexplained 3",
    ]);
  });

  it("is held against all that it matches", () => {
    const drops = [...three, dropped(2, { ...QUERY, srcPort: 5354 })];
    expect(told(found(drops, counted({ iptables: filter(`[0→4:1] ${DROP}`) })))).toEqual(["drop-unexplained 5"]);
    expect(told(found(drops, counted({ iptables: filter(`[0→5:1] ${DROP}`) })))).toEqual([`drop-rule 5 ${DROP}`]);
  });

  it("counts from 0 where it was put there once more", () => {
    expect(told(found(three, counted({ iptables: filter(`[9→3:1] ${DROP}`) })))).toEqual([`drop-rule 3 ${DROP}`]);
  });

  it("is possibly the one where it was put there meanwhile", () => {
    const snapshots = [snapshot(100), snapshot(110, { rules: { iptables: filter(`[3:1] ${DROP}`) } })];
    expect(told(found(three, snapshots))).toEqual([`drop-rule 3 possibly ${DROP}`]);
  });

  it.each([
    ["another one is new that is not about them", "-A FORWARD -i br-app -j ACCEPT", DROP],
    [
      "another one before it is new that may accept them",
      "-A FORWARD -m string --string x --algo bm -j ACCEPT",
      `possibly ${DROP}`,
    ],
  ])("is named where %s", (_, other, rule) => {
    const added = [snapshot(100, rulesAt(2)), snapshot(110, rulesAt(5, other))];
    const removed = [snapshot(100, rulesAt(2, other)), snapshot(110, rulesAt(5))];
    for (const snapshots of [added, removed]) expect(told(found(three, snapshots))).toEqual([`drop-rule 3 ${rule}`]);
  });

  it("is possibly the one where it asks for what nobody can tell, as one behind it is then: both are named", () => {
    const limited = "-A FORWARD -p udp -m string --string x --algo bm -j DROP";
    const possible = (counter: string): string[] =>
      told(found(three, counted({ iptables: filter(`[${counter}:1] ${limited}`, `[0→3:1] ${DROP}`) })));
    expect(possible("0→5")).toEqual([`drop-rule 3 possibly ${limited}`, `drop-rule 3 possibly ${DROP}`]);
    // what counted nothing was met by nothing
    expect(possible("7→7")).toEqual([`drop-rule 3 ${DROP}`]);
    // of one that was set back, that is not known
    expect(possible("7→0")).toEqual([`drop-rule 3 possibly ${DROP}`]);
  });

  it.each([
    ["where another one before it accepts", ["[0:0] -A FORWARD -i docker0 -j ACCEPT", `[0→3:1] ${DROP}`]],
    ["where it is about another bridge", ["[0→3:1] -A FORWARD -i docker0 -o br-app -j DROP"]],
    ["where it is about another address", ["[0→3:1] -A FORWARD -s 172.17.0.4/32 -j DROP"]],
  ])("is none %s", (_, lines) => {
    expect(told(found(three, counted({ iptables: filter(...lines) })))).toEqual(["drop-unexplained 3"]);
  });

  it.each([
    ["what a chain does to what no rule decides about", "-P FORWARD DROP", filter(":FORWARD DROP [0→3:1]")],
    [
      "what it does to what returns from it",
      "-P FORWARD DROP",
      filter(":FORWARD DROP [0→3:1]", "[0→3:1] -A FORWARD -p udp -j RETURN"),
    ],
    [
      "in another table",
      "-A PREROUTING -i docker0 -j DROP",
      ["*raw", "[0→3:1] -A PREROUTING -i docker0 -j DROP", "COMMIT"],
    ],
    [
      "in a chain that others jump to",
      "-A X -j REJECT",
      filter("-A FORWARD ! -o docker0 -j X", "[0→3:1] -A X -j REJECT"),
    ],
  ])("may be %s", (_, rule, lines) => {
    expect(told(found(three, counted({ iptables: lines })))).toEqual([`drop-rule 3 ${rule}`]);
  });

  it("is asked by the interface that the route leads to", () => {
    const isolation = filter("-A FORWARD -i docker0 ! -o docker0 -j STAGE-2", "[0→2:1] -A STAGE-2 -o br-app -j DROP");
    const across = [dropped(2, { ...QUERY, dst: "172.30.0.2" })];
    expect(told(found(across, counted({ iptables: isolation })))).toEqual(["drop-rule 2 -A STAGE-2 -o br-app -j DROP"]);
  });
});

const ns = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n;

/** Rules that were read at some second, and held until another one. */
type Read = readonly [fromS: number, toS: number, ...rules: string[]];

/** The rules as they were read at some seconds, each time until when they held. */
const read = (...readings: readonly Read[]) =>
  readings.map(([fromS, toS, ...rules]) => {
    const [askedNs, heldNs] = [ns(fromS), ns(toS)];
    const reading = { text: filter(...rules).join("\n"), askedNs, answeredNs: askedNs, heldNs };
    return { book: new RuleBook(reading.text), first: reading, last: reading };
  });
/** Three queries that were dropped between these seconds. */
const at = (firstS: number, lastS: number, more: Partial<Dropped> = {}) =>
  dropped(3, QUERY, { firstNs: ns(firstS), lastNs: ns(lastS), ...more });

describe("a rule that came and went between two snapshots, and was read meanwhile", () => {
  const none = { rules: { iptables: filter("[0:0] -A FORWARD -i br-app -j ACCEPT") } };
  const snapshots = [snapshot(100, none), snapshot(110, none)];
  const OTHER = "-A FORWARD -i br-app -j ACCEPT";
  const foundIn = (kind: Dropped, ...readings: readonly Read[]) =>
    found([kind], snapshots, {}, undefined, read(...readings));

  it("is named for what was dropped while it stood, with that time, and what it counted until it was read last", () => {
    const [finding, ...others] = foundIn(
      at(103, 106),
      [101, 101, OTHER],
      [102, 107, OTHER, `[1:1] ${DROP}`],
      [108, 108, OTHER],
    );
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      rule: DROP,
      counted: 1,
      text: `a rule in FORWARD (ip filter) matches them, was there by 00:01:42 and gone by 00:01:48, and counted 1 until it was read last: ${DROP}`,
    });
  });

  it("is named for what was not seen to be dropped, where it surely stood then", () => {
    const readings = [
      [101, 101, OTHER],
      [102, 107, OTHER, `[1:1] ${DROP}`],
      [108, 108, OTHER],
    ] as const;
    const open = { fate: "unpaired" } as const;
    expect(told(foundIn(at(103, 106, open), ...readings))).toEqual([`drop-rule 3 ${DROP}`]);
    // it counted one of them until it was read last: that it stopped all of them, it does not tell
    const kind = at(103, 106, open);
    expect(explained([kind], snapshots, {}, undefined, read(...readings)).stopped.size).toBe(0);
    const counting = [readings[0], [102, 107, OTHER, `[3:1] ${DROP}`], readings[2]] as const;
    expect(explained([kind], snapshots, {}, undefined, read(...counting)).stopped.has(kind)).toBe(true);
    expect(told(foundIn(at(103, 108, open), ...readings))).toEqual([]);
  });

  it.each([
    ["possibly the one where it may have come behind them", [101, 104], `drop-rule 3 possibly ${DROP}`],
    ["no ground for what was dropped before", [100, 101], "drop-unexplained 3"],
    ["no ground for what was dropped behind it", [109, 110], "drop-unexplained 3"],
  ])("is %s", (_, [firstS, lastS], line) => {
    const kind = at(firstS, lastS);
    expect(told(foundIn(kind, [101, 101, OTHER], [102, 107, OTHER, `[4:1] ${DROP}`], [108, 110, OTHER]))).toEqual([
      line,
    ]);
  });

  it("is none where it counted nothing, and may not have stood", () => {
    const kind = at(101, 104);
    expect(told(foundIn(kind, [101, 101, OTHER], [102, 107, OTHER, `[0:0] ${DROP}`], [108, 110, OTHER]))).toEqual([
      "drop-unexplained 3",
    ]);
  });

  it("is none behind one that accepts", () => {
    const accept = "-A FORWARD -p udp -j ACCEPT";
    const readings = [
      [101, 101, OTHER],
      [102, 107, OTHER, accept, `[9:1] ${DROP}`],
      [108, 110, OTHER],
    ] as const;
    expect(told(foundIn(at(103, 106), ...readings))).toEqual(["drop-unexplained 3"]);
  });

  it("is told by the time in which the packets were dropped, where it stood several times", () => {
    const standing = (from: number, to: number) => [from, to, OTHER, `[5:1] ${DROP}`] as const;
    const [finding] = foundIn(
      at(107, 108),
      [101, 101, OTHER],
      standing(102, 103),
      [104, 105, OTHER],
      standing(106, 109),
    );
    expect(finding.text).toContain("was there by 00:01:46 and gone by 00:01:50, and counted 10 until");
  });

  it("that stands to the end is certain from when it was read", () => {
    const end = { rules: { iptables: filter(OTHER, `[3:1] ${DROP}`) } };
    const both = [snapshot(100, none), snapshot(110, end)];
    const readings = read([101, 101, OTHER], [102, 109, OTHER, `[0:0] ${DROP}`]);
    expect(told(found([at(103, 106)], both, {}, undefined, readings))).toEqual([`drop-rule 3 ${DROP}`]);
    expect(told(found([at(103, 106)], both))).toEqual([`drop-rule 3 possibly ${DROP}`]);
  });
});

describe("what nobody answered that was to come to a published port", () => {
  const called = { src: "10.0.2.2", srcPort: 5000, dst: "10.0.2.15", dstPort: 90 };
  const packets = (count: number, dstPort = 90, more: Partial<Dropped> = {}) =>
    dropped(count, { ...called, dstPort }, { side: OUTSIDE, fate: "unanswered", proto: TCP, ...more });
  const DNAT = "-A PREROUTING -p tcp -m tcp --dport 90 -j DNAT --to-destination 172.17.0.6:80";
  const CLOSING = "-A DOCKER-USER -d 172.17.0.6/32 -p tcp -m tcp --dport 80 -j DROP";
  const withRule = (counter: string, ...before: readonly string[]) =>
    counted({
      iptables: [
        "*nat",
        DNAT,
        "COMMIT",
        ...filter(...before, "-A FORWARD -j DOCKER-USER", `[${counter}:1] ${CLOSING}`),
      ],
    });

  it("was dropped by a rule that matches it, and counted as many", () => {
    expect(told(found([packets(3)], withRule("1→4")))).toEqual([`drop-rule 3 ${CLOSING}`]);
  });

  it("is told nothing of where that is not so", () => {
    expect(found([packets(3)], withRule("1→3"))).toEqual([]);
    expect(found([packets(3)], withRule("1→4", "-A FORWARD -m string --string x --algo bm -j DROP"))).toEqual([]);
    // the host's own
    expect(found([packets(3, 91)], withRule("1→4"))).toEqual([]);
  });

  it("was dropped by it, too, where nothing else tells that they are of this host than the interface that they came in by", () => {
    const unpaired = [packets(3, 90, { fate: "unpaired" })];
    expect(told(found(unpaired, withRule("1→4"), {}, [["docker0"], ["enp0s3"]]))).toEqual([`drop-rule 3 ${CLOSING}`]);
    expect(found(unpaired, withRule("1→4"), {}, [["docker0"], [""]])).toEqual([]);
    // what was seen where it left has passed all rules
    expect(found(unpaired, withRule("1→4"), {}, [["enp0s3"], ["docker0"]])).toEqual([]);
  });

  it("takes no ground away from what was dropped for certain", () => {
    const crossed = packets(2, 90, { fate: "dropped" });
    expect(told(found([crossed, packets(3)], withRule("1→4")))).toEqual([`drop-rule 2 ${CLOSING}`]);
    expect(told(found([crossed, packets(3)], withRule("1→6")))).toEqual([`drop-rule 5 ${CLOSING}`]);
  });
});

/** Snapshots of a host that translates, by these rules. */
const withNat = (lines: readonly string[], ...nat: readonly string[]) =>
  counted({ iptables: [...lines, "*nat", ...nat, "COMMIT"] });

it("is shown by iptables-legacy where it stands beside the rules of an iptables that keeps them in nft's tables", () => {
  const legacy = ["# Generated by iptables-save v1.8.9", "*filter", `[2→5:1] ${DROP}`, "COMMIT"];
  const both = [...filter("[0:0] -A INPUT -j ACCEPT"), ...legacy];
  const [beside, alone] = [both, legacy].map((iptables) => found([dropped(3, QUERY)], counted({ iptables }))[0]);
  expect(beside.text).toContain("a rule in FORWARD (ip filter, of iptables-legacy) matches them");
  expect(beside.hint).toContain("; iptables-legacy -vnL FORWARD shows what it counts");
  expect(beside.table).toBe("ip filter");
  expect(alone.hint).toContain("; iptables -vnL FORWARD shows what it counts");
});

describe("a rule that drops what conntrack calls INVALID", () => {
  const RULE = "-A FORWARD -m conntrack --ctstate INVALID -j DROP";
  const ENDS = { src: "172.17.0.3", srcPort: 45_555, dst: "180.101.49.11", dstPort: 80 };
  const stray = (more: Partial<Dropped> = {}) =>
    dropped(3, ENDS, { proto: TCP, mayOpen: false, isStray: true, ...more });
  const OTHERS =
    "tcp 6 9 ESTABLISHED src=172.17.0.9 dst=10.0.2.2 sport=5 dport=80 src=10.0.2.2 dst=10.0.2.15 sport=80 dport=5";
  const ITS = OTHERS.replace("172.17.0.9", ENDS.src)
    .replaceAll("10.0.2.2 ", `${ENDS.dst} `)
    .replaceAll("port=5", "port=45555");
  /** What is found by these rules, where conntrack has these entries in both snapshots, if that is told. */
  const named = (drops: readonly Dropped[], entries?: readonly string[], rules = [`[1→4:1] ${RULE}`]) => {
    const conntrack = entries === undefined ? {} : { entries, more: 0 };
    const at = (seconds: number, moment: string) => {
      const lines = rules.map((rule) => rule.replace(/(\d+)→(\d+)/, moment));
      return snapshot(seconds, { rules: { iptables: [...filter(...lines), "*nat", "COMMIT"] }, conntrack });
    };
    return told(found(drops, [at(100, "$1"), at(110, "$2")]));
  };

  it("is named for resets of which conntrack has no entry, before and after", () => {
    expect(named([stray()], [OTHERS])).toEqual([`drop-rule 3 ${RULE}`]);
  });

  it.each([
    ["conntrack has an entry of theirs", [stray()], [ITS]],
    ["what conntrack has is not known", [stray()], undefined],
    [
      "a segment before them may have made an entry that is gone",
      [stray(), dropped(1, ENDS, { proto: TCP, isTold: true })],
      [OTHERS],
    ],
    ["they are of a conversation", [stray({ isStray: false, beyond: ENDS })], [OTHERS]],
  ])("is possibly the one where %s", (_, drops, entries) => {
    expect(named(drops, entries)).toEqual([`drop-rule 3 possibly ${RULE}`]);
  });

  it("leaves it open where such packets go by their addresses, unless it is known that they are of no conversation", () => {
    const rule = "-A FORWARD -d 180.101.49.11/32 -j DROP";
    expect(named([stray()], [ITS], [`[1→4:1] ${rule}`])).toEqual([`drop-rule 3 possibly ${rule}`]);
    expect(named([stray()], [OTHERS], [`[1→4:1] ${rule}`])).toEqual([`drop-rule 3 ${rule}`]);
  });

  it("is not named for what makes an entry where there is none: echo requests and datagrams", () => {
    const echo = { proto: ICMP, isEchoRequest: true, mayOpen: false, beyond: { ...ENDS, src: "10.0.2.15" } };
    expect(named([dropped(3, { src: ENDS.src, dst: ENDS.dst, icmpId: 7 }, echo)], [OTHERS])).toEqual([
      "drop-unexplained 3",
    ]);
    expect(named([dropped(3, QUERY, { mayOpen: false, beyond: { ...QUERY, src: "10.0.2.15" } })])).toEqual([
      "drop-unexplained 3",
    ]);
  });

  it("lets through what it does not match to the rules behind it", () => {
    const last = "-A FORWARD -p udp -j DROP";
    expect(named([dropped(3, QUERY)], [OTHERS], [`[1→9:1] ${RULE}`, `[1→4:1] ${last}`])).toEqual([
      `drop-rule 3 ${last}`,
    ]);
  });
});

describe("what goes to the host itself", () => {
  const called = { src: "10.0.2.2", srcPort: 50_000, dst: "10.0.2.15", dstPort: 8099 };
  const fromFar = (more: Partial<Dropped> = {}) =>
    dropped(3, called, { side: OUTSIDE, fate: "unanswered", proto: TCP, ...more });
  const fromNear = (more: Partial<Dropped> = {}) =>
    dropped(3, { ...called, src: "172.17.0.3", dst: "172.17.0.1" }, { fate: "bridged", proto: TCP, ...more });
  const DROPPING = "-A INPUT -p tcp -m tcp --dport 8099 -j DROP";
  const REJECTING = "-A INPUT -p tcp -m tcp --dport 8099 -j REJECT --reject-with icmp-port-unreachable";
  const STATES = "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";

  it.each([
    ["a rule of INPUT", DROPPING, filter(`[1→4:1] ${DROPPING}`)],
    ["one behind those that ask for a state", DROPPING, filter(`[3→9:1] ${STATES}`, `[1→4:1] ${DROPPING}`)],
    ["its policy", "-P INPUT DROP", filter(":INPUT DROP [1→4:1]", `[3→9:1] ${STATES}`)],
    [
      "one of mangle's",
      "-A PREROUTING -d 10.0.2.0/24 -j DROP",
      ["*mangle", "[1→4:1] -A PREROUTING -d 10.0.2.0/24 -j DROP", "COMMIT"],
    ],
  ])("was dropped by %s", (_, rule, lines) => {
    expect(told(found([fromFar()], withNat(lines)))).toEqual([`drop-rule 3 ${rule}`]);
    expect(told(found([fromFar({ fate: "unpaired" })], withNat(lines)))).toEqual([`drop-rule 3 ${rule}`]);
  });

  it("was dropped by one of nft's, in input", () => {
    const nft = [
      "table inet fw {",
      "chain i {",
      "type filter hook input priority filter; policy drop;",
      "ct state established,related accept",
      'iifname "docker0" tcp dport 8099 counter packets 1→4 bytes 9 drop',
      "}",
      "}",
    ];
    const [finding, ...others] = found([fromNear()], counted({ iptables: ["*nat", "COMMIT"], nft }));
    expect(finding).toMatchObject({ code: "drop-rule", table: "inet fw", chain: "i", counted: 3, isOfOthers: true });
    expect(others).toEqual([]);
  });

  it("has no say in what dropped others: a rule that may have dropped it is none to doubt", () => {
    const nft = ["table inet fw {", "chain i {", "type filter hook input priority 0; policy drop;", "}", "}"];
    const [finding, ...others] = found([fromFar(), dropped(1, QUERY)], counted({ iptables: ["*nat", "COMMIT"], nft }));
    expect(finding).toMatchObject({ code: "drop-unexplained", count: 1 });
    expect(finding.text).not.toContain("fw");
    expect(others).toEqual([]);
  });

  it("was refused by the rule that rejects, and by none that says something else", () => {
    const refused = [fromFar({ fate: "refused", refusal: "port-unreachable" })];
    expect(told(found(refused, withNat(filter(`[1→4:1] ${REJECTING}`))))).toEqual([`drop-rule 3 ${REJECTING}`]);
    const reset = [fromFar({ fate: "refused", refusal: "host-refuses" })];
    expect(found(reset, withNat(filter(`[1→4:1] ${REJECTING}`)))).toEqual([]);
  });

  it("may be a container's, to the host's address on its bridge", () => {
    const snapshots = withNat(filter(`[1→4:1] ${DROPPING.replace("-p", "-i docker0 -p")}`));
    expect(told(found([fromNear()], snapshots))).toEqual([`drop-rule 3 ${DROPPING.replace("-p", "-i docker0 -p")}`]);
    expect(found([fromNear()], snapshots, {}, [[""], ["enp0s3"]])).toEqual([]);
    expect(found([fromNear()], snapshots, {}, [["br-app"], ["enp0s3"]])).toEqual([]);
  });

  it.each([
    ["it counted less", fromFar(), filter(`[1→3:1] ${DROPPING}`), ""],
    ["it is one of FORWARD", fromFar(), filter(`[1→4:1] ${DROPPING.replace("INPUT", "FORWARD")}`), ""],
    ["it is about a new port, which a rule redirects to", fromFar(), filter(`[1→4:1] ${DROPPING}`), "REDIRECT"],
    ["a rule sends it inside", fromFar(), filter(`[1→4:1] ${DROPPING}`), "DNAT --to-destination 172.17.0.2:80"],
    [
      "they may be answers, which their translation sends on",
      fromFar({ proto: 17, isFromOpener: false }),
      filter(`[1→4:1] -A INPUT -j DROP`),
      "",
    ],
    [
      "their conversation may be older, and a rule before asks for that",
      fromFar({ proto: 17 }),
      filter(`[3→9:1] ${STATES}`, `[1→4:1] -A INPUT -j DROP`),
      "",
    ],
  ])("has no rule where %s", (_, kind, lines, target) => {
    const nat = target === "" ? [] : [`-A PREROUTING -p tcp -m tcp --dport 8099 -j ${target}`];
    expect(found([kind], withNat(lines, ...nat))).toEqual([]);
  });

  it("has one for datagrams behind a rule that asks for a state, where conntrack has no entry of theirs, before or after", () => {
    const query = { ...called, src: "172.17.0.3", dst: "172.17.0.1", dstPort: 53 };
    const ENTRY =
      "udp 17 29 src=172.17.0.3 dst=172.17.0.1 sport=50000 dport=53 src=172.17.0.1 dst=172.17.0.3 sport=53 dport=50000 mark=0 use=1";
    // begun by the host
    const TURNED =
      "udp 17 29 src=172.17.0.1 dst=172.17.0.3 sport=53 dport=50000 src=172.17.0.3 dst=172.17.0.1 sport=50000 dport=53 mark=0 use=1";
    const others = { entries: [ENTRY.replaceAll("50000", "50001")], more: 0 };
    const DROP_ALL = "-A INPUT -j DROP";
    const rules = (count: number) => ({
      rules: { iptables: [...filter(`[${2 * count}:1] ${STATES}`, `[${count}:1] ${DROP_ALL}`), "*nat", "COMMIT"] },
    });
    const named = (before?: object, after: object = others, more: Partial<Dropped> = {}): string[] => {
      const snapshots = [
        snapshot(100, { ...rules(1), conntrack: before }),
        snapshot(110, { ...rules(4), conntrack: after }),
      ];
      return told(found([dropped(3, query, { fate: "bridged", ...more })], snapshots));
    };
    expect(named(others)).toEqual([`drop-rule 3 ${DROP_ALL}`]);
    for (const entry of [ENTRY, TURNED]) {
      expect(named({ entries: [entry], more: 0 })).toEqual([]);
      expect(named(others, { entries: [entry], more: 0 })).toEqual([]);
    }
    expect(named({ ...others, more: 1 })).toEqual([]);
    expect(named()).toEqual([]);
    expect(named(others, {})).toEqual([]);
    // somebody may have answered what was seen in part
    expect(named(others, others, { fate: "unpaired" })).toEqual([]);
  });

  it("has none where it is of an IP version whose translations are not known", () => {
    expect(found([fromFar()], counted({ iptables: filter(`[1→4:1] ${DROPPING}`) }))).toEqual([]);
  });
});

describe("nft's rules", () => {
  const three = [dropped(3, QUERY)];
  const hooked = "type filter hook forward priority filter; policy accept;";
  const counting = "ip saddr 172.17.0.3 udp dport 53 counter packets 1→4 bytes 1 drop";

  it("are named by their counters", () => {
    const [finding] = found(three, counted({ nft: ["table inet fw {", "chain f {", hooked, counting, "}", "}"] }));
    expect(finding).toMatchObject({
      code: "drop-rule",
      rule: "ip saddr 172.17.0.3 udp dport 53 drop",
      table: "inet fw",
      chain: "f",
      counted: 3,
    });
  });

  it.each([
    ["has no counter", "ip saddr 172.17.0.3 drop"],
    ["counts more than what it drops", "counter packets 1→9 bytes 1 ip saddr 172.17.0.3 drop"],
    ["has a counter that is not printed", "ip saddr 172.17.0.3 counter drop"],
    ["is one of a map", "ip saddr 172.17.0.3 counter packets 1→9 bytes 1 udp dport vmap { 53 : drop }"],
  ])("are named as possible where one certainly matches, and %s", (_, rule) => {
    const snapshots = counted({ nft: ["table inet fw {", "chain f {", hooked, rule, "}", "}"] });
    for (const fate of ["dropped", "unanswered", "unpaired"] as const) {
      const explanation = explained([dropped(3, QUERY, { fate })], snapshots);
      expect(told(explanation.findings)).toEqual([expect.stringMatching(/^drop-rule 3 possibly /)]);
      expect(explanation.findings[0].text).toMatch(/matches them, and has no counter that tells how many it stopped: /);
      expect(explanation.stopped.size).toBe(0);
    }
  });

  it("are doubted where one may match, and has no counter", () => {
    const rule = "ip saddr 172.17.0.3 meta skuid 7 drop";
    const findings = found(three, counted({ nft: ["table inet fw {", "chain f {", hooked, rule, "}", "}"] }));
    expect(told(findings)).toEqual(["drop-unexplained 3"]);
    expect(findings[0].text).toMatch(/; inet fw f \S.* may have dropped some, and does not count$/);
  });

  it("are doubted of those packets that one may match, though it certainly matches others", () => {
    const nft = [
      "table inet fw {",
      "chain f {",
      hooked.replace("accept", "drop"),
      "ct state established accept",
      "}",
      "}",
    ];
    const syn = dropped(1, { ...QUERY, dstPort: 80 }, { proto: TCP });
    const findings = found([syn, ...three], counted({ nft }));
    expect(told(findings)).toEqual(["drop-rule 1 possibly policy drop", "drop-unexplained 3"]);
    expect(findings[1].text).toMatch(/; inet fw f policy drop may have dropped some, and does not count$/);
  });

  it.each([
    [["table bridge lxd {", "chain c {", 'iifname "veth1" drop', "}", "}"], "bridge lxd"],
    [
      [
        "table bridge x {",
        "chain c {",
        "ip saddr @bad drop",
        "}",
        "}",
        "table bridge y {",
        "chain c {",
        "reject",
        "}",
        "}",
      ],
      "bridge x, bridge y",
    ],
  ])("may be some that are not followed", (nft, names) => {
    const [finding] = found(three, counted({ nft }));
    expect(finding.text).toContain(`natcorr does not follow rules of ${names}, and some of these drop`);
  });

  it("are none to mention where they are not followed and drop nothing", () => {
    const nft = ["table bridge lxd {", "chain c {", 'log prefix "drop" accept', "}", "}"];
    expect(found(three, counted({ nft }))[0].text).not.toContain("bridge");
  });

  it("are not named once more where they are iptables'", () => {
    const nft = ["table ip filter {", "chain FORWARD {", hooked, counting, "}", "}"];
    const iptables = filter(`[1→4:1] ${DROP}`);
    expect(told(found(three, counted({ iptables, nft })))).toEqual([`drop-rule 3 ${DROP}`]);
    // of iptables' own, in another place of the kernel
    const legacy = iptables.filter((line) => !line.startsWith("#"));
    const own = [`[1→4:1] ${DROP.replace("udp --dport 53", "string --string x")}`];
    expect(told(found(three, counted({ iptables: [...legacy.slice(0, 1), ...own, "COMMIT"], nft })))).toHaveLength(2);
  });
});

const CALL = { src: "10.0.2.2", srcPort: 5000, dst: "10.0.2.15", dstPort: 88 };
/** Rules that publish port 88, behind others. */
const publishing = (...lines: readonly string[]): string[] => [
  ...lines,
  "*nat",
  "-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80",
  "-A PREROUTING -p udp -m addrtype --dst-type LOCAL -m udp --dport 88 -j DNAT --to-destination 172.17.0.2:80",
  "COMMIT",
];

describe("a rule that asks for the ends that a conversation had at first", () => {
  const called = [dropped(2, CALL, { proto: TCP, side: OUTSIDE })];

  it.each([
    "--ctorigdstport 88 --ctdir ORIGINAL",
    "--ctorigdst 10.0.2.15/32 --ctorigdstport 80:90 ! --ctdir REPLY",
    "--ctproto 6 --ctorigsrc 10.0.2.2/32 --ctorigsrcport 5000",
  ])("matches what comes to a published port: %s", (asked) => {
    const rule = `-A FORWARD -m conntrack ${asked} -j DROP`;
    expect(told(found(called, counted({ iptables: publishing(...filter(`[0→2:1] ${rule}`)) })))).toEqual([
      `drop-rule 2 ${rule}`,
    ]);
  });

  it.each(["--ctorigdstport 80", "--ctorigdst 172.17.0.2/32", "--ctdir REPLY"])("is none: %s", (asked) => {
    const rule = `-A FORWARD -m conntrack ${asked} -j DROP`;
    const snapshots = counted({ iptables: publishing(...filter(`[0→2:1] ${rule}`)) });
    expect(told(found(called, snapshots))).toEqual(["drop-unexplained 2"]);
  });

  it.each([
    ["is one of nft's", dropped(2, CALL, { proto: TCP, side: OUTSIDE }), "drop-rule 2 "],
    ["is about datagrams that a rule translates", dropped(2, CALL, { side: OUTSIDE }), "drop-rule 2 "],
    [
      "is about datagrams that may be answers",
      dropped(2, { ...CALL, dst: "172.17.0.2" }, { side: OUTSIDE }),
      "drop-rule 2 possibly ",
    ],
    ["is about what a bridge may show translated", dropped(2, CALL, { proto: TCP }), "drop-rule 2 possibly "],
  ])("%s", (_, kind, line) => {
    const words = `ct original ip daddr ${kind.ends.dst} ct original proto-dst 88 ct direction original counter packets 0→2 bytes 9 drop`;
    const nft = [
      "table inet q {",
      "chain f {",
      "type filter hook forward priority -5; policy accept;",
      words,
      "}",
      "}",
    ];
    expect(told(found([kind], counted({ iptables: publishing(), nft })))[0]).toMatch(new RegExp(`^${line}ct original`));
  });
});

describe("a rule that asks for a mark which another one gave before", () => {
  const called = [dropped(2, CALL, { proto: TCP, side: OUTSIDE })];
  const rule = "-A FORWARD -m mark --mark 0x5 -j DROP";
  const marking = (mark: string): string[] => [
    "*mangle",
    `-A PREROUTING -p tcp -m tcp --dport 88 -j MARK --set-xmark ${mark}`,
    "COMMIT",
    ...filter(`[0→2:1] ${rule}`),
  ];

  it.each([
    ["matches", publishing(...marking("0x5/0xffffffff")), `drop-rule 2 ${rule}`],
    ["is none of another mark", publishing(...marking("0x7/0xffffffff")), "drop-unexplained 2"],
    ["may match where other bits are not known", publishing(...marking("0x5/0xff")), `drop-rule 2 possibly ${rule}`],
    [
      "may match where a rule that translates gives marks",
      publishing(...marking("0x5/0xffffffff")).toSpliced(-1, 0, "-A PREROUTING -j MARK --set-xmark 0x8/0xffffffff"),
      `drop-rule 2 possibly ${rule}`,
    ],
  ])("%s", (_, iptables, line) => {
    expect(told(found(called, counted({ iptables })))).toEqual([line]);
  });
});

describe("what a translation makes of a packet", () => {
  const published = [dropped(2, CALL, { proto: TCP, side: OUTSIDE })];
  const inward = "-A FORWARD -d 172.17.0.2/32 -o docker0 -p tcp -m tcp --dport 80 -j DROP";

  it.each([
    ["is what the rules behind it are asked about", "172.17.0.2:80", `drop-rule 2 ${inward}`],
    ["is not known where it may be several", "172.17.0.2-172.17.0.9:80", "drop-unexplained 2"],
  ])("%s", (_, to, line) => {
    const nat = `-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 88 -j DNAT --to-destination ${to}`;
    const iptables = [...filter(`[0→2:1] ${inward}`), "*nat", nat, "COMMIT"];
    expect(told(found(published, counted({ iptables })))).toEqual([line]);
  });

  it("is known of a flow", () => {
    const from = { src: "180.101.49.11", srcPort: 53 };
    const beyond = { ...from, dst: "172.17.0.3", dstPort: 5353 };
    const answer = dropped(2, { ...from, dst: "10.0.2.15", dstPort: 5353 }, { side: OUTSIDE, mayOpen: false, beyond });
    const inbound = "-A FORWARD -d 172.17.0.3/32 -i enp0s3 -o docker0 -j DROP";
    const snapshots = counted({ iptables: filter(`[0→2:1] ${inbound}`) });
    expect(told(found([answer], snapshots))).toEqual([`drop-rule 2 ${inbound}`]);
    expect(told(found([{ ...answer, beyond: undefined }], snapshots))).toEqual(["drop-unexplained 2"]);
  });
});

describe("where captures do not tell what their interfaces are called", () => {
  const rule = "-A FORWARD -i docker0 -o enp0s3 -p udp -j DROP";
  const snapshots = counted({ iptables: filter(`[0→3:1] ${rule}`) });

  it.each([
    ["the routes of what crossed do", ["172.17.0.2", "172.17.0.9"], rule],
    ["they may be any where nothing crossed", [], `possibly ${rule}`],
    ["they may be any where those lead to several", ["172.17.0.2", "172.30.0.2"], `possibly ${rule}`],
  ])("%s", (_, behind, named) => {
    const reached = [new Set(behind), new Set<string>()] as const;
    expect(told(found([dropped(3, QUERY)], snapshots, { reached }, [[""], [""]]))).toEqual([`drop-rule 3 ${named}`]);
  });
});

/** A chain of an interface's own, with a rule whose counter moves. */
const hooked = (place: string): string[] => [
  "table netdev t {",
  "\tchain c {",
  `\t\ttype filter hook ${place} priority filter; policy accept;`,
  "\t\tudp dport 53 counter packets 0→3 bytes 1 drop",
  "\t}",
  "}",
];

describe("a rule of an interface's own", () => {
  it.each(["ingress device docker0", 'ingress devices = { "docker1", "docker0" }', 'egress device "enp0s3"'])(
    "is named: %s",
    (place) => {
      const findings = found([dropped(3, QUERY, { beyond: QUERY })], counted({ nft: hooked(place) }));
      expect(told(findings)).toEqual(["drop-rule 3 udp dport 53 drop"]);
      expect(findings[0]).toMatchObject({ table: "netdev t", chain: "c" });
    },
  );

  it.each(["ingress device enp0s3", "egress device docker0", "input"])("is not, of others: %s", (place) => {
    const snapshots = counted({ nft: hooked(place) });
    expect(told(found([dropped(3, QUERY, { beyond: QUERY })], snapshots))).toEqual(["drop-unexplained 3"]);
  });

  describe("sees what leaves as it is translated", () => {
    const PING = { src: QUERY.src, dst: QUERY.dst, icmpId: 7 };
    const ping = (more: Partial<Dropped> = {}) => dropped(3, PING, { proto: ICMP, isEchoRequest: true, ...more });
    const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
    /** What is found where a rule at the uplink's end asks for this, and these rules translate. */
    const named = (kind: Dropped, asked: string, nat = [MASQUERADE], addresses = ["10.0.2.15"]): string[] => {
      const addr_info = addresses.map((local) => ({ local, scope: "global" }));
      const at = (seconds: number, count: number) => {
        const iptables = ["*nat", ...nat, "COMMIT"];
        const rule = `${asked} counter packets ${count} bytes 1 drop`;
        const nft = [
          "table netdev t {",
          "chain c {",
          "type filter hook egress device enp0s3 priority 0;",
          rule,
          "}",
          "}",
        ];
        return snapshot(seconds, { interfaces: [{ ifname: "enp0s3", addr_info }], rules: { iptables, nft } });
      };
      return told(found([kind], [at(100, 0), at(110, 3)]));
    };
    const TRANSLATED = "ip saddr 10.0.2.15";
    const ITS_OWN = "ip saddr 172.17.0.3";

    it.each([
      ["of a known flow, as that has it", ping({ mayOpen: false, beyond: { ...PING, src: "10.0.2.15" } }), undefined],
      ["masqueraded", ping(), undefined],
      ["as a rule says", ping(), ["-A POSTROUTING -j SNAT --to-source 10.0.2.15"]],
    ])("%s", (_, kind, nat) => {
      expect(named(kind, TRANSLATED, nat)).toEqual([`drop-rule 3 ${TRANSLATED} drop`]);
      expect(named(kind, ITS_OWN, nat)).toEqual(["drop-unexplained 3"]);
    });

    it("as it is where no rule translates", () => {
      expect(named(ping(), ITS_OWN, [":POSTROUTING ACCEPT [0:0]"])).toEqual([`drop-rule 3 ${ITS_OWN} drop`]);
      expect(named(ping(), TRANSLATED, [":POSTROUTING ACCEPT [0:0]"])).toEqual(["drop-unexplained 3"]);
    });

    it("with what may be another port", () => {
      const asked = `${TRANSLATED} udp sport 5353`;
      expect(named(dropped(3, QUERY), asked)).toEqual([`drop-rule 3 possibly ${asked} drop`]);
    });

    it.each([
      ["there is more than one address to masquerade with", undefined, ["10.0.2.15", "10.0.2.16"]],
      [
        "several rules may translate",
        ["-A POSTROUTING -m statistic -j SNAT --to-source 10.0.2.15", MASQUERADE],
        undefined,
      ],
    ])("nobody knows how where %s", (_, nat, addresses) => {
      expect(named(ping(), TRANSLATED, nat, addresses)).toEqual(["drop-unexplained 3"]);
    });
  });
});

describe("rules that may have shared what was dropped", () => {
  const [ONE, OTHER] = ["a", "b"].map((text) => `-A FORWARD -m string --string ${text} --algo bm -j DROP`);
  const [query, more] = [dropped(3, QUERY), dropped(4, { ...QUERY, dstPort: 54 })];
  const said = (drops: readonly Dropped[], one: number, other: number, ...lines: readonly string[]) => {
    const rules = filter(`[0→${one}:1] ${ONE}`, `[0→${other}:1] ${OTHER}`, ...lines);
    return found(drops, counted({ iptables: rules }));
  };

  it("are named where they counted as many together", () => {
    const findings = said([query, more], 5, 2);
    expect(told(findings)).toEqual([`drop-rule 7 possibly ${ONE}`, `drop-rule 7 possibly ${OTHER}`]);
    expect(findings[1]).toMatchObject({
      counted: 2,
      text: `a rule in FORWARD (ip filter) may have dropped some of them: it counted 2 between the snapshots, and with 1 other rule named here 7: ${OTHER}`,
    });
  });

  it("are not where they counted fewer: something else dropped some", () => {
    const [finding, ...others] = said([query, more], 4, 2);
    expect(others).toEqual([]);
    expect(finding.text).toContain(`${ONE} may have dropped 4 of 7, by its counter; ${OTHER} may have dropped 2 of 7`);
  });

  it("are not where they share no packets, nor where another rule can have dropped them all", () => {
    const about53 = "-A FORWARD -p udp --dport 53 -m string --string c --algo bm -j DROP";
    const about54 = about53.replace("53", "54");
    const apart = found([query, more], counted({ iptables: filter(`[0→2:1] ${about53}`, `[0→9:1] ${about54}`) }));
    expect(told(apart)).toEqual([`drop-rule 4 possibly ${about54}`, "drop-unexplained 3"]);
    expect(told(said([query], 2, 1, `[0→3:1] ${about53}`))).toEqual([`drop-rule 3 possibly ${about53}`]);
  });
});

describe("a rule that may match an ICMP error", () => {
  const error = dropped(
    3,
    { src: "192.0.2.1", dst: "10.0.2.15" },
    { side: OUTSIDE, proto: ICMP, isError: true, mayOpen: false, beyond: { src: "192.0.2.1", dst: "172.17.0.3" } },
  );
  it.each([
    ["is named", "-A FORWARD -d 172.17.0.3/32 -p icmp -j DROP", ""],
    [
      "is possibly the one, where chance decides",
      "-A FORWARD -p icmp -m statistic --mode nth --every 3 -j DROP",
      "possibly ",
    ],
    ["is possibly the one, where its type does", "-A FORWARD -p icmp -m icmp --icmp-type 3 -j DROP", "possibly "],
    ["is not, of others' addresses", "-A FORWARD -d 10.0.2.15/32 -p icmp -j DROP", undefined],
    ["is not, of echo requests", "-A FORWARD -p icmp -m icmp --icmp-type 8 -j DROP", undefined],
    ["is not, of what conntrack calls NEW", "-A FORWARD -p icmp -m conntrack --ctstate NEW -j DROP", undefined],
    [
      "is possibly the one, of what conntrack calls RELATED",
      "-A FORWARD -m conntrack --ctstate RELATED -j DROP",
      "possibly ",
    ],
  ])("%s", (_, rule, words) => {
    const findings = found([error], counted({ iptables: filter(`[0→3:1] ${rule}`) }));
    expect(told(findings)).toEqual([words === undefined ? "drop-unexplained 3" : `drop-rule 3 ${words}${rule}`]);
  });
});

describe("a chain that filters beside what translates", () => {
  const CALL = { src: "10.0.2.2", srcPort: 40_001, dst: "10.0.2.15", dstPort: 88 };
  const call = dropped(3, CALL, { side: OUTSIDE, proto: TCP });
  const ping = dropped(
    3,
    { src: QUERY.src, dst: QUERY.dst, icmpId: 7 },
    { proto: ICMP, isEchoRequest: true, mayOpen: true },
  );
  const NAT = [
    "*nat",
    "-A PREROUTING -p tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80",
    "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    "COMMIT",
  ];
  const addr_info = [{ local: "10.0.2.15", scope: "global" }];
  /** What is found where a rule there asks for this. */
  const named = (kind: Dropped, place: string, asked: string): string[] => {
    const at = (seconds: number, count: number) => {
      const rule = `${asked} counter packets ${count} bytes 1 drop`;
      const nft = ["table inet t {", "chain c {", `type filter hook ${place}; policy accept;`, rule, "}", "}"];
      return snapshot(seconds, { interfaces: [{ ifname: "enp0s3", addr_info }], rules: { iptables: NAT, nft } });
    };
    return told(found([kind], [at(100, 0), at(110, 3)]));
  };
  const [AS_CALLED, AS_SENT_ON] = ["tcp dport 88", "ip daddr 172.17.0.2 tcp dport 80"];
  const [ITS_OWN, MASQUERADED] = ["ip saddr 172.17.0.3", "ip saddr 10.0.2.15"];
  const [YES, MAYBE, NO] = ["", "possibly ", undefined];

  it.each([
    ["before that", call, "prerouting priority -101", AS_CALLED, YES],
    ["before that", call, "prerouting priority -101", AS_SENT_ON, NO],
    ["behind that", call, "prerouting priority -99", AS_CALLED, NO],
    ["behind that", call, "prerouting priority -99", AS_SENT_ON, YES],
    ["by the same priority", call, "prerouting priority dstnat", AS_CALLED, MAYBE],
    ["by the same priority", call, "prerouting priority dstnat", AS_SENT_ON, MAYBE],
    ["before that", ping, "postrouting priority 99", ITS_OWN, YES],
    ["before that", ping, "postrouting priority 99", MASQUERADED, NO],
    ["behind that", ping, "postrouting priority 101", ITS_OWN, NO],
    ["behind that", ping, "postrouting priority 101", MASQUERADED, YES],
    ["by the same priority", ping, "postrouting priority srcnat", ITS_OWN, MAYBE],
    ["by the same priority", ping, "postrouting priority srcnat", MASQUERADED, MAYBE],
  ])("sees packets as they are there: %s", (_, kind, place, asked, words) => {
    const answer = named(kind, place, asked);
    expect(answer).toEqual([words === undefined ? "drop-unexplained 3" : `drop-rule 3 ${words}${asked} drop`]);
  });

  it("may see what nobody knows the translation of as it came", () => {
    const answer = dropped(3, { ...CALL, dstPort: 99 }, { side: OUTSIDE, proto: TCP, mayOpen: false });
    expect(named(answer, "prerouting priority -99", "tcp dport 99")).toEqual([
      "drop-rule 3 possibly tcp dport 99 drop",
    ]);
  });
});

/** What is said first of what these rules do not explain. */
const unexplained = (...lines: readonly string[]): string =>
  found([dropped(3, QUERY)], counted({ iptables: filter(...lines) }))[0].text;

describe("a rule that keeps containers of one bridge apart", () => {
  const CALL = { src: "172.17.0.3", srcPort: 5, dst: "172.17.0.2", dstPort: 80 };
  const icc = [
    "[0→9:1] -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "[0→4:1] -A FORWARD -i docker0 -o docker0 -j DROP",
  ];
  const named = (kind: Dropped, calls = "1", listed: object = {}, ...before: readonly string[]): string[] => {
    const sysctls = { "net.bridge.bridge-nf-call-iptables": calls };
    const moment = (at: 1 | 2): string[] => [...before, ...icc].map((line) => line.replace(/(\d+)→(\d+)/, `$${at}`));
    return told(
      found(
        [kind],
        [1, 2].map((at) =>
          snapshot(90 + 10 * at, { sysctls, rules: { iptables: filter(...moment(at === 1 ? 1 : 2)) }, ...listed }),
        ),
      ),
    );
  };

  it("is named for what nobody answered, where it counted as many", () => {
    const kind = dropped(4, CALL, { fate: "bridged", proto: TCP });
    expect(named(kind)).toEqual(["drop-rule 4 -A FORWARD -i docker0 -o docker0 -j DROP"]);
  });

  it("is named for datagrams of which conntrack has no entry, before or behind them", () => {
    const kind = dropped(4, CALL, { fate: "bridged" });
    const namedBeside = (port: number): string[] => {
      const entry = `udp 17 20 src=172.17.0.3 dst=172.17.0.2 sport=${port} dport=80 src=172.17.0.2 dst=172.17.0.3 sport=80 dport=${port} mark=0 use=1`;
      return named(kind, "1", { conntrack: { entries: [entry], more: 0 } });
    };
    expect(namedBeside(6)).toEqual(["drop-rule 4 -A FORWARD -i docker0 -o docker0 -j DROP"]);
    expect(namedBeside(5)).toEqual([]);
  });

  it.each([
    ["it counted less", dropped(5, CALL, { fate: "bridged", proto: TCP })],
    ["what is accepted before it may be meant", dropped(4, CALL, { fate: "bridged" })],
    ["the host itself is an end", dropped(4, { ...CALL, dst: "172.17.0.1" }, { fate: "bridged", proto: TCP })],
    ["they are of another bridge", dropped(4, { ...CALL, dst: "172.30.0.2" }, { fate: "bridged", proto: TCP })],
  ])("is not where %s", (_, kind) => {
    expect(named(kind)).toEqual([]);
  });

  it("is not where a helper may have expected them", () => {
    const helped = "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp";
    expect(named(dropped(4, CALL, { fate: "bridged", proto: TCP }), "1", {}, helped)).toEqual([]);
  });

  it("is not where bridged packets do not meet it", () => {
    expect(named(dropped(4, CALL, { fate: "bridged", proto: TCP }), "0")).toEqual([]);
  });

  it("may be the bridge's own, whether they meet any other", () => {
    const rule = "ip saddr 172.17.0.3 ip daddr 172.17.0.2 drop";
    const of = (condition: string, value: string): string[] => {
      const counting = rule.replace("drop", `${condition}counter packets 1→5 bytes 9 drop`);
      const nft = [
        "table bridge br {",
        "chain f {",
        "type filter hook forward priority filter; policy accept;",
        counting,
        "}",
        "}",
      ];
      const sysctls = { "net.bridge.bridge-nf-call-iptables": value };
      const snapshots = counted({ nft }, { sysctls });
      return (["bridged", "dropped"] as const).flatMap((fate) =>
        told(found([dropped(4, CALL, { fate, proto: TCP })], snapshots)),
      );
    };
    for (const value of ["0", "1"]) expect(of("", value)).toEqual([`drop-rule 4 ${rule}`, "drop-unexplained 4"]);
    // nobody tells which port is whose, nor what conntrack says on a bridge
    for (const unclear of ['iifname "docker0" ', "ct state new "])
      expect(of(unclear, "0")).toEqual(["drop-unexplained 4"]);
  });
});

describe("what is said to be unexplained", () => {
  it("stands beside what the host counted meanwhile, and no ground goes by", () => {
    const snapshots = [0, 5].map((count) =>
      snapshot(100 + count, { counters: { IpInAddrErrors: count, IpFragFails: 7 } }),
    );
    const [finding] = found([dropped(3, QUERY)], snapshots);
    expect(finding.text).toMatch(
      /; the host counted meanwhile: IpInAddrErrors 5 \(packets for others came by .+ does not forward\)$/,
    );
  });

  it("may be by rules that are gone, and by more than are listed", () => {
    const some = [1, 2, 3, 4].map((nth) => `-A FORWARD -p udp -m string --string ${nth} -j DROP`);
    const snapshots = [snapshot(100), snapshot(110, { rules: { iptables: filter(...some) } })];
    const [{ text }] = found([dropped(3, QUERY)], snapshots);
    expect(text).toMatch(
      /; so may 2 more rules; the rules changed meanwhile: those that are gone are not asked \(--rules live reads them as they change\)$/,
    );
  });

  const [OTHER, UNREAD] = [DROP.replace("53", "54"), "what is this"];

  it("is not what a trace shows the rule of", () => {
    const drops = [dropped(3, QUERY), dropped(2, QUERY, { isTold: true })];
    expect(told(found(drops, counted({ iptables: filter(OTHER) })))).toEqual(["drop-unexplained 3"]);
    expect(found(drops.slice(1), counted({ iptables: filter(OTHER) }))).toEqual([]);
  });

  it("is so by what could be read, where that is not all", () => {
    expect(unexplained(OTHER)).toBe("no rule, setting or route that natcorr goes by tells what dropped them");
    expect(unexplained(OTHER, UNREAD)).toBe(
      "no rule, setting or route that natcorr goes by tells what dropped them; 1 line of the rules could not be read",
    );
  });
});

describe("what was not dropped between two snapshots", () => {
  const [before, after] = counted({ iptables: filter(`[0→3:1] ${DROP}`) });

  it.each([
    ["there is one snapshot", [after], 101_000_000_000n],
    ["it began before", [before, after], 99_000_000_000n],
  ])("has no ground: %s", (_, snapshots, firstNs) => {
    const [finding, ...others] = found([dropped(3, QUERY, { firstNs })], snapshots);
    expect(finding).toMatchObject({ code: "drop-unexplained", count: 3 });
    expect(finding.text).toContain("3 were not dropped between two snapshots");
    expect(finding.hint).toContain("--host before.json,after.json");
    expect(others).toEqual([]);
  });

  it("has nothing said of it where there is no snapshot, or nothing was dropped", () => {
    expect(found([dropped(3, QUERY)], [])).toEqual([]);
    expect(found([], [before, after])).toEqual([]);
  });
});

const refused = (packets: number, refusal: Dropped["refusal"]): Dropped =>
  dropped(packets, QUERY, { fate: "refused", refusal });
const rejects = (counter: string, words: string): ReturnType<typeof counted> =>
  counted({ iptables: filter(`[${counter}:1] -A FORWARD -p udp -j ${words}`) });
const rejectsInNft = (words: string): ReturnType<typeof counted> =>
  counted({
    nft: [
      "table inet rj {",
      "chain f {",
      "type filter hook forward priority -1; policy accept;",
      `udp dport 53 counter packets 0→2 bytes 9 ${words}`,
      "}",
      "}",
    ],
  });

const statefulNft = (...rules: readonly string[]) =>
  counted({
    nft: [
      "table inet fd {",
      "chain f {",
      "type filter hook forward priority 10; policy accept;",
      "ct state { established, related } accept",
      ...rules,
      "}",
      "}",
    ],
  });

describe("a rule that rejects what was refused", () => {
  it.each([
    ["REJECT --reject-with icmp-port-unreachable", "port-unreachable"],
    ["REJECT --reject-with icmp-host-prohibited", "prohibited"],
    ["REJECT --reject-with icmp-net-unreachable", "no-route"],
    ["REJECT --reject-with icmp-proto-unreachable", "icmp-error"],
    ["REJECT --reject-with tcp-reset", "host-refuses"],
    ["REJECT --reject-with tcp-reset", "host-reset"],
  ] as const)("is named where it answers so: %s, %s", (words, refusal) => {
    const [finding, ...others] = found([refused(2, refusal)], rejects("1→3", words));
    expect(finding).toMatchObject({
      rule: `-A FORWARD -p udp -j ${words}`,
      count: 2,
      hint: "narrow the rule, or accept the packets before it, if they are meant to pass; iptables -vnL FORWARD shows what it counts",
    });
    expect(others).toEqual([]);
  });

  it.each([
    ["reject", "port-unreachable"],
    ['reject comment "prohibited"', "port-unreachable"],
    ["reject with icmpx admin-prohibited", "prohibited"],
    ["reject with icmp type host-unreachable", "host-unreachable"],
    ["reject with tcp reset", "host-refuses"],
  ] as const)("is named where it is one of nft's: %s, %s", (words, refusal) => {
    const [finding] = found([refused(2, refusal)], rejectsInNft(words));
    expect(finding).toMatchObject({ code: "drop-rule", chain: "f", table: "inet rj", counted: 2 });
    expect(finding.hint).toContain("; nft list chain inet rj f shows what it counts");
  });

  it.each([
    ["says something else", "0→2", "REJECT --reject-with icmp-host-prohibited"],
    ["says nothing", "0→2", "DROP"],
    ["counted less", "0→1", "REJECT --reject-with icmp-port-unreachable"],
  ])("is none that %s", (_, counter, words) => {
    expect(found([refused(2, "port-unreachable")], rejects(counter, words))).toEqual([]);
  });

  it("is possibly the one without a counter, behind rules that ask for a state, where no other says so", () => {
    const two = [refused(2, "prohibited")];
    const rule = "reject with icmpx admin-prohibited";
    const [finding, ...others] = found(two, statefulNft(rule));
    expect(told([finding, ...others])).toEqual([`drop-rule 2 possibly ${rule}`]);
    expect(finding.text).toContain("may match them, and no other rejects so what they may meet, and has no counter");
    // which of two it is, nothing tells; nor whether it was a rule at all
    expect(found(two, statefulNft(`meta skuid 7 ${rule}`, rule))).toEqual([]);
    expect(found([refused(2, "host-unreachable")], statefulNft("reject with icmp type host-unreachable"))).toEqual([]);
  });

  it("counts what it refused beside what was seen without an answer", () => {
    const both = [refused(2, "port-unreachable"), dropped(1, { ...QUERY, srcPort: 9 })];
    const rule = "REJECT --reject-with icmp-port-unreachable";
    expect(told(found(both, rejects("0→3", rule)))).toEqual([`drop-rule 3 -A FORWARD -p udp -j ${rule}`]);
    expect(told(found(both, rejects("0→2", rule)))).toEqual(["drop-unexplained 1"]);
  });
});

it("no rule that may match is named for packets of which a trace tells the rule", () => {
  const rule = "-A FORWARD -p udp -m string --string x --algo bm -j DROP";
  const snapshots = counted({ iptables: filter(`[0→3:1] ${rule}`) });
  expect(told(found([dropped(3, QUERY, { isTold: true })], snapshots))).toEqual([]);
  const another = dropped(1, { ...QUERY, srcPort: 9 });
  expect(told(found([dropped(2, QUERY, { isTold: true }), another], snapshots))).toEqual([
    `drop-rule 1 possibly ${rule}`,
  ]);
});

/** Whether a rule that counted two packets is found to stop some. */
const stops = (rule: string, kind: Dropped): boolean =>
  explained([kind], counted({ iptables: filter(`[1→3:1] ${rule}`) })).stopped.has(kind);

describe("what a rule stops for certain", () => {
  it("is told of what nothing else tells of, and is to be forwarded", () => {
    const drop = "-A FORWARD -p udp -j DROP";
    for (const fate of ["unanswered", "unpaired", "routed"] as const)
      expect(stops(drop, dropped(2, QUERY, { fate }))).toBe(true);
    // what was dropped, or refused, is known to be
    expect(stops(drop, dropped(2, QUERY))).toBe(false);
    // whether bridged packets meet the rules is for others to say
    expect(stops(drop, dropped(2, QUERY, { fate: "bridged" }))).toBe(false);
    // one that may match, or that counted less
    expect(stops("-A FORWARD -p udp -m owner --uid-owner 7 -j DROP", dropped(2, QUERY, { fate: "unanswered" }))).toBe(
      false,
    );
    expect(stops(drop, dropped(3, QUERY, { fate: "unanswered" }))).toBe(false);
  });

  it("is not told of what goes to the host itself", () => {
    const call = { ...QUERY, dst: "172.17.0.1", dstPort: 53 };
    expect(stops("-A INPUT -p udp -j DROP", dropped(2, call, { fate: "unanswered" }))).toBe(false);
  });
});

it.each([
  ["DOCKER-ISOLATION-STAGE-2", "docker network connect"],
  ["DOCKER-USER", "narrow the rule"],
  ["FORWARD-OURS", "narrow the rule"],
])("what to do about a rule of %s: %s", (chain, hint) => {
  const rules = filter(`-A FORWARD -j ${chain}`, `[1→3:1] -A ${chain} -p udp -j DROP`);
  expect(found([dropped(2, QUERY)], counted({ iptables: rules }))[0]?.hint).toContain(hint);
});
