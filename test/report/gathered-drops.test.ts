import { expect, it } from "vitest";
import { FramePlaces } from "../../src/packets/frame-places.js";
import type { Drops } from "../../src/packets/results/drops.js";
import type { Judgement, Sink, Update } from "../../src/packets/results/results.js";
import type { Verdict } from "../../src/packets/results/verdicts.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { ACK, FIN, RST, SYN } from "../../src/protocols/tcp.js";
import { GatheredDrops } from "../../src/report/gathered-drops.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { flow } from "../host/flow.js";
import { openTuple } from "../support/tuples.js";
import { HandFilled, ICMP, type Packet, SUMMARY, TCP, UDP } from "./tables.js";

const DROPPED: Judgement = { verdict: "dropped", reason: "no-twin", why: "" };

/** What is handed on at the end, when a sink is told of a run. */
function gathered(tell: (sink: Sink, tables: HandFilled) => void): Drops {
  let drops: Drops = {
    dropped: [],
    kindOf: () => undefined,
    saidOf: () => ({ text: "" }),
    others: 0,
    unreachable: new Set(),
    reached: [new Set(), new Set()],
    asTheyCame: new Map(),
  };
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  const sink = new GatheredDrops(reporter, (all) => {
    drops = all;
    return { findings: [], stopped: new Map() };
  });
  const tables = new HandFilled();
  sink.begin(tables);
  tell(sink, tables);
  sink.end(SUMMARY);
  return drops;
}

const QUERY: Packet = { side: INSIDE, proto: UDP, src: "172.17.0.3", srcPort: 5353, dst: "180.101.49.11", dstPort: 53 };

function update(frame: number, verdict: Update["verdict"], before: Verdict): Update {
  const of = { side: INSIDE, frame, flow: undefined, isSelected: true } as const;
  return { ...of, verdict, reason: "no-twin", why: "", before: { verdict: before } };
}

it("gathers what was dropped by what a host goes by, and nothing else", () => {
  const { dropped, others } = gathered((sink, tables) => {
    for (const frame of [1, 2]) sink.unmatched(tables.add({ ...QUERY, frame, stampNs: frame }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, frame: 3, dstPort: 54 }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, frame: 4 }), { ...DROPPED, verdict: "unknown" });
  });
  expect(dropped).toMatchObject([
    { side: INSIDE, proto: UDP, mayOpen: true, isPlain: true, ends: { dstPort: 53 }, gathered: { count: 2 } },
    { ends: { dstPort: 54 }, gathered: { count: 1 } },
  ]);
  expect(dropped[0].lastNs - dropped[0].firstNs).toBe(1n);
  expect(others).toBe(0);
});

it.each([
  [TCP, RST, true],
  [TCP, RST | ACK, true],
  [TCP, FIN | ACK, true],
  [TCP, SYN | ACK, true],
  [TCP, 0, true],
  [TCP, ACK, false],
  [TCP, SYN, false],
  [UDP, 0, false],
])(
  "tells what opens no conversation, and is of none that is known: protocol %i, flags %i",
  (proto, tcpFlags, isStray) => {
    const { dropped } = gathered((sink, tables) => {
      sink.unmatched(tables.add({ ...QUERY, proto, tcpFlags }), DROPPED);
      sink.unmatched(tables.add({ ...QUERY, proto, tcpFlags, flow: 7 }), DROPPED);
    });
    expect(dropped.map((kind) => kind.isStray)).toEqual([isStray, false]);
  },
);

it("gathers what turns out to be dropped with what was, as far as it is known", () => {
  const { dropped, others } = gathered((sink, tables) => {
    const oneWay = { ...DROPPED, verdict: "unknown", reason: "one-way" } as const;
    for (const frame of [1, 2]) sink.unmatched(tables.add({ ...QUERY, frame, stampNs: frame }), oneWay);
    sink.update(update(1, "dropped", "unknown"));
    sink.unmatched(tables.add({ ...QUERY, frame: 3, stampNs: 3 }), DROPPED);
    sink.update(update(9, "dropped", "unknown"));
  });
  expect(dropped.map(({ fate, gathered: { frames } }) => [fate, frames[INSIDE].listed])).toEqual([
    ["unpaired", [2]],
    ["dropped", [1, 3]],
  ]);
  expect(others).toBe(1);
});

