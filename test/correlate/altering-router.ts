import * as fc from "fast-check";
import { tcp, ipv4, udp } from "../support/packets.js";
import type { Stamped } from "./outcome.js";
import { CONTAINER, HOST, SERVER } from "./traffic.js";

/** What a simulated router rewrites beyond addresses. */
export const KINDS = [
  "ids in sequence",
  "ids at random",
  "options",
  "window",
  "ecn",
  "ids and options",
  "nothing",
] as const;
export type Kind = (typeof KINDS)[number];

/** A packet as fast-check draws it. */
const event = fc.record({
  flow: fc.nat(3),
  isOutbound: fc.boolean(),
  gapUs: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 60_000 })),
  latencyNs: fc.integer({ min: 4000, max: 60_000 }),
  size: fc.nat(3),
  isDropped: fc.nat(19).map((n) => n === 0),
  isUnseen: fc.nat(19).map((n) => n === 0),
});
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

export interface Spec {
  readonly events: readonly Event[];
  readonly isTcp: boolean;
  readonly idOf: number;
}

export const spec: fc.Arbitrary<Spec> = fc.record({
  events: fc.array(event, { minLength: 60, maxLength: 160, size: "max" }),
  isTcp: fc.boolean(),
  idOf: fc.integer({ min: 1, max: 60_000 }),
});

/** How long after it was lost on its way a segment is sent again, microseconds: no round trip in the Internet is shorter. */
const RESENT_US = 8_000;

interface Packet {
  readonly flow: number;
  readonly isOutbound: boolean;
  readonly number: number;
  readonly size: number;
  readonly id: number;
  /** Of a copy sent again: TCP's timestamps say when. */
  readonly sentUs: number;
}

/** Two captures of such a router, and the outside frame of each forwarded inside frame. */
export function altered({ events, isTcp, idOf }: Spec, kind: Kind) {
  const sides: [Stamped[], Stamped[]] = [[], []];
  const crossed: [Stamped, Stamped][] = [];
  const leftNs = [0, 0];
  const pending: { us: number; event: Event; packet: Packet }[] = [];
  let us = 0;
  let id = idOf;
  let ownId = (idOf * 7) & 0xffff;
  const cross = (atUs: number, { isDropped, isUnseen, latencyNs, isOutbound }: Event, packet: Packet): void => {
    const [from, to] = isOutbound ? [0, 1] : [1, 0];
    const entered = { ns: atUs * 1000, packet: build(packet, isTcp, from === 0, "nothing", 0) };
    if (!isUnseen) sides[from].push(entered);
    if (isDropped) return;
    const way = isOutbound ? 1 : 0;
    leftNs[way] = Math.max(entered.ns + latencyNs, leftNs[way] + 1000);
    ownId = (kind === "ids at random" ? ownId * 31_421 + 6927 : ownId + 1) & 0xffff;
    const left = { ns: leftNs[way], packet: build(packet, isTcp, to === 0, kind, ownId) };
    sides[to].push(left);
    if (!isUnseen) crossed.push(from === 0 ? [entered, left] : [left, entered]);
  };
  for (const [number, event] of events.entries()) {
    us += event.gapUs;
    for (let at = pending.findIndex((one) => one.us <= us); at >= 0; at = pending.findIndex((one) => one.us <= us)) {
      const [again] = pending.splice(at, 1);
      cross(again.us, again.event, { ...again.packet, id: ++id & 0xffff, sentUs: again.us });
    }
    const { flow, isOutbound, size } = event;
    const packet = { flow, isOutbound, number, size, id: ++id & 0xffff, sentUs: us };
    cross(us, event, packet);
    // what was lost is sent again, and may cross where nobody looks, or be lost again
    if (isTcp && event.isDropped && size > 0)
      pending.push({
        us: us + RESENT_US + event.gapUs,
        event: { ...event, isDropped: false, isUnseen: number % 3 === 0 },
        packet,
      });
  }
  const [inside, outside] = sides.map((side) => side.sort((a, b) => a.ns - b.ns));
  const twins = new Map(crossed.map(([i, o]) => [inside.indexOf(i) + 1, outside.indexOf(o) + 1] as const));
  return { inside, outside, twins };
}

function build(of: Packet, isTcp: boolean, isInside: boolean, kind: Kind, ownId: number): Uint8Array {
  const { flow, isOutbound, number, size, sentUs } = of;
  const own = isInside ? CONTAINER : HOST;
  const [src, dst] = isOutbound ? [own, SERVER] : [SERVER, own];
  const [srcPort, dstPort] = isOutbound ? [40_000 + flow, 443] : [443, 40_000 + flow];
  const isRenumbered = kind.startsWith("ids");
  const header = {
    src,
    dst,
    id: isRenumbered && ownId !== 0 ? ownId : of.id,
    ttl: isOutbound === isInside ? 64 : 63,
    df: true,
  };
  const payload = Buffer.from(`${number} `.repeat(size));
  if (!isTcp)
    return ipv4(header, udp({ srcPort, dstPort, payload: Buffer.concat([payload, Buffer.from(`${number}`)]) }));
  const isStripped = kind.endsWith("options");
  const options = Buffer.alloc(12);
  options.set([1, 1, 8, 10]);
  options.writeUInt32BE(sentUs, 4);
  return ipv4(
    header,
    tcp({
      srcPort,
      dstPort,
      seq: 1e6 * (flow + 1) + (isOutbound ? 0 : 5e5) + 100 * number,
      ack: 7e6 + number,
      flags: 0x10 | (kind === "ecn" ? 0 : 0x40),
      window: kind === "window" ? 1000 : 64_240,
      ...(isStripped ? {} : { options }),
      payload,
    }),
  );
}
