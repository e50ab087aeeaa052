import type { HostRoutes } from "../../../packets/results/host-routes.js";
import type { FlowAccounts } from "../../../packets/flows/flow-accounts.js";
import { REWRITE_DST, REWRITE_SRC } from "../../../packets/flows/flows.js";
import { IS_ERROR } from "../../../packets/packets.js";
import type { Reason } from "../../../packets/results/reasons.js";
import { INSIDE, OUTSIDE, type Side, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE, tupleIn } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { destinationOf, destinationText, sourceOf, sourceText } from "../../../packets/ways.js";
import { isGroup, isLinkScoped, isSameLink } from "../../../protocols/addresses.js";
import { serviceAt } from "../captures/services.js";
import type { Kernel } from "../../kernel/kernel.js";
import type { QuotedError } from "./quotes.js";
import { isFromNear, isFromNextHop, isTtlChosen } from "./hops.js";

/** What the addresses of a packet alone tell of it: that it is not forwarded, as far as they go. */
export interface Local {
  readonly reason: Reason;
  readonly why: string;
  /** Whether such packets are forwarded by nobody; else it takes a packet that has no translation. */
  readonly isNever: boolean;
  /**
   * The way of what the NAT sends from an address that the host has, and shares with those behind it: that is what tells whose the
   * conversation is. NONE of other addresses.
   */
  readonly natWay: number;
}

/** Ways at the most of which it is known what was found; the next one is found anew after that. */
const MOST_FOUND = 4096;

/** What is not forwarded, by the addresses that are known to be the NAT's own. */
export class Locals {
  /** Outside addresses that stand for inside ones: the NAT's own. Keys are `addressText`. */
  readonly #natAddresses = new Set<string>();
  /** Those of IPv4, as words. */
  readonly #natWords = new Set<number>();
  /** Outside ports that are forwarded inside, by address; see `serviceAt`. */
  readonly #published = new Map<string, Set<number>>();
  /** What was found of the addresses of packets by their ways, as most local packets come in conversations; null for nothing. */
  readonly #found = new Map<number, Local | null>();
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #kernel: Kernel;
  readonly #routes: HostRoutes | undefined;

  constructor(timeline: Timeline, tuples: TupleTable, kernel: Kernel, routes: HostRoutes | undefined) {
    this.#routes = routes;
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#kernel = kernel;
  }

