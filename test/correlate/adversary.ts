import * as fc from "fast-check";
import { echo, echo6, filler, icmp, icmpv6, ipv4, ipv6, tcp, type Transport, udp } from "../support/packets.js";
import type { Stamped } from "./outcome.js";

/** How senders number their packets: hardly any does so that the number alone would tell one from another. */
const IP_IDS = ["counter", "constant", "few", "jiffies", "none", "random"] as const;

interface FlowSpec {
  readonly kind: "tcp" | "udp" | "ping";
  readonly isIpv6: boolean;
  readonly container: number;
  readonly port: number;
  /** A published port: the peer began, and the destination is rewritten. */
  readonly isPublished: boolean;
}

/** A packet, or one sent again byte for byte. */
interface Event {
  readonly flow: number;
  readonly isOutbound: boolean;
  readonly gapNs: number;
  readonly latencyNs: number;
  readonly content: number;
  readonly randomId: number;
  /** Sends again what this flow sent last in this direction, with the same IP ID or not. */
  readonly isReplay: boolean;
  readonly isNewId: boolean;
  /** An ICMP error about what came last the other way, if anything did. */
  readonly isError: boolean;
  readonly fate: "forwarded" | "dropped" | "missed entering" | "missed leaving";
}

export interface Spec {
  readonly flows: readonly FlowSpec[];
  readonly events: readonly Event[];
  readonly ipIds: (typeof IP_IDS)[number];
  /** Where the counters of all senders begin: equal ones, as of devices that were switched on together. */
  readonly firstIds: readonly number[];
  /** All connections begin with the same sequence numbers. */
  readonly hasEqualNumbers: boolean;
  /** Nanoseconds that a capture's stamps are multiples of. */
  readonly resolutionNs: readonly [number, number];
}

/** Two captures of one clock, and what is true of them; frames from 1. */
export interface Adversity {
  readonly inside: Stamped[];
  readonly outside: Stamped[];
  readonly twins: ReadonlyMap<number, number>;
  /** How much earlier than it entered a packet may seem to leave. */
  readonly toleranceNs: number;
}

/** What the clocks of two processors may be apart. */
const PROCESSORS_NS = 10_000;

const flow: fc.Arbitrary<FlowSpec> = fc.record({
  kind: fc.constantFrom("tcp", "udp", "ping"),
  isIpv6: fc.boolean(),
  container: fc.integer({ min: 2, max: 4 }),
  port: fc.integer({ min: 5000, max: 5001 }),
  isPublished: fc.nat(3).map((n) => n === 0),
});

const event = (fates: readonly Event["fate"][]): fc.Arbitrary<Event> =>
  fc.record({
    flow: fc.nat(5),
    isOutbound: fc.boolean(),
    gapNs: fc.oneof(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 10_000, max: 5_000_000 }),
      fc.integer({ min: 20_000_000, max: 1_200_000_000 }),
    ),
    latencyNs: fc.oneof(
      { arbitrary: fc.integer({ min: 1000, max: 60_000 }), weight: 5 },
      { arbitrary: fc.integer({ min: 60_000, max: 80_000_000 }), weight: 1 },
    ),
    content: fc.nat(2),
    randomId: fc.integer({ min: 1, max: 0xffff }),
    isReplay: fc.nat(4).map((n) => n === 0),
    isNewId: fc.boolean(),
    isError: fc.nat(7).map((n) => n === 0),
    fate: fc.constantFrom(...fates),
  });

const FORWARDED = Array<Event["fate"]>(5).fill("forwarded");
/** What left was captured where it entered; it may be lost on its way, or missed where it left. */
export const ENTERING = [...FORWARDED, "dropped", "missed leaving"] as const;
/** Either capture may miss what the other one has. */
export const EITHER = [...ENTERING, "missed entering"] as const;

export const spec = (fates: readonly Event["fate"][]): fc.Arbitrary<Spec> =>
  fc.record({
    flows: fc.array(flow, { minLength: 1, maxLength: 6, size: "max" }),
    events: fc.array(event(fates), { minLength: 1, maxLength: 150, size: "max" }),
    ipIds: fc.constantFrom(...IP_IDS),
    firstIds: fc.oneof(
      fc.constant([7, 7, 7, 7, 7]),
      fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 5, maxLength: 5 }),
    ),
    hasEqualNumbers: fc.boolean(),
    resolutionNs: fc.tuple(fc.constantFrom(1, 1000), fc.constantFrom(1, 1000)),
  });

const HOSTS = ["10.0.2.15", "fd00:2::15"] as const;
const PEERS = ["180.101.49.11", "2001:db8::11"] as const;
const CLIENTS = ["10.0.2.2", "fd00:2::2"] as const;

interface LiveFlow extends FlowSpec {
  readonly n: number;
  /** Port or ICMP id outside. */
  readonly outerPort: number;
  readonly sent: [number, number];
  readonly last: [Sent | undefined, Sent | undefined];
  /** When the last packet of a direction left: a kernel does not reorder a flow. */
  readonly leftNs: [number, number];
}

interface Sent {
  readonly seq: number;
  readonly ack: number;
  readonly content: number;
  readonly ipId: number;
  /** What an error is about. */
  readonly quoted?: Sent;
}

