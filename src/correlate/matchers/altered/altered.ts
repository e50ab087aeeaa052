import { HAS_IP_ID, IS_ERROR, IS_FRAGMENT, IS_HEADLESS, IS_MISTIMED, isAgain } from "../../../packets/packets.js";
import {
  ALTERED_PAYLOAD,
  BY_EXACT,
  BY_FLOW,
  BY_QUOTED,
  EVIDENCE_FLOW,
  EVIDENCE_TIME,
} from "../../../packets/results.js";
import { INSIDE, otherSide } from "../../../packets/sides.js";
import { AMBIGUOUS, type Timeline, WAITING } from "../../../packets/timeline.js";
import { NONE, type TupleTable } from "../../../packets/tuples.js";
import { isGroup } from "../../../protocols/addresses.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { areAnswersAgainst } from "../answers.js";
import { Candidates } from "./candidates.js";
import { Comparison } from "./comparison.js";
import { GivenUp } from "./given-up.js";
import {
  contentHash,
  evidenceBetween,
  hasContent,
  hasIdentity,
  identityHash,
  isOnlySameIdentity,
  isSameContent,
  mayBeRewritten,
  mixed,
} from "../content.js";
import { Contents } from "../contents.js";
import type { Buckets } from "../../kernel/buckets.js";
import type { Kernel } from "../../kernel/kernel.js";
import { Newcomers } from "../newcomers.js";
import type { About, Pairing, Settles } from "../contract.js";
import { isLinkScoped } from "../scope.js";
import { Survivors } from "./survivors.js";
import { CONFLICT, IMPOSSIBLE, KNOWN } from "../../kernel/relations.js";
import type { Translations } from "../../kernel/translations.js";
import { leaveUndecided, type Undecided } from "../undecided.js";

/** Where nothing is known of how long packets take, they may take so long, nanoseconds: what is sent again follows after a round trip. */
const UNKNOWN_NS = 5_000_000;
/** So many packets, each with an IP ID of its own, must have that ID in common with a twin of another payload: then a helper rewrites payloads … */
const LEAST_SHARED_IDS = 8;
/** … where at least one in so many of the packets that crossed is such a packet. */
const LEAST_SHARE = 2;
/** So many with a packet's key are looked at, at the most, for one of its flow. */
const MOST_LOOKED_AT = 64;
/** What lies so many windows back is not asked for any more. */
const PAST_WINDOWS = 3;

/**
 * Pairs packets of which the router rewrites more than addresses, ports and ICMP id: the IP version (NAT64, SIIT, 464XLAT), the IP ID, TCP's
 * options, window or ECN flags. Their keys differ, so they wait in vain; what is left is their content, how long others take, and what
 * the router does to others. A packet is only one's twin if nothing else of that content can be, on either side: it may have been lost, and
 * the other one be its retransmission.
 *
 * Works on packets that wait, once the window of one of them is over. `Survivors` learns ahead, from all that wait by then.
 */
export class Altered implements Settles {
  readonly survivors: Survivors;
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #buckets: Buckets;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  readonly #windowNs: number;
  readonly #pairing: Pairing;
  /** The two packets that were compared last. */
  readonly #two: Comparison;
  readonly #candidates: Candidates;
  readonly #newcomers: Newcomers;
  readonly #givenUp = new GivenUp();
  /** Waiting packets, as far as they were filed. */
  readonly #contents: Contents;
  /** Those of them that may be known by their IP ID alone … */
  readonly #ids: Contents;
  /** … and those without one, by the port of their server: by the time alone, where a helper is known to work there. */
  readonly #ports: Contents;
  /** Ports of servers to or from which a helper rewrote payloads: it works by those. */
  readonly #helped = new Set<number>();
  /** Ways of which several packets that wait have one IP ID. */
  readonly #repeating = new Set<number>();
  /** What would have to be known for them to be twins; undefined where nothing would make them so. */
  #why: string | undefined;
  /** Whether `#claim` found packets of which only the time says that they are no twins. */
  #isUntimely = false;

