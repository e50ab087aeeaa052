import { addressText } from "../packets/address.js";
import type { FlowAccounts } from "../packets/flow-accounts.js";
import type { Flow } from "../packets/flows.js";
import { protocolName, TCP, UDP } from "../packets/packets.js";
import { type Ends, type FlowSummary, natOf } from "../packets/results.js";
import { INSIDE } from "../packets/sides.js";
import type { TupleTable } from "../packets/tuples.js";
import type { Proxied } from "./proxies.js";

/** What a flow came to, with `epochNs` the inside capture's epoch. */
export function summarize(flow: Flow, accounts: FlowAccounts, tuples: TupleTable, epochNs: bigint): FlowSummary {
  const { slot } = flow;
  const isForward = tuples.openedByA[flow.insideTuple] === 1;
  return {
    id: flow.id,
    proto: protocolName(tuples.proto[flow.insideTuple]),
    nat: natOf(flow.rewrite(isForward ? 1 : 0)),
    initiator: flow.isOutbound(isForward ? 1 : 0) ? "inside" : "outside",
    inside: tupleEnds(tuples, flow.insideTuple, isForward),
    outside: tupleEnds(tuples, flow.outsideTuple, isForward !== flow.isFlipped),
    pairs: accounts.pairs(slot),
    pairsOutbound: accounts.pairsThatWent(slot, true),
    insideOnly: tuples.unmatched[flow.insideTuple],
    outsideOnly: tuples.unmatched[flow.outsideTuple],
    firstNs: epochNs + BigInt(Math.round(accounts.firstNs(slot))),
    lastNs: epochNs + BigInt(Math.round(accounts.lastNs(slot))),
    // of most flows, nobody asks for it
    get latencyNs() {
      return { outbound: accounts.latencySummary(slot, true), inbound: accounts.latencySummary(slot, false) };
    },
  };
}

/** A proxied stream as a flow: `inside` is the proxy's connection to the container, `outside` the client's to the proxy. */
export function summarizeProxied(
  id: number,
  { client, server, inbound, outbound }: Proxied,
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  const ends = ({ tuple }: { tuple: number }) => tupleEnds(tuples, tuple, tuples.openedByA[tuple] === 1);
  return {
    id,
    proto: "tcp",
    nat: "proxy",
    initiator: client.side === INSIDE ? "inside" : "outside",
    inside: ends(server),
    outside: ends(client),
    pairs: 0,
    pairsOutbound: 0,
    insideOnly: tuples.unmatched[server.tuple],
    outsideOnly: tuples.unmatched[client.tuple],
    firstNs: epochNs + BigInt(Math.round(client.openedNs)),
    lastNs: epochNs + BigInt(Math.round(Math.max(client.lastNs, server.lastNs))),
    latencyNs: { outbound: outbound.summary(), inbound: inbound.summary() },
  };
}

/** A tuple's ends, as packets from A to B have them, or the other way round. */
export function tupleEnds(tuples: TupleTable, tuple: number, isForward: boolean): Ends {
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
