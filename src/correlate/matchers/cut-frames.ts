import {
  areAlike,
  HAS_IP_ID,
  HAS_TCP_NUMBERS,
  IS_CUT,
  IS_ECHO,
  IS_FRAGMENT,
  IS_HEADLESS,
} from "../../packets/packets.js";
import { BY_EXACT, BY_FLOW, EVIDENCE_FLOW, EVIDENCE_PAYLOAD } from "../../packets/results/evidence.js";
import { otherSide, type Side } from "../../packets/sides.js";
import { Sweep, SweptSet } from "../../packets/memory/sweep.js";
import { SweptIndex } from "../../packets/memory/swept-index.js";
import { NONE } from "../../packets/tuples.js";
import { isIcmp, TCP, UDP } from "../../protocols/ip-protocols.js";
import { isAnyBehind } from "./behind.js";
import { KNOWN, POSSIBLE } from "../kernel/relations.js";
import { WANTS_CUT } from "../kernel/wants.js";
import { mixed } from "../../packets/content.js";
import type { About, Doubt, Matcher } from "./contract.js";
import { Newcomers } from "./newcomers.js";
import type { Undecided } from "./undecided.js";

/** Of packets that nothing but their order tells apart, no more are looked at: none of so many is certain. */
const MOST_ALIKE = 64;
/** What is noted of packets is cleared of those that no longer wait when it reaches this size, or twice what was left of it then. */
const CROWDED = 4096;

/** What a packet is filed under beside its head: all that have the same of everything else. */
const ANY_HEAD = 1;

/**
 * Pairs packets of which one capture kept less than the other: their keys differ, as a key takes what there is. What both have decides:
 * TCP numbers and flags, ICMP type and sequence, lengths, IP ID, and the beginning of the payload where both kept it.
 *
 * Only packets that waited in vain for an equal key come here, and only around the time of a cut one: others are not looked at.
 */
export class CutFrames implements Matcher {
  readonly wants = WANTS_CUT;
  readonly #about: About;
  /** When the latest cut packet came. */
  #latestNs = Number.NEGATIVE_INFINITY;
  /** Packets that wait, cut or not, by what they have in common with their twins: as far as they were filed. */
  readonly #waiting: SweptIndex;
  readonly #newcomers: Newcomers;
  /** Packets that several may be the twin of: what is left of those later does not make it certain. */
  readonly #contested: SweptSet<number>;
  /** When packets came of which too little was kept to pair them, by `#traceOf`. */
  readonly #traces = new Map<number, number>();
  readonly #sweepTraces = new Sweep(CROWDED);

  constructor(about: About) {
    this.#about = about;
    this.#contested = new SweptSet(CROWDED, (row) => this.#about.timeline.isHeld(row));
    this.#newcomers = new Newcomers(about.timeline);
    this.#waiting = new SweptIndex(about.heap, (row) => this.#about.timeline.isWaiting(row));
  }

