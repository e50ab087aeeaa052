import { expect, it } from "vitest";
import type { ContainerName } from "../../../src/packets/results/container-name.js";
import { NO_CONTAINERS } from "../../../src/packets/results/containers.js";
import type { Dropped } from "../../../src/packets/results/drops.js";
import type { Published, PublishedUse } from "../../../src/packets/results/published.js";
import type {
  Ends,
  FlowSummary,
  Judgement,
  Look,
  LookedAt,
  Sink,
  Summary,
  Update,
} from "../../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../../src/packets/sides.js";
import { NdjsonReporter } from "../../../src/report/ndjson/ndjson.js";
import { type PortUsers, PublishedPorts } from "../../../src/report/published/published-ports.js";
import type { OwnConversations } from "../../../src/report/published/from-host.js";
import { publishedText } from "../../../src/report/text/published-text.js";
import { paint } from "../../../src/report/text/paint.js";
import { flow } from "../../host/flow.js";
import { openTuple } from "../../support/tuples.js";
import { dropped } from "../../host/drops/drops.js";
import { HandFilled, ICMP, type Packet, SUMMARY, TCP, UDP } from "../tables.js";
import { ACK, RST, SYN } from "../../../src/protocols/tcp.js";

const WEB: Published = {
  proto: "tcp",
  hostAddresses: ["0.0.0.0", "::"],
  hostPort: 88,
  container: "web",
  containerIds: new Set(["1"]),
  containerPort: 80,
  containerLinks: new Set(["docker0"]),
  pids: [7, 8],
  isGone: false,
};
const LOCAL: Published = {
  ...WEB,
  hostAddresses: ["127.0.0.1"],
  hostPort: 89,
  container: "db",
  containerIds: new Set(["2"]),
  containerPort: 5432,
  pids: [],
};

/** A host that says nothing of its own conversations. */
const NOTHING_OWN: OwnConversations = {
  isOwn: () => false,
  begunAs: () => undefined,
  called: () => [],
  onCalled: () => {},
};

/** What is said at the end of the ports, when a sink is told of a run. */
function uses(
  published: readonly Published[],
  tell: (sink: PublishedPorts, tables: HandFilled) => void,
  {
    lookLast = () => {},
    port = 88,
    own = NOTHING_OWN,
    before,
    mayHaveCalled = () => true,
    originOf = () => undefined,
    summary = SUMMARY,
  }: {
    readonly summary?: Summary;
    /** Takes what looks at the ports before the end. */
    readonly lookLast?: (looking: PublishedPorts["looking"]) => void;
    readonly port?: number;
    readonly own?: OwnConversations;
    readonly before?: ContainerName;
    readonly mayHaveCalled?: PortUsers["mayHaveCalled"];
    readonly originOf?: PortUsers["originOf"];
  } = {},
): readonly PublishedUse[] {
  let ended: Summary | undefined;
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  reporter.end = (summary) => void (ended = summary);
  const web = { name: "web", words: new Set(["web"]), ids: new Set(["1"]) };
  const having = (address: string) => (address === "172.17.0.2" ? web : undefined);
  const publishing = (_: string, address: string, asked: number) =>
    asked === port && ["10.0.2.15", "fd00:2::15"].includes(address) ? web : undefined;
  const containers = { ...NO_CONTAINERS, having, publishing, publishedBefore: () => before };
  const sink = new PublishedPorts(reporter, { ports: { all: published }, containers }, own, {
    capturedOf: (links) => (links.has("docker0") ? "all" : links.has("br-app") ? "none" : "untold"),
    mayHaveCalled,
    originOf,
  });
  const tables = new HandFilled();
  sink.begin(tables);
  tell(sink, tables);
  lookLast((look) => sink.looking(look));
  sink.end(summary);
  return ended?.published ?? [];
}

const dnat = (id: number, more: Partial<FlowSummary> = {}): FlowSummary =>
  flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.2.80", "10.0.2.2.5000 > 10.0.2.15.88", { id, ...more });