/** Each conversation once, with a port of its own outside, kept where it is free. */
function open(specs: readonly FlowSpec[]): LiveFlow[] {
  const seen = new Set<string>();
  const taken = new Set<string>();
  return specs.flatMap((spec, n) => {
    // a host answers pings by itself
    const of = { ...spec, isPublished: spec.isPublished && spec.kind !== "ping" };
    const space = `${of.kind} ${of.isIpv6} ${of.isPublished}`;
    if (seen.has(`${space} ${of.container} ${of.port}`)) return [];
    seen.add(`${space} ${of.container} ${of.port}`);
    let outerPort = of.isPublished ? 8000 + of.container : of.port;
    while (!of.isPublished && taken.has(`${space} ${outerPort}`)) outerPort += 1000;
    taken.add(`${space} ${outerPort}`);
    return [{ ...of, n, outerPort, sent: [0, 0], last: [undefined, undefined], leftNs: [0, 0] }];
  });
}

function body(of: LiveFlow, sent: Sent, isOutbound: boolean, isInside: boolean): Transport {
  const { seq, ack, content, quoted } = sent;
  if (quoted !== undefined) {
    const payload = packetOf(of, quoted, !isOutbound, isInside, QUOTED_TTL);
    return of.isIpv6 ? icmpv6({ type: 1, code: 4, payload }) : icmp({ type: 3, code: 3, payload });
  }
  const payload = filler(4 + 4 * content, content);
  const own = isInside ? (of.isPublished ? 80 : of.port) : of.outerPort;
  const peer = of.isPublished ? of.port : 53;
  if (of.kind === "ping") {
    return (of.isIpv6 ? echo6 : echo)({ id: own, seq: content, reply: !isOutbound, payload });
  }
  const ports = isOutbound ? { srcPort: own, dstPort: peer } : { srcPort: peer, dstPort: own };
  return of.kind === "udp" ? udp({ ...ports, payload }) : tcp({ ...ports, seq, ack, payload });
}

/** As it came where the error was sent, which is the same on both sides. */
const QUOTED_TTL = 60;

function packetOf(
  of: LiveFlow,
  sent: Sent,
  isOutbound: boolean,
  isInside: boolean,
  ttl = isOutbound === isInside ? 64 : 63,
): Uint8Array {
  const version = of.isIpv6 ? 1 : 0;
  const inner = of.isIpv6 ? `fd00:17::${of.container}` : `172.17.0.${of.container}`;
  const own = isInside ? inner : HOSTS[version];
  const peer = (of.isPublished ? CLIENTS : PEERS)[version];
  const [src, dst] = isOutbound ? [own, peer] : [peer, own];
  const carried = body(of, sent, isOutbound, isInside);
  if (of.isIpv6) return ipv6({ src, dst, hopLimit: ttl }, carried);
  return ipv4({ src, dst, ttl, id: sent.ipId, df: true }, carried);
}

/** Runs the traffic through a NAT that two captures watch. */
export function adversity({ flows, events, ipIds, firstIds, hasEqualNumbers, resolutionNs }: Spec): Adversity {
  const live = open(flows);
  const counters = [...firstIds];
  const sides: [Stamped[], Stamped[]] = [[], []];
  const crossed: [Stamped, Stamped][] = [];
  let ns = 0;
  const idOf = (sender: number, { content, randomId }: Event): number => {
    if (ipIds === "none") return 0;
    if (ipIds === "constant") return 1;
    if (ipIds === "few") return 7 + content;
    if (ipIds === "jiffies") return Math.floor(ns / 4e6) & 0xffff;
    if (ipIds === "random") return randomId;
    return counters[sender]++ & 0xffff;
  };
  for (const event of events) {
    ns += event.gapNs;
    const of = live[event.flow % live.length];
    const end = event.isOutbound ? 0 : 1;
    const ipId = idOf(event.isOutbound ? of.container : of.isPublished ? 0 : 1, event);
    const base = (end: 0 | 1): number => 1e6 * (hasEqualNumbers ? end : 2 * of.n + end) + 1000;
    const last = of.last[end];
    const quoted = of.last[1 - end];
    const isReplay = event.isReplay && last !== undefined;
    const isError = !isReplay && event.isError && quoted !== undefined && quoted.quoted === undefined;
    const sent: Sent = isReplay
      ? { ...last, ...(event.isNewId && { ipId }) }
      : isError
        ? { seq: 0, ack: 0, content: 0, ipId, quoted }
        : {
            seq: base(end) + of.sent[end],
            ack: base(end === 0 ? 1 : 0) + of.sent[1 - end],
            content: event.content,
            ipId,
          };
    if (!isReplay && !isError) of.sent[end] += 4 + 4 * event.content;
    of.last[end] = sent;
    const [from, to] = event.isOutbound ? ([0, 1] as const) : ([1, 0] as const);
    const stamp = (side: 0 | 1, ns: number): Stamped => ({
      ns: ns - (ns % resolutionNs[side]),
      packet: packetOf(of, sent, event.isOutbound, side === 0),
    });
    const entered = stamp(from, ns);
    const leftNs = Math.max(ns + event.latencyNs, of.leftNs[end] + 1);
    const left = stamp(to, leftNs);
    if (event.fate !== "missed entering") sides[from].push(entered);
    if (event.fate === "dropped") continue;
    of.leftNs[end] = leftNs;
    if (event.fate !== "missed leaving") sides[to].push(left);
    if (event.fate === "forwarded") crossed.push(from === 0 ? [entered, left] : [left, entered]);
  }
  const [inside, outside] = sides.map((side) => side.sort((a, b) => a.ns - b.ns));
  const twins = new Map(crossed.map(([i, o]) => [inside.indexOf(i) + 1, outside.indexOf(o) + 1]));
  return { inside, outside, twins, toleranceNs: PROCESSORS_NS + Math.max(...resolutionNs) };
}
