import type { FlowAccounts } from "../../packets/flow-accounts.js";
import type { Nat } from "../../packets/flows.js";
import { type Ends, type FlowSummary, natOf } from "../../packets/results.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../../packets/sides.js";
import type { TupleTable } from "../../packets/tuples.js";
import { hasPorts, type Protocol, protocolName } from "../../protocols/ip-protocols.js";
import type { Turned } from "../matchers/turns.js";
import type { Linked } from "../matchers/links.js";
import type { Proxied } from "../matchers/proxies.js";

/** What one flow after the other came to, found out when it is asked for, which of most flows hardly anything is. */
export class FlowView implements FlowSummary {
  readonly #accounts: FlowAccounts;
  readonly #tuples: TupleTable;
  readonly #epochNs: bigint;
  readonly #inside: TupleEnds;
  readonly #outside: TupleEnds;
  #slot = 0;

  /** `epochNs`: the inside capture's epoch. */
  constructor(accounts: FlowAccounts, tuples: TupleTable, epochNs: bigint) {
    this.#accounts = accounts;
    this.#tuples = tuples;
    this.#epochNs = epochNs;
    this.#inside = new TupleEnds(tuples);
    this.#outside = new TupleEnds(tuples);
  }

  /** Looks at the flow in a slot from now on. */
  of(slot: number): this {
    this.#slot = slot;
    return this;
  }

  get id(): number {
    return this.#accounts.id(this.#slot);
  }

  get proto(): Protocol {
    return protocolName(this.#tuples.proto(this.#insideTuple));
  }

  get nat(): Nat {
    return natOf(this.rewrite, this.#isInitiatorKnown);
  }

  /** REWRITE_… bits of the packets that travel in the initiator's direction; outbound where that is not known. */
  get rewrite(): number {
    return this.#accounts.rewrite(this.#slot, this.#isForward ? 1 : 0);
  }

  get initiator(): FlowSummary["initiator"] {
    if (!this.#isInitiatorKnown) return "unknown";
    return this.#accounts.isOutbound(this.#slot, this.#isForward ? 1 : 0) ? "inside" : "outside";
  }

  get inside(): Ends {
    return this.#inside.of(this.#insideTuple, this.#isForward);
  }

  get outside(): Ends {
    const isForward = this.#isForward !== this.#accounts.isFlipped(this.#slot);
    return this.#outside.of(this.#accounts.outsideTuple(this.#slot), isForward);
  }

  get sides(): FlowSummary["sides"] {
    return [INSIDE, OUTSIDE];
  }

  get firstFrames(): FlowSummary["firstFrames"] {
    return this.#accounts.firstFrames(this.#slot);
  }

  get pairs(): number {
    return this.#accounts.pairs(this.#slot);
  }

  get pairsOutbound(): number {
    return this.#accounts.pairsThatWent(this.#slot, true);
  }

  get bytes(): number {
    return this.#accounts.bytes(this.#slot);
  }

  get insideOnly(): number {
    return this.#tuples.unmatched(this.#insideTuple);
  }

  get outsideOnly(): number {
    return this.#tuples.unmatched(this.#accounts.outsideTuple(this.#slot));
  }

  get firstNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.#accounts.firstNs(this.#slot)));
  }

  get lastNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.#accounts.lastNs(this.#slot)));
  }

  get latency(): FlowSummary["latency"] {
    const latency = (isOutbound: boolean) => this.#accounts.latencySummary(this.#slot, isOutbound);
    return { outbound: latency(true), inbound: latency(false) };
  }

  get #insideTuple(): number {
    return this.#accounts.insideTuple(this.#slot);
  }

  get #isInitiatorKnown(): boolean {
    return this.#tuples.isOpenerKnown(this.#insideTuple);
  }

  /** Whether the initiator's packets are forward on the inside; those that travel outbound where that is not known. */
  get #isForward(): boolean {
    return isForwardFirst(this.#accounts, this.#tuples, this.#slot);
  }
}

/** Whether the initiator's packets are forward on the inside, of the flow in a slot; those that travel outbound where that is not known. */
export function isForwardFirst(accounts: FlowAccounts, tuples: TupleTable, slot: number): boolean {
  const inside = accounts.insideTuple(slot);
  return tuples.isOpenerKnown(inside) ? tuples.isOpenedByA(inside) : accounts.isOutbound(slot, 1);
}