it("counts the flows that went through a port, by rules and by proxies", () => {
  const found = uses([WEB, LOCAL], (sink) => {
    sink.flow(dnat(1));
    // met under way, so that it seems to go the other way
    sink.flow(flow("tcp", "unknown", "172.17.0.2.80 > 10.0.2.2.6000", "10.0.2.15.88 > 10.0.2.2.6000", { id: 2 }));
    sink.flow(
      flow("tcp", "outside", "172.17.0.1.7000 > 172.17.0.2.80", "fd00:2::2.7000 > fd00:2::15.88", {
        id: 3,
        nat: "proxy",
      }),
    );
    // turned round on its own side: its first form comes as `inside`
    sink.flow(
      flow("tcp", "inside", "172.17.0.3.9 > 10.0.2.15.88", "172.17.0.1.9 > 172.17.0.2.80", {
        id: 4,
        sides: [INSIDE, INSIDE],
      }),
    );
    // of other ports, protocols and containers
    sink.flow(flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.2.81", "10.0.2.2.5000 > 10.0.2.15.88", { id: 5 }));
    sink.flow(flow("udp", "outside", "10.0.2.2.5000 > 172.17.0.2.80", "10.0.2.2.5000 > 10.0.2.15.88", { id: 6 }));
    sink.flow(flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.9.80", "10.0.2.2.5000 > 10.0.2.15.88", { id: 7 }));
    sink.flow(flow("tcp", "inside", "172.17.0.2.80 > 10.0.2.2.88", "10.0.2.15.80 > 10.0.2.2.88", { id: 8 }));
  });
  expect(found).toMatchObject([
    { container: "web", translated: 3, proxied: 1, flows: [1, 2, 3, 4] },
    { container: "db", translated: 0, proxied: 0, flows: [] },
  ]);
});

it("does not count what goes straight to the container, though it has the number of the host's port", () => {
  const same = { ...WEB, hostPort: 80 };
  const [found] = uses([same], (sink) => {
    sink.flow(flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.2.80", "10.0.2.2.5000 > 10.0.2.15.80", { id: 1 }));
    sink.flow(flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.2.80", "10.0.2.2.5000 > 172.17.0.2.80", { id: 2 }));
  });
  expect(found).toMatchObject({ translated: 1, unclear: 0, flows: [1] });
});

it("says of conversations that go to nobody knows whose port that they may be each one's that has it", () => {
  const other = { ...WEB, container: "other", containerIds: new Set(["3"]) };
  const found = uses(
    [WEB, other, LOCAL],
    (sink, tables) => {
      // nothing tells who had 172.17.0.9 then
      sink.flow(flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.9.80", "10.0.2.2.5000 > 10.0.2.15.88", { id: 7 }));
      sink.flow(flow("tcp", "outside", "10.0.2.2.5000 > 172.17.0.9.81", "10.0.2.2.5000 > 10.0.2.15.88", { id: 8 }));
      sink.flow(dnat(9));
      sink.unmatched(tables.add({ ...TO, frame: 1 }), DROPPED);
      // no opening, no published port, and another host
      sink.unmatched(tables.add({ ...TO, frame: 2, tcpFlags: ACK }), DROPPED);
      sink.unmatched(tables.add({ ...TO, frame: 3, dstPort: 90 }), DROPPED);
      sink.unmatched(tables.add({ ...TO, frame: 4, dst: "10.0.2.99" }), DROPPED);
    },
    { port: 7, own: ownOf({}) },
  );
  expect(found).toMatchObject([
    { container: "web", translated: 1, unclear: 2, dropped: 0 },
    { container: "other", translated: 0, unclear: 2, dropped: 0 },
    { container: "db", translated: 0, unclear: 0, dropped: 0 },
  ]);
});

it("says what called a port that its container had given up, or at an address where it is not published", () => {
  const again = { ...WEB, container: "again", containerIds: new Set(["3"]) };
  const found = uses(
    [WEB, again, LOCAL],
    (sink, tables) => {
      sink.unmatched(tables.add({ ...TO, frame: 1 }), DROPPED);
      // the same once more
      sink.unmatched(tables.add({ ...TO, frame: 5 }), DROPPED);
      // to db's port, on an address of the host's, and on another host's
      sink.unmatched(tables.add({ ...TO, frame: 2, dstPort: 89 }), DROPPED);
      sink.unmatched(tables.add({ ...TO, frame: 6, dstPort: 89 }), DROPPED);
      sink.unmatched(tables.add({ ...TO, frame: 3, dstPort: 89, dst: "10.0.2.99" }), DROPPED);
      sink.unmatched(tables.add({ ...TO, frame: 4, dstPort: 89, tcpFlags: ACK }), DROPPED);
    },
    { port: 7, own: ownOf({}), before: { name: "web", words: new Set(["web"]), ids: new Set(["1"]) } },
  );
  expect(found).toMatchObject([
    { container: "web", unclear: 0, unheld: 1, misplaced: 0 },
    { container: "again", unclear: 0, unheld: 0, misplaced: 0 },
    { container: "db", unclear: 0, unheld: 0, misplaced: 1 },
  ]);
  const text = publishedText(found, paint(false));
  expect(text).toContain("web:80: called while no container held the port, after this one had: 1 conversation");
  expect(text).toContain("db:5432: called at another of the host's addresses, where it is not published: 1");
});

it("counts by conntrack what was translated before it was seen inside, and not what went straight to the container", () => {
  const arrived = {
    side: INSIDE,
    proto: TCP,
    src: "172.17.0.3",
    dst: "172.17.0.2",
    dstPort: 80,
    tcpFlags: SYN,
  } as const;
  // by the port, straight, and by an address where nothing is published
  const begun: Readonly<Record<number, string>> = { 1: "10.0.2.15.88", 2: "172.17.0.2.80", 4: "198.51.100.7.88" };
  const own: OwnConversations = {
    isOwn: () => false,
    called: () => [],
    onCalled: () => {},
    begunAs: (_, { src, srcPort = 0 }) => {
      const [, dst, dstPort] = /^(.*)\.(\d+)$/.exec(begun[srcPort] ?? "") ?? [];
      return dst === undefined ? undefined : { src, srcPort, dst, dstPort: Number(dstPort) };
    },
  };
  const [web] = uses(
    [{ ...WEB, hostAddresses: ["10.0.2.15"] }],
    (sink, tables) => {
      const local: Judgement = { verdict: "local", reason: "same-link", why: "" };
      for (const srcPort of [1, 2, 3, 4]) sink.unmatched(tables.add({ ...arrived, srcPort, frame: srcPort }), local);
    },
    { own },
  );
  expect(web).toMatchObject({ translated: 0, fromInside: 1, fromInsideUnclear: 1, unclear: 0 });
  expect(publishedText([web], paint(false))).toContain("web:80: called from inside, by a rule: 1 conversation");
});

it("counts what came by an interface that is not captured by conntrack, or as what nothing tells of", () => {
  const arrived = { side: INSIDE, proto: TCP, src: "10.9.0.2", dst: "172.17.0.2", dstPort: 80, tcpFlags: SYN } as const;
  const own: OwnConversations = {
    isOwn: () => false,
    called: () => [],
    onCalled: () => {},
    begunAs: (_, { src, srcPort }) => (srcPort === 1 ? { src, srcPort, dst: "10.9.0.1", dstPort: 88 } : undefined),
  };
  const [web] = uses(
    [WEB],
    (sink, tables) => {
      const away: Judgement = { verdict: "elsewhere", reason: "answered-elsewhere", why: "" };
      for (const srcPort of [1, 2]) sink.unmatched(tables.add({ ...arrived, srcPort, frame: srcPort }), away);
    },
    { own },
  );
  expect(web).toMatchObject({ fromElsewhere: 1, fromElsewhereUnclear: 1, fromInside: 0, fromInsideUnclear: 0 });
  const text = publishedText([web], paint(false));
  expect(text).toContain("web:80: called by an interface that is not captured: 1 conversation");
  expect(text).not.toContain("unused");
});

it.each([
  ["172.17.0.3", "unknown", "inside", "fromInside", "called from inside, by a rule"],
  ["10.0.3.2", "unknown", "elsewhere", "fromElsewhere", "called by an interface that is not captured"],
  ["10.0.3.2", "unknown", undefined, "fromUntold", "called by a rule (nothing tells by which interface that came)"],
  // a container is inside, wherever the routes of its network lead
  ["172.17.0.2", "unknown", undefined, "fromInside", "called from inside, by a rule"],
  // what became of it tells more than routes do
  ["10.0.3.2", "elsewhere", "inside", "fromElsewhere", "called by an interface that is not captured"],
  ["10.0.3.2", "local", "elsewhere", "fromInside", "called from inside, by a rule"],
] as const)(
  "%s, which came to a container and is %s, by its address from %s: %s",
  (src, verdict, origin, counted, what) => {
    const calls: Ends = { src, srcPort: 1, dst: "10.0.3.15", dstPort: 88 };
    const count = (begunAs: Ends | undefined): readonly PublishedUse[] =>
      uses(
        [WEB],
        (sink, tables) => {
          const seen = { src, srcPort: 1, dst: "172.17.0.2", dstPort: 80 } as const;
          const row = tables.add({ side: INSIDE, proto: TCP, ...seen, tcpFlags: SYN });
          sink.unmatched(row, { verdict, reason: "no-twin", why: "" });
        },
        {
          own: { isOwn: () => false, begunAs: () => begunAs, called: () => [], onCalled: () => {} },
          originOf: () => origin,
        },
      );
    const [told] = count(calls);
    expect(told[counted]).toBe(1);
    expect(publishedText([told], paint(false))).toContain(`web:80: ${what}: 1 conversation`);
    const [untold] = count(undefined);
    expect(untold).toMatchObject({ [counted]: 0, [`${counted}Unclear`]: 1 });
    expect(publishedText([untold], paint(false))).not.toContain("unused");
  },
);

it("counts nothing for a port whose rules made none of what went to its container", () => {
  const other = { ...WEB, hostPort: 90 };
  const arrived = { side: INSIDE, proto: TCP, src: "172.17.0.3", srcPort: 7, dst: "172.17.0.2", dstPort: 80 } as const;
  const asked: unknown[][] = [];
  const found = uses(
    [WEB, other],
    (sink, tables) =>
      sink.unmatched(tables.add({ ...arrived, tcpFlags: SYN }), { verdict: "local", reason: "same-link", why: "" }),
    {
      mayHaveCalled: (...call) => {
        asked.push(call);
        return call[0] === 90;
      },
    },
  );
  expect(found.map(({ fromInsideUnclear }) => fromInsideUnclear)).toEqual([0, 1]);
  const seen = { src: "172.17.0.3", srcPort: 7, dst: "172.17.0.2", dstPort: 80 };
  expect(asked).toMatchObject([
    [88, "tcp", seen, 0, expect.any(BigInt)],
    [90, "tcp", seen, 0, expect.any(BigInt)],
  ]);
});

it("is not unused where a capture lacks what would tell", () => {
  const [web, db] = uses([WEB, LOCAL], (sink, tables) => {
    // cut off behind the addresses, on one side and on both
    sink.flow({ ...dnat(4), inside: { src: "10.0.2.2", dst: "172.17.0.2" } });
    const outside = { src: "10.0.2.2", dst: "10.0.2.15" };
    sink.flow({ ...dnat(5), inside: { src: "10.0.2.2", dst: "172.17.0.2" }, outside });
    const late: Judgement = { verdict: "no-overlap", reason: "ended", why: "" };
    // the outside had ended, or the inside had
    const arrived = { side: INSIDE, proto: TCP, src: "10.0.2.2", srcPort: 7, dst: "172.17.0.2", dstPort: 80 } as const;
    sink.unmatched(tables.add({ ...arrived, frame: 1, tcpFlags: SYN }), late);
    sink.unmatched(tables.add({ ...arrived, frame: 2, tcpFlags: ACK }), late);
    sink.unmatched(tables.add({ ...TO, frame: 1 }), late);
  });
  expect(web).toMatchObject({ translated: 0, unclear: 2, fromUntoldUnclear: 1, unknown: 1 });
  expect(db).toMatchObject({ translated: 0, unclear: 0, unknown: 0 });
});

/** A packet that would open a conversation with web's port. */
const TO = {
  side: OUTSIDE,
  proto: TCP,
  src: "10.0.2.2",
  srcPort: 5000,
  dst: "10.0.2.15",
  dstPort: 88,
  tcpFlags: SYN,
} as const;
const DROPPED: Judgement = { verdict: "dropped", reason: "no-twin", why: "gone", impact: "lost" };

it("counts packets that never got to the container, by what became known of them last", () => {
  const [web] = uses([WEB], (sink, tables) => {
    for (const frame of [1, 2, 3]) sink.unmatched(tables.add({ ...TO, frame }), DROPPED);
    sink.unmatched(tables.add({ ...TO, frame: 4 }), { ...DROPPED, verdict: "refused" });
    sink.unmatched(tables.add({ ...TO, frame: 5, dstPort: 89 }), DROPPED);
    sink.unmatched(tables.add({ ...TO, frame: 6, dst: "10.0.2.99" }), DROPPED);
    sink.unmatched(tables.add({ ...TO, frame: 7 }), { ...DROPPED, verdict: "unknown" });
    // of a flow that goes through the port, and of one whose translation has its number for something else
    for (const [frame, flow] of [
      [8, 1],
      [10, 9],
      [11, 9],
    ])
      sink.unmatched(tables.add({ ...TO, frame, flow }), DROPPED);
    sink.flow(dnat(1));
    sink.flow(flow("tcp", "inside", "172.17.0.3.88 > 10.0.2.2.5000", "10.0.2.15.88 > 10.0.2.2.5000", { id: 9 }));
    // what opens nothing
    sink.unmatched(tables.add({ ...TO, frame: 9, tcpFlags: SYN | ACK }), DROPPED);
    const later = { side: OUTSIDE, flow: undefined, isSelected: false, why: "", before: DROPPED } as const;
    const refused: Update = { ...later, frame: 1, verdict: "refused", reason: "host-unreachable" };
    for (const update of [
      refused,
      { ...refused, frame: 2, verdict: "unknown" } as const,
      { ...refused, frame: 8 },
      { ...refused, frame: 99 },
    ])
      sink.update(update);
  });
  expect(web).toMatchObject({ dropped: 1, refused: 3, translated: 1 });
});

it("counts the conversations that the host itself took, until a proxy is known to have sent them on", () => {
  const local: Judgement = { verdict: "local", reason: "to-host", why: "" };
  const found = uses(
    [WEB, LOCAL],
    (sink, tables) => {
      const see = (packet: Partial<Packet>, isByA = true, isKnown = true): void => {
        const row = tables.add({ ...TO, ...packet });
        const { timeline: t } = tables;
        openTuple(tables.tuples, t.tuple(row), isByA === (t.forward(row) === 1), isKnown);
        sink.unmatched(row, local);
      };
      see({ frame: 1 });
      see({ frame: 2 });
      see({ frame: 3, srcPort: 5001 });
      see({ frame: 4, srcPort: 5002 });
      see({ frame: 5, side: INSIDE, src: "172.17.0.3" });
      // what opens nothing, or goes to another port, or to another host; what may be an answer
      see({ frame: 6, srcPort: 5003, tcpFlags: SYN | ACK });
      see({ frame: 7, srcPort: 5004, dstPort: 90 });
      see({ frame: 8, srcPort: 5005, dst: "fd00:2::15", src: "fd00:2::2" });
      see({ frame: 9, srcPort: 5006 }, false);
      see({ frame: 10, srcPort: 5007 }, true, false);
      const proxied = {
        side: OUTSIDE,
        frame: 3,
        flow: undefined,
        isSelected: false,
        reason: "proxy",
        why: "",
      } as const;
      sink.update({ ...proxied, verdict: "proxied", before: local });
    },
    { own: ownOf({}) },
  );
  const [web] = found;
  expect(web).toMatchObject({ taken: 3, dropped: 0, unclear: 0 });
  expect(publishedText(found, paint(false))).toMatch(/^tcp 88→web:80 +0 +0 +0 +0 /m);
});

it("does not count what came while the port was not the container's", () => {
  const [web] = uses([WEB], (sink, tables) => sink.unmatched(tables.add(TO), DROPPED), { port: 89 });
  expect(web).toMatchObject({ dropped: 0 });
});

it("a port on one of the host's addresses is of that alone", () => {
  const published = { ...WEB, hostAddresses: ["10.0.2.16"] };
  expect(uses([published], (sink) => sink.flow(dnat(1)))).toMatchObject([{ translated: 0 }]);
  const other = { ...WEB, hostAddresses: ["::", "10.0.2.15"] };
  expect(uses([other], (sink) => sink.flow(dnat(1)))).toMatchObject([{ translated: 1 }]);
});

/** A SYN of the host's own to the container, and what the container answers. */
const FROM = {
  side: INSIDE,
  proto: TCP,
  src: "10.0.2.15",
  srcPort: 5000,
  dst: "172.17.0.2",
  dstPort: 80,
  tcpFlags: SYN,
  seq: 7,
} as const;
const BACK = { side: INSIDE, proto: TCP, src: "172.17.0.2", srcPort: 80, dst: "10.0.2.15", dstPort: 5000 } as const;
const LOCAL_TO_HOST: Judgement = { verdict: "local", reason: "from-host", why: "" };
const OWN = new Set(["10.0.2.15", "172.17.0.1"]);

/** A host that knows how conversations began, by the ports that they come from. */
function ownOf(begun: Readonly<Record<number, string>>): OwnConversations {
  return {
    isOwn: (address) => OWN.has(address),
    called: () => [],
    onCalled: () => {},
    begunAs: (_, { srcPort = 0 }) => {
      const [src, dst, dstPort] = begun[srcPort]?.split(" ") ?? [];
      return dst === undefined ? undefined : { src, srcPort, dst, dstPort: Number(dstPort) };
    },
  };
}

it("says while a run goes on what is certain by then, and at its end the same as if nobody had looked", () => {
  const alive = [dnat(2), { ...dnat(3), nat: "proxy" } as const, dnat(4, { isRefused: true })];
  // it only has the port's number
  alive.push(flow("tcp", "inside", "172.17.0.3.9 > 9.9.9.9.88", "10.0.2.15.9 > 9.9.9.9.88", { id: 5 }));
  const lookOf = (ports: LookedAt["ports"][]): Look => {
    return (at) => {
      ports.push(at?.ports);
      for (const each of alive) at?.flow(each);
      return SUMMARY;
    };
  };
  const tell = (sink: PublishedPorts, tables: HandFilled): void => {
    sink.flow(dnat(1));
    sink.unmatched(tables.add({ ...TO, frame: 1 }), DROPPED);
    sink.unmatched(tables.add({ ...TO, frame: 2, flow: 2 }), DROPPED);
    // of the host's own: one that conntrack has told of, and one of which nothing tells yet
    sink.unmatched(tables.add({ ...FROM, frame: 3 }), LOCAL_TO_HOST);
    sink.unmatched(tables.add({ ...FROM, frame: 4, srcPort: 5001 }), LOCAL_TO_HOST);
    // from inside, likewise
    sink.unmatched(tables.add({ ...FROM, frame: 5, src: "172.17.0.3", srcPort: 5002 }), LOCAL_TO_HOST);
    sink.unmatched(tables.add({ ...FROM, frame: 6, src: "172.17.0.3", srcPort: 5003 }), LOCAL_TO_HOST);
  };
  const own = ownOf({ 5000: "10.0.2.15 10.0.2.15 88", 5002: "172.17.0.3 10.0.2.15 88" });
  const ports: LookedAt["ports"][] = [];
  const seen: (readonly PublishedUse[] | undefined)[] = [];
  const ended = uses([WEB], tell, {
    own,
    lookLast: (looking) => {
      const look = looking(lookOf(ports));
      for (let times = 0; times < 2; times++)
        seen.push(look({ mostFlows: 0, flows: new Set(), flow: () => {} }).published);
    },
  });
  const soFar = { translated: 3, proxied: 1, refusedInside: 1, dropped: 2, flows: [1, 2, 3, 4] };
  const told = { ...soFar, fromHost: 1, fromHostUnclear: 0, fromInside: 1, fromInsideUnclear: 0 };
  expect(seen).toMatchObject([[told], [told]]);
  expect(ports.map((each) => each?.has(88))).toEqual([true, undefined, true, undefined]);
  expect(ports[0]?.has(80)).toBe(false);
  expect(ended).toEqual(uses([WEB], tell, { own }));
  expect(ended).toMatchObject([{ translated: 1, dropped: 1, fromHostUnclear: 1, fromInsideUnclear: 1 }]);
});

it("says that none of a port was used so far, and not that it is unused, while more may come", () => {
  const [unused] = uses([WEB], () => {});
  expect(publishedText([unused], paint(false), true)).toMatch(
    /^Published ports so far\n[^]*^tcp 88→web:80 +none yet /m,
  );
  expect(publishedText([unused], paint(false))).toMatch(/^Published ports\n[^]*^tcp 88→web:80 +unused /m);
});

it("counts what the host itself began, where conntrack tells that it called the port", () => {
  const twin = { ...WEB, hostPort: 87 };
  const begun = {
    5000: "10.0.2.15 10.0.2.15 88",
    // straight to the container, or by a docker-proxy, whose port on the host is the container's as well
    5001: "10.0.2.15 172.17.0.2 80",
    // another host's, with a source that was rewritten
    5003: "10.0.2.2 10.0.2.15 88",
  };
  const found = uses(
    [WEB, twin, { ...WEB, hostPort: 80 }],
    (sink, tables) => {
      const see = (packet: Parameters<HandFilled["add"]>[0]) => sink.unmatched(tables.add(packet), LOCAL_TO_HOST);
      see({ ...FROM, frame: 1 });
      // once more
      see({ ...FROM, frame: 2 });
      for (const srcPort of [5001, 5002, 5003]) see({ ...FROM, srcPort, frame: srcPort });
      // what opens nothing, or goes to others, or comes from others, or outside
      see({ ...FROM, srcPort: 5004, tcpFlags: ACK });
      see({ ...FROM, srcPort: 5004, dstPort: 81 });
      see({ ...FROM, srcPort: 5004, dst: "172.17.0.9" });
      see({ ...FROM, srcPort: 5004, src: "172.17.0.3" });
      see({ ...FROM, srcPort: 5004, side: OUTSIDE });
      // a container's, and an answer to it
      see({ ...BACK, proto: UDP });
      see({ ...FROM, proto: UDP });
    },
    { own: ownOf(begun) },
  );
  expect(found).toMatchObject([
    { hostPort: 88, fromHost: 1, fromHostUnclear: 3, refusedInside: 0 },
    { hostPort: 87, fromHost: 0, fromHostUnclear: 3 },
    { hostPort: 80, fromHost: 0, fromHostUnclear: 3 },
  ]);
});

const seeThree = (sink: Sink, tables: HandFilled): void => {
  for (const srcPort of [5000, 5001, 5002])
    sink.unmatched(tables.add({ ...FROM, srcPort, frame: srcPort }), LOCAL_TO_HOST);
};

it("counts by conntrack's lists what the host called, whether it was seen or not", () => {
  const call = { proto: "tcp", address: "127.0.0.1", port: 88, answeredBy: undefined, epochNs: 1n };
  const ruled = { ...call, address: "10.0.2.15", answeredBy: { address: "172.17.0.2", port: 80 } };
  const called = [
    call,
    ruled,
    ruled,
    // of no port, one that nothing holds, and by a rule to somewhere else
    { ...call, port: 1 },
    { ...call, port: 90 },
    { ...call, port: 91 },
    { ...call, port: undefined },
    { ...ruled, answeredBy: { address: "172.17.0.9", port: 80 } },
    { ...ruled, answeredBy: { address: "172.17.0.2", port: 81 } },
  ];
  const others = [
    { ...WEB, hostPort: 90, pids: [] },
    { ...WEB, hostPort: 91, isGone: true },
  ];
  const own = { ...ownOf({ 5000: "10.0.2.15 10.0.2.15 88" }), called: () => called };
  const [seen, ...rest] = uses([WEB, ...others], seeThree, { own });
  // one of two that may be a docker-proxy's is
  expect(seen).toMatchObject({ fromHost: 2, proxiedFromHost: 1, fromHostUnclear: 1 });
  for (const use of rest) expect(use).toMatchObject({ fromHost: 0, proxiedFromHost: 0 });
  expect(publishedText([seen], paint(false))).toMatch(/88→web:80 +2 +1–2 /);
  // told as conntrack lets go of them
  const letGo = { ...own, called: () => [] };
  const [passed] = uses([WEB], () => called.forEach((each) => letGo.onCalled(each)), { own: letGo });
  expect(passed).toMatchObject({ fromHost: 2, proxiedFromHost: 1 });
  const [unseen] = uses([WEB], () => {}, { own });
  expect(unseen).toMatchObject({ fromHost: 2, proxiedFromHost: 1, fromHostUnclear: 0 });
  expect(publishedText([unseen], paint(false))).toContain("called by the host itself, by docker-proxy: 1 conversation");
});

const seeTwo = (sink: Sink, tables: HandFilled): void => {
  for (const seq of [7, 8]) sink.unmatched(tables.add({ ...FROM, seq, frame: seq }), LOCAL_TO_HOST);
};

it("tells two connections by the same ports apart, of which conntrack has the last", () => {
  let isTold = false;
  const later: OwnConversations = {
    ...ownOf({}),
    begunAs: (_, ends) => (isTold ? { ...ends, dst: "10.0.2.15", dstPort: 88 } : undefined),
  };
  const [late] = uses([WEB], (sink, tables) => (seeTwo(sink, tables), (isTold = true)), { own: later });
  expect(late).toMatchObject({ fromHost: 1, fromHostUnclear: 1 });
  const [soon] = uses([WEB], seeTwo, { own: ownOf({ 5000: "10.0.2.15 10.0.2.15 88" }) });
  expect(soon).toMatchObject({ fromHost: 2, fromHostUnclear: 0 });
});

it("a proxy's connection to the container is not counted beside what it carries on", () => {
  const [web] = uses(
    [WEB],
    (sink, tables) => {
      sink.unmatched(tables.add({ ...FROM, frame: 3 }), LOCAL_TO_HOST);
      const update = { flow: 3, isSelected: false, why: "", before: LOCAL_TO_HOST, verdict: "proxied" } as const;
      for (const side of [OUTSIDE, INSIDE] as const) sink.update({ ...update, side, frame: 3, reason: "proxy" });
    },
    { own: ownOf({}) },
  );
  expect(web).toMatchObject({ fromHost: 0, fromHostUnclear: 0 });
});

it("counts connections that the container refuses, whoever opened them", () => {
  const [web] = uses(
    [WEB],
    (sink, tables) => {
      sink.flow(dnat(1, { isRefused: true }));
      sink.flow(dnat(2));
      const see = (packet: Parameters<HandFilled["add"]>[0]) => sink.unmatched(tables.add(packet), LOCAL_TO_HOST);
      sink.unmatched(tables.add({ ...FROM, frame: 1 }), {
        ...LOCAL_TO_HOST,
        verdict: "refused",
        reason: "end-refuses",
      });
      see({ ...BACK, frame: 2, tcpFlags: RST | ACK, ack: 8 });
      // a later reset of one that was accepted
      see({ ...FROM, srcPort: 5001, frame: 3 });
      see({ ...BACK, dstPort: 5001, frame: 4, tcpFlags: RST | ACK, ack: 90 });
      see({ ...BACK, dstPort: 5002, frame: 5, tcpFlags: RST | ACK, ack: 8 });
    },
    { own: ownOf({ 5000: "10.0.2.15 10.0.2.15 88" }) },
  );
  expect(web).toMatchObject({ translated: 2, fromHost: 1, fromHostUnclear: 1, refusedInside: 2 });
});

it("counts what the container refuses by ICMP errors of its own", () => {
  const [dns] = uses(
    [{ ...WEB, proto: "udp" }],
    (sink, tables) => {
      const see = (packet: Parameters<HandFilled["add"]>[0]) => sink.unmatched(tables.add(packet), LOCAL_TO_HOST);
      const quoted = { ...FROM, proto: "udp", ipId: 1, length: 60 } as const;
      // a packet of its own conversation, as the timeline has it
      const error = { ...BACK, proto: ICMP, seq: (3 << 24) | (3 << 16) };
      for (const srcPort of [5000, 5001, 5002]) see({ ...FROM, proto: UDP, srcPort, frame: srcPort });
      see({ ...error, quoted });
      see({ ...error, quoted: { ...quoted, srcPort: 5001 }, src: "10.0.2.2" });
      // too long for a link
      see({ ...error, quoted: { ...quoted, srcPort: 5002 }, seq: (3 << 24) | (4 << 16) });
    },
    { own: ownOf({}) },
  );
  expect(dns).toMatchObject({ fromHostUnclear: 3, refusedInside: 1 });
});

it("names the rules that could have dropped what was to open conversations", () => {
  const [web] = uses([WEB], (sink, tables) => {
    for (const frame of [1, 2]) sink.unmatched(tables.add({ ...TO, frame }), DROPPED);
    const { src, srcPort, dst, dstPort, proto } = TO;
    const called = (port: number = dstPort, more: Partial<Dropped> = {}): Dropped =>
      dropped(1, { src, srcPort, dst, dstPort: port }, { proto, ...more });
    sink.closedBy("-A DOCKER-USER -j DROP", [called(), called(dstPort, { mayOpen: false }), called(89)], new Set());
    sink.closedBy("-A DOCKER-USER -j DROP", [called()], new Set());
    const stopped = called(dstPort, { fate: "unpaired" });
    sink.closedBy("-P FORWARD DROP", [called(dstPort, { fate: "unanswered" }), called(), stopped], new Set([stopped]));
  });
  expect(web).toMatchObject({
    dropped: 2,
    closedBy: [
      { rule: "-A DOCKER-USER -j DROP", count: 2 },
      { rule: "-P FORWARD DROP", count: 3, unseen: 1 },
    ],
  });
});

/** A port of a container that is on such an interface. */
const behind = (link: string | undefined): Published => ({
  ...WEB,
  hostPort: 6379,
  container: "redis",
  containerIds: new Set(["4"]),
  containerLinks: new Set([link]),
});

it.each([
  [
    "no captured interface leads to it",
    "br-app",
    true,
    0,
    "none",
    "no captured interface leads to redis; to count calls",
  ],
  ["its interface is not known", undefined, true, 0, "untold", "calls of redis may have passed unseen: nothing shows"],
  ["a filter may have kept calls out", "docker0", false, 0, "untold", "calls of redis may have passed"],
  ["a capture lost frames", "docker0", true, 1, "lossy", "the captures of inside lost frames, and calls"],
] as const)("a port is not unused where %s", (_, link, isUnfiltered, captureDropped, captured, why) => {
  const summary = { ...SUMMARY, inside: { ...SUMMARY.inside, captureDropped } };
  const tell = (_: unknown, tables: HandFilled): void => void (tables.isUnfiltered = [isUnfiltered, true]);
  const [redis] = uses([behind(link)], tell, { summary });
  expect(redis.captured).toBe(captured);
  const text = publishedText([redis], paint(false));
  expect(text).toMatch(/6379→redis:80 +unclear /);
  expect(text).toContain(`\n- unclear: ${why}`);
});

it("a port is unused where the captures have all that goes to its container", () => {
  const [redis] = uses([behind("docker0")], () => {});
  expect(redis.captured).toBe("all");
  expect(publishedText([redis], paint(false))).toMatch(/6379→redis:80 +unused /);
});

it("what was seen of a port is told, though there may be more", () => {
  const [none, untold] = (["none", "untold"] as const).map((captured) =>
    publishedText([{ ...WEB, ...NOTHING, captured, fromHostUnclear: 1 }], paint(false)),
  );
  expect(none).toMatch(/88→web:80 +unclear /);
  expect(untold).toMatch(/88→web:80 +0 +0–1 +0 +0 /);
  expect(untold).not.toContain("unclear");
});

/** A port that nobody used. */
const NOTHING = {
  captured: "all" as const,
  translated: 0,
  proxied: 0,
  flows: [],
  unclear: 0,
  fromHost: 0,
  unheld: 0,
  misplaced: 0,
  taken: 0,
  fromInside: 0,
  fromInsideUnclear: 0,
  fromElsewhere: 0,
  fromElsewhereUnclear: 0,
  fromUntold: 0,
  fromUntoldUnclear: 0,
  proxiedFromHost: 0,
  fromHostUnclear: 0,
  refusedInside: 0,
  dropped: 0,
  refused: 0,
  unknown: 0,
  untold: 0,
  closedBy: [],
};

it("text shows a line for each port, those that nobody used last", () => {
  const none = NOTHING;
  const published = [
    { ...LOCAL, ...none },
    { ...WEB, ...none, hostAddresses: ["::1", "10.0.2.15"], container: "a\u001B[2J" },
    { ...WEB, ...none, translated: 12, proxied: 3, dropped: 1 },
  ];
  expect(publishedText(published, paint(false)).split("\n")).toEqual([
    "Published ports",
    "published                              by DNAT  by docker-proxy  dropped  refused by host  held by pid",
    "tcp 88→web:80                               12                3        1                0  7 8",
    "tcp 127.0.0.1:89→db:5432                unused                         0                0  none",
    String.raw`tcp [::1]:88 10.0.2.15:88→a\x1b[2J:80   unused                         0                0  7 8`,
    "",
    "",
  ]);
  expect(publishedText([], paint(false))).toBe("");
  expect(publishedText([{ ...WEB, ...none, pids: undefined }], paint(false))).toMatch(/ unused +0 +0 +unread\n/);
  expect(publishedText([{ ...WEB, ...none, pids: [], isGone: true }], paint(false))).toMatch(/ unused +0 +0 +gone\n/);
});

it("text says below what the columns do not tell", () => {
  const used = {
    ...WEB,
    ...NOTHING,
    container: "a\u001B",
    unclear: 1,
    fromHost: 2,
    fromInsideUnclear: 4,
    taken: 2,
    fromHostUnclear: 1,
    refusedInside: 3,
    unknown: 5,
    untold: 1,
    closedBy: [{ rule: "-A \u001B -j DROP", count: 4 }],
  };
  const unpassed = publishedText([{ ...used, fromHost: 0, fromHostUnclear: 0 }], paint(false));
  expect(unpassed).toContain("the host itself took the call, and was not seen to send it on: 2 conversations");
  for (const other of [{ pids: undefined }, { pids: [] }, { isGone: true }])
    expect(publishedText([{ ...used, ...other }], paint(false))).toContain(
      "the host itself took the call: 2 conversations; ss -lntup on the host shows who has that port\n",
    );
  expect(publishedText([used], paint(false)).split("\n").slice(2)).toEqual([
    String.raw`tcp 88→a\x1b:80        2              0–1        0                0  7 8`,
    String.raw`- tcp 88→a\x1b:80: closed by -A \x1b -j DROP: 4 packets`,
    String.raw`- tcp 88→a\x1b:80: refused by the container: 3 conversations; nobody listens there, or a rule of its own rejects them`,
    String.raw`- tcp 88→a\x1b:80: the host itself took the call: 2 conversations; its docker-proxy has that port`,
    String.raw`- tcp 88→a\x1b:80: perhaps called (nothing tells which port it was, or whose by then): 1 conversation`,
    String.raw`- tcp 88→a\x1b:80: the container was called from inside, by a rule or straight (nothing tells which): 4 conversations`,
    String.raw`- tcp 88→a\x1b:80: called by the host itself: 2 conversations`,
    String.raw`- tcp 88→a\x1b:80: the host called the container, by a rule, by a docker-proxy or straight (nothing tells which): 1 conversation`,
    String.raw`- tcp 88→a\x1b:80: nothing tells what became of some: 1 packet`,
    "",
    "",
  ]);
});

/** A port of WEB's that a rule closes. */
const closed = (hostPort: number, more: object = {}) => ({
  ...WEB,
  ...NOTHING,
  hostPort,
  containerPort: hostPort,
  unknown: 4,
  closedBy: [{ rule: "-A DOCKER-USER -j DROP", count: 4 }],
  ...more,
});

it.each([
  [4, ", none of them seen to be dropped"],
  [1, ", 3 of them seen to be dropped"],
])("text says that of what a rule closes, %i were not seen to be dropped", (unseen, words) => {
  const closedBy = [{ rule: "-P FORWARD DROP", count: 4, unseen }];
  expect(publishedText([closed(91, { closedBy })], paint(false))).toContain(
    `closed by -P FORWARD DROP: 4 packets${words}\n`,
  );
});

it("text counts by DNAT what is known to have gone by a rule, whoever called", () => {
  const use = { ...WEB, ...NOTHING, translated: 1, fromHost: 2, fromInside: 4, fromElsewhere: 8, fromUntold: 16 };
  const unclear = { fromHostUnclear: 1, fromInsideUnclear: 1, fromElsewhereUnclear: 1, fromUntoldUnclear: 1 };
  expect(publishedText([use], paint(false))).toMatch(/88→web:80 +31 +0 /);
  expect(publishedText([{ ...WEB, ...NOTHING, ...unclear }], paint(false))).toMatch(/88→web:80 +0 +0–1 /);
  expect(publishedText([{ ...WEB, ...NOTHING, captured: "none", fromHost: 1 }], paint(false))).toMatch(/:80 +1 +0 /);
});

it("text says once what is the same of three ports of a container, and more", () => {
  const notes = (...published: readonly ReturnType<typeof closed>[]): string[] =>
    publishedText(published, paint(false))
      .split("\n")
      .filter((line) => line.startsWith("- "));
  expect(notes(closed(91), closed(93), closed(92), closed(99), closed(94, { container: "db" }))).toEqual([
    "- tcp 91-93,99→web: closed by -A DOCKER-USER -j DROP: 16 packets",
    "- tcp 94→db:94: closed by -A DOCKER-USER -j DROP: 4 packets",
  ]);
  expect(notes(closed(91), closed(92))).toHaveLength(2);
  expect(notes(closed(91), closed(92), closed(93, { hostAddresses: ["10.0.2.15"] }))).toHaveLength(3);
});

it("text tells once of what the host called that several ports lead to", () => {
  const perhaps = { ...WEB, ...NOTHING, fromHostUnclear: 1 };
  const text = publishedText(
    [
      { ...perhaps, hostAddresses: ["127.0.0.1"], hostPort: 8090 },
      { ...perhaps, hostPort: 32768 },
      { ...perhaps, hostPort: 32769, fromHostUnclear: 2 },
    ],
    paint(false),
  );
  const what = "the host called the container, by a rule, by a docker-proxy or straight (nothing tells which)";
  expect(text.split("\n").filter((line) => line.startsWith("- "))).toEqual([
    `- tcp 127.0.0.1:8090 32768→web:80: ${what}: 1 conversation`,
    `- tcp 32769→web:80: ${what}: 2 conversations`,
  ]);
});
