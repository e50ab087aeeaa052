import { addressText } from "../packets/address.js";
import type { FlowAccounts } from "../packets/flow-accounts.js";
import { REWRITE_DST, REWRITE_SRC } from "../packets/flows.js";
import { ICMPV6, IS_ERROR, IS_FRAGMENT, TCP } from "../packets/packets.js";
import type { Verdict } from "../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side, SIDE_NAMES } from "../packets/sides.js";
import { DECIDED, type Timeline } from "../packets/timeline.js";
import { NONE, type TupleTable } from "../packets/tuples.js";
import type { Gap, Gaps } from "./gaps.js";
import { isLinkScoped, isMulticast, isSameLink } from "./scope.js";
import { TupleEnds } from "./flow-summary.js";
import type { Mistimed } from "./mistimed.js";
import type { Proxies } from "./proxies.js";
import type { QuotedError } from "./quotes.js";
import type { Refusals } from "./refusals.js";
import type { Segments } from "./segments.js";
import type { Translations } from "./translations.js";

/** Packets this near to the limits of a live capture, or to a silence, are not judged by it, nanoseconds: their twins may be beyond. */
const MARGIN_NS = 10_000_000;
/** The last frame of a file shows how far it goes: a packet that was to come out later, as forwarding takes about so long, is not in it. */
const FORWARDING_NS = 100_000;
/**
 * So many packets without a twin must pass while the other capture is silent: a few may well be lost while there is nothing else to be
 * captured.
 */
const LEAST_ALONE = 16;

/** What a side's capture covers, nanoseconds on the timeline. */
export interface Cover {
  firstNs: number;
  lastNs: number;
  hasEnded: boolean;
  /** Whether these are the limits of a capture that is running, and not only what was in it. */
  isLive: boolean;
  /** What it lacks in between. */
  readonly gaps: Gaps;
}

/** A verdict on a frame without a twin, and the reason in words. */
export interface Judgement {
  verdict: Verdict;
  why: string;
}

/** What the addresses of a packet alone tell of it: that it is not forwarded. */
interface Local extends Judgement {
  /** Whether such packets are forwarded by nobody; else it takes a packet that has no translation. */
  readonly isNever: boolean;
}

/** What a verdict may draw on. */
export interface Known {
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly translations: Translations;
  readonly refusals: Refusals;
  readonly segments: Segments;
  readonly proxies: Proxies;
  readonly mistimed: Mistimed;
  /** ICMP errors on the timeline, by row. */
  readonly errors: ReadonlyMap<number, QuotedError>;
  /** What each side's capture covers. */
  readonly cover: readonly [Cover, Cover];
  readonly names: readonly [string, string];
  readonly windowNs: number;
}

/** Judges frames that found no twin, by what the pairs so far tell of the addresses on both sides. */
export class Verdicts {
  /** Outside addresses that stand for inside ones: the NAT's own. Keys are `addressText`. */
  readonly #natAddresses = new Set<string>();
  /** The one added last over IPv4, 0 for none: most flows have the address that the one before had. */
  newestIpv4 = 0;
  /** Outside ports that are forwarded inside, by address; see `portKey`. */
  readonly #published = new Map<string, Set<number>>();
  /** What was found of the addresses of packets by their ways, as most local packets come in conversations; null for nothing. */
  readonly #locals = new Map<number, Local | null>();
  readonly #known: Known;
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #translations: Translations;
  readonly #names: readonly [string, string];
  /** How long is waited for a twin, in words. */
  readonly #window: string;

