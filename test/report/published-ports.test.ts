import { expect, it } from "vitest";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import type { Published, PublishedUse } from "../../src/packets/results/published.js";
import type { FlowSummary, Judgement, Sink, Summary, Update } from "../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { PublishedPorts } from "../../src/report/published-ports.js";
import { publishedText } from "../../src/report/text/published-text.js";
import { paint } from "../../src/report/text/paint.js";
import { flow } from "../host/flow.js";
import { HandFilled, SUMMARY, TCP } from "./tables.js";
import { ACK, SYN } from "../../src/protocols/tcp.js";

const WEB: Published = {
  proto: "tcp",
  hostAddresses: ["0.0.0.0", "::"],
  hostPort: 88,
  container: "web",
  containerPort: 80,
  pids: [7, 8],
};
const LOCAL: Published = {
  ...WEB,
  hostAddresses: ["127.0.0.1"],
  hostPort: 89,
  container: "db",
  containerPort: 5432,
  pids: [],
};

/** What is said at the end of the ports, when a sink is told of a run. */
function uses(
  published: readonly Published[],
  tell: (sink: Sink, tables: HandFilled) => void,
  port = 88,
): readonly PublishedUse[] {
  let ended: Summary | undefined;
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  reporter.end = (summary) => void (ended = summary);
  const web = { name: "web", words: new Set(["web"]) };
  const having = (address: string) => (address === "172.17.0.2" ? web : undefined);
  const publishing = (_: string, address: string, asked: number) =>
    asked === port && ["10.0.2.15", "fd00:2::15"].includes(address) ? web : undefined;
  const containers = { ...NO_CONTAINERS, having, publishing };
  const sink = new PublishedPorts(reporter, { ports: { all: published }, containers });
  const tables = new HandFilled();
  sink.begin(tables);
  tell(sink, tables);
  sink.end(SUMMARY);
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

it("does not count what came while the port was not the container's", () => {
  const [web] = uses([WEB], (sink, tables) => sink.unmatched(tables.add(TO), DROPPED), 89);
  expect(web).toMatchObject({ dropped: 0 });
});

it("a port on one of the host's addresses is of that alone", () => {
  const published = { ...WEB, hostAddresses: ["10.0.2.16"] };
  expect(uses([published], (sink) => sink.flow(dnat(1)))).toMatchObject([{ translated: 0 }]);
  const other = { ...WEB, hostAddresses: ["::", "10.0.2.15"] };
  expect(uses([other], (sink) => sink.flow(dnat(1)))).toMatchObject([{ translated: 1 }]);
});

it("text shows a line for each port, those that nobody used last", () => {
  const none = { translated: 0, proxied: 0, flows: [], dropped: 0, refused: 0 };
  const published = [
    { ...LOCAL, ...none },
    { ...WEB, ...none, hostAddresses: ["::1", "10.0.2.15"], container: "a\u001B[2J" },
    { ...WEB, ...none, translated: 12, proxied: 3, dropped: 1 },
  ];
  expect(publishedText(published, paint(false)).split("\n")).toEqual([
    "Published ports",
    "published                              by DNAT  by docker-proxy  dropped  refused  held by pid",
    "tcp 88→web:80                               12                3        1        0  7 8",
    "tcp 127.0.0.1:89→db:5432                unused                         0        0",
    String.raw`tcp [::1]:88 10.0.2.15:88→a\x1b[2J:80   unused                         0        0  7 8`,
    "",
    "",
  ]);
  expect(publishedText([], paint(false))).toBe("");
});