  constructor({ heap, timeline, tuples, buckets, translations, kernel, windowNs, pairing }: About) {
    this.#timeline = timeline;
    this.#buckets = buckets;
    this.#newcomers = new Newcomers(timeline);
    this.#tuples = tuples;
    this.#translations = translations;
    this.#kernel = kernel;
    this.#windowNs = windowNs;
    this.#pairing = pairing;
    this.#contents = new Contents(heap, timeline, windowNs, contentHash, isSameContent);
    this.#ids = new Contents(heap, timeline, windowNs, identityHash, isOnlySameIdentity);
    const isSamePort = (t: Timeline, a: number, b: number): boolean =>
      this.#serverPort(a) === this.#serverPort(b) && mayBeRewritten(t, a, b);
    this.#ports = new Contents(heap, timeline, windowNs, (_, row) => mixed(this.#serverPort(row), UDP), isSamePort);
    this.#candidates = new Candidates(timeline, tuples);
    this.survivors = new Survivors(kernel);
    this.#two = new Comparison(timeline, tuples, translations, kernel, this.survivors);
  }

  /** Whether the router gives packets IP IDs of its own, one way at least: then keys with an ID are no evidence. */
  get isRenumbering(): boolean {
    return this.survivors.isRenumbering(true) || this.survivors.isRenumbering(false);
  }

