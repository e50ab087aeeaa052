import { keepNewest } from "../../packets/memory/keep-newest.js";
import type { Containers } from "../../packets/results/containers.js";
import { type HostCall, isPublishedBy, type Published } from "../../packets/results/published.js";
import type { Ends, Quoted, Tables, Update } from "../../packets/results/results.js";
import { INSIDE } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { icmpCodeIn, icmpTypeIn } from "../../packets/records.js";
import { isUnreachable } from "../../protocols/icmp.js";
import { type Protocol, protocolName, TCP } from "../../protocols/ip-protocols.js";
import { ACK, RST } from "../../protocols/tcp.js";
import { endsOf } from "../ends.js";
import { epochNsOf } from "../../packets/results/epoch-ns.js";
import { mayOpen } from "../row-names.js";
import type { PortIndex } from "./port-index.js";
import type { Use, Uses } from "./use.js";

/** So many conversations are remembered until more is known of them: some ten megabytes. */
const MOST_REMEMBERED = 10_000;

/** What the host says of conversations of its own. */
export interface OwnConversations {
  /** Whether an address is on one of its interfaces, as far as it has said by now. */
  isOwn(address: string): boolean;
  /**
   * What a packet that opens one was before any translation; undefined where nothing tells. `hostPorts`: what it may have called of the host's, where its
   * source may have been rewritten later.
   */
  begunAs(proto: Protocol, ends: Ends, hostPorts?: readonly number[]): Ends | undefined;
  /** What the host called of its own meanwhile, as far as that is told; behind that which `onCalled` was told. */
  called(): readonly HostCall[];
  onCalled: (call: HostCall) => void;
}

/** A conversation that the host began with a container. */
interface Begun {
  readonly proto: Protocol;
  readonly ends: Ends;
  /** Its first packet: its frame, and its number, of TCP. */
  readonly frame: number;
  readonly seq: number;
  /** What leads to where it goes. */
  readonly ports: readonly Published[];
  /** What it was before a translation, where that is known by now. */
  readonly begunAs: Ends | undefined;
  isRefused: boolean;
}

/**
 * What the host itself sends to containers' published ports: it is seen inside alone, translated already (DNAT in OUTPUT). From the same addresses, docker-proxy
 * sends what comes to it, and who goes straight to the container: only conntrack tells these apart.
 */
export class FromHost {
  readonly #own: OwnConversations;
  readonly #containers: Containers;
  readonly #ports: PortIndex;
  readonly #uses: Uses;
  /** By `textOf`, the newest of those with the same ends; and those texts by the frame of the first packet. */
  readonly #begun = new Map<string, Begun>();
  readonly #textAt = new Map<number, string>();
  /** How many calls docker-proxies are known to have taken whose other conversation, with the container, is not met yet. */
  readonly #carriedOn = new Map<Published, number>();
  /** How many calls of a port a rule is known to have translated, whether they were seen or not. */
  readonly #byRule = new Map<Published, number>();

  constructor(own: OwnConversations, containers: Containers, ports: PortIndex, uses: Uses) {
    this.#own = own;
    this.#containers = containers;
    this.#ports = ports;
    this.#uses = uses;
    own.onCalled = (call) => this.#noteCall(call);
  }

  /** Takes a packet without a twin. */
  take(tables: Tables, row: number): void {
    const { timeline: t } = tables;
    if (t.sideOf(row) !== INSIDE) return;
    const quote = tables.quoteOf(row);
    if (quote !== undefined) this.#takeError(t, row, quote.src, quote.quoted);
    else if (mayOpen(tables, row)) this.#takeOpening(tables, row);
    else if (t.proto(row) === TCP && (t.tcpFlags(row) & (RST | ACK)) === (RST | ACK)) this.#takeReset(tables, row);
  }

  /** Takes what became known of a packet later: a proxy's connection is counted with what it carries on. */
  update({ side, frame, verdict }: Update): void {
    const text = side === INSIDE && verdict === "proxied" ? this.#textAt.get(frame) : undefined;
    if (text !== undefined) this.#forget(text);
  }

  /** Counts in `uses`, while the run goes on, what it remembers and conntrack has told of. */
  countTold(uses: Uses): void {
    for (const begun of this.#begun.values()) {
      const called = begun.begunAs && this.#calledBy(begun, begun.begunAs);
      if (called !== undefined) countCall(begun, uses.of(called));
    }
  }