  constructor(known: Known) {
    this.#known = known;
    this.#timeline = known.timeline;
    this.#tuples = known.tuples;
    this.#translations = known.translations;
    this.#names = known.names;
    this.#window = seconds(known.windowNs);
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
    // a port is only published for certain if it is known that somebody came to it
    const isOpenedThere = !tuples.isOpenerKnown(tuple) || tuples.isOpenedByA(tuple) === isA;
    const { words } = tuples;
    const at = tuples.address(tuple, isA);
    if (!isIpv6) {
      if (isOpenedThere && words[at] === this.newestIpv4) return;
      this.newestIpv4 = words[at];
    }
    const address = addressText(isIpv6, words, at);
    const ports = this.#published.get(address) ?? new Set();
    const known = this.#natAddresses.size + ports.size;
    this.#natAddresses.add(address);
    if (!isOpenedThere) this.#published.set(address, ports.add(portKey(tuples.proto(tuple), tuples.port(tuple, isA))));
    if (this.#natAddresses.size + ports.size > known) this.forgetWays();
  }

  /** Forgets what was found of ways: they are about to get another meaning. */
  forgetWays(): void {
    this.#locals.clear();
  }

  /** Judges a packet whose window is over. */
  judge(row: number): Judgement {
    const judgement = this.#judge(row);
    const t = this.#timeline;
    const other = otherSide(t.sideOf(row));
    const { gaps } = this.#known.cover[other];
    const silence = gaps.silenceAt(t.timeNs(row), MARGIN_NS);
    if (silence !== undefined && this.#hasMissed(silence, row, judgement.verdict)) {
      const silentNs = silence.toNs - silence.fromNs;
      const why = `${this.#names[other]} has no frame at all for ${seconds(silentNs)} about then: was it captured?`;
      return { verdict: "no-overlap", why };
    }
    if (judgement.verdict !== "dropped") return judgement;
    const twin = this.#known.mistimed.twinOf(row);
    if (twin !== undefined) {
      const why = `${this.#names[other]} has its like in frame ${twin}, whose stamp does not tell when it passed`;
      return { verdict: "unknown", why };
    }
    if (!gaps.mayHold(t.timeNs(row))) return judgement;
    return { verdict: "capture-loss", why: `${judgement.why}, but that capture lost frames about then` };
  }

  /**
   * Whether so much passed on the side of a packet during the other one's silence that its capture has to be doubted: a link that is
   * dead looks the same. `verdict`: what the packet gets else; others tell nothing of it.
   */
  #hasMissed(silence: Gap, row: number, verdict: Verdict): boolean {
    if (verdict !== "dropped" && verdict !== "unknown") return false;
    const t = this.#timeline;
    const side = t.side(row);
    let alone = ++silence.alone;
    let next = t.firstBelow(t.after(row), t.end, DECIDED);
    for (; alone < LEAST_ALONE && next !== t.end; next = t.firstBelow(t.after(next), t.end, DECIDED)) {
      if (t.timeNs(next) > silence.toNs) break;
      if (t.side(next) !== side) continue;
      if (this.#translations.slotOf(next) !== NONE || this.#localOf(next) === null) alone++;
    }
    return alone >= LEAST_ALONE;
  }

  #judge(row: number): Judgement {
    const t = this.#timeline;
    const side = t.sideOf(row);
    const other = otherSide(side);
    const otherName = this.#names[other];
    const local = this.#localOf(row);
    if (local?.isNever) return local;
    if (t.proto(row) === ICMPV6 && isNeighbourDiscovery(t.seq(row) >>> 24)) {
      return { verdict: "local", why: "neighbour discovery is never forwarded" };
    }

    const leapNs = this.#known.mistimed.leapNs(row);
    if (leapNs !== undefined) {
      const leap = `${seconds(Math.abs(leapNs))} ${leapNs > 0 ? "ahead of" : "behind"}`;
      return { verdict: "unknown", why: `its stamp leaps ${leap} those of the frames around it` };
    }
    const refused = this.#known.refusals.whyRefused(row);
    if (refused) return { verdict: "refused", why: refused };
    const error = this.#known.errors.get(row);
    if (error && this.#isFromHost(side, error)) {
      return { verdict: "local", why: `the host itself (${error.src}) refuses a packet of ${error.dst}` };
    }

    const slot = this.#translations.slotOf(row);
    const proxied = slot === NONE && t.proto(row) === TCP ? this.#known.proxies.twinOf(row) : null;
    if (proxied) return { verdict: "proxied", why: `a proxy on the host passes it on: ${this.#connection(proxied)}` };
    if (slot === NONE && local) return local;
    const gap = this.#uncovered(t.timeNs(row), other);
    if (gap) return { verdict: "no-overlap", why: gap };
    if ((t.flags(row) & IS_FRAGMENT) !== 0) {
      return { verdict: "unknown", why: `a fragment without a like one on ${otherName}` };
    }
    if (t.proto(row) === TCP && this.#known.segments.isSeenInPieces(row)) {
      return { verdict: "unknown", why: `some of its bytes are on ${otherName}, cut differently, and some are not` };
    }
    if (slot !== NONE) {
      const flow = this.#translations.flowAt(slot);
      const isLeaving = this.#translations.isOutbound(row, flow) === (side === INSIDE);
      if (isLeaving) return { verdict: "dropped", why: this.#missing(row, otherName) };
      return {
        verdict: "unknown",
        why: `it appears on ${this.#names[side]} only, without having come in on ${otherName}`,
      };
    }
    return this.#unexplained(row, side);
  }

  /** What the addresses of a packet, and all that goes the same way, tell of it. */
  #localOf(row: number): Local | null {
    const t = this.#timeline;
    const way = t.way(row);
    // an ICMP error goes the way of the packet it quotes, whose protocol is another
    if ((t.flags(row) & IS_ERROR) !== 0) return this.#findLocal(row, way);
    const known = this.#locals.get(way);
    if (known !== undefined) return known;
    const found = this.#findLocal(row, way);
    this.#locals.set(way, found);
    return found;
  }

