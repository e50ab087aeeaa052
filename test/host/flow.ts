import type { Ends, FlowSummary } from "../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import type { Protocol } from "../../src/protocols/ip-protocols.js";

/** When every flow begins that does not say so: epoch nanoseconds. */
export const START_NS = 1_700_000_000_000_000_000n;

/** `172.17.0.3.5353 > 10.0.2.2.53`, `fd00:17::3.1 > …`, `172.17.0.3 > 10.0.2.2 id 783`, or addresses alone. */
function ends(text: string, hasPorts: boolean): Ends {
  const [src, dst] = text.replace(/ id \d+$/, "").split(" > ");
  const id = / id (\d+)$/.exec(text)?.[1];
  if (id !== undefined) return { src, dst, icmpId: Number(id) };
  if (!hasPorts) return { src, dst };
  const [srcAddress, srcPort] = cutAtPort(src);
  const [dstAddress, dstPort] = cutAtPort(dst);
  return { src: srcAddress, dst: dstAddress, srcPort, dstPort };
}

function cutAtPort(end: string): [address: string, port: number] {
  const dot = end.lastIndexOf(".");
  return [end.slice(0, dot), Number(end.slice(dot + 1))];
}

/** A flow as natcorr summarizes it, whose two tuples are in its initiator's direction. */
export function flow(
  proto: Protocol,
  initiator: FlowSummary["initiator"],
  inside: string,
  outside: string,
  more: Partial<FlowSummary> = {},
): FlowSummary {
  const hasPorts = proto === "tcp" || proto === "udp";
  const [inner, outer] = [ends(inside, hasPorts), ends(outside, hasPorts)];
  const isSource = inner.src !== outer.src || inner.srcPort !== outer.srcPort;
  const isDestination = inner.dst !== outer.dst || inner.dstPort !== outer.dstPort;
  return {
    id: 1,
    proto,
    nat: isSource ? (isDestination ? "snat+dnat" : "snat") : isDestination ? "dnat" : "none",
    initiator,
    inside: inner,
    outside: outer,
    sides: [INSIDE, OUTSIDE],
    firstFrames: [1, 1],
    pairs: 2,
    pairsOutbound: 1,
    bytes: 160,
    insideOnly: 0,
    outsideOnly: 0,
    firstNs: START_NS,
    lastNs: START_NS + 1_000_000_000n,
    latency: { outbound: null, inbound: null },
    ...more,
  };
}