it("gathers flows that began inside and left as they came, by who sent them", () => {
  const { asTheyCame } = gathered((sink) => {
    const left = "172.17.0.3.5 > 180.101.49.11.53";
    sink.flow(flow("udp", "inside", left, left, { id: 4 }));
    sink.flow(flow("udp", "inside", left, left, { id: 5, pairsOutbound: 0 }));
    sink.flow(flow("udp", "outside", left, left, { id: 6 }));
    sink.flow(flow("udp", "inside", left, "10.0.2.15.5 > 180.101.49.11.53", { id: 7 }));
  });
  expect([...asTheyCame].map(([src, { flows }]) => [src, flows.listed])).toEqual([["172.17.0.3", [4]]]);
});

it("gathers what was refused with what it was answered, and that of which nothing tells which way it went", () => {
  const { dropped } = gathered((sink, tables) => {
    const refused = { ...DROPPED, verdict: "refused", reason: "prohibited" } as const;
    sink.unmatched(tables.add({ ...QUERY, frame: 1 }), refused);
    sink.unmatched(tables.add({ ...QUERY, frame: 2 }), { ...refused, reason: "port-unreachable" });
    sink.unmatched(tables.add({ ...QUERY, frame: 3 }), { ...DROPPED, verdict: "unknown", reason: "untranslated" });
  });
  expect(dropped.map(({ fate, refusal }) => [fate, refusal])).toEqual([
    ["refused", "prohibited"],
    ["refused", "port-unreachable"],
    ["unpaired", undefined],
  ]);
});

it("knows of what may open a conversation whether its sender is known to", () => {
  const { dropped } = gathered((sink, tables) => {
    for (const [frame, [isByA, isKnown]] of [
      [true, true],
      [false, true],
      [true, false],
    ].entries()) {
      const row = tables.add({ ...QUERY, srcPort: 5000 + frame, frame });
      const { timeline: t } = tables;
      openTuple(tables.tuples, t.tuple(row), isByA === (t.forward(row) === 1), isKnown);
      sink.unmatched(row, DROPPED);
    }
  });
  expect(dropped.map(({ mayOpen, isFromOpener }) => [mayOpen, isFromOpener])).toEqual([
    [true, true],
    [true, false],
    [true, false],
  ]);
});

it("gathers where the host says that nobody answers, also of what it says so later", () => {
  const { dropped, unreachable } = gathered((sink, tables) => {
    const told = { ...DROPPED, verdict: "refused", reason: "host-unreachable" } as const;
    sink.unmatched(tables.add({ ...QUERY, dst: "10.0.2.99", frame: 1 }), told);
    sink.unmatched(tables.add({ ...QUERY, dst: "10.0.2.97", frame: 2 }), { ...told, reason: "prohibited" });
    sink.unmatched(tables.add({ ...QUERY, dst: "10.0.2.98", frame: 3 }), DROPPED);
    sink.update({ ...update(3, "refused", "dropped"), reason: "host-unreachable" });
    sink.update({ ...update(9, "refused", "dropped"), reason: "host-unreachable" });
  });
  expect([...unreachable]).toEqual(["10.0.2.99", "10.0.2.98"]);
  expect(dropped.map(({ fate }) => fate)).toEqual(["refused", "refused"]);
});

it("tells apart by which of a side's interfaces packets came", () => {
  const { dropped } = gathered((sink, tables) => {
    const frames = new FramePlaces([["docker0"], ["br-app"]]);
    Object.assign(tables.timeline, { frames: [frames, frames] });
    for (const source of [0, 1]) sink.unmatched(tables.add({ ...QUERY, frame: frames.onSide(source, 1) }), DROPPED);
  });
  expect(dropped.map(({ source }) => source)).toEqual([0, 1]);
});

