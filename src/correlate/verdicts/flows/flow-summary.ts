import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import type { Nat } from "../../../packets/flows/flows.js";
import { type Ends, type FlowSummary, natOf } from "../../../packets/results/results.js";
import { INSIDE, OUTSIDE, type Side, SIDE_NAMES } from "../../../packets/sides.js";
import { IS_ECHO_ID, wayOfTuple } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { hasPorts, type Protocol, protocolName, TCP } from "../../../protocols/ip-protocols.js";
import type { Passed, Turned } from "../../matchers/turned/turns.js";
import type { Linked } from "../../matchers/links.js";
import type { Proxied } from "../../matchers/proxied/proxy-ends.js";
import { ViewedFlow } from "./viewed-flow.js";

/** What one flow after the other came to, found out when it is asked for, which of most flows hardly anything is. */
export class FlowView extends ViewedFlow implements FlowSummary {
  readonly #epochNs: bigint;
  readonly #ends: readonly [TupleEnds, TupleEnds];

  /** `epochNs`: the inside capture's epoch. */
  constructor(accounts: FlowAccounts, tuples: TupleTable, epochNs: bigint) {
    super(accounts, tuples);
    this.#epochNs = epochNs;
    this.#ends = [new TupleEnds(tuples), new TupleEnds(tuples)];
  }

  get proto(): Protocol {
    return protocolName(this.tuples.proto(this.insideTuple));
  }

  get nat(): Nat {
    const isAcross = this.tuples.areAcrossVersions(this.insideTuple, this.tupleOn(OUTSIDE));
    return natOf(this.rewrite, this.isOpenerKnown, isAcross);
  }

  get initiator(): FlowSummary["initiator"] {
    if (!this.isOpenerKnown) return "unknown";
    return this.isFromInside ? "inside" : "outside";
  }

  get inside(): Ends {
    return this.#endsOn(INSIDE);
  }

  get outside(): Ends {
    return this.#endsOn(OUTSIDE);
  }

  #endsOn(side: Side): Ends {
    return this.#ends[side].of(this.tupleOn(side), this.isA(side, true));
  }

  get pairsOutbound(): number {
    return this.accounts.pairsThatWent(this.slot, true);
  }

  get bytes(): number {
    return this.accounts.bytes(this.slot);
  }

  get insideOnly(): number {
    return this.accounts.unmatched(this.slot, INSIDE);
  }

  get outsideOnly(): number {
    return this.accounts.unmatched(this.slot, OUTSIDE);
  }

  get firstNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.accounts.firstNs(this.slot)));
  }

  get lastNs(): bigint {
    return this.#epochNs + BigInt(Math.round(this.accounts.lastNs(this.slot)));
  }

  get isRefused(): boolean {
    const { accounts, slot } = this;
    const [pairsThere, pairsBack] = [this.isFromInside, !this.isFromInside].map((isOutbound) =>
      accounts.pairsThatWent(slot, isOutbound),
    );
    if (!this.isOpenerKnown || pairsThere === 0 || pairsBack === 0) return false;
    if (this.insideOnly > 0 || this.outsideOnly > 0) return false;
    const errors = accounts.unreachable(slot, !this.isFromInside);
    if (this.tuples.proto(this.insideTuple) !== TCP) return pairsBack === errors;
    return errors === 0 && pairsThere === pairsBack && this.#isReset;
  }

  /**
   * Its initiator sent SYNs, and acknowledged nothing; the other end accepted none of them (a SYN-ACK is what `hasProgress` tells of), and the connection is over: by a
   * reset, as nobody ends otherwise what was never accepted. Where there is one for each SYN, none is the initiator's own.
   */
  get #isReset(): boolean {
    const { accounts, tuples, slot } = this;
    const [there, back] = [this.forwardOf(true), this.forwardOf(false)];
    if (!tuples.isOver(this.insideTuple) || accounts.hasProgress(slot, back)) return false;
    return accounts.hasBegun(slot, there) && accounts.acked(slot, there) === 0;
  }

  get latency(): FlowSummary["latency"] {
    const latency = (isOutbound: boolean) => this.accounts.latencies.summary(this.slot, isOutbound);
    return { outbound: latency(true), inbound: latency(false) };
  }
}

/** Conversations that are one flow. */
export interface LinkedTuples {
  /** Of a proxy, the client's one first. */
  readonly tuples: readonly number[];
  readonly linked: Linked;
}

/** `epochNs`: the inside capture's epoch. */
export function summarizeLinked(
  id: number,
  { tuples: of, linked }: LinkedTuples,
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  return linked.kind === "turned"
    ? summarizeTurned(id, linked, tuples, epochNs)
    : summarizeProxied(id, linked, of.slice(1), tuples, epochNs);
}