  mayPair(row: number): boolean {
    if (!this.#isEligible(row)) return false;
    this.lookAhead();
    this.#find(row);
    if (this.#contents.others.length + this.#ids.others.length + this.#ports.others.length > 0) return true;
    this.#giveUp(row);
    return false;
  }

  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const undecided =
      this.#decide(row, this.#contents) ?? this.#decide(row, this.#ids) ?? this.#decide(row, this.#ports);
    if (this.#timeline.state(row) === WAITING) this.#giveUp(row);
    return undecided;
  }

  /** Why it cannot be said of a packet without a twin that it has none; undefined where nothing speaks against that. */
  doubt(row: number): string | undefined {
    const t = this.#timeline;
    if (!this.#isEligible(row)) return undefined;
    const isNumbered = (t.flags(row) & HAS_IP_ID) !== 0;
    if (isNumbered && this.isRenumbering && this.#hasLike(row)) return WHY_RENUMBERED;
    if (t.proto(row) !== UDP || isNumbered) return undefined;
    return this.#helped.has(this.#serverPort(row)) ? WHY_HELPED : undefined;
  }

  /** Whether a packet of the other side that waits carries the same, and may be of its flow. */
  #hasLike(row: number): boolean {
    this.#contents.find(row, this.#longestNs);
    return this.#contents.others.some(
      (other) => this.#timeline.isWaiting(other) && this.#translations.mayBeOfOneFlow(row, other),
    );
  }

  /** The lower of two ports, as clients take theirs from above (RFC 6335 section 6). */
  #serverPort(row: number): number {
    const tuple = this.#timeline.tuple(row);
    return Math.min(this.#tuples.port(tuple, true), this.#tuples.port(tuple, false));
  }

  /** Drops what was gathered for translations not yet believed: tuple numbers are about to get another meaning. */
  forgetCandidates(): void {
    this.#candidates.clear();
    this.#repeating.clear();
  }

  #isEligible(row: number): boolean {
    const t = this.#timeline;
    if ((t.flags(row) & (IS_FRAGMENT | IS_HEADLESS | IS_MISTIMED)) !== 0 || !hasContent(t, row)) return false;
    const tuples = this.#tuples;
    const { words } = tuples;
    const tuple = t.tuple(row);
    const isIpv6 = tuples.isIpv6(tuple);
    const a = tuples.address(tuple, true);
    const b = tuples.address(tuple, false);
    return !isBound(isIpv6, words, a) && !isBound(isIpv6, words, b);
  }

  /** Files what waits and has come since, and learns from it. */
  lookAhead(): void {
    this.#newcomers.take(this.#fileEligible);
  }

  readonly #fileEligible = (row: number): void => {
    if (this.#isEligible(row)) this.#file(row);
  };

  #file(row: number): void {
    const contents = this.#contents;
    const timeNs = this.#timeline.timeNs(row);
    this.#find(row);
    if (contents.own.length === 0 && contents.others.length === 1) this.#survey(row, contents.others[0]);
    contents.add(row);
    const ids = this.#ids;
    if (hasIdentity(this.#timeline, row)) {
      if (ids.own.length === 0 && ids.others.length === 1) this.#surveyId(row, ids.others[0]);
      this.#noteRepeating(row);
    }
    this.#othersOf(row)?.add(row);
    for (const gaps of this.survivors.gaps) gaps.forget(timeNs - PAST_WINDOWS * this.#windowNs);
  }

  /** Notes it where a packet has the IP ID of another one that goes its way, or of too many to look at. */
  #noteRepeating(row: number): void {
    const t = this.#timeline;
    const way = t.way(row);
    if (this.#repeating.has(way)) return;
    const ids = this.#ids;
    ids.findOwn(row, this.#longestNs);
    if (ids.isCrowded || ids.own.some((own) => t.way(own) === way)) this.#repeating.add(way);
  }

  /** Learns from two packets that are the only ones of their content. */
  #survey(row: number, other: number): void {
    const t = this.#timeline;
    const [inside, outside] = t.sideOf(row) === INSIDE ? [row, other] : [other, row];
    const relation = this.#two.take(inside, outside);
    if (relation === IMPOSSIBLE) return;
    const { isOutbound, gapNs, flags, kind, changes, isSameId } = this.#two;
    // what was sent again looks so, too, beside the first copy
    const wasSentAgain = isAgain(t.flags(isOutbound ? inside : outside));
    if (!isSameId && (wasSentAgain || this.#isLate(inside, outside))) return;
    this.survivors.gaps[isOutbound ? 1 : 0].add(t.timeNs(inside), gapNs);
    if (relation !== KNOWN) this.#candidates.add(inside, outside, isOutbound, isSameId);
    if (!this.#translations.isPlausible(isOutbound, isOutbound ? gapNs : -gapNs)) return;
    this.survivors.note(isOutbound, flags, kind, changes, isSameId);
  }

  /** Learns from two packets that are the only ones of an IP ID, and whose payloads differ. */
  #surveyId(row: number, other: number): void {
    const [inside, outside] = this.#timeline.sideOf(row) === INSIDE ? [row, other] : [other, row];
    const relation = this.#two.take(inside, outside);
    if (relation === IMPOSSIBLE) return;
    this.#candidates.addId(inside, outside, this.#two.isOutbound);
    if (this.#isHelped(inside, outside, relation === KNOWN)) this.#helped.add(this.#serverPort(inside));
  }

  #find(row: number): void {
    this.#ids.clear();
    this.#ports.clear();
    this.#contents.find(row, this.#longestNs);
    const others = this.#othersOf(row);
    // by the time alone, only where a helper is known to work
    if (others === this.#ids || this.#helped.has(this.#serverPort(row))) others?.find(row, this.#longestNs);
  }

  #giveUp(row: number): void {
    this.#remove(row);
    this.#givenUp.note(this.#timeline, row);
  }

  #remove(row: number): void {
    this.#contents.remove(row);
    this.#othersOf(row)?.remove(row);
  }

  /** What a packet is filed in besides, as its payload may have been rewritten; undefined for one of which it may not. */
  #othersOf(row: number): Contents | undefined {
    const t = this.#timeline;
    if (t.proto(row) !== UDP || t.payloadLength(row) === 0) return undefined;
    return hasIdentity(t, row) ? this.#ids : this.#ports;
  }

  #decide(row: number, { own, others, isCrowded }: Contents): Undecided | null {
    const t = this.#timeline;
    if (others.length === 0 || t.state(row) !== WAITING) return null;
    this.#isUntimely = false;
    const claims = others.map((other) => this.#claim(row, other));
    const best = Math.max(...claims);
    if (best === 0) {
      const why = isCrowded && this.#isUntimely ? WHY_CROWDED : this.#whyOpen(row, own, others);
      return why === undefined ? null : leaveUndecided(t, [row], why);
    }
    const candidates = others.filter((_, n) => claims[n] === best);
    const [candidate] = candidates;
    const rivals = own.filter((rival) => this.#claim(rival, candidate) >= best);
    if (candidates.length > 1 || rivals.length > 0 || isCrowded)
      return leaveUndecided(
        t,
        [row, ...candidates, ...rivals],
        "the router rewrites it, and other packets are like it",
      );
    if (t.state(candidate) === AMBIGUOUS)
      return leaveUndecided(t, [row], "what may be its twin may be another one's as well");
    const [inside, outside] = t.sideOf(row) === INSIDE ? [row, candidate] : [candidate, row];
    return this.#pair(inside, outside, own.length + others.length > 1);
  }

  /** Why one of the other side, none of which claims this packet, may be its twin after all; undefined where none may, or those are other ones'. */
  #whyOpen(row: number, own: readonly number[], others: readonly number[]): string | undefined {
    for (const other of others) {
      this.#claim(row, other);
      const why = this.#why;
      if (why !== undefined && !own.some((rival) => this.#claim(rival, other) > 0)) return why;
    }
    return undefined;
  }

  /** How strongly a packet and one of the other side claim to be twins; 0 where they are not. */
  #claim(row: number, other: number): number {
    const t = this.#timeline;
    const [inside, outside] = t.sideOf(row) === INSIDE ? [row, other] : [other, row];
    this.#why = undefined;
    const relation = this.#two.take(inside, outside);
    if (relation === IMPOSSIBLE || (relation !== KNOWN && (this.#hasOwn(inside) || this.#hasOwn(outside)))) return 0;
    const { isOutbound, isOneVersion, flags, kind, changes, isSameId } = this.#two;
    const { survivors } = this;
    if (!isSameId && this.#isLate(inside, outside)) return 0;
    if ((changes & ALTERED_PAYLOAD) !== 0) {
      if (survivors.isRenumbering(isOutbound) || !this.#isTimely(inside)) return 0;
      if (!hasIdentity(t, row)) return relation !== CONFLICT && this.#helped.has(this.#serverPort(row)) ? relation : 0;
      if (this.#isHelped(inside, outside, relation === KNOWN)) return 2 * relation;
      this.#why = WHY_IDENTITY;
      return 0;
    }
    if (isOneVersion && !survivors.isAltering(isOutbound, flags, kind, isSameId)) return 0;
    if (!survivors.isUsual(isOutbound, kind, changes)) return 0;
    if (!this.#isTimely(inside)) {
      this.#isUntimely = true;
      return 0;
    }
    return 2 * relation + (isSameId ? 1 : 0);
  }

  /** Whether the one of the two compared last that left is another one's twin, which was given up. */
  #isLate(inside: number, outside: number): boolean {
    return this.#givenUp.hasTwinOf(this.#timeline, this.#two.isOutbound ? outside : inside);
  }

  /** Whether one with a packet's key, and of its flow, waits on the other side: its twin is that, if any is. */
  #hasOwn(row: number): boolean {
    const t = this.#timeline;
    const slot = this.#translations.slotOf(row);
    if (slot === NONE || t.bucket(row) < 0) return false;
    let own = this.#buckets.oldest(t.bucket(row), otherSide(t.sideOf(row)));
    for (let looked = 0; own !== NONE && looked < MOST_LOOKED_AT; looked++, own = t.next(own))
      if (this.#translations.isWaitingIn(own, slot)) return true;
    return false;
  }

  /**
   * Whether a helper rewrites payloads of the conversations of two packets: their IP IDs told so several times, no sender gave several packets
   * one ID (jiffies), and those whose payload came through as it was do not outnumber them far, as where one is missed here and another there.
   */
  #isHelped(inside: number, outside: number, isKnown: boolean): boolean {
    const t = this.#timeline;
    const shared = this.#candidates.sharedIds(inside, outside);
    if (shared < LEAST_SHARED_IDS || this.#repeating.has(t.way(inside)) || this.#repeating.has(t.way(outside)))
      return false;
    return !isKnown || shared * LEAST_SHARE >= this.#translations.accounts.pairs(this.#kernel.knownSlot);
  }

  /** Whether others take as long as the two compared last, those around the time of the inside one, or those so far; or those take no time that others are known to need. */
  #isTimely(inside: number): boolean {
    const { isOutbound, gapNs } = this.#two;
    const usual = this.survivors.gaps[isOutbound ? 1 : 0].at(this.#timeline.timeNs(inside));
    if (usual !== null) return gapNs >= usual.minNs && gapNs <= usual.maxNs;
    const isQuick = this.#translations.isQuick(isOutbound, gapNs);
    const isLong = Math.abs(gapNs) > UNKNOWN_NS;
    if (isQuick && isLong) this.#why = WHY_OPEN;
    return isQuick && !isLong;
  }

  /** How far apart twins are at the most about a time, nanoseconds, as `#isTimely` has it. */
  readonly #longestNs = (timeNs: number): number => {
    let longestNs = UNKNOWN_NS;
    for (const gaps of this.survivors.gaps) {
      const usual = gaps.at(timeNs);
      if (usual !== null) longestNs = Math.max(longestNs, -usual.minNs, usual.maxNs);
    }
    return longestNs;
  };

  /** Pairs two packets if their translation is known, or enough speaks for it. */
  #pair(inside: number, outside: number, isContended: boolean): Undecided | null {
    const t = this.#timeline;
    const translations = this.#translations;
    const relation = this.#two.take(inside, outside);
    const { changes, isOutbound, isSameId } = this.#two;
    let evidence = evidenceBetween(t, inside, outside, changes) | (isContended ? EVIDENCE_TIME : 0);
    let slot = this.#kernel.knownSlot;
    let by = BY_FLOW;
    if (relation === KNOWN) evidence |= EVIDENCE_FLOW;
    else {
      this.#candidates.add(inside, outside, isOutbound, isSameId);
      const isBelieved =
        this.#candidates.believe(inside, outside, relation === CONFLICT) &&
        !areAnswersAgainst(t, this.#kernel, inside, outside, isOutbound);
      if (!isBelieved) return leaveUndecided(t, [inside, outside], WHY_LITTLE);
      slot = translations.learnAcross(inside, outside);
      by = BY_EXACT;
    }
    if ((t.flags(inside) & IS_ERROR) !== 0) by = BY_QUOTED;
    this.#remove(inside);
    this.#remove(outside);
    this.#pairing.pairGroup([inside], [outside], slot, by, evidence, changes);
    return null;
  }
}

const WHY_HELPED = "the router rewrites payloads of this port, and without an IP ID nothing tells its twin";
const WHY_RENUMBERED =
  "the router gives IP IDs of its own, and a packet on the other side carries the same, too soon or too late to be its twin for certain";
const WHY_IDENTITY =
  "a packet on the other side has its IP ID and another payload; too few were like that to tell a helper that rewrites from two packets missed";
const WHY_CROWDED = "the router rewrites such packets, and more of them are like it than can be looked at";
const WHY_OPEN = "one candidate, but nothing tells how long packets take";
const WHY_LITTLE =
  "one candidate that the router may have rewritten, but too little evidence for a translation not seen before";

/** Whether a router forwards no packet with this address. */
function isBound(isIpv6: boolean, words: Uint32Array, at: number): boolean {
  return isLinkScoped(isIpv6, words, at) || isGroup(words[at], isIpv6);
}