it("gathers what may have left by an interface that is not captured by itself: a rule may have dropped it", () => {
  const { dropped } = gathered((sink, tables) => {
    sink.unmatched(tables.add({ ...QUERY, frame: 1 }), { verdict: "unknown", reason: "routed-elsewhere", why: "" });
    sink.unmatched(tables.add({ ...QUERY, frame: 2 }), DROPPED);
  });
  expect(dropped.map(({ fate, gathered: { count } }) => [fate, count])).toEqual([
    ["routed", 1],
    ["dropped", 1],
  ]);
});

it("tells apart what is known to have been dropped by a rule, or by its TTL", () => {
  const { dropped } = gathered((sink, tables) => {
    sink.unmatched(tables.add({ ...QUERY, frame: 1 }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, frame: 2 }), { ...DROPPED, rule: "ip filter FORWARD drop" });
    sink.unmatched(tables.add({ ...QUERY, frame: 3 }), { ...DROPPED, reason: "ttl-spent" });
  });
  expect(dropped.map(({ isTold, gathered: { count } }) => [isTold, count])).toEqual([
    [false, 1],
    [true, 2],
  ]);
});

it("gathers what would have opened conversations inside, until somebody answers", () => {
  const local: Judgement = { verdict: "local", reason: "same-link", why: "" };
  const { dropped } = gathered((sink, tables) => {
    const see = (packet: Packet): void => sink.unmatched(tables.add(packet), local);
    const called: Packet = {
      side: INSIDE,
      proto: TCP,
      src: "172.17.0.3",
      dst: "172.17.0.2",
      dstPort: 80,
      tcpFlags: SYN,
    };
    for (const [at, srcPort] of [1, 2, 3].entries()) see({ ...called, srcPort, frame: 10 + at, stampNs: at });
    see({ ...called, srcPort: 1, frame: 14, stampNs: 9 });
    see({ ...called, src: "172.17.0.2", srcPort: 80, dst: "172.17.0.3", dstPort: 2, frame: 15, tcpFlags: SYN | ACK });
    see({ ...called, srcPort: 4, frame: 16, tcpFlags: ACK });
    see({ ...called, srcPort: 5, frame: 17, side: OUTSIDE });
    const update = {
      side: INSIDE,
      frame: 12,
      flow: 1,
      isSelected: true,
      reason: "answered-elsewhere",
      why: "",
    } as const;
    sink.update({ ...update, verdict: "elsewhere", before: local });
  });
  expect(dropped).toMatchObject([{ fate: "bridged", ends: { srcPort: 1 }, gathered: { count: 2 } }]);
  expect(dropped[0].lastNs - dropped[0].firstNs).toBe(9n);
});

it("gathers what was to open a conversation with the host's own address and was not answered, up to a thousand kinds", () => {
  const unanswered: Judgement = { verdict: "unknown", reason: "no-answer", why: "" };
  const called: Packet = { side: OUTSIDE, proto: TCP, src: "10.0.2.2", srcPort: 5, dst: "10.0.2.15", tcpFlags: SYN };
  const { dropped, others } = gathered((sink, tables) => {
    for (const dstPort of [88, 88, 89]) sink.unmatched(tables.add({ ...called, dstPort }), unanswered);
    sink.unmatched(tables.add({ ...called, dstPort: 90, tcpFlags: ACK }), unanswered);
    sink.unmatched(tables.add({ ...called, dstPort: 90, side: INSIDE }), unanswered);
    sink.unmatched(tables.add({ ...called, dstPort: 90 }), { ...unanswered, reason: "may-be-copy" });
    for (let dstPort = 1000; dstPort < 3000; dstPort++) sink.unmatched(tables.add({ ...called, dstPort }), unanswered);
  });
  expect(dropped.slice(0, 3)).toMatchObject([
    { fate: "unanswered", side: OUTSIDE, ends: { dstPort: 88 }, gathered: { count: 2 } },
    { fate: "unanswered", side: OUTSIDE, ends: { dstPort: 89 }, gathered: { count: 1 } },
    { fate: "unanswered", side: INSIDE, ends: { dstPort: 90 }, gathered: { count: 1 } },
  ]);
  expect(dropped).toHaveLength(1000);
  expect(others).toBe(0);
});

