import { HAS_IP_ID, IS_FRAGMENT, IS_HEADLESS, IS_MISTIMED, isAgain } from "../../../packets/packets.js";
import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { isGroup, isLinkScoped } from "../../../protocols/addresses.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { IMPOSSIBLE, KNOWN } from "../../kernel/relations.js";
import {
  contentHash,
  hasContent,
  hasIdentity,
  identityHash,
  isOnlySameIdentity,
  isSameContent,
  mayBeRewritten,
  mixed,
} from "../../../packets/content.js";
import { Contents } from "../contents.js";
import type { About } from "../contract.js";
import { Newcomers } from "../newcomers.js";
import { Candidates } from "./candidates.js";
import { Comparison } from "./comparison.js";
import { type Passed, passedOf, Remembered } from "./remembered.js";

/** Where nothing is known of how long packets take, they may take so long, nanoseconds: what is sent again follows after a round trip. */
export const UNKNOWN_NS = 5_000_000;
/** So many packets, each with an IP ID of its own, must have that ID in common with a twin of another payload: then a helper rewrites payloads … */
const LEAST_SHARED_IDS = 8;
/** … where at least one in so many of the packets that crossed is such a packet. */
const LEAST_SHARE = 2;

/** The packets that wait, by what their twins may have in common with them, and what those teach that are the only ones of their like. */
export class Filed {
  readonly candidates: Candidates;
  /** The two packets that were compared last. */
  readonly two: Comparison;
  /** Waiting packets, as far as they were filed. */
  readonly contents: Contents;
  /** Those of them that may be known by their IP ID alone … */
  readonly ids: Contents;
  /** … and those without one, by the port of their server: by the time alone, where a helper is known to work there. */
  readonly ports: Contents;
  readonly #about: About;
  readonly #newcomers: Newcomers;
  /**
   * What was given up when its window was over, by its content and IP ID: it may have been under way for longer. What comes out on the other side then
   * is that, and not one sent again meanwhile, to which the router would have given the ID of the first …
   */
  readonly #givenUp: Remembered;
  /** … and by its content alone: time may not tell which of two that are like each other is judged first. */
  readonly #like: Remembered;
  /** Ports of servers to or from which a helper rewrote payloads: it works by those. */
  readonly #helped = new Set<number>();
  /** Ways of which several packets that wait have one IP ID. */
  readonly #repeating = new Set<number>();

