import { HAS_IP_ID, IS_ERROR } from "../../../packets/packets.js";
import {
  ALTERED_PAYLOAD,
  BY_EXACT,
  BY_FLOW,
  BY_QUOTED,
  EVIDENCE_FLOW,
  EVIDENCE_TIME,
} from "../../../packets/results/evidence.js";
import { otherSide, type Side, SIDE_NAMES } from "../../../packets/sides.js";
import { AMBIGUOUS, WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { CONFLICT, IMPOSSIBLE, KNOWN } from "../../kernel/relations.js";
import { areAnswersAgainst } from "../answers.js";
import { isAnyBehind } from "../behind.js";
import { contentHash, evidenceBetween, hasIdentity } from "../../../packets/content.js";
import { Contents } from "../contents.js";
import type { About, Doubt, Matcher } from "../contract.js";
import { leaveUndecided, type Undecided } from "../undecided.js";
import { Filed, UNKNOWN_NS } from "./filed.js";
import { type Passed, passedOf, Remembered } from "./remembered.js";
import { NO_SEGMENT } from "./survivors.js";
import { type GapRange, MIXED } from "./usual-gaps.js";

/** So many packets that go the other way are asked, at the most, where too little speaks for two: one that tells is enough. */
const MOST_ASKED = 16;

/**
 * Pairs packets of which the router rewrites more than addresses, ports and ICMP id: the IP version (NAT64, SIIT, 464XLAT), the IP ID, TCP's
 * options, window or ECN flags. Their keys differ, so they wait in vain; what is left is their content, how long others take, and what
 * the router does to others. A packet is only one's twin if nothing else of that content can be, on either side: it may have been lost, and
 * the other one be its retransmission.
 *
 * Works on packets that wait (`Filed`), once the window of one of them is over; `Survivors` learns ahead, from all that wait by then.
 */
export class Altered implements Matcher {
  readonly #about: About;
  /** The packets that wait, and what this router does to packets, as they teach. */
  readonly filed: Filed;
  /** What was left undecided, by what it carries: the twin of one like it may be among that. */
  readonly #left: Remembered;
  /** What would have to be known for them to be twins; undefined where nothing would make them so. */
  #why: string | undefined;
  /** Whether `#claim` found packets of which only the time says that they are no twins. */
  #isUntimely = false;

  constructor(about: About) {
    this.#about = about;
    this.filed = new Filed(about);
    this.#left = new Remembered(about.heap);
  }

  forgetWays(): void {
    this.filed.forgetCandidates();
  }

  mayPair(row: number): boolean {
    const filed = this.filed;
    if (!filed.isEligible(row)) return false;
    filed.lookAhead();
    filed.find(row);
    if (filed.contents.others.length + filed.ids.others.length + filed.ports.others.length > 0) return true;
    filed.giveUp(row);
    return false;
  }

  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const { contents, ids, ports } = this.filed;
    const undecided = this.#decide(row, contents) ?? this.#decide(row, ids) ?? this.#decide(row, ports);
    if (undecided) for (const each of [...undecided.inside, ...undecided.outside]) this.#noteLeft(each);
    if (this.#about.timeline.state(row) === WAITING) this.filed.giveUp(row);
    return undecided;
  }

  doubt(row: number): Doubt | undefined {
    const why = this.#whyAltered(row);
    return why === undefined ? undefined : { reason: "router-rewrites", why };
  }

  #whyAltered(row: number): string | undefined {
    const t = this.#about.timeline;
    if (!this.filed.isEligible(row)) return undefined;
    const other = otherSide(t.sideOf(row));
    const waiting = this.#about.survivors.isRenumberingAny ? this.filed.waitingLike(row) : undefined;
    if (waiting !== undefined) return whyRenumbered(other, t.frameTextOf(waiting));
    const content = contentHash(t, row);
    const givenUp = this.filed.givenUpLike(row, content);
    if (givenUp !== undefined && this.#about.survivors.mayHaveAltered(t.ipId(row), givenUp.ipId))
      return whyAltered(other, t.frameText(other, givenUp.frame));
    if (this.#left.like(other, content, this.#passed(row), this.#about.windowNs) !== undefined) return WHY_LEFT;
    if (t.proto(row) !== UDP || (t.flags(row) & HAS_IP_ID) !== 0) return undefined;
    return this.filed.isOfHelper(row) ? WHY_HELPED : undefined;
  }

  #noteLeft(row: number): void {
    const t = this.#about.timeline;
    this.#left.note(t.sideOf(row), contentHash(t, row), this.#passed(row));
  }

  /** What was left undecided is asked for by its time, whatever its flow. */
  #passed(row: number): Passed {
    return passedOf(this.#about.timeline, row, NONE);
  }

  #decide(row: number, { own, others, isCrowded }: Contents): Undecided | null {
    const t = this.#about.timeline;
    if (others.length === 0 || t.state(row) !== WAITING) return null;
    this.#isUntimely = false;
    const meant = this.#meantBy(row, own, others);
    if (meant === null) {
      const why = isCrowded && this.#isUntimely ? WHY_CROWDED : this.#whyOpen(row, own, others);
      return why === undefined ? null : leaveUndecided(t, [row], why);
    }
    const [candidate, contenders] = meant;
    if (contenders.length > 0 || isCrowded) return leaveUndecided(t, [row, candidate, ...contenders], WHY_ALIKE);
    if (t.state(candidate) === AMBIGUOUS)
      return leaveUndecided(t, [row], "what may be its twin may be another one's as well");
    const [inside, outside] = t.insideFirst(row, candidate);
    return this.#pair(inside, outside, own.length + others.length > 1);
  }

  /** The one of the other side that claims a packet most, and what contends with both: others that claim it as much, and those that claim that one so. Null where none does. */
  #meantBy(
    row: number,
    own: readonly number[],
    others: readonly number[],
  ): readonly [candidate: number, contenders: readonly number[]] | null {
    const claims = others.map((other) => this.#claim(row, other));
    const best = Math.max(...claims);
    if (best <= 0) return null;
    const at = claims.indexOf(best);
    const candidate = others[at];
    const asGood = others.filter((_, n) => n !== at && Math.abs(claims[n]) >= best);
    return [candidate, [...asGood, ...own.filter((rival) => Math.abs(this.#claim(rival, candidate)) >= best)]];
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

  /**
   * How strongly a packet and one of the other side claim to be twins; 0 where they are not. Negative where they may be as far as all but time tells, and time
   * tells nothing, as what packets take then is too mixed, or the clocks may not be one: they are no twins by that, but others are not either.
   */
  #claim(row: number, other: number): number {
    const t = this.#about.timeline;
    const [inside, outside] = t.insideFirst(row, other);
    this.#why = undefined;
    const relation = this.filed.two.take(inside, outside);
    if (relation === IMPOSSIBLE) return 0;
    const { isOutbound, isEarly, isOneVersion, flags, kind, changes, isSameId } = this.filed.two;
    const { survivors } = this.#about;
    if (!isSameId && this.filed.isLate(inside, outside)) return 0;
    if ((changes & ALTERED_PAYLOAD) !== 0) {
      if (survivors.isRenumbering(isOutbound) || isEarly || this.#timely(inside, outside) <= 0) return 0;
      if (!hasIdentity(t, row)) return relation !== CONFLICT && this.filed.isOfHelper(row) ? relation : 0;
      if (this.filed.isHelped(inside, outside, relation === KNOWN)) return 2 * relation;
      this.#why = WHY_IDENTITY;
      return 0;
    }
    if (isOneVersion && !survivors.isAltering(isOutbound, flags, kind, isSameId)) return 0;
    if (!survivors.isUsual(isOutbound, kind, changes)) return 0;
    const claim = 2 * relation + (isSameId ? 1 : 0);
    const timely = isEarly || this.#mayBeNext(inside, outside) ? -1 : this.#timely(inside, outside);
    if (timely <= 0) this.#isUntimely = true;
    return timely * claim;
  }

  /**
   * Whether one of two packets says again what was said, and the other may be the twin of the next one that does, as a clock may have been set by what they are
   * apart. Where nothing vouches for the clocks, that may be anything; but for packets of two IP versions, which nothing else would tell.
   */
  #mayBeNext(inside: number, outside: number): boolean {
    const { kernel, clock } = this.#about;
    const isVouched = kernel.time.slackNs < Number.POSITIVE_INFINITY || !this.filed.two.isOneVersion;
    const doubtNs = isVouched ? clock.doubtNs : Number.POSITIVE_INFINITY;
    return doubtNs > 0 && [inside, outside].some((row) => kernel.isToldAgain(row) && kernel.sinceNs(row) <= doubtNs);
  }

  /**
   * 1 where the two compared last took as long as others did around the time of the inside one, or have so far. Where nobody knows what others take, 1 if these took
   * hardly any time. -1 where time does not tell: others took too many times, or few took so long, and the one that left may have been sent again and have entered
   * unseen. Else 0.
   */
  #timely(inside: number, outside: number): number {
    const { isOutbound, gapNs, isSameId, kind } = this.filed.two;
    const { kernel, timeline } = this.#about;
    const gaps = this.#about.survivors.gaps[isOutbound ? 1 : 0];
    const timeNs = timeline.timeNs(inside);
    // TCP sends again within the times that packets take, and so does who says the same again and again
    const mayComeAgain = kind !== NO_SEGMENT || kernel.isToldAgain(inside) || kernel.isToldAgain(outside);
    const mayHide = mayComeAgain && !isSameId && this.#about.completeness.mayHaveMissed(isOutbound, timeNs);
    const usual = gaps.at(timeNs, kernel.time.blurNs, mayHide);
    if (usual === MIXED) return -1;
    if (usual !== null) {
      if (isWithin(gapNs, usual)) return 1;
      return mayHide && isWithin(gapNs, gaps.at(timeNs, kernel.time.blurNs) ?? usual) ? -1 : 0;
    }
    const isQuick = this.#about.translations.isQuick(isOutbound, gapNs);
    const isLong = Math.abs(gapNs) > UNKNOWN_NS;
    if (isQuick && isLong) this.#why = WHY_OPEN;
    return Number(isQuick && !isLong);
  }

  /** Pairs two packets if their translation is known, or enough speaks for it. */
  #pair(inside: number, outside: number, isContended: boolean): Undecided | null {
    const t = this.#about.timeline;
    const translations = this.#about.translations;
    const relation = this.filed.two.take(inside, outside);
    const { changes, isOutbound, isSameId } = this.filed.two;
    let evidence = evidenceBetween(t, inside, outside, changes) | (isContended ? EVIDENCE_TIME : 0);
    let slot = this.#about.kernel.knownSlot;
    let by = BY_FLOW;
    if (relation === KNOWN) evidence |= EVIDENCE_FLOW;
    else {
      this.filed.candidates.add(inside, outside, isOutbound, isSameId);
      const isBelieved = (): boolean => this.filed.candidates.believe(inside, outside, relation === CONFLICT);
      const isAnswered = (): boolean => areAnswersAgainst(t, this.#about.kernel, inside, outside, isOutbound);
      if ((!isBelieved() && !this.#learnAhead(inside, outside, isBelieved)) || isAnswered())
        return leaveUndecided(t, [inside, outside], WHY_LITTLE);
      slot = translations.learnAcross(inside, outside);
      by = BY_EXACT;
    }
    if ((t.flags(inside) & IS_ERROR) !== 0) by = BY_QUOTED;
    this.filed.remove(inside);
    this.filed.remove(outside);
    this.#about.pairing.pairGroup([inside], [outside], slot, by, evidence, changes);
    return null;
  }

  /**
   * Has the packets speak that wait behind the inside one of two and go the other way between their ends, each for the only one that it can be the twin of: what
   * has been captured is known, whichever window ends first. Returns whether they are believed by that.
   */
  #learnAhead(inside: number, outside: number, isBelieved: () => boolean): boolean {
    const t = this.#about.timeline;
    const { contents, two, candidates } = this.filed;
    let asked = 0;
    return (
      isAnyBehind(t, inside, (later) => {
        if (t.way(later) === t.way(inside)) return false;
        if (asked++ >= MOST_ASKED) return true;
        this.filed.find(later);
        const meant = contents.isCrowded ? null : this.#meantBy(later, contents.own, contents.others);
        if (meant === null || meant[1].length > 0 || (t.way(meant[0]) ^ 1) !== t.way(outside)) return false;
        two.take(later, meant[0]);
        candidates.add(later, meant[0], two.isOutbound, two.isSameId);
        return isBelieved();
      }) && asked <= MOST_ASKED
    );
  }
}

function isWithin(gapNs: number, { minNs, maxNs }: GapRange): boolean {
  return gapNs >= minNs && gapNs <= maxNs;
}

/** Why a packet is not said to have no twin where one of the other side that carries the same still waits, in words … */
function whyRenumbered(side: Side, frame: string): string {
  return `frame ${frame} of ${SIDE_NAMES[side]} carries the same, too soon or too late to be its twin for certain: the router gives IP IDs of its own`;
}

/** … and where that has no twin. */
function whyAltered(side: Side, frame: string): string {
  return `frame ${frame} of ${SIDE_NAMES[side]} carries the same and has no twin: the router alters packets, and may have altered this one`;
}

const WHY_HELPED = "the router rewrites payloads of this port, and without an IP ID nothing tells its twin";
const WHY_LEFT = "packets on the other side that carry the same are ambiguous: its twin may be one of these";
const WHY_IDENTITY =
  "a packet on the other side has its IP ID and another payload; too few were like that to tell a helper that rewrites from two packets missed";
const WHY_ALIKE = "the router rewrites it, and other packets are like it";
const WHY_CROWDED = "the router rewrites such packets, and more of them are like it than can be looked at";
const WHY_OPEN = "one candidate, but nothing tells how long packets take";
const WHY_LITTLE =
  "one candidate that the router may have rewritten, but too little evidence for a translation not seen before";
