import { InterfaceName } from "../../src/host/interfaces.js";
import { RuleFacts } from "../../src/host/rules/rule-facts.js";
import { RuleHistory } from "../../src/host/rules/times/rule-history.js";
import { describe, expect, it } from "vitest";
import { echo6, filler, icmp, ipv4, ipv6, transport, udp } from "../support/packets.js";
import type { Finding } from "../../src/packets/results/findings.js";
import { ms, outcomeOf, type Stamped, us } from "./outcome.js";
import {
  CLIENT,
  CONTAINER,
  conversation,
  datagram,
  HOST,
  inStep,
  merged,
  OTHER,
  ping,
  segment,
  SERVER,
  SYN,
  SYN_ACK,
} from "./traffic.js";

const request = (src: string, icmpId: number, ttl: number) =>
  ping({ src, dst: SERVER, icmpId, seq: 3, ipId: 5572, ttl });

const reply = (dst: string, icmpId: number, ttl: number) =>
  ping({ src: SERVER, dst, icmpId, seq: 3, ipId: 41002, ttl, reply: true });

describe("ICMP echo", () => {
  it("is paired across a rewritten id, in both directions", async () => {
    const outcome = await outcomeOf(
      [us(1, request(CONTAINER, 4096, 64)), us(27_412, reply(CONTAINER, 4096, 49))],
      [us(30, request(HOST, 10496, 63)), us(27_391, reply(HOST, 10496, 50))],
    );
    expect(outcome.pairs).toEqual([
      {
        inside: 1,
        outside: 1,
        frames: [[1], [1]],
        flow: 1,
        by: "exact",
        evidence: ["ip-id", "length", "icmp-seq", "payload"],
        rewrite: "src srcPort",
        altered: [],
        direction: "outbound",
        latencyNs: 29_000,
      },
      expect.objectContaining({
        inside: 2,
        outside: 2,
        frames: [[2], [2]],
        flow: 1,
        rewrite: "dst dstPort",
        direction: "inbound",
        latencyNs: 21_000,
      }),
    ]);
    expect(outcome.flows).toEqual([
      expect.objectContaining({
        nat: "snat",
        initiator: "inside",
        inside: expect.objectContaining({ src: CONTAINER, dst: SERVER, icmpId: 4096 }),
        outside: expect.objectContaining({ src: HOST, dst: SERVER, icmpId: 10496 }),
        firstFrames: [1, 1],
        pairs: 2,
        pairsOutbound: 1,
        firstNs: 1_700_000_000_000_001_000n,
        lastNs: 1_700_000_000_027_412_000n,
      }),
    ]);
  });

  it("knows who asked where only the reply was captured", async () => {
    const outcome = await outcomeOf([us(20, reply(CONTAINER, 4096, 49))], [us(0, reply(HOST, 10496, 50))]);
    expect(outcome.flows).toEqual([
      expect.objectContaining({
        nat: "snat",
        initiator: "inside",
        inside: expect.objectContaining({ src: CONTAINER, dst: SERVER, icmpId: 4096 }),
      }),
    ]);
  });
});

it("TCP with its port rewritten: SYN, SYN-ACK without IP ID, data", async () => {
  const up = { dst: SERVER, dstPort: 80 };
  const inUp = { src: CONTAINER, srcPort: 47290, ttl: 64, ...up };
  const outUp = { src: HOST, srcPort: 13977, ttl: 63, ...up };
  const inDown = { src: SERVER, srcPort: 80, dst: CONTAINER, dstPort: 47290, ttl: 52 };
  const outDown = { src: SERVER, srcPort: 80, dst: HOST, dstPort: 13977, ttl: 53 };
  const syn = { seq: 100, ack: 0, flags: SYN, ipId: 7 };
  const synAck = { seq: 900, ack: 101, flags: SYN_ACK, ipId: 0 };
  const data = { seq: 101, ack: 901, text: "GET /", ipId: 8 };
  const outcome = await outcomeOf(
    [
      us(0, segment({ ...inUp, ...syn })),
      us(110, segment({ ...inDown, ...synAck })),
      us(120, segment({ ...inUp, ...data })),
    ],
    [
      us(20, segment({ ...outUp, ...syn })),
      us(100, segment({ ...outDown, ...synAck })),
      us(140, segment({ ...outUp, ...data })),
    ],
  );
  expect(outcome.twins).toEqual(inStep(3));
  expect(outcome.pairs.map(({ rewrite }) => rewrite)).toEqual(["src srcPort", "dst dstPort", "src srcPort"]);
  expect(outcome.pairs.map(({ evidence }) => evidence.includes("ip-id"))).toEqual([true, false, true]);
  expect(outcome.flows).toEqual([
    expect.objectContaining({
      proto: "tcp",
      nat: "snat",
      initiator: "inside",
      inside: expect.objectContaining({ src: CONTAINER, srcPort: 47290, dst: SERVER, dstPort: 80 }),
      outside: expect.objectContaining({ src: HOST, srcPort: 13977, dst: SERVER, dstPort: 80 }),
      firstFrames: [1, 1],
    }),
  ]);
});

