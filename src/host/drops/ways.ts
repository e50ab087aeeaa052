import type { Dropped, Drops, Fate } from "../../packets/results/drops.js";
import type { Ends } from "../../packets/results/results.js";
import { TCP, UDP } from "../../protocols/ip-protocols.js";
import { NO_MAC } from "../../protocols/mac.js";
import type { Answer } from "../answer.js";
import { INSIDE, OUTSIDE, type Side, type SideNames } from "../../packets/sides.js";
import { type Address, addressOf, parseAddress } from "../address.js";
import { InterfaceName } from "../interfaces.js";
import type { RuleBook } from "../rules/rules.js";
import type { HostFacts } from "../snapshot/host-facts.js";
import type { Beginnings } from "./beginnings.js";
import type { IncomingPacket } from "./filter-book.js";
import { type Leaving, leavingAs } from "./leaving.js";
import type { HookedPacket } from "../rules/ruleset.js";
import { addressesMade } from "../rules/target.js";
import { masqueradeSource } from "../snapshot/masquerade-sources.js";
import type { NetworkFacts } from "../snapshot/network-facts.js";
import type { Coming } from "../snapshot/policy-rules.js";
import { Routing } from "../snapshot/routing.js";

/** Types of routes that lead nowhere, without a word to the sender, or with one (ip-route(8)). */
export const DEAD_ENDS: ReadonlySet<string> = new Set(["blackhole", "unreachable", "prohibit"]);

/** Of these, nobody answered any. */
const HEARD_NOTHING: ReadonlySet<Fate> = new Set(["unanswered", "bridged", "refused"]);

/** The way that packets take through a host, or into it, which drops them, as far as its tables tell it. */
export interface Way {
  /** As its rules see them; undefined where that is not known. */
  readonly packet: IncomingPacket | undefined;
  /** Where they are forwarded to, after a translation; undefined where that is not known, and of what the host takes. */
  readonly destination: string | undefined;
}

/** Tells the ways of packets, by one snapshot. */
export class Ways {
  readonly routing: Routing;
  readonly #book: RuleBook;
  readonly #own: ReadonlySet<string>;
  readonly #macs: ReadonlySet<number>;
  readonly #network: NetworkFacts;
  readonly #names: SideNames;
  readonly #beginnings: Beginnings;