  /** Counts what it still remembers, and what is told besides: that may have passed unseen. */
  end(): void {
    for (const call of this.#own.called()) this.#noteCall(call);
    for (const begun of this.#begun.values())
      this.#count(begun, begun.begunAs ?? this.#own.begunAs(begun.proto, begun.ends));
    for (const [published, count] of this.#byRule) {
      const use = this.#uses.of(published);
      use.fromHost = Math.max(use.fromHost, count);
    }
    this.#begun.clear();
    this.#textAt.clear();
  }

  #noteCall({ proto, address, port, answeredBy, epochNs }: HostCall): void {
    const held = this.#ports.at(proto, { address, port }).filter(({ isGone }) => !isGone);
    if (held.length !== 1 || port === undefined) return;
    const [published] = held;
    if (answeredBy === undefined) {
      if (published.pids === undefined || published.pids.length === 0) return;
      this.#uses.of(published).proxiedFromHost++;
      this.#carriedOn.set(published, (this.#carriedOn.get(published) ?? 0) + 1);
    } else if (
      answeredBy.port === published.containerPort &&
      isPublishedBy(published, this.#containers.having(answeredBy.address, epochNs))
    )
      this.#byRule.set(published, (this.#byRule.get(published) ?? 0) + 1);
  }

  /** Whether one of the calls that docker-proxies took is not accounted for yet by what they sent to the container. */
  #isCarriedOn(ports: readonly Published[]): boolean {
    const carrying = ports.find((each) => (this.#carriedOn.get(each) ?? 0) > 0);
    if (carrying !== undefined) this.#carriedOn.set(carrying, (this.#carriedOn.get(carrying) ?? 0) - 1);
    return carrying !== undefined;
  }

  #takeOpening(tables: Tables, row: number): void {
    const { timeline: t, tuples } = tables;
    const proto = protocolName(t.proto(row));
    const ends = endsOf(tables, row);
    const leading = this.#ports.to(proto, ends.dstPort);
    if (leading.length === 0 || !this.#own.isOwn(ends.src)) return;
    // what is no SYN may be an answer
    if (tuples.isOpenedByA(t.tuple(row)) !== (t.forward(row) === 1)) return;
    const name = this.#containers.having(ends.dst, epochNsOf(tables, row));
    const ports = leading.filter((each) => isPublishedBy(each, name));
    if (ports.length === 0) return;
    const text = textOf(proto, ends);
    const before = this.#begun.get(text);
    const seq = t.proto(row) === TCP ? t.seq(row) : 0;
    if (before?.seq === seq) return;
    // its entry is another one's by now
    if (before !== undefined) this.#drop(text);
    const [frame, begunAs] = [t.frame(row), this.#own.begunAs(proto, ends)];
    this.#begun.set(text, { proto, ends, frame, seq, ports, begunAs, isRefused: false });
    this.#textAt.set(frame, text);
    keepNewest(this.#begun, MOST_REMEMBERED, this.#drop);
  }

  /** Takes a reset, which may refuse a connection (RFC 9293 section 3.10.7.1). */
  #takeReset(tables: Tables, row: number): void {
    const { timeline: t } = tables;
    const { src, dst, srcPort, dstPort } = endsOf(tables, row);
    const text = textOf(protocolName(TCP), { src: dst, srcPort: dstPort, dst: src, dstPort: srcPort });
    const begun = this.#begun.get(text);
    if (begun !== undefined && t.ack(row) === (begun.seq + 1) >>> 0) begun.isRefused = true;
  }

  /** Takes an ICMP error, by which the container may say that nobody there gets what is sent. */
  #takeError(t: Timeline, row: number, src: string, quoted: Quoted): void {
    const [message, isIpv6] = [t.seq(row), t.isIpv6(row)];
    const begun = src === quoted.dst ? this.#begun.get(textOf(quoted.proto, quoted)) : undefined;
    if (begun !== undefined && isUnreachable(icmpTypeIn(message), icmpCodeIn(message), isIpv6)) begun.isRefused = true;
  }

  /** Counts one, whose entry conntrack may have given away. */
  readonly #drop = (text: string): void => {
    const begun = this.#forget(text);
    if (begun !== undefined) this.#count(begun, begun.begunAs);
  };

  #forget(text: string): Begun | undefined {
    const begun = this.#begun.get(text);
    this.#begun.delete(text);
    if (begun !== undefined) this.#textAt.delete(begun.frame);
    return begun;
  }

  #count(begun: Begun, begunAs: Ends | undefined): void {
    const { ports, isRefused } = begun;
    const called = begunAs && this.#calledBy(begun, begunAs);
    if (called !== undefined) return countCall(begun, this.#uses.of(called));
    if (!isRefused && this.#isCarriedOn(ports)) return;
    for (const published of ports) {
      const use = this.#uses.of(published);
      use.fromHostUnclear++;
      if (isRefused) use.refusedInside++;
    }
  }

  /** The port that the host called; undefined where it called none of these, or somebody else did. */
  #calledBy({ proto, ports }: Begun, { src, dst, dstPort }: Ends): Published | undefined {
    if (!this.#own.isOwn(src) || !this.#own.isOwn(dst)) return undefined;
    return this.#ports.at(proto, { address: dst, port: dstPort }).find((each) => ports.includes(each));
  }
}

/** Counts a call of a port that the host is known to have made. */
function countCall({ isRefused }: Begun, use: Use): void {
  use.fromHost++;
  if (isRefused) use.refusedInside++;
}

function textOf(proto: Protocol, { src, srcPort, dst, dstPort }: Ends): string {
  return [proto, src, srcPort, dst, dstPort].join(" ");
}