it("DNAT: from outside to a published port, and back", async () => {
  const into = { src: CLIENT, srcPort: 51234, ipId: 2201, seq: 500, ack: 0, flags: SYN };
  const answer = { dst: CLIENT, dstPort: 51234, ipId: 0, seq: 700, ack: 501, flags: SYN_ACK };
  const outcome = await outcomeOf(
    [
      us(33, segment({ ...into, dst: CONTAINER, dstPort: 80, ttl: 63 })),
      us(57, segment({ ...answer, src: CONTAINER, srcPort: 80, ttl: 64 })),
    ],
    [
      us(0, segment({ ...into, dst: HOST, dstPort: 88, ttl: 64 })),
      us(69, segment({ ...answer, src: HOST, srcPort: 88, ttl: 63 })),
    ],
  );
  expect(outcome.pairs).toEqual([
    expect.objectContaining({ inside: 1, outside: 1, direction: "inbound", rewrite: "dst dstPort", latencyNs: 33_000 }),
    expect.objectContaining({
      inside: 2,
      outside: 2,
      direction: "outbound",
      rewrite: "src srcPort",
      latencyNs: 12_000,
    }),
  ]);
  expect(outcome.flows).toEqual([
    expect.objectContaining({
      nat: "dnat",
      initiator: "outside",
      inside: expect.objectContaining({ src: CLIENT, srcPort: 51234, dst: CONTAINER, dstPort: 80 }),
      outside: expect.objectContaining({ src: CLIENT, srcPort: 51234, dst: HOST, dstPort: 88 }),
    }),
  ]);
});

it("both ends rewritten at once, by TCP numbers or by an IP ID", async () => {
  const virtual = "172.17.255.1";
  const syn = { srcPort: 40000, ipId: 9, seq: 123_456, ack: 0, flags: SYN };
  const unknown = { srcPort: 40001, ipId: 77, text: "who?" };
  const outcome = await outcomeOf(
    [
      us(0, segment({ ...syn, src: CONTAINER, dst: virtual, dstPort: 80, ttl: 64 })),
      us(500, datagram({ ...unknown, src: CONTAINER, dst: virtual, dstPort: 53, ttl: 64 })),
    ],
    [
      us(20, segment({ ...syn, src: HOST, dst: SERVER, dstPort: 8080, ttl: 63 })),
      us(515, datagram({ ...unknown, src: HOST, dst: SERVER, dstPort: 53, ttl: 63 })),
    ],
  );
  // one UDP packet between strangers is too little to believe in; the TCP numbers are not
  expect(outcome.pairs[0]).toMatchObject({ inside: 1, outside: 1, rewrite: "src dst dstPort" });
  expect(outcome.nats[0]).toBe("snat+dnat");
  for (const { inside, outside } of outcome.pairs) expect(inside).toBe(outside);
});

it("plain forwarding, with nothing rewritten", async () => {
  const { inside, outside } = conversation(6, { outsideSrc: CONTAINER });
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual(inStep(6));
  expect(outcome.pairs.map(({ rewrite }) => rewrite)).toEqual(Array(6).fill(""));
  expect(outcome.nats).toEqual(["none"]);
});

const query = (src: string, srcPort: number, ipId: number, ttl: number, text: string) =>
  datagram({ src, dst: SERVER, srcPort, dstPort: 53, ipId, ttl, text });

