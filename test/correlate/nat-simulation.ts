import * as fc from "fast-check";
import { FIN, PSH } from "../../src/protocols/tcp.js";
import type { Stamped } from "./outcome.js";
import { CLIENT, datagram, HOST, ping, segment, SERVER } from "./traffic.js";

/** What a packet of a simulated NAT has, as fast-check draws it. */
interface Event {
  readonly flow: number;
  readonly isOutbound: boolean;
  /** Time since the event before it, nanoseconds. */
  readonly gapNs: number;
  readonly latencyNs: number;
  /** Which of a few texts or seqs it carries: most packets have lookalikes. */
  readonly content: number;
  readonly hasIpId: boolean;
  /** Lost in the host: captured where it came in, and never out. */
  readonly isDropped: boolean;
  /** Sent again a moment ago: same TCP numbers. */
  readonly isRetransmission: boolean;
}

interface FlowSpec {
  readonly kind: "ping" | "udp" | "tcp" | "published";
  readonly container: number;
  readonly port: number;
}

export interface Spec {
  readonly flows: readonly FlowSpec[];
  readonly events: readonly Event[];
  /** IP IDs count up from here in each container and on each server: senders in step are the hard case. */
  readonly ipIds: readonly number[];
}

/** Two captures of a NAT, and the outside frame of each forwarded inside frame. */
export interface Truth {
  readonly inside: Stamped[];
  readonly outside: Stamped[];
  readonly twins: ReadonlyMap<number, number>;
}

const KINDS = ["ping", "udp", "tcp", "published"] as const;

function flow(kinds: readonly FlowSpec["kind"][]): fc.Arbitrary<FlowSpec> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    container: fc.integer({ min: 2, max: 4 }),
    port: fc.integer({ min: 4096, max: 4098 }),
  });
}

/** True once in so many. */
const onceIn = (times: number): fc.Arbitrary<boolean> => fc.nat(times - 1).map((n) => n === 0);

function event(
  contents: number,
  hasIpId: fc.Arbitrary<boolean>,
  isDropped: fc.Arbitrary<boolean>,
): fc.Arbitrary<Event> {
  return fc.record({
    flow: fc.nat(5),
    isOutbound: fc.boolean(),
    gapNs: fc.oneof(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 10_000, max: 5_000_000 }),
      fc.integer({ min: 50_000_000, max: 1_500_000_000 }),
    ),
    latencyNs: fc.integer({ min: 2000, max: 60_000 }),
    content: fc.nat(contents - 1),
    hasIpId,
    isDropped,
    isRetransmission: onceIn(6),
  });
}

function traffic(flow: fc.Arbitrary<FlowSpec>, event: fc.Arbitrary<Event>): fc.Arbitrary<Spec> {
  return fc.record({
    flows: fc.array(flow, { minLength: 1, maxLength: 6, size: "max" }),
    events: fc.array(event, { minLength: 1, maxLength: 120, size: "max" }),
    ipIds: fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 6, maxLength: 6 }),
  });
}

/** Traffic of all kinds, or the worst there is: hardly an IP ID, all packets of a kind alike, and every third one lost. */
export const spec: fc.Arbitrary<Spec> = fc.oneof(
  traffic(flow(KINDS), event(3, fc.boolean(), onceIn(10))),
  traffic(flow(["ping", "udp", "udp", ...KINDS]), event(1, onceIn(6), onceIn(3))),
);

/** A flow with the tuples it has on both sides. */
interface LiveFlow extends FlowSpec {
  readonly inner: string;
  /** Port or ICMP id on the outside. */
  readonly outerPort: number;
  readonly peerPort: number;
  /** TCP numbers: bases, and how far each end has sent. */
  readonly base: readonly [number, number];
  readonly sent: [number, number];
  /** When the last packet of a direction came out: a kernel does not reorder a flow. */
  readonly leftNs: [number, number];
}

/** The flows, each conversation once, with clashing outside ports rewritten as masquerading does. */
function open(flows: readonly FlowSpec[]): LiveFlow[] {
  const taken = new Set<string>();
  const seen = new Set<string>();
  const live: LiveFlow[] = [];
  for (const [n, of] of flows.entries()) {
    const own = `${of.kind} ${of.container} ${of.port}`;
    if (seen.has(own)) continue;
    seen.add(own);
    let outerPort = of.kind === "published" ? 8000 + of.container : of.port;
    for (; of.kind !== "published" && taken.has(`${of.kind} ${outerPort}`); ) outerPort += 1000;
    taken.add(`${of.kind} ${outerPort}`);
    live.push({
      ...of,
      inner: `172.17.0.${of.container}`,
      outerPort,
      peerPort: of.kind === "udp" ? 53 : 80,
      base: [1e6 * (7 * n + 3), 1e6 * (11 * n + 5)],
      sent: [0, 0],
      leftNs: [0, 0],
    });
  }
  return live;
}

