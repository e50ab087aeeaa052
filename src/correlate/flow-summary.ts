import { addressText } from "../packets/address.js";
import type { FlowAccounts } from "../packets/flow-accounts.js";
import type { Flow, Nat } from "../packets/flows.js";
import { type Protocol, protocolName, TCP, UDP } from "../packets/packets.js";
import { type Ends, type FlowSummary, natOf } from "../packets/results.js";
import { INSIDE } from "../packets/sides.js";
import type { TupleTable } from "../packets/tuples.js";
import type { Proxied } from "./proxies.js";

/** What a flow came to. Most of it is found out when it is asked for, which of most flows nobody does. */
class Summarized implements FlowSummary {
  readonly id: number;
  readonly proto: Protocol;
  readonly nat: Nat;
  readonly initiator: "inside" | "outside";
  readonly inside: Ends;
  readonly outside: Ends;
  readonly pairs: number;
  readonly pairsOutbound: number;
  readonly insideOnly: number;
  readonly outsideOnly: number;
  readonly #slot: number;
  readonly #accounts: FlowAccounts;
  readonly #epochNs: bigint;

  constructor(flow: Flow, accounts: FlowAccounts, tuples: TupleTable, epochNs: bigint) {
    const { slot } = flow;
    const isForward = tuples.openedByA[flow.insideTuple] === 1;
    this.id = flow.id;
    this.proto = protocolName(tuples.proto(flow.insideTuple));
    this.nat = natOf(flow.rewrite(isForward ? 1 : 0));
    this.initiator = flow.isOutbound(isForward ? 1 : 0) ? "inside" : "outside";
    this.inside = new TupleEnds(tuples, flow.insideTuple, isForward);
    this.outside = new TupleEnds(tuples, flow.outsideTuple, isForward !== flow.isFlipped);
    this.pairs = accounts.pairs(slot);
    this.pairsOutbound = accounts.pairsThatWent(slot, true);
    this.insideOnly = tuples.unmatched[flow.insideTuple];
    this.outsideOnly = tuples.unmatched[flow.outsideTuple];
    this.#slot = slot;
    this.#accounts = accounts;
    this.#epochNs = epochNs;
  }

  get firstNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.#accounts.firstNs(this.#slot)));
  }

  get lastNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.#accounts.lastNs(this.#slot)));
  }

  get latencyNs(): FlowSummary["latencyNs"] {
    const latency = (isOutbound: boolean) => this.#accounts.latencySummary(this.#slot, isOutbound);
    return { outbound: latency(true), inbound: latency(false) };
  }
}

/** What a flow came to, with `epochNs` the inside capture's epoch. */
export function summarize(flow: Flow, accounts: FlowAccounts, tuples: TupleTable, epochNs: bigint): FlowSummary {
  return new Summarized(flow, accounts, tuples, epochNs);
}

/** A proxied stream as a flow: `inside` is the proxy's connection to the container, `outside` the client's to the proxy. */
export function summarizeProxied(
  id: number,
  { client, server, inbound, outbound }: Proxied,
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  const ends = ({ tuple }: { tuple: number }) => new TupleEnds(tuples, tuple, tuples.openedByA[tuple] === 1);
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

/** A tuple's ends, as packets from A to B have them, or the other way round. Valid as long as the tuple is. */
export class TupleEnds implements Ends {
  readonly #tuples: TupleTable;
  readonly #tuple: number;
  readonly #isForward: boolean;

  constructor(tuples: TupleTable, tuple: number, isForward: boolean) {
    this.#tuples = tuples;
    this.#tuple = tuple;
    this.#isForward = isForward;
  }

  get src(): string {
    return this.#address(this.#isForward);
  }

  get dst(): string {
    return this.#address(!this.#isForward);
  }

  get srcPort(): number | undefined {
    return this.#hasPorts ? this.#port(this.#isForward) : undefined;
  }

  get dstPort(): number | undefined {
    return this.#hasPorts ? this.#port(!this.#isForward) : undefined;
  }

  get icmpId(): number | undefined {
    return !this.#hasPorts && this.#tuples.isEcho[this.#tuple] === 1 ? this.#port(true) : undefined;
  }

  get #hasPorts(): boolean {
    const proto = this.#tuples.proto(this.#tuple);
    return proto === TCP || proto === UDP;
  }

  #address(isA: boolean): string {
    const tuples = this.#tuples;
    const words = isA ? tuples.addressA : tuples.addressB;
    return addressText(tuples.isIpv6(this.#tuple), words, 4 * this.#tuple);
  }

  #port(isA: boolean): number {
    return isA ? this.#tuples.portA(this.#tuple) : this.#tuples.portB(this.#tuple);
  }
}