it("two containers behind one address, the port of one rewritten because they clash", async () => {
  const outcome = await outcomeOf(
    [us(0, query(CONTAINER, 5353, 11, 64, "a.example")), us(50, query(OTHER, 5353, 12, 64, "b.example"))],
    [us(20, query(HOST, 5353, 11, 63, "a.example")), us(70, query(HOST, 26815, 12, 63, "b.example"))],
  );
  expect(outcome.twins).toEqual(inStep(2));
  expect(outcome.pairs.map(({ rewrite }) => rewrite)).toEqual(["src", "src srcPort"]);
});

const gre = (src: string, ipId: number, ttl: number) =>
  ipv4({ src, dst: SERVER, id: ipId, ttl }, transport(47, filler(40, ipId)));

const announced = (src: string, n: number) =>
  datagram({ src, dst: "224.0.0.251", srcPort: 5353, dstPort: 5353, ipId: 0, ttl: 255, text: `printer ${n} is here` });

it("what a host says to a group on each of its interfaces is two packets", async () => {
  const inside = Array.from({ length: 5 }, (_, n) => us(100_000 * n, announced("172.17.0.1", n)));
  const outside = Array.from({ length: 5 }, (_, n) => us(100_000 * n + 5, announced(HOST, n)));
  const { pairs, undecided } = await outcomeOf(inside, outside, { clock: { kind: "none" } });
  expect([pairs, undecided]).toEqual([[], []]);
});

it("a protocol it does not look into, by addresses, IP ID and payload", async () => {
  const outcome = await outcomeOf(
    [us(0, gre(CONTAINER, 1001, 64)), us(1000, gre(CONTAINER, 1002, 64))],
    [us(20, gre(HOST, 1001, 63)), us(1020, gre(HOST, 1002, 63))],
  );
  expect(outcome.twins).toEqual(inStep(2));
  expect(outcome.flows).toEqual([
    expect.objectContaining({
      proto: "ip-47",
      nat: "unknown",
      inside: expect.objectContaining({ src: CONTAINER, dst: SERVER }),
    }),
  ]);
});

it("IPv6 forwarded with nothing rewritten: equal addresses and ports are evidence, though there is no IP ID", async () => {
  const [client, server] = ["2001:db8:17::2", "2001:db8:101::11"];
  const echo = (hopLimit: number) => ipv6({ src: client, dst: server, hopLimit }, echo6({ id: 77, seq: 1 }));
  const question = (hopLimit: number) =>
    ipv6({ src: client, dst: server, hopLimit }, udp({ srcPort: 51000, dstPort: 37, payload: Buffer.from("time?") }));
  const outcome = await outcomeOf(
    [us(0, echo(64)), ms(500, question(64))],
    [us(20, echo(63)), ms(500.02, question(63))],
  );
  expect(outcome.twins).toEqual(inStep(2));
  expect(outcome.nats).toEqual(["none", "none"]);
});

const v6 = (src: string, dst: string, hopLimit: number, reply: boolean, seq: number) =>
  ipv6({ src, dst, hopLimit }, echo6({ id: 77, seq, reply, payload: filler(56, seq) }));

it("a first packet that proves little is paired once its answer, inside the window, has taught the translation", async () => {
  const [inner, outer, server] = ["fd00::2", "2001:db8::15", "2001:db8:101::11"];
  const inside = [];
  const outside = [];
  for (let seq = 1; seq <= 4; seq++) {
    inside.push(
      ms(100 * seq, v6(inner, server, 64, false, seq)),
      ms(100 * seq + 12.02, v6(server, inner, 55, true, seq)),
    );
    outside.push(
      ms(100 * seq + 0.02, v6(outer, server, 63, false, seq)),
      ms(100 * seq + 12, v6(server, outer, 56, true, seq)),
    );
  }
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual(inStep(8));
  expect(outcome.nats).toEqual(["snat"]);
});

it("a port used again by a new connection gets the new translation", async () => {
  const first = conversation(10);
  // after a TIME_WAIT that nobody saw, the container opens the port again, and the NAT takes another one for it
  const syn = { dst: SERVER, dstPort: 80, ipId: 4444, seq: 77_000_000, ack: 0, flags: SYN };
  const inside = [...first.inside, ms(2000, segment({ src: CONTAINER, srcPort: 40_000, ttl: 64, ...syn }))];
  const outside = [...first.outside, ms(2000.02, segment({ src: HOST, srcPort: 61_000, ttl: 63, ...syn }))];
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual(inStep(11));
  expect(outcome.flows.map(({ outside, pairs }) => [outside.srcPort, pairs])).toEqual([
    [40_000, 10],
    [61_000, 1],
  ]);
});