/** Two conversations that are one flow. `epochNs`: the inside capture's epoch. */
export function summarizeLinked(id: number, linked: Linked, tuples: TupleTable, epochNs: bigint): FlowSummary {
  return linked.kind === "turned"
    ? summarizeTurned(id, linked, tuples, epochNs)
    : summarizeProxied(id, linked, tuples, epochNs);
}

/**
 * A proxied stream as a flow: `inside` is the proxy's connection to the container, `outside` the client's to the proxy; or the other way
 * round where the client is inside, and the server outside.
 */
function summarizeProxied(
  id: number,
  { client, server, toServer, toClient }: Proxied,
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  const ends = ({ tuple }: { tuple: number }) => new TupleEnds(tuples).of(tuple, tuples.isOpenedByA(tuple));
  const isOutbound = client.side === INSIDE && server.side === OUTSIDE;
  const [inside, outside] = isOutbound ? [client, server] : [server, client];
  const [there, back] = [toServer.summary(), toClient.summary()];
  return {
    id,
    proto: protocolName(tuples.proto(client.tuple)),
    nat: "proxy",
    initiator: client.side === INSIDE ? "inside" : "outside",
    inside: ends(inside),
    outside: ends(outside),
    sides: [inside.side, outside.side],
    firstFrames: [inside.openedFrame, outside.openedFrame],
    pairs: 0,
    pairsOutbound: 0,
    bytes: 0,
    insideOnly: tuples.unmatched(inside.tuple),
    outsideOnly: tuples.unmatched(outside.tuple),
    firstNs: epochNs + BigInt(Math.round(client.openedNs)),
    lastNs: epochNs + BigInt(Math.round(Math.max(client.lastNs, server.lastNs))),
    latency: isOutbound ? { outbound: there, inbound: back } : { outbound: back, inbound: there },
  };
}

/** A conversation that is turned round on a side, as a flow: `inside` is what its initiator sends, `outside` what becomes of that. */
function summarizeTurned(
  id: number,
  { side, there, back, firstFrames, pairs, bytes, firstNs, lastNs, latencies }: Turned,
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  const isKnown = tuples.isOpenerKnown(there.insideTuple);
  const flow = isKnown && tuples.isOpenedByA(there.insideTuple) !== there.isForwardOutbound ? back : there;
  const isForward = flow.isForwardOutbound;
  return {
    id,
    proto: protocolName(tuples.proto(flow.insideTuple)),
    nat: natOf(flow.rewrite(isForward ? 1 : 0), isKnown),
    initiator: isKnown ? SIDE_NAMES[side] : "unknown",
    inside: new TupleEnds(tuples).of(flow.insideTuple, isForward),
    outside: new TupleEnds(tuples).of(flow.outsideTuple, isForward !== flow.isFlipped),
    sides: [side, side],
    firstFrames,
    pairs,
    pairsOutbound: pairs,
    bytes,
    insideOnly: tuples.unmatched(flow.insideTuple),
    outsideOnly: tuples.unmatched(flow.outsideTuple),
    firstNs: epochNs + BigInt(Math.round(firstNs)),
    lastNs: epochNs + BigInt(Math.round(lastNs)),
    latency: { outbound: latencies.summary(), inbound: null },
  };
}

/** The ends of one tuple after the other, as packets from A to B have them, or the other way round. */
export class TupleEnds implements Ends {
  readonly #tuples: TupleTable;
  #tuple = 0;
  #isForward = true;

  constructor(tuples: TupleTable) {
    this.#tuples = tuples;
  }

  /** Looks at that tuple from now on. */
  of(tuple: number, isForward: boolean): this {
    this.#tuple = tuple;
    this.#isForward = isForward;
    return this;
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
    return !this.#hasPorts && this.#tuples.isEcho(this.#tuple) ? this.#port(true) : undefined;
  }

  get #hasPorts(): boolean {
    const proto = this.#tuples.proto(this.#tuple);
    return hasPorts(proto);
  }

  #address(isA: boolean): string {
    return this.#tuples.addressText(this.#tuple, isA);
  }

  #port(isA: boolean): number {
    return this.#tuples.port(this.#tuple, isA);
  }
}
