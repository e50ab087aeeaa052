import { addressText } from "../packets/address.js";
import type { Flow } from "../packets/flows.js";
import { protocolName, TCP, UDP } from "../packets/packets.js";
import { type Ends, type FlowSummary, natOf } from "../packets/results.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import type { TupleTable } from "../packets/tuples.js";

/** What a flow came to, with `epochNs` the inside capture's epoch. */
export function summarize(flow: Flow, tuples: readonly [TupleTable, TupleTable], epochNs: bigint): FlowSummary {
  const inside = tuples[INSIDE];
  const isForward = inside.openedByA[flow.insideTuple] === 1;
  return {
    id: flow.id,
    proto: protocolName(inside.proto[flow.insideTuple]),
    nat: natOf(flow.rewrite(isForward ? 1 : 0)),
    initiator: flow.isOutbound(isForward ? 1 : 0) ? "inside" : "outside",
    inside: tupleEnds(inside, flow.insideTuple, isForward),
    outside: tupleEnds(tuples[OUTSIDE], flow.outsideTuple, isForward !== flow.isFlipped),
    pairs: flow.pairs,
    pairsOutbound: flow.outbound.count,
    insideOnly: inside.unmatched[flow.insideTuple],
    outsideOnly: tuples[OUTSIDE].unmatched[flow.outsideTuple],
    firstNs: epochNs + BigInt(Math.round(flow.firstNs)),
    lastNs: epochNs + BigInt(Math.round(flow.lastNs)),
    latencyNs: { outbound: flow.outbound.summary(), inbound: flow.inbound.summary() },
  };
}

function tupleEnds(tuples: TupleTable, tuple: number, isForward: boolean): Ends {
  const isIpv6 = tuples.isIpv6[tuple] === 1;
  const a = addressText(isIpv6, tuples.addressA, 4 * tuple);
  const b = addressText(isIpv6, tuples.addressB, 4 * tuple);
  const ends: Ends = { src: isForward ? a : b, dst: isForward ? b : a };
  const proto = tuples.proto[tuple];
  if (proto === TCP || proto === UDP) {
    ends.srcPort = isForward ? tuples.portA[tuple] : tuples.portB[tuple];
    ends.dstPort = isForward ? tuples.portB[tuple] : tuples.portA[tuple];
  } else if (tuples.isEcho[tuple]) {
    ends.icmpId = tuples.portA[tuple];
  }
  return ends;
}