it("a UDP port used again by another container: its first packet waits for what the next ones prove", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  // conntrack has forgotten the first conversation by then (nf_conntrack_udp_timeout, 30 s)
  for (const [talk, src] of [CONTAINER, OTHER].entries()) {
    for (const [turn, ttl] of [64, 60, 64, 60].entries()) {
      const at = 35_000 * talk + turn;
      const packet = { ipId: 7 * turn + 100 * talk + 1, text: `turn ${turn}` };
      const there = (addr: string) => ({ src: addr, srcPort: 47_317, dst: SERVER, dstPort: 7000, ...packet });
      const back = (addr: string) => ({ src: SERVER, srcPort: 7000, dst: addr, dstPort: 47_317, ...packet });
      const isOut = turn % 2 === 0;
      inside.push(
        ms(at + (isOut ? 0 : 0.006), datagram(isOut ? { ...there(src), ttl } : { ...back(src), ttl: ttl - 1 })),
      );
      outside.push(
        ms(at + (isOut ? 0.006 : 0), datagram(isOut ? { ...there(HOST), ttl: ttl - 1 } : { ...back(HOST), ttl })),
      );
    }
  }
  const outcome = await outcomeOf(inside, outside);
  expect(outcome.twins).toEqual(inStep(8));
  expect(outcome.flows.map(({ inside: { src }, pairs }) => [src, pairs])).toEqual([
    [CONTAINER, 4],
    [OTHER, 4],
  ]);
});

/** A datagram without an IP ID on both sides, by a port that the NAT keeps. */
const kept = (atMs: number, src: string, text: string) => {
  const packet = { srcPort: 47_317, dst: SERVER, dstPort: 7000, ipId: 0, text };
  return [
    ms(atMs, datagram({ src, ttl: 64, ...packet })),
    ms(atMs + 0.02, datagram({ src: HOST, ttl: 63, ...packet })),
  ] as const;
};

/** A router says of a datagram that there is no way to its destination. */
const noWay = (dst: string, ttl: number, { packet }: Stamped) =>
  ipv4({ src: "180.101.49.1", dst, id: 99, ttl }, icmp({ type: 3, code: 1, payload: packet.subarray(0, 48) }));