/**
 * A proxied stream as a flow: `inside` is the proxy's connection to the container, `outside` the client's to the proxy; or the other way
 * round where the client is inside, and the server outside. `servers`: all that the proxy opened, of which the first stands for all.
 */
function summarizeProxied(
  id: number,
  { client, server, toServer, toClient }: Proxied,
  servers: readonly number[],
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  const ends = ({ tuple }: { tuple: number }) => new TupleEnds(tuples).of(tuple, tuples.isOpenedByA(tuple));
  const isOutbound = client.side === INSIDE && server.side === OUTSIDE;
  const [inside, outside] = isOutbound ? [client, server] : [server, client];
  const unmatched = [tuples.unmatched(client.tuple), servers.reduce((all, each) => all + tuples.unmatched(each), 0)];
  const [insideOnly, outsideOnly] = isOutbound ? unmatched : unmatched.toReversed();
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
    insideOnly,
    outsideOnly,
    firstNs: epochNs + BigInt(Math.round(client.openedNs)),
    lastNs: epochNs + BigInt(Math.round(Math.max(client.lastNs, server.lastNs))),
    latency: isOutbound ? { outbound: there, inbound: back } : { outbound: back, inbound: there },
  };
}

/** A conversation that is turned round on a side, as a flow: `inside` is what its initiator sends, `outside` what becomes of that. */
function summarizeTurned(
  id: number,
  { side, there, back, firstFrames, passed, bytes, firstNs, lastNs, latencies }: Turned,
  tuples: TupleTable,
  epochNs: bigint,
): FlowSummary {
  const isKnown = tuples.isOpenerKnown(there.insideTuple);
  const isBack = isKnown && tuples.isOpenedByA(there.insideTuple) !== there.isForwardOutbound;
  const [flow, calls, answers] = isBack ? [back, passed.back, passed.there] : [there, passed.there, passed.back];
  const pairs = calls.pairs + answers.pairs;
  const proto = tuples.proto(flow.insideTuple);
  const [insideOnly, outsideOnly] = [flow.insideTuple, flow.outsideTuple].map((tuple) => tuples.unmatched(tuple));
  const isForward = flow.isForwardOutbound;
  return {
    id,
    proto: protocolName(proto),
    nat: natOf(flow.rewrite(isForward ? 1 : 0), isKnown, tuples.areAcrossVersions(flow.insideTuple, flow.outsideTuple)),
    initiator: isKnown ? SIDE_NAMES[side] : "unknown",
    inside: new TupleEnds(tuples).of(flow.insideTuple, isForward),
    outside: new TupleEnds(tuples).of(flow.outsideTuple, isForward !== flow.isFlipped),
    sides: [side, side],
    firstFrames,
    pairs,
    pairsOutbound: pairs,
    bytes,
    insideOnly,
    outsideOnly,
    firstNs: epochNs + BigInt(Math.round(firstNs)),
    lastNs: epochNs + BigInt(Math.round(lastNs)),
    latency: { outbound: latencies.summary(), inbound: null },
    isRefused: isKnown && insideOnly + outsideOnly === 0 && areRefused(proto, calls, answers),
  };
}

/** Whether all that came back says that it is refused: of TCP, a reset to each SYN. */
function areRefused(proto: number, calls: Passed, answers: Passed): boolean {
  if (calls.pairs === 0 || answers.pairs === 0 || answers.refusals < answers.pairs) return false;
  return proto !== TCP || (calls.openings === calls.pairs && calls.pairs === answers.pairs);
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

  get srcMac(): number {
    return this.#tuples.mac(wayOfTuple(this.#tuple, this.#isForward ? 1 : 0));
  }

  get dstMac(): number {
    return this.#tuples.mac(wayOfTuple(this.#tuple, this.#isForward ? 0 : 1));
  }

  get srcPort(): number | undefined {
    return this.#hasPorts ? this.#port(this.#isForward) : undefined;
  }

  get dstPort(): number | undefined {
    return this.#hasPorts ? this.#port(!this.#isForward) : undefined;
  }

  get icmpId(): number | undefined {
    return !this.#hasPorts && this.#tuples.has(this.#tuple, IS_ECHO_ID) ? this.#port(true) : undefined;
  }

  /** Where all that is there is errors whose quotes leave the ports out, it has none. */
  get #hasPorts(): boolean {
    return hasPorts(this.#tuples.proto(this.#tuple)) && (this.#port(true) !== 0 || this.#port(false) !== 0);
  }

  #address(isA: boolean): string {
    return this.#tuples.addressText(this.#tuple, isA);
  }

  #port(isA: boolean): number {
    return this.#tuples.port(this.#tuple, isA);
  }
}