it.each([
  "nothing-paired",
  "untranslated",
  "no-frames",
  "not-begun",
  "ended",
  "silence",
  "capture-edge",
  "one-way",
] as const)("gathers what nothing tells the way of: %s", (reason) => {
  const { dropped } = gathered((sink, tables) =>
    sink.unmatched(tables.add(QUERY), { verdict: "unknown", reason, why: "" }),
  );
  expect(dropped).toMatchObject([{ fate: "unpaired", gathered: { count: 1 } }]);
});

it("takes back what turned out otherwise, and counts what was told of too late", () => {
  const { dropped, others } = gathered((sink, tables) => {
    for (const frame of [1, 2]) sink.unmatched(tables.add({ ...QUERY, frame }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, dstPort: 54, frame: 3 }), DROPPED);
    sink.update(update(1, "refused", "dropped"));
    sink.update(update(3, "elsewhere", "dropped"));
    sink.update(update(4, "dropped", "unknown"));
    sink.update(update(2, "dropped", "dropped"));
  });
  expect(dropped.map(({ gathered: { frames } }) => frames[INSIDE].listed)).toEqual([[2]]);
  expect(others).toBe(1);
});

it("tells nothing of packets of a side of which others were taken back without a word on which", () => {
  const { dropped, others } = gathered((sink, tables) => {
    for (const frame of [1, 2, 3]) sink.unmatched(tables.add({ ...QUERY, frame }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, side: OUTSIDE, frame: 1 }), DROPPED);
    sink.moved?.({ side: INSIDE, verdict: "unknown", before: { verdict: "dropped" }, count: 2 });
  });
  expect(dropped.map(({ side }) => side)).toEqual([OUTSIDE]);
  expect(others).toBe(1);
});

it("knows what a flow makes of them on the other side, and where those that cross go", () => {
  const { dropped, reached } = gathered((sink, tables) => {
    const answer: Packet = {
      side: OUTSIDE,
      proto: TCP,
      src: "180.101.49.11",
      srcPort: 80,
      dst: "10.0.2.15",
      dstPort: 9,
    };
    sink.unmatched(tables.add({ ...answer, flow: 1, tcpFlags: SYN | ACK }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, flow: 1, proto: TCP, srcPort: 4, dstPort: 80, tcpFlags: ACK }), DROPPED);
    sink.flow(flow("tcp", "inside", "172.17.0.3.4 > 180.101.49.11.80", "10.0.2.15.9 > 180.101.49.11.80"));
  });
  expect(dropped).toMatchObject([
    { side: OUTSIDE, mayOpen: false, beyond: { src: "180.101.49.11", srcPort: 80, dst: "172.17.0.3", dstPort: 4 } },
    { side: INSIDE, mayOpen: false, beyond: { src: "10.0.2.15", srcPort: 9, dst: "180.101.49.11", dstPort: 80 } },
  ]);
  expect(reached).toEqual([new Set(["172.17.0.3"]), new Set(["180.101.49.11"])]);
});

it("tells echo requests from answers, and what says too little of itself", () => {
  const ping: Packet = { side: INSIDE, proto: ICMP, src: "172.17.0.3", dst: "180.101.49.11", icmpId: 7 };
  const { dropped } = gathered((sink, tables) => {
    sink.unmatched(tables.add({ ...ping, seq: 8 << 24 }), DROPPED);
    sink.unmatched(tables.add({ ...ping, seq: 0 }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, isHeadless: true }), DROPPED);
  });
  expect(dropped.map(({ isEchoRequest, isPlain }) => [isEchoRequest, isPlain])).toEqual([
    [true, true],
    [false, true],
    [false, false],
  ]);
});