  /** Notes the addresses of the flow in this slot, which was just learnt. */
  learn(accounts: FlowAccounts, slot: number): void {
    const tuples = this.#tuples;
    const tuple = accounts.outsideTuple(slot);
    const isIpv6 = tuples.isIpv6(tuple);
    // the end that is rewritten in forward packets' source is the tuple's A, or B where the captures see it the other way
    const rewrite = accounts.rewrite(slot, 1);
    const isSource = (rewrite & REWRITE_SRC) !== 0;
    const isDestination = (rewrite & REWRITE_DST) !== 0;
    if (isSource === isDestination) return;
    const isA = isSource !== accounts.isFlipped(slot);
    // a port is only published for certain if it is known that somebody came to it, and to whom it stands for: both ends may call at once
    const inside = accounts.insideTuple(slot);
    const isOpenedInside =
      tuples.isOpenerKnown(inside) && accounts.isOutbound(slot, tuples.isOpenedByA(inside) ? 1 : 0);
    // who calls from outside keeps its own address there, where the NAT stands for it towards who is called
    const isCaller = tuples.isOpenerKnown(tuple) && tuples.isOpenedByA(tuple) === isA && !accounts.isTakenUp(slot);
    if (isCaller && tuples.isOpenerKnown(inside) && !isOpenedInside) return;
    const isOpenedThere =
      isOpenedInside || accounts.isTakenUp(slot) || !tuples.isOpenerKnown(tuple) || tuples.isOpenedByA(tuple) === isA;
    const { words } = tuples;
    const at = tuples.address(tuple, isA);
    if (!isIpv6) {
      // most flows have the address that the one before had
      if (isOpenedThere && words[at] === this.#kernel.newestNat) return;
      this.#kernel.newestNat = words[at];
    }
    const address = tuples.addressText(tuple, isA);
    const ports = this.#published.get(address) ?? new Set();
    const known = this.#natAddresses.size + ports.size;
    this.#natAddresses.add(address);
    if (!isIpv6) this.#natWords.add(words[at]);
    if (!isOpenedThere)
      this.#published.set(address, ports.add(serviceAt(tuples.proto(tuple), tuples.port(tuple, isA))));
    if (this.#natAddresses.size + ports.size > known) this.forgetWays();
  }

  /** Forgets what was found of ways: they are about to get another meaning. */
  forgetWays(): void {
    this.#found.clear();
  }

  /** What the addresses of a packet, and all that goes the same way, tell of it; null for nothing. */
  of(row: number): Local | null {
    const t = this.#timeline;
    const way = t.way(row);
    // an ICMP error goes the way of the packet it quotes, whose protocol is another
    if ((t.flags(row) & IS_ERROR) !== 0) return this.#find(row, way);
    const known = this.#found.get(way);
    if (known !== undefined) return known;
    const found = this.#find(row, way);
    if (this.#found.size === MOST_FOUND) this.forgetWays();
    this.#found.set(way, found);
    return found;
  }

  /** What the addresses that the host says are its own tell of a packet, of which those that were seen translated tell nothing; null for nothing. */
  byHost(row: number): Local | null {
    if (this.#routes === undefined) return null;
    const way = this.#timeline.way(row);
    const [src, dst] = [sourceText(this.#tuples, way), destinationText(this.#tuples, way)];
    if (this.#routes.isOwn(dst)) return host("to-host", `to the host itself (${dst})`, way ^ 1);
    return this.#routes.isOwn(src) ? host("from-host", `from the host itself (${src})`, way) : null;
  }

  /** Whether an outside address is known to be the NAT's own. */
  isNat(address: string): boolean {
    return this.#natAddresses.has(address);
  }

  /** Whether an outside packet goes to a published port. */
  isToPublished(row: number): boolean {
    const t = this.#timeline;
    const ports = this.#published.get(destinationText(this.#tuples, t.way(row)));
    return ports?.has(serviceAt(t.proto(row), this.#tuples.port(t.tuple(row), t.forward(row) === 0))) ?? false;
  }

  /**
   * Whether TTLs show that a packet is not between neighbours, nor between one and the host, whatever its addresses are: routers lowered its
   * own, or all that comes from where it goes. What a neighbour sends is lowered by the host alone, and seen before that, too, where the host
   * turns it round and rewrites it before the capture.
   */
  isForwarded(row: number): boolean {
    const t = this.#timeline;
    const tuples = this.#tuples;
    const way = t.way(row);
    const isTurned = isFromNextHop(t, row) && tuples.hasFullTtl(way);
    if (!isFromNear(t, row) && !isTurned && !isTtlChosen(t, row)) return true;
    return tuples.hasOtherTtlOnly(way ^ 1);
  }

  /**
   * Whether an ICMP error was sent by the host: from an address that is known to be its own, or one on the inside link, where it is about what was to go
   * beyond that. Precondition: no router lowered its TTL.
   */
  isFromHost(side: Side, error: QuotedError): boolean {
    const { src, srcWords, dstWords, isIpv6, isByAddressee } = error;
    if (this.#natAddresses.has(src) || this.#routes?.isOwn(src) === true) return true;
    return side === INSIDE && isSameLink(isIpv6, srcWords, 0, dstWords, 0) && !isByAddressee;
  }

  /** Whether an IPv4 address looks like the broadcast address of a network that the NAT has an address of: no capture tells the real prefix. */
  #isBroadcast(word: number): boolean {
    const isOf = (nat: number): boolean => [8, 16].some((bits) => isLastOf(word, nat, bits));
    return (word & 0xff) === 0xff && [...this.#natWords].some(isOf);
  }

  #find(row: number, way: number): Local | null {
    const side = this.#timeline.side(row);
    const tuples = this.#tuples;
    const { words } = tuples;
    const isIpv6 = tuples.isIpv6(tupleIn(way));
    const src = sourceOf(tuples, way);
    const dst = destinationOf(tuples, way);
    const srcText = sourceText(tuples, way);
    const dstText = destinationText(tuples, way);
    if (isLinkScoped(isIpv6, words, dst)) return never("link-scope", `${dstText} is never forwarded`);
    if (isLinkScoped(isIpv6, words, src)) return never("link-scope", `${srcText} is never forwarded`);
    if (isGroup(words[dst], isIpv6)) return never("multicast", `${dstText} is a multicast group`);
    if (side === OUTSIDE && this.isToPublished(row)) return null;
    if (this.#natAddresses.has(dstText)) return host("to-host", `to the host itself (${dstText})`, way ^ 1);
    if (!isIpv6 && this.#isBroadcast(words[dst]))
      return host("broadcast", `${dstText} is the broadcast address of the NAT's network, as it looks`, NONE);
    if (this.#natAddresses.has(srcText)) return host("from-host", `from the host itself (${srcText})`, way);
    const areNeighbours =
      side === INSIDE && (this.#routes?.areNeighbours(srcText, dstText) ?? isSameLink(isIpv6, words, src, words, dst));
    if (areNeighbours) return host("same-link", `between ${srcText} and ${dstText} on ${SIDE_NAMES[INSIDE]}`, NONE);
    return null;
  }
}

function never(reason: Reason, why: string): Local {
  return { reason, why, isNever: true, natWay: NONE };
}

function host(reason: Reason, why: string, natWay: number): Local {
  return { reason, why, isNever: false, natWay };
}

/** Whether an address is the last one of the network of so many host bits that another one is in. */
function isLastOf(word: number, other: number, bits: number): boolean {
  const mask = (1 << bits) - 1;
  return (word & mask) === mask && word >>> bits === other >>> bits;
}