  /** `book`: the rules of the time. `names`: the interfaces that the sources of both sides are of; empty where one is not known: of a side's only one, the ways of what crossed tell. */
  constructor(
    { network, addresses, macs }: HostFacts,
    book: RuleBook,
    names: SideNames,
    { reached }: Drops,
    beginnings: Beginnings,
  ) {
    this.#beginnings = beginnings;
    this.routing = new Routing(network);
    this.#book = book;
    this.#own = new Set(addresses);
    this.#macs = new Set(macs);
    this.#network = network;
    const namesOf = (side: Side): readonly string[] =>
      names[side].map(
        (name, _, { length }) =>
          network.masters.get(name) ?? (name || (length === 1 ? this.#nameTo(reached[side]) : "")),
      );
    this.#names = [namesOf(INSIDE), namesOf(OUTSIDE)];
  }

  /** The interface that packets come in by; empty where it is not known. */
  cameBy({ side, source }: Dropped): string {
    return this.#names[side][source] ?? "";
  }

  /** What may choose their route beside where they go. */
  coming(dropped: Dropped): Coming {
    return { src: dropped.ends.src, iif: this.cameBy(dropped) };
  }

  /** The interface that packets are to leave by; empty where it is not known. */
  leavesBy(dropped: Dropped): string {
    return this.#interfaceTo(this.of(dropped).destination, dropped);
  }

  #interfaceTo(destination: string | undefined, dropped: Dropped): string {
    return (destination && this.routing.interfaceTo(destination, this.coming(dropped))) ?? "";
  }

  of(dropped: Dropped): Way {
    const { isPlain, isIpv6, proto, ends, isEchoRequest, isError, isStray } = dropped;
    const [src, dst] = [parseAddress(ends.src), parseAddress(ends.dst)];
    const to = this.#goingTo(dropped);
    const isTaken = to === "host";
    const destination = isTaken ? undefined : to?.dst;
    if (!isPlain || src === null || dst === null) return { packet: undefined, destination };
    // unless it is of a conversation that no capture shows, it keeps its destination
    const supposed = isStray && !this.#own.has(ends.dst) ? ends : undefined;
    const forwardedTo = isTaken ? undefined : (to ?? supposed);
    const end = forwardedTo === undefined ? null : parseAddress(forwardedTo.dst);
    const routed = end === null ? undefined : { dst: end, dstPort: forwardedTo?.dstPort };
    const outName = this.#interfaceTo(forwardedTo?.dst, dropped);
    const packet: IncomingPacket = {
      isIpv6,
      proto,
      src,
      srcPort: ends.srcPort,
      dst,
      dstPort: ends.dstPort,
      isEcho: isEchoRequest,
      isError,
      isToHost: this.#own.has(ends.dst),
      goesTo: isTaken ? to : routed,
      isSureToGo: to !== undefined,
      leavesAs: () => (routed === undefined ? undefined : this.#leavingAs(dropped, routed, outName)),
      isNew: this.#isNew(dropped, isTaken),
      isInvalid: this.#isInvalid(dropped),
      isOriginal: isOriginal(dropped, destination),
      bridged: this.isBridged(dropped) ? { meetsForward: this.#callsRules(isIpv6) } : undefined,
      inName: this.cameBy(dropped),
      outName,
    };
    return { packet, destination };
  }

  /** Whether each of some packets is NEW to conntrack, or none; undefined where that is not known. A SYN is, of a conversation that has no translation so far. */
  #isNew(dropped: Dropped, isTaken: boolean): Answer {
    const { proto, fate, mayOpen, isError } = dropped;
    // conntrack makes no entry for an error
    if (isError) return false;
    const isBridged = fate === "bridged";
    if (proto === TCP) return isTaken || isBridged || mayOpen || undefined;
    return ((isTaken || isBridged) && HEARD_NOTHING.has(fate) && this.#beginnings.has(dropped)) || undefined;
  }

  /**
   * Whether conntrack calls packets INVALID, which it does not translate; undefined where that is not known. An echo request or a UDP datagram makes an entry where
   * there is none, unless its checksum is wrong (net/netfilter/nf_conntrack_proto_icmp.c and nf_conntrack_proto_udp.c).
   */
  #isInvalid(dropped: Dropped): Answer {
    if (dropped.mayOpen || dropped.proto === UDP || dropped.isEchoRequest) return false;
    return this.#beginnings.isOfNone(dropped) || undefined;
  }

  /** Whether packets of which nobody knows which way they went can only go through the host. */
  mustCross(dropped: Dropped): boolean {
    const [from, to] = [dropped.ends.src, this.of(dropped).destination].map((address) =>
      address === undefined ? undefined : this.routing.interfaceTo(address),
    );
    return from !== undefined && to !== undefined && from !== to;
  }

  /**
   * Whether packets can only have come to the host where they were seen: it sends what goes to their destination by another interface, or, where their frames go to it, by none. What goes to a
   * neighbour's MAC address, that one may send on.
   */
  hasEntered(dropped: Dropped): boolean {
    const { destination } = this.of(dropped);
    const cameBy = this.cameBy(dropped);
    const isToHost = this.#macs.has(dropped.macTo);
    // where its interface is not known, nobody knows whether it is this host's
    if (destination === undefined || cameBy === "" || (dropped.macTo !== NO_MAC && !isToHost)) return false;
    const route = this.routing.route(destination, this.coming(dropped));
    if (route === null || DEAD_ENDS.has(route?.type ?? "")) return isToHost;
    const leavesBy = this.routing.interfaceTo(destination, this.coming(dropped));
    return leavesBy !== undefined && leavesBy !== cameBy;
  }

  /** Whether what goes from port to port of a bridge meets the rules of what is forwarded: `net.bridge.bridge-nf-call-iptables`. */
  #callsRules(isIpv6: boolean): boolean {
    return this.#network.sysctls.get(`net.bridge.bridge-nf-call-${isIpv6 ? "ip6tables" : "iptables"}`) === "1";
  }

  /** Whether packets go from port to port of one bridge. */
  isBridged(kind: Dropped): boolean {
    if (kind.fate !== "bridged") return false;
    const { src, dst } = kind.ends;
    const name = this.cameBy(kind);
    const isOwn = [src, dst].some((address) => this.#own.has(address));
    const isThere = [src, dst].every((address) => name !== "" && this.routing.interfaceTo(address) === name);
    return !isOwn && isThere;
  }

  /** Whether the host is known to take packets itself, if nothing drops them. */
  isTaken(dropped: Dropped): boolean {
    return this.#goingTo(dropped) === "host";
  }

  /** The destination once it is translated: of a known flow, that of its other form; of what may open one, what rules make of it. */
  #goingTo(dropped: Dropped): Pick<Ends, "dst" | "dstPort"> | "host" | undefined {
    const { beyond, mayOpen, isPlain, ends, isIpv6 } = dropped;
    if (beyond !== undefined) return beyond;
    if (this.#isInvalid(dropped) === true && !this.#own.has(ends.dst)) return ends;
    const [src, dst] = [parseAddress(ends.src), parseAddress(ends.dst)];
    if (!mayOpen || !isPlain || src === null || dst === null) return undefined;
    const isDstLocal = this.#own.has(ends.dst);
    if (!this.#book.isAbout(isIpv6)) return isDstLocal ? undefined : ends;
    const { isTranslated, rules, redirects } = this.#book.meet("prerouting", this.#opening(dropped, src, dst));
    // a redirected one goes to another port
    if (redirects.length > 0) return undefined;
    if (isTranslated === false && isDstLocal) return dropped.isFromOpener ? "host" : undefined;
    if (isTranslated === false) return ends;
    const [rule, ...others] = rules;
    if (isTranslated === undefined || rule?.to == null || others.length > 0) return undefined;
    const { ports } = rule.to;
    const addresses = addressesMade(rule.to, ends.dst);
    if (addresses !== undefined && addresses.first !== addresses.last) return undefined;
    if (ports !== undefined && ports.first !== ports.last) return undefined;
    const translated = addresses === undefined ? ends.dst : addressOf(isIpv6, addresses.first);
    return { dst: translated, dstPort: ports?.first ?? ends.dstPort };
  }

  /** As whose they leave, to that destination: of a known flow, as its other form has it; of what may open one, as rules make it. */
  #leavingAs(dropped: Dropped, routed: Pick<HookedPacket, "dst" | "dstPort">, outName: string): Leaving | undefined {
    const { beyond, mayOpen, ends, fate } = dropped;
    const { src: from, srcPort } = beyond ?? ends;
    const [src, entering] = [from, ends.dst].map(parseAddress);
    // what goes from port to port of a bridge does not leave by the bridge
    if (src === null || entering === null || fate === "bridged") return undefined;
    if (beyond !== undefined || this.#isInvalid(dropped) === true) return { src, srcPort, isSure: true };
    if (!mayOpen) return undefined;
    const masqueraded = parseAddress(masqueradeSource(this.#network, outName) ?? "");
    const packet = this.#opening(dropped, src, entering);
    return leavingAs(this.#book, packet, { ...routed, outInterface: new InterfaceName([outName]) }, masqueraded);
  }

  /** What opens a conversation, as it comes in. */
  #opening(dropped: Dropped, src: Address, dst: Address): HookedPacket {
    const { ends, isIpv6, proto, isEchoRequest } = dropped;
    return {
      isIpv6,
      proto,
      src,
      dst,
      srcPort: ends.srcPort,
      dstPort: ends.dstPort,
      isDstLocal: this.#own.has(ends.dst),
      isEcho: isEchoRequest,
      isDstRewritten: false,
      inInterface: new InterfaceName([this.cameBy(dropped)]),
      outInterface: new InterfaceName([""]),
      isNew: true,
      isInvalid: false,
      mark: this.#book.mark,
    };
  }

  /** The one interface that packets to some addresses leave by; empty where that is not known, or there are several. */
  #nameTo(addresses: ReadonlySet<string>): string {
    const names = new Set([...addresses].map((address) => this.routing.interfaceTo(address)));
    const [name] = names;
    return names.size === 1 && name !== undefined ? name : "";
  }
}

/**
 * Whether packets go the way of their conversation's first one, and were captured as they came to the host: what opens a connection from outside, or what rules
 * translate which are asked about first packets alone. What comes from inside may be shown translated by then, by a bridge that hands it to the rules.
 */
function isOriginal({ side, mayOpen, proto, beyond, ends }: Dropped, destination: string | undefined): boolean {
  if (side !== OUTSIDE || !mayOpen || beyond !== undefined) return false;
  return proto === TCP || (destination !== undefined && destination !== ends.dst);
}
