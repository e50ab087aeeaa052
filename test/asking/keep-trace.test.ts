import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { DropsKeeper, TraceKeeper } from "../../src/asking/keep-trace.js";
import { newsOf } from "../../src/host/snapshot/host-facts.js";
import { KnownHost } from "../../src/host/snapshot/known-host.js";
import { CHANGE_SCHEMA } from "../../src/host/snapshot/schema.js";
import type { TraceChange } from "../../src/host/snapshot/snapshot.js";
import { KernelDrops } from "../../src/host/trace/kernel-drops.js";
import { Trace } from "../../src/host/trace/trace.js";
import type { Arrival } from "../../src/packets/results/traces.js";
import { START_NS } from "../host/flow.js";

const isChange = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(CHANGE_SCHEMA);

const PACKET =
  'ip filter FORWARD packet: iif "docker0" ip saddr 172.17.0.2 ip daddr 10.0.2.2 ip ttl 64 ip id 7 ip protocol udp ip length 33 udp sport 55514 udp dport 9 udp length 13';
const [RULE, STOP] = [
  "ip filter FORWARD udp dport 9 drop",
  { rule: "ip filter FORWARD udp dport 9 drop", isRefusal: false },
];
const traced = (id: string): string[] => [
  `trace id ${id} ${PACKET}`,
  `trace id ${id} ${RULE.replace("FORWARD", "FORWARD rule")} (verdict drop)`,
];
const ARRIVAL: Arrival = {
  ends: { src: "172.17.0.2", srcPort: 55_514, dst: "10.0.2.2", dstPort: 9 },
  ttl: 64,
  length: 33,
  ipId: 7,
};
const dropLine = (us: number, reason: string): string =>
  ` [000] ..s1. ${(us / 1e6).toFixed(6)}: kfree_skb: location=nf_hook_slow+0x1/0x2 reason: ${reason}`;
const MS_NS = 1_000_000n;

/** What whoever reads it knows of what was kept; each note is as the schema says. */
function known(changes: readonly TraceChange[]): KnownHost {
  const host = new KnownHost();
  for (const change of changes) {
    const text = JSON.stringify(change);
    expect([isChange(JSON.parse(text)), isChange.errors]).toEqual([true, null]);
    host.take(newsOf(JSON.parse(text)));
  }
  return host;
}

it("keeps which rule stopped which packet, and what the trace did not tell", () => {
  const trace = new Trace({ isLive: true });
  for (const line of [...traced("1"), ...traced("2"), "gibberish"]) trace.read(line);
  const keeper = new TraceKeeper(trace);
  const changes: TraceChange[] = [];
  keeper.keepIn((change) => changes.push(change));
  const times = [START_NS, START_NS + MS_NS, START_NS + 2n * MS_NS];
  expect(times.map((timeNs) => keeper.stopOf(ARRIVAL, timeNs))).toEqual([STOP, STOP, undefined]);
  keeper.keepLast();
  const read = known(changes).heard.trace;
  expect(times.map((timeNs) => read?.stopOf(ARRIVAL, timeNs))).toEqual([STOP, STOP, undefined]);
  expect(read?.stopOf({ ...ARRIVAL, ipId: 8 }, START_NS)).toBeUndefined();
  expect(read?.end()).toEqual(keeper.end());
  expect(keeper.end()).toMatchObject([{ code: "trace-unread", count: 1 }]);
});

it("keeps what the kernel said of drops, and all that it counted until then", () => {
  const drops = new KernelDrops();
  drops.read(dropLine(1000, "NETFILTER_DROP"));
  drops.read(dropLine(9000, "NO_SOCKET"));
  const keeper = new DropsKeeper(drops);
  const changes: TraceChange[] = [];
  keeper.keepIn((change) => changes.push(change));
  // two packets that one drop may be
  const times = [990_000n, 995_000n, 5_000_000n];
  const given = times.map((timeNs) => keeper.fitting(timeNs));
  expect(given.map((drop) => drop?.reason)).toEqual(["NETFILTER_DROP", "NETFILTER_DROP", undefined]);
  keeper.keepLast();
  drops.read(dropLine(20_000, "NO_SOCKET"));
  const read = known(changes).heard.drops;
  const again = times.map((timeNs) => read?.fitting(timeNs));
  expect(again.map((drop) => drop?.reason)).toEqual(["NETFILTER_DROP", "NETFILTER_DROP", undefined]);
  expect(again[0]).toBe(again[1]);
  expect([...(read?.counts ?? [])]).toEqual([...keeper.counts]);
  expect([...keeper.counts.values()]).toEqual([1, 1]);
  expect([read?.lost, read?.failure]).toEqual([0, undefined]);
});

it("takes any note for what it holds, and nothing else", () => {
  const host = new KnownHost();
  const base = { format: "natcorr-change", version: 1, time: "1.000000000" };
  const odd = [
    { conntrack: { lines: [1, null, "src=", "\u001b[2J"], event: "eaten" } },
    { conntrack: 5 },
    { stopped: { ends: { src: "x", dst: 4 }, rule: "r", ttl: 1, length: 1, ipId: 0 } },
    { stopped: null, letGo: { timeUs: "1" } },
    { trace: [], drops: { counts: { a: "b" }, lost: "many" } },
    { drops: { counts: { __proto__: 1, a: 2 } } },
  ];
  for (const each of odd) host.take(newsOf({ ...base, ...each }));
  expect(host.heard.conntrack?.unread).toBe(2);
  expect([...(host.heard.drops?.counts ?? [])]).toEqual([["a", 2]]);
  expect(host.heard.trace?.stopOf(ARRIVAL, 1_000_000_000n)).toBeUndefined();
});