/** The packet of an event, as the inside or the outside sees it. */
function packetOf(flow: LiveFlow, event: Event, ipId: number, isInside: boolean): Uint8Array {
  const { isOutbound, content } = event;
  const ttl = isOutbound === isInside ? 64 : 63;
  const peer = flow.kind === "published" ? CLIENT : SERVER;
  const own = isInside ? flow.inner : HOST;
  const header = { src: isOutbound ? own : peer, dst: isOutbound ? peer : own, ipId, ttl };
  if (flow.kind === "ping") {
    const icmpId = isInside ? flow.port : flow.outerPort;
    return ping({ ...header, icmpId, seq: content, reply: !isOutbound });
  }
  const [ownPort, peerPort] =
    flow.kind === "published"
      ? [isInside ? 80 : flow.outerPort, flow.port]
      : [isInside ? flow.port : flow.outerPort, flow.peerPort];
  const ports = { srcPort: isOutbound ? ownPort : peerPort, dstPort: isOutbound ? peerPort : ownPort };
  if (flow.kind === "udp") return datagram({ ...header, ...ports, text: `beat ${content}` });
  const end = isOutbound ? 0 : 1;
  return segment({
    ...header,
    ...ports,
    seq: flow.base[end] + flow.sent[end],
    ack: flow.base[1 - end] + flow.sent[1 - end],
    flags: content === 0 ? 0x10 : 0x10 | PSH | (content === 2 ? FIN : 0),
    text: "x".repeat(10 * content),
  });
}

/** Runs the traffic through the NAT, with packets on either side that never cross it. */
export function simulate({ flows, events, ipIds }: Spec): Truth {
  const live = open(flows);
  const nextIpId = [...ipIds];
  const sides: [Stamped[], Stamped[]] = [[], []];
  const crossed: [Stamped, Stamped][] = [];
  let ns = 0;
  for (const event of events) {
    ns += event.gapNs;
    const flow = live[event.flow % live.length];
    const end = event.isOutbound ? 0 : 1;
    const isTcp = flow.kind === "tcp" || flow.kind === "published";
    if (isTcp && !event.isRetransmission) flow.sent[end] += 10 * event.content + 1;
    const sender = event.isOutbound ? flow.container : flow.kind === "published" ? 0 : 1;
    const ipId = event.hasIpId ? nextIpId[sender]++ & 0xffff || 1 : 0;
    const [from, to] = event.isOutbound ? [0, 1] : [1, 0];
    const entered = { ns, packet: packetOf(flow, event, ipId, from === 0) };
    sides[from].push(entered);
    if (event.isDropped) continue;
    const leftNs = Math.max(ns + event.latencyNs, flow.leftNs[end] + 1);
    flow.leftNs[end] = leftNs;
    const left = { ns: leftNs, packet: packetOf(flow, event, ipId, to === 0) };
    sides[to].push(left);
    crossed.push(from === 0 ? [entered, left] : [left, entered]);
  }
  addNoise(sides, ns);
  const [inside, outside] = sides.map((side) => side.sort((a, b) => a.ns - b.ns));
  const twins = crossed.map(([i, o]) => [inside.indexOf(i) + 1, outside.indexOf(o) + 1] as const);
  return { inside, outside, twins: new Map(twins) };
}

const beat = (src: string, dst: string, ttl: number) =>
  datagram({ src, dst, srcPort: 4096, dstPort: 53, ipId: 0, ttl, text: "beat 0" });

/** Local traffic that looks like the rest: between containers on the inside, the host's own on the outside. */
function addNoise(sides: readonly [Stamped[], Stamped[]], lastNs: number): void {
  for (let ns = 1_000_003; ns < lastNs; ns += Math.max(1, Math.floor(lastNs / 7))) {
    sides[0].push({ ns, packet: beat("172.17.0.2", "172.17.0.3", 64) });
    sides[1].push({ ns: ns + 500, packet: beat(HOST, "10.0.2.3", 64) });
  }
}