  constructor(about: About) {
    const { heap, timeline, windowNs } = about;
    this.#about = about;
    this.#newcomers = new Newcomers(timeline);
    this.#givenUp = new Remembered(heap);
    this.#like = new Remembered(heap);
    this.contents = new Contents(heap, timeline, windowNs, contentHash, isSameContent);
    this.ids = new Contents(heap, timeline, windowNs, identityHash, isOnlySameIdentity);
    const isSamePort = (t: Timeline, a: number, b: number): boolean =>
      this.#serverPort(a) === this.#serverPort(b) && mayBeRewritten(t, a, b);
    this.ports = new Contents(heap, timeline, windowNs, (_, row) => mixed(this.#serverPort(row), UDP), isSamePort);
    this.candidates = new Candidates(about);
    this.two = new Comparison(about);
  }

  /** Whether a helper rewrites payloads to or from the port of a packet's server. */
  isOfHelper(row: number): boolean {
    return this.#helped.has(this.#serverPort(row));
  }

  /** The lower of two ports, as clients take theirs from above (RFC 6335 section 6). */
  #serverPort(row: number): number {
    const tuple = this.#about.timeline.tuple(row);
    return Math.min(this.#about.tuples.port(tuple, true), this.#about.tuples.port(tuple, false));
  }

  /** A packet of the other side that nothing is decided about, carries the same, and may be of its flow, where one of both has an IP ID; undefined where there is none. */
  waitingLike(row: number): number | undefined {
    const { timeline: t, translations } = this.#about;
    this.contents.find(row, this.#longestNs);
    return this.contents.others.find(
      (other) =>
        ((t.flags(row) | t.flags(other)) & HAS_IP_ID) !== 0 &&
        t.isOpen(other) &&
        translations.mayBeOfOneFlow(row, other),
    );
  }

  /** The last packet of the other side that was given up, no farther from one than the window, carries the same (`content`), and may be of its flow. */
  givenUpLike(row: number, content: number): Passed | undefined {
    const other = otherSide(this.#about.timeline.sideOf(row));
    return this.#like.like(other, content, this.#passed(row), this.#about.windowNs);
  }

  #passed(row: number): Passed {
    return passedOf(this.#about.timeline, row, this.#about.translations.slotOf(row));
  }

  /** Drops what was gathered for translations not yet believed: tuple numbers are about to get another meaning. */
  forgetCandidates(): void {
    this.candidates.clear();
    this.#repeating.clear();
  }

  /** Whether a packet may be forwarded at all, and is all there. */
  isEligible(row: number): boolean {
    const t = this.#about.timeline;
    if ((t.flags(row) & (IS_FRAGMENT | IS_HEADLESS | IS_MISTIMED)) !== 0 || !hasContent(t, row)) return false;
    const tuples = this.#about.tuples;
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
    if (this.isEligible(row)) this.#file(row);
  };

  #file(row: number): void {
    const likeIt = this.contents.onlyOther(row, this.#longestNs);
    if (likeIt !== NONE) this.#survey(row, likeIt);
    this.contents.add(row);
    const others = this.#othersOf(row);
    if (others === this.ids) {
      const withItsId = others.onlyOther(row, this.#longestNs);
      if (withItsId !== NONE) this.#surveyId(row, withItsId);
      this.#noteRepeating(row);
    }
    others?.add(row);
  }

  /** Notes it where a packet has the IP ID of another one that goes its way, or of too many to look at. */
  #noteRepeating(row: number): void {
    const t = this.#about.timeline;
    const way = t.way(row);
    if (this.#repeating.has(way)) return;
    const ids = this.ids;
    ids.findOwn(row, this.#longestNs);
    if (ids.isCrowded || ids.own.some((own) => t.way(own) === way)) this.#repeating.add(way);
  }

  /** Learns from two packets that are the only ones of their content. */
  #survey(row: number, other: number): void {
    const t = this.#about.timeline;
    const [inside, outside] = t.insideFirst(row, other);
    const relation = this.two.take(inside, outside);
    if (relation === IMPOSSIBLE || this.two.isEarly) return;
    const { isOutbound, gapNs, flags, kind, changes, isSameId } = this.two;
    // what was sent again looks so, too, beside the first copy
    const wasSentAgain = isAgain(t.flags(isOutbound ? inside : outside));
    // and what was sent a period later, where nothing vouches for the clocks that speak against its own twin
    const isUnvouched = this.#about.kernel.time.slackNs === Number.POSITIVE_INFINITY && Math.abs(gapNs) > UNKNOWN_NS;
    if (!isSameId && (wasSentAgain || isUnvouched || this.isLate(inside, outside))) return;
    this.#about.survivors.gaps[isOutbound ? 1 : 0].add(t.timeNs(inside), gapNs);
    if (relation !== KNOWN) this.candidates.add(inside, outside, isOutbound, isSameId);
    if (!this.#about.translations.isPlausible(isOutbound, gapNs)) return;
    this.#about.survivors.note(isOutbound, flags, kind, changes, isSameId);
  }

  /** Learns from two packets that are the only ones of an IP ID, and whose payloads differ. */
  #surveyId(row: number, other: number): void {
    const [inside, outside] = this.#about.timeline.insideFirst(row, other);
    const relation = this.two.take(inside, outside);
    if (relation === IMPOSSIBLE || this.two.isEarly) return;
    this.candidates.addId(inside, outside, this.two.isOutbound);
    if (this.isHelped(inside, outside, relation === KNOWN)) this.#helped.add(this.#serverPort(inside));
  }

  /** Finds what is like a packet. */
  find(row: number): void {
    this.ids.clear();
    this.ports.clear();
    this.contents.find(row, this.#longestNs);
    const others = this.#othersOf(row);
    // by the time alone, only where a helper is known to work
    if (others === this.ids || this.isOfHelper(row)) others?.find(row, this.#longestNs);
  }

  /** Takes a packet out that has no twin: it may be under way for longer. */
  giveUp(row: number): void {
    const t = this.#about.timeline;
    const content = this.remove(row);
    const given = this.#passed(row);
    this.#like.note(t.sideOf(row), content, given);
    if ((t.flags(row) & HAS_IP_ID) !== 0) this.#givenUp.note(t.sideOf(row), mixed(content, t.ipId(row)), given);
  }

  /** Takes a packet out. Returns the hash of what it carries. */
  remove(row: number): number {
    this.#othersOf(row)?.remove(row);
    return this.contents.remove(row);
  }

  /** What a packet is filed in besides, as its payload may have been rewritten; undefined for one of which it may not. */
  #othersOf(row: number): Contents | undefined {
    const t = this.#about.timeline;
    if (t.proto(row) !== UDP || t.payloadLength(row) === 0) return undefined;
    return hasIdentity(t, row) ? this.ids : this.ports;
  }

  /** Whether the one of the two compared last that left is another one's twin, which was given up. */
  isLate(inside: number, outside: number): boolean {
    const t = this.#about.timeline;
    const left = this.two.isOutbound ? outside : inside;
    if ((t.flags(left) & HAS_IP_ID) === 0) return false;
    return this.#givenUp.of(otherSide(t.sideOf(left)), mixed(contentHash(t, left), t.ipId(left))) !== undefined;
  }

  /**
   * Whether a helper rewrites payloads of the conversations of two packets: their IP IDs told so several times, no sender gave several packets
   * one ID (jiffies), and those whose payload came through as it was do not outnumber them far, as where one is missed here and another there.
   */
  isHelped(inside: number, outside: number, isKnown: boolean): boolean {
    const t = this.#about.timeline;
    const shared = this.candidates.sharedIds(inside, outside);
    if (shared < LEAST_SHARED_IDS || this.#repeating.has(t.way(inside)) || this.#repeating.has(t.way(outside)))
      return false;
    return !isKnown || shared * LEAST_SHARE >= this.#about.translations.accounts.pairs(this.#about.kernel.knownSlot);
  }

  /** How far apart twins are at the most about a time, nanoseconds, as `#timely` has it. */
  readonly #longestNs = (timeNs: number): number => {
    let longestNs = UNKNOWN_NS;
    for (const gaps of this.#about.survivors.gaps) {
      const usual = gaps.at(timeNs, this.#about.kernel.time.blurNs);
      if (usual !== null) longestNs = Math.max(longestNs, -usual.minNs, usual.maxNs);
    }
    return longestNs;
  };
}

/** Whether a router forwards no packet with this address. */
function isBound(isIpv6: boolean, words: Uint32Array, at: number): boolean {
  return isLinkScoped(isIpv6, words, at) || isGroup(words[at], isIpv6);
}