it("an ICMP error opens no conversation, and a flow makes of it what it makes of its addresses", () => {
  const { dropped } = gathered((sink, tables) => {
    const error = { proto: ICMP, isError: true, flow: 7 } as const;
    const [router, container] = ["192.0.2.1", "172.17.0.3"];
    sink.unmatched(tables.add({ ...error, side: OUTSIDE, src: router, dst: "10.0.2.15" }), DROPPED);
    sink.unmatched(tables.add({ ...error, side: OUTSIDE, src: "180.101.49.11", dst: "10.0.2.15" }), DROPPED);
    sink.unmatched(tables.add({ ...error, side: INSIDE, src: container, dst: "180.101.49.11" }), DROPPED);
    sink.unmatched(tables.add({ proto: ICMP, isError: true, side: INSIDE, src: container, dst: router }), DROPPED);
    sink.flow(flow("udp", "inside", "172.17.0.3.4 > 180.101.49.11.80", "10.0.2.15.9 > 180.101.49.11.80", { id: 7 }));
  });
  expect(dropped.map(({ isError, mayOpen, beyond }) => [isError, mayOpen, beyond?.src, beyond?.dst])).toEqual([
    [true, false, "192.0.2.1", "172.17.0.3"],
    [true, false, "180.101.49.11", "172.17.0.3"],
    [true, false, "10.0.2.15", "180.101.49.11"],
    [true, false, undefined, undefined],
  ]);
});

it("the rest of a datagram is of no kind of its own, and is no other drop once something else became known of it", () => {
  const { dropped, others } = gathered((sink, tables) => {
    sink.unmatched(tables.add({ ...QUERY, frame: 1 }), DROPPED);
    sink.unmatched(tables.add({ ...QUERY, frame: 2, isLaterFragment: true }), DROPPED);
    sink.update(update(3, "dropped", "unknown"));
    sink.update(update(2, "elsewhere", "dropped"));
  });
  expect(dropped).toMatchObject([{ gathered: { count: 1 } }]);
  expect(others).toBe(1);
});

it("says of which of them a frame is, of more than are listed, and no more once it is not dropped", () => {
  const { dropped, kindOf } = gathered((sink, tables) => {
    for (let frame = 1; frame <= 150; frame++) sink.unmatched(tables.add({ ...QUERY, frame }), DROPPED);
    sink.update(update(120, "unknown", "dropped"));
  });
  expect([100, 150].map((frame) => kindOf(INSIDE, frame) === dropped[0])).toEqual([true, true]);
  expect([kindOf(INSIDE, 120), kindOf(OUTSIDE, 150)]).toEqual([undefined, undefined]);
});

it("says of packets that nothing was known of that a rule stops them, and counts them so", () => {
  const lines: string[] = [];
  const reporter = new NdjsonReporter((bytes) => lines.push(...Buffer.from(bytes).toString().trimEnd().split("\n")), {
    quiet: false,
    program: "0",
  });
  const isQuery = (port: number | undefined) => port === QUERY.dstPort;
  const sink = new GatheredDrops(reporter, ({ dropped }) => ({
    findings: [],
    stopped: new Map(
      dropped.filter(({ ends }) => isQuery(ends.dstPort)).map((kind) => [kind, "not-forwarded"] as const),
    ),
  }));
  const tables = new HandFilled();
  const unknown = { ...DROPPED, verdict: "unknown", reason: "nothing-paired" } as const;
  sink.begin(tables);
  for (const frame of [1, 2, 3]) sink.unmatched(tables.add({ ...QUERY, frame }), unknown);
  sink.unmatched(tables.add({ ...QUERY, frame: 4, dstPort: 54 }), unknown);
  sink.update(update(2, "refused", "unknown"));
  const verdicts = new Map([
    ["unknown", 3],
    ["refused", 1],
  ] as const);
  sink.end({ ...SUMMARY, verdicts: [verdicts, new Map()] });
  reporter.flush();
  const told = lines.map((line): { type: string; frame: number; verdict: string } => JSON.parse(line));
  expect(told.filter(({ type }) => type === "update")).toMatchObject([
    { frame: 2, verdict: "refused" },
    { frame: 1, verdict: "dropped", reason: "not-forwarded", impact: "unknown" },
    { frame: 3, verdict: "dropped", reason: "not-forwarded", impact: "unknown" },
  ]);
  expect(told.at(-1)).toMatchObject({
    totals: { inside: { verdicts: { dropped: 2, refused: 1, unknown: 1 }, impacts: { unknown: 2 } } },
  });
});