  #findLocal(row: number, way: number): Local | null {
    const side = this.#timeline.side(row);
    const tuples = this.#tuples;
    const { words } = tuples;
    const tuple = way >> 1;
    const isForward = (way & 1) === 1;
    const isIpv6 = tuples.isIpv6(tuple);
    const src = tuples.address(tuple, isForward);
    const dst = tuples.address(tuple, !isForward);
    const srcText = addressText(isIpv6, words, src);
    const dstText = addressText(isIpv6, words, dst);
    if (isLinkScoped(isIpv6, words, dst)) return local(`${dstText} is never forwarded`, true);
    if (isLinkScoped(isIpv6, words, src)) return local(`${srcText} is never forwarded`, true);
    if (isMulticast(isIpv6, words, dst)) return local(`${dstText} is a multicast group`, true);
    if (side === OUTSIDE && this.#isToPublished(row)) return null;
    if (this.#natAddresses.has(dstText)) return local(`to the host itself (${dstText})`);
    if (this.#natAddresses.has(srcText)) return local(`from the host itself (${srcText})`);
    if (side === INSIDE && isSameLink(isIpv6, words, src, words, dst))
      return local(`between ${srcText} and ${dstText} on ${this.#names[INSIDE]}`);
    return null;
  }

  /** The other connection of a proxied stream, from who opened it. */
  #connection({ side, tuple }: { side: Side; tuple: number }): string {
    const { src, srcPort, dst, dstPort } = new TupleEnds(this.#tuples).of(tuple, this.#tuples.isOpenedByA(tuple));
    return `${src}.${srcPort} > ${dst}.${dstPort} on ${this.#names[side]}`;
  }

  /** Whether an ICMP error was sent by the host: from its address on the uplink, or its own on the inside link. */
  #isFromHost(side: Side, { src, srcWords, dstWords, isIpv6 }: QuotedError): boolean {
    return this.#natAddresses.has(src) || (side === INSIDE && isSameLink(isIpv6, srcWords, 0, dstWords, 0));
  }

  /** Whether an outside packet goes to a published port. */
  #isToPublished(row: number): boolean {
    const t = this.#timeline;
    const tuples = this.#tuples;
    const tuple = t.tuple(row);
    const isToA = t.forward(row) === 0;
    const address = addressText(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, isToA));
    return this.#published.get(address)?.has(portKey(t.proto(row), tuples.port(tuple, isToA))) ?? false;
  }

  #unexplained(row: number, side: Side): Judgement {
    const other = this.#names[otherSide(side)];
    const missing = this.#missing(row, other);
    if (this.#translations.accounts.learnt === 0) {
      return {
        verdict: "unknown",
        why: `${missing}, and nothing else has paired yet: are these captures of the same host and time?`,
      };
    }
    const tuples = this.#tuples;
    const { words } = tuples;
    const way = this.#timeline.way(row);
    const isIpv6 = tuples.isIpv6(way >> 1);
    const src = tuples.address(way >> 1, (way & 1) === 1);
    const dst = tuples.address(way >> 1, (way & 1) === 0);
    const srcText = addressText(isIpv6, words, src);
    const dstText = addressText(isIpv6, words, dst);
    if (side === INSIDE) {
      if (isPrivate(isIpv6, words, src)) return { verdict: "dropped", why: missing };
      if (isPrivate(isIpv6, words, dst))
        return { verdict: "unknown", why: `it reached ${dstText} without having come in on ${other}` };
      return { verdict: "unknown", why: missing };
    }
    if (this.#isToPublished(row)) return { verdict: "dropped", why: missing };
    return { verdict: "unknown", why: `neither ${srcText} nor ${dstText} is known to be translated by this NAT` };
  }

  #missing(row: number, otherName: string): string {
    const what = this.#timeline.proto(row) === TCP ? "segment" : "packet";
    return `no ${what} like it came out on ${otherName} within ${this.#window}`;
  }

  /** Why the other capture cannot have the packet, or null where it covers its time. */
  #uncovered(timeNs: number, other: Side): string | null {
    const { firstNs, lastNs, hasEnded, isLive } = this.#known.cover[other];
    const name = this.#names[other];
    if (!Number.isFinite(firstNs)) return `the ${SIDE_NAMES[other]} capture (${name}) has no frames`;
    const afterNs = timeNs - firstNs;
    if (afterNs < 0) return `the first frame of ${name} is ${seconds(-afterNs)} later`;
    if (isLive && afterNs < MARGIN_NS)
      return `${name} was opened ${seconds(afterNs)} before: its twin may have been missed`;
    if (!hasEnded) return null;
    if (timeNs > lastNs) return `the last frame of ${name} is ${seconds(timeNs - lastNs)} older`;
    const untilNs = isLive ? MARGIN_NS : FORWARDING_NS;
    if (timeNs > lastNs - untilNs)
      return `the last frame of ${name} is ${seconds(lastNs - timeNs)} later: its twin may have been missed`;
    return null;
  }
}

function local(why: string, isNever = false): Local {
  return { verdict: "local", why, isNever };
}

/** A port of a protocol, as a number. */
function portKey(proto: number, port: number): number {
  return (proto << 16) | port;
}

/** RFC 4861: router and neighbour solicitations and advertisements, redirects; their hop limit of 255 proves that no router forwarded them. */
function isNeighbourDiscovery(type: number): boolean {
  return type >= 133 && type <= 137;
}

/** RFC 1918, RFC 6598 and RFC 4193 addresses: those that a NAT stands for. */
function isPrivate(isIpv6: boolean, words: Uint32Array, at: number): boolean {
  const word = words[at];
  if (isIpv6) return word >>> 25 === 0xfc >> 1;
  return word >>> 24 === 10 || word >>> 20 === 0xac1 || word >>> 16 === 0xc0a8 || word >>> 22 === 0x6440 >> 6;
}

function seconds(ns: number): string {
  if (ns < 1e6) return `${+(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${+(ns / 1e6).toPrecision(3)} ms`;
  return `${+(ns / 1e9).toPrecision(6)} s`;
}