  /** Takes a cut packet that found no twin when it came. */
  admit(row: number): void {
    const t = this.#about.timeline;
    const timeNs = t.timeNs(row);
    this.#latestNs = Math.max(this.#latestNs, timeNs);
    if (!this.#mayBeBare(row)) return;
    this.#sweepTraces.run(this.#traces, (trace) => timeNs - (this.#traces.get(trace) ?? 0) <= 2 * this.#about.windowNs);
    this.#traces.set(this.#traceOf(row, t.sideOf(row)), timeNs);
  }

  /** Whether a packet whose window is over, or one behind it, may have to do with a cut one. */
  mayPair(row: number): boolean {
    return this.#about.timeline.timeNs(row) - this.#latestNs <= this.#about.windowNs;
  }

  /** Pairs a packet whose window is over by `nowNs` with the only one that can be its twin. */
  settle(row: number, nowNs: number): Undecided | null {
    const twin = this.#twinOf(row);
    if (twin !== NONE && !this.#pair(row, twin) && this.learnAhead(row, nowNs)) this.#pair(row, twin);
    return null;
  }

  /**
   * Where too little speaks for a translation not seen before: looks for more in the packets of the same conversation that came behind this
   * one, and whose twins have come by `nowNs`. Returns whether it paired one.
   */
  learnAhead(row: number, nowNs: number): boolean {
    const untilNs = nowNs - this.#about.kernel.mostLimitNs;
    const isPaired = (later: number): boolean => {
      const twin = this.#twinOf(later);
      return twin !== NONE && this.#pair(later, twin);
    };
    return isAnyBehind(this.#about.timeline, row, isPaired, untilNs);
  }

  /** The only packet that can be the twin of one, and that has no other; NONE where there is none. */
  #twinOf(row: number): number {
    if (!this.mayPair(row) || !this.#isKind(row)) return NONE;
    const candidates = this.#candidatesOf(row);
    const twin = this.#only(row, candidates);
    const isCertain = twin !== NONE && this.#only(twin, this.#candidatesOf(twin)) === row;
    if (isCertain && !this.#contested.has(row) && !this.#contested.has(twin)) return twin;
    for (const candidate of candidates) this.#contested.add(candidate);
    return NONE;
  }

  /** Pairs two packets if their translation is known, or enough speaks for it. */
  #pair(row: number, twin: number): boolean {
    const t = this.#about.timeline;
    const [inside, outside] = t.insideFirst(row, twin);
    const isKnown = this.#about.translations.relation(row, twin) === KNOWN;
    if (!isKnown && !this.#maySuffice(inside, outside)) return false;
    const slot = isKnown ? this.#about.translations.slotOf(inside) : this.#about.translations.support(inside, outside);
    if (slot === NONE) return false;
    const flags = t.flags(inside) & t.flags(outside);
    const begun = t.beginning(inside) === 0 || t.beginning(outside) === 0 ? 0 : EVIDENCE_PAYLOAD;
    const evidence =
      (this.#about.kernel.evidenceOf(t.proto(inside), flags) & ~EVIDENCE_PAYLOAD) |
      begun |
      (isKnown ? EVIDENCE_FLOW : 0);
    this.#about.pairing.pairGroup([inside], [outside], slot, isKnown ? BY_FLOW : BY_EXACT, evidence);
    return true;
  }

  doubtLoss(row: number): Doubt | undefined {
    const why = this.#whyCut(row);
    return why === undefined ? undefined : { reason: "cut-short", why };
  }

  #whyCut(row: number): string | undefined {
    if (!this.mayPair(row)) return undefined;
    const t = this.#about.timeline;
    const isCut = (t.flags(row) & IS_CUT) !== 0;
    if (isCut && this.#mayBeBare(row)) return "cut short in the capture: what is left of it does not tell its twin";
    const trace = this.#traces.get(this.#traceOf(row, otherSide(t.sideOf(row))));
    const hasTrace = trace !== undefined && Math.abs(trace - t.timeNs(row)) <= this.#about.windowNs;
    if (!hasTrace && (!this.#isKind(row) || this.#candidatesOf(row).length === 0)) return undefined;
    return isCut ? "cut short in the capture: nothing tells its twin" : "a frame that was cut short may be its twin";
  }

  /** Whether what was cut off a packet may be what tells its conversation: a header, or what an ICMP error quotes. */
  #mayBeBare(row: number): boolean {
    const t = this.#about.timeline;
    return (t.flags(row) & IS_HEADLESS) !== 0 || (isIcmp(t.proto(row)) && (t.flags(row) & IS_ECHO) === 0);
  }

  #isKind(row: number): boolean {
    return (this.#about.timeline.flags(row) & (IS_HEADLESS | IS_FRAGMENT)) === 0;
  }

  /** The one of a packet's candidates that stands closest to it; with several, the one that took as long as is usual. */
  #only(row: number, candidates: readonly number[]): number {
    let best = POSSIBLE;
    let closest: number[] = [];
    for (const candidate of candidates) {
      const relation = this.#about.translations.relation(row, candidate);
      if (relation > best) closest = [];
      best = Math.max(best, relation);
      if (relation === best) closest.push(candidate);
    }
    if (closest.length > 1 && best === KNOWN)
      closest = closest.filter((candidate) => this.#about.translations.isTimely(row, candidate));
    return closest.length === 1 ? closest[0] : NONE;
  }

  /** Whether evidence for a new translation may be had of two packets: what was not compared must not count. */
  #maySuffice(inside: number, outside: number): boolean {
    const t = this.#about.timeline;
    if ((t.flags(inside) & HAS_TCP_NUMBERS) !== 0) return true;
    if (t.beginning(inside) !== 0 && t.beginning(outside) !== 0) return true;
    const lowered = t.ttl(inside) - t.ttl(outside);
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    return (t.flags(inside) & HAS_IP_ID) !== 0 && lowered !== 0 && this.#about.translations.isQuick(lowered > 0, gapNs);
  }

  /** The packets that wait on the other side and may be this one, cut, or what it is cut from. */
  #candidatesOf(row: number): number[] {
    this.#newcomers.take(this.#file);
    const t = this.#about.timeline;
    const head = t.head(row);
    const alike =
      head === 0
        ? this.#waiting.of(this.#hashOf(row, ANY_HEAD))
        : [...this.#waiting.of(this.#hashOf(row, head)), ...this.#waiting.of(this.#hashOf(row, 0))];
    if (alike.length > MOST_ALIKE) return [];
    const isCut = (t.flags(row) & IS_CUT) !== 0;
    return alike.filter(
      (other) =>
        t.side(other) !== t.side(row) &&
        (isCut || (t.flags(other) & IS_CUT) !== 0) &&
        this.#isSame(row, other) &&
        this.#about.translations.relation(row, other) >= POSSIBLE,
    );
  }

  /** Files what waits: most of what came by the time that it is asked for has its twin. */
  readonly #file = (row: number): void => {
    const t = this.#about.timeline;
    if (!t.isWaiting(row) || !this.#isKind(row)) return;
    this.#waiting.add(this.#hashOf(row, ANY_HEAD), row);
    this.#waiting.add(this.#hashOf(row, t.head(row)), row);
  };

  #isSame(a: number, b: number): boolean {
    const t = this.#about.timeline;
    if (t.proto(a) !== t.proto(b) || t.payloadLength(a) !== t.payloadLength(b)) return false;
    if (t.ipId(a) !== t.ipId(b) || this.#numberOf(a) !== this.#numberOf(b)) return false;
    if (!areAlike(t.head(a), t.head(b)) || !areAlike(t.beginning(a), t.beginning(b))) return false;
    return t.proto(a) !== TCP || (t.ack(a) === t.ack(b) && t.tcpFlags(a) === t.tcpFlags(b));
  }

  /** Of what twins have in common, whatever was kept of them. */
  #hashOf(row: number, head: number): number {
    const t = this.#about.timeline;
    const numbers = t.proto(row) === TCP ? [t.ack(row), t.tcpFlags(row)] : [];
    return hashed(t.payloadLength(row), t.ipId(row), this.#numberOf(row), t.proto(row), ...numbers, head);
  }

  /** The number in its header: a DNS message's, behind it, may have been cut off. */
  #numberOf(row: number): number {
    return this.#about.timeline.proto(row) === UDP ? 0 : this.#about.timeline.seq(row);
  }

  /** Of what is left of a packet in any case, on a side. */
  #traceOf(row: number, side: Side): number {
    const t = this.#about.timeline;
    // the protocol is not known behind IPv6 extension headers that were cut
    return hashed(t.length(row), t.ipId(row), side);
  }
}

function hashed(...words: readonly number[]): number {
  return words.reduce((hash, word) => mixed(hash, word), 0);
}