it("a UDP translation that nothing but an ICMP error used for half a minute chooses between equal packets no more", async () => {
  const [first, firstOut] = kept(0, CONTAINER, "the first");
  const [own, ownOut] = kept(31_000, CONTAINER, "the same");
  const [other] = kept(31_000.01, OTHER, "the same");
  const unused = await outcomeOf([first, own, other], [firstOut, ownOut]);
  expect(unused.pairs.map(({ inside, outside }) => [inside, outside])).toEqual([[1, 1]]);
  const errors = [ms(20_000.02, noWay(CONTAINER, 55, first)), ms(20_000, noWay(HOST, 56, firstOut))] as const;
  const told = await outcomeOf([first, errors[0], own, other], [firstOut, errors[1], ownOut]);
  expect(told.pairs.map(({ inside, outside }) => [inside, outside])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  const used = kept(20_000, CONTAINER, "another one");
  const chosen = await outcomeOf([first, used[0], own, other], [firstOut, used[1], ownOut]);
  expect(chosen.pairs.map(({ inside, outside }) => [inside, outside])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

it("two questions of one socket, translated each: the first one waits for its own answer, whatever the others teach", async () => {
  const inside: Stamped[] = [];
  const outside: Stamped[] = [];
  const ask = (atMs: number, src: string, srcPort: number, natPort: number, ipId: number, text: string) => {
    const question = { dst: SERVER, dstPort: 53, ipId, text: `the address of ${text}` };
    const answer = { src: SERVER, srcPort: 53, ipId: 9000 + natPort, text: `${text} has this address` };
    inside.push(ms(atMs, datagram({ src, srcPort, ttl: 64, ...question })));
    outside.push(ms(atMs + 0.02, datagram({ src: HOST, srcPort: natPort, ttl: 63, ...question })));
    inside.push(ms(atMs + 3.02, datagram({ dst: src, dstPort: srcPort, ttl: 49, ...answer })));
    outside.push(ms(atMs + 3, datagram({ dst: HOST, dstPort: natPort, ttl: 50, ...answer })));
  };
  // another one had the port that the first question keeps
  ask(0, OTHER, 40_000, 50_000, 77, "one.example");
  ask(2000, CONTAINER, 50_000, 50_000, 0, "two.example");
  ask(2000.5, CONTAINER, 50_000, 61_000, 0, "three.example");
  const outcome = await outcomeOf(merged(inside), merged(outside));
  expect(outcome.twins).toEqual(inStep(6));
  expect(outcome.undecided).toEqual([]);
});

it("a leak: packets of a known flow leave untranslated, and that is a finding", async () => {
  const kept = conversation(10);
  const leaked = conversation(4, { startUs: 5000, outsideSrc: CONTAINER, seed: 3 });
  const outcome = await outcomeOf(merged(kept.inside, leaked.inside), merged(kept.outside, leaked.outside));
  expect(outcome.twins).toEqual(inStep(14));
  expect(outcome.nats).toEqual(["snat", "none"]);
  // the first of them is only decided about with the second
  const frames = { inside: [11], outside: [11] };
  expect(outcome.findings).toEqual([expect.objectContaining({ code: "leak", severity: "warning", frames })]);
});

it("an address that is never hidden leaks where the NAT hides others of its network, and else it is untranslated", async () => {
  const hidden = conversation(10);
  const bare = conversation(4, { startUs: 5000, insideSrc: OTHER, outsideSrc: OTHER, seed: 3 });
  const [inside, outside] = [bare.inside, bare.outside].map((sent) => sent.filter((_, at) => at % 2 === 0));
  const beside = await outcomeOf(merged(hidden.inside, inside), merged(hidden.outside, outside));
  expect(beside.findings.filter(({ code }) => code === "leak").map(({ text }) => text)).toEqual([
    `${OTHER} appears on outside untranslated, though the NAT hides others of its network`,
  ]);
  const by = await outcomeOf(bare.inside, bare.outside);
  expect(by.findings.map(({ code, severity, count }) => [code, severity, count])).toEqual([
    ["untranslated", "info", 4],
  ]);
});

it("who may only answer what came to it untranslated does not leak, where nothing tells who opened it", async () => {
  const hidden = conversation(10);
  const bare = { src: CONTAINER, dst: SERVER, srcPort: 5060, dstPort: 9000, ipId: 9, text: "a payload of its own" };
  const outcome = await outcomeOf(
    merged(hidden.inside, [us(90_000, datagram({ ...bare, ttl: 64 }))]),
    merged(hidden.outside, [us(90_020, datagram({ ...bare, ttl: 63 }))]),
  );
  expect(outcome.findings.map(({ code, severity, flows }) => [code, severity, flows])).toEqual([
    ["untranslated", "info", [2]],
  ]);
});

it("an address that a rule may hide is said to be hidden by it only where the rules tell that", async () => {
  const bare = conversation(4, { insideSrc: OTHER, outsideSrc: OTHER });
  const rule = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
  const found = async (inside: string, outside: string) => {
    const names = [new InterfaceName([inside]), new InterfaceName([outside])] as const;
    const rules = () => new RuleFacts(new RuleHistory(`*nat\n${rule}\nCOMMIT\n`), names);
    const { findings } = await outcomeOf(bare.inside, bare.outside, { rules });
    return findings.map(({ code, text }) => `${code}: ${text}`);
  };
  expect(await found("docker0", "enp0s3")).toEqual([
    `leak: ${OTHER} appears on outside untranslated, though a rule hides it: ${rule}`,
  ]);
  expect(await found("", "")).toEqual([
    `untranslated: private addresses appear on outside untranslated, and a rule may hide them, but it asks for more than is to be seen: ${rule}`,
  ]);
});

/** Whether a finding is about what leaves untranslated. */
const isAbout = ({ code }: Finding) => code === "leak" || code === "untranslated";

it.each([
  ["a rule of its own", "*nat\n-A POSTROUTING -s 172.17.0.3/32 -j RETURN\nMASQUERADE\nCOMMIT\n"],
  [
    "conntrack, left alone on its bridge",
    "*nat\nMASQUERADE\nCOMMIT\ntable bridge b {\nchain c {\ntype filter hook prerouting priority dstnat; policy accept;\nip saddr 172.17.0.3 notrack\n}\n}\n",
    "bridge b c ip saddr 172.17.0.3 notrack",
  ],
  ["conntrack, left alone", "*raw\n-A PREROUTING -s 172.17.0.3/32 -j CT --notrack\nCOMMIT\n*nat\nMASQUERADE\nCOMMIT\n"],
])(
  "an address does not leak that is exempt by %s, and the rule is named",
  async (_, text, rule = text.split("\n")[1]) => {
    const hidden = conversation(10);
    const bare = conversation(4, { startUs: 5000, insideSrc: OTHER, outsideSrc: OTHER, seed: 3 });
    const [inside, outside] = [bare.inside, bare.outside].map((sent) => sent.filter((_, at) => at % 2 === 0));
    const names = [new InterfaceName(["docker0"]), new InterfaceName(["enp0s3"])] as const;
    const masquerade = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
    const rules = () => new RuleFacts(new RuleHistory(text.replace("MASQUERADE", masquerade)), names);
    const both = [merged(hidden.inside, inside), merged(hidden.outside, outside)] as const;
    const findings = (await outcomeOf(...both, { rules })).findings.filter(isAbout);
    expect(findings.map(({ code }) => code)).toEqual(["untranslated"]);
    expect(findings[0].text).toBe(
      `private addresses appear on outside untranslated, and a rule exempts them from the NAT: ${rule}`,
    );
    expect(findings[0].hint).toContain("narrow that rule");
    const noneOfIt = () =>
      new RuleFacts(new RuleHistory(`*nat\n${masquerade.replace("0.0/16", "0.2/32")}\nCOMMIT\n`), names);
    expect((await outcomeOf(...both, { rules: noneOfIt })).findings.filter(isAbout).map(({ text }) => text)).toEqual([
      "private addresses appear on outside untranslated, and no rule hides them, though the NAT hides others of their network",
    ]);
  },
);

it("captures given in the wrong order are recognised by whom the NAT hides", async () => {
  const { inside, outside } = conversation(10);
  const swapped = await outcomeOf(outside, inside);
  expect(swapped.pairs).toHaveLength(10);
  expect(swapped.findings.map(({ code }) => code)).toEqual(["swapped-sides"]);
  expect((await outcomeOf(inside, outside)).findings).toEqual([]);
});

it("a retransmission has a twin of its own: same numbers, another IP ID", async () => {
  const before = conversation(4);
  const again = { dst: SERVER, dstPort: 80, srcPort: 40_000, seq: 1_000_400, ack: 2_000_400, text: "GET /" };
  const at = (src: string, ttl: number, ipId: number) => segment({ ...again, src, ttl, ipId });
  const outcome = await outcomeOf(
    [...before.inside, ms(1, at(CONTAINER, 64, 21)), ms(200, at(CONTAINER, 64, 22)), ms(600, at(CONTAINER, 64, 23))],
    // the first copy never came out
    [...before.outside, ms(200.02, at(HOST, 63, 22)), ms(600.02, at(HOST, 63, 23))],
  );
  expect(outcome.twins).toEqual([...inStep(4), [6, 5], [7, 6]]);
  expect(outcome.verdicts("inside")).toEqual([[5, "dropped"]]);
});

/** The n-th packet of a conversation outside, with one bit of its source port flipped. */
const flipped = (ns: number, n: number): Stamped => ({
  ns,
  packet: segment({
    src: HOST,
    dst: SERVER,
    srcPort: 40_001,
    dstPort: 80,
    seq: 1_000_000 + 100 * n,
    ack: 2_000_000 + 100 * n,
    ipId: 1000 + n,
    ttl: 63,
  }),
});

describe("one packet that contradicts a known translation", () => {
  const known = conversation(40);
  const at = 38;
  const corrupted = (which: readonly number[]) =>
    known.outside.map((packet, n) => (which.includes(n) ? flipped(packet.ns, n) : packet));

  it("is ambiguous, and no translation", async () => {
    const outcome = await outcomeOf(known.inside, corrupted([at]));
    expect(outcome.flows).toHaveLength(1);
    expect(outcome.pairs).toHaveLength(39);
    expect(outcome.undecided).toEqual([
      {
        inside: [at + 1],
        outside: [at + 1],
        why: "one candidate, but a known translation says otherwise, and no other packet supports it",
      },
    ]);
  });

  it("is believed once another one supports it", async () => {
    const outcome = await outcomeOf(known.inside, corrupted([at - 2, at]));
    expect(outcome.pairs).toHaveLength(40);
    expect(outcome.flows).toHaveLength(2);
  });
});
