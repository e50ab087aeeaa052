import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS } from "../../packets/packets.js";
import { BY_EXACT, BY_FLOW, BY_ORDER, EVIDENCE_FLOW, EVIDENCE_TIME } from "../../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, SIDES } from "../../packets/sides.js";
import { AMBIGUOUS, type Timeline, WAITING } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import type { Altered } from "./altered/altered.js";
import { isAnyBehind } from "./behind.js";
import { type Buckets, CROWD, PENDING } from "../kernel/buckets.js";
import type { CutFrames } from "./cut-frames.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Likes } from "./likes.js";
import {
  CONFLICT,
  IS_USUAL,
  IMPOSSIBLE,
  IS_CLOSE,
  IS_LATE,
  goesOutbound,
  IS_REPEATABLE,
  IS_UNVOUCHED,
  KNOWN,
  MAY_BE_PIECE,
  POSSIBLE,
  RELATION_MASK,
} from "../kernel/relations.js";
import { WANTS_TWIN } from "../kernel/wants.js";
import type { Admits, Pairing, Settles } from "./contract.js";
import type { Segments } from "./segments.js";
import { Sequences } from "./sequences.js";
import type { Translations } from "../kernel/translations.js";
import { leaveUndecided, type Undecided } from "./undecided.js";

/** How many packets behind one with too little evidence are looked through for more. */
const LOOK_AHEAD = 4096;

/** How many packets that were held up together it takes to believe that one was, which may be sent again. */
const HELD_UP_TOGETHER = 8;

/** How much longer than the limit of those before it a packet may take where no other can be meant: a queue grows. */
const GROWTH = 4;

/** A packet that just came; one behind which others with its key came as late as its twin could; and one whose window is over. */
const FRESH = 0;
const RIPE = 1;
const FINAL = 2;

/**
 * How strong a claim on each other two packets have. Time comes before translations: one that is known is evidence, not proof, and
 * loses against another pair that is in time. What is late and may be sent again has no claim.
 */
const CLAIM_NONE = 0;
const CLAIM_LATE_CONFLICT = 1;
const CLAIM_LATE_POSSIBLE = 2;
const CLAIM_CONFLICT = 3;
const CLAIM_POSSIBLE = 4;
const CLAIM_LATE_KNOWN = 5;
const CLAIM_KNOWN = 6;

/**
 * Finds twins among packets with one key, where there are several, or where one alone is not certain. A packet that comes is compared with
 * those of the other side; it is paired at once where one candidate is left and that candidate has no other, else it waits for what
 * later packets teach. At the end of its window `settle` decides with all there is to know.
 */
export class Matcher implements Admits, Settles {
  readonly wants = WANTS_TWIN;
  /** Those that nothing but their order tells apart. */
  readonly sequences: Sequences;
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  /** Whether what keys and records leave out speaks against two packets: the sender of an ICMP error. */
  readonly #mayBecome: (entered: number, left: number) => boolean;
  readonly #pairing: Pairing;
  readonly #buckets: Buckets;
  /** What `#survey` found last. */
  #candidate = NONE;
  #claim = CLAIM_NONE;
  /** 1 where TTL and options of both are as usual, else 0; of that candidate, and of the two whose claim was asked last. */
  #isUsual = 0;
  #wasUsual = 0;
  #rivals = 0;
  #others = 0;
  /** Whether that candidate, or the one whose claim was asked last, is close to equal packets. */
  #isClose = false;
  #wasClose = false;
  /** Whether one was passed over that only time speaks against. */
  #usedTime = false;
  /**
   * Whether clocks that nothing vouches for are all that speaks against the two whose claim was asked last; and the least time between two of
   * which that is so, nanoseconds.
   */
  #isUnvouched = false;
  #unvouchedNs = Number.POSITIVE_INFINITY;
  /** Whether one that is in time contends with a known translation that is not. */
  #isDoubted = false;
  /** The packet that came last, if it is taken for its candidate's twin unless an equal one comes soon. */
  #pending = NONE;
  #nowNs = Number.NEGATIVE_INFINITY;
  readonly #altered: Altered;
  readonly #likes: Likes;
  readonly #cutFrames: CutFrames;
  readonly #segments: Segments;

  constructor(
    timeline: Timeline,
    buckets: Buckets,
    translations: Translations,
    kernel: Kernel,
    altered: Altered,
    likes: Likes,
    cutFrames: CutFrames,
    segments: Segments,
    mayBecome: (entered: number, left: number) => boolean,
    pairing: Pairing,
  ) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#kernel = kernel;
    this.#altered = altered;
    this.#likes = likes;
    this.#cutFrames = cutFrames;
    this.#segments = segments;
    this.#mayBecome = mayBecome;
    this.#pairing = pairing;
    this.#buckets = buckets;
    this.sequences = new Sequences(timeline, buckets, translations, kernel, (inside, outside, slot) =>
      this.#pair(inside, outside, slot, BY_ORDER, EVIDENCE_FLOW | EVIDENCE_TIME),
    );
  }

  admit(row: number): void {
    this.#buckets.add(row);
    this.#pending = NONE;
    if (this.mayPair(row) && !this.#tryPair(row, FRESH)) this.#ripenBefore(row);
  }

  /** Whether the packet that came last is taken for its candidate's twin unless an equal one comes soon: no other matcher is to see it. */
  isPending(row: number): boolean {
    return this.#pending === row;
  }

  /** Pairs a packet that was taken for another one's twin, unless an equal one came since. */
  ripen(row: number): void {
    const t = this.#timeline;
    if (t.state(row) !== WAITING) return;
    if (t.bucket(row) === PENDING) this.#buckets.part(row);
    if (t.bucket(row) >= 0) this.#tryPair(row, RIPE);
  }

  /** Looks once more at the packet of its key that came before this one on its side: what else would have been its twin has come by now. */
  #ripenBefore(row: number): void {
    const t = this.#timeline;
    const before = t.previous(row);
    if (before === NONE || t.state(before) !== WAITING) return;
    if (t.timeNs(row) - t.timeNs(before) > this.sequences.limitNsOf(row)) this.#tryPair(before, RIPE);
  }

  /** Whether packets of the other side wait under the key of a packet. */
  mayPair(row: number): boolean {
    const bucket = this.#timeline.bucket(row);
    return bucket >= 0 && this.#buckets.count(bucket, otherSide(this.#timeline.sideOf(row))) > 0;
  }

  /** Decides about a packet whose window is over. One that still waits afterwards is no longer filed. */
  settle(row: number, nowNs: number): Undecided | null {
    this.#nowNs = nowNs;
    if (this.#timeline.bucket(row) === PENDING) this.#buckets.part(row);
    if (this.mayPair(row)) {
      if (this.#tryPair(row, FINAL) || this.#learnAhead(row)) return null;
      const undecided = this.#gather(row);
      if (undecided) {
        this.#noteLikes(undecided);
        return undecided;
      }
      this.#likes.note(row);
    }
    this.#buckets.remove(row);
    return null;
  }

  /** Pairs the packet if its twin is certain. `age`: FRESH, RIPE or FINAL. */
  #tryPair(row: number, age: number): boolean {
    const isFinal = age === FINAL;
    const t = this.#timeline;
    if (!isFinal && this.#buckets.isCrowd(t.bucket(row))) {
      if (age === FRESH && this.#kernel.awaitInCrowd(row)) this.#pending = row;
      return false;
    }
    const reachNs = this.#reachOf(row);
    if (reachNs < 0) return false;
    this.#survey(row, reachNs);
    const claim = this.#claim;
    const candidate = this.#candidate;
    if (candidate === NONE || this.#isGhost(candidate)) return false;
    const [inside, outside] = this.#inOrder(row, candidate);
    const related = this.#kernel.relate(inside, outside);
    const isOutbound = goesOutbound(related);
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    if (this.#isRenumbered(inside, isOutbound)) return false;
    // what left may be of bytes that were sent again, cut otherwise, and entered after the candidate did
    if ((related & MAY_BE_PIECE) !== 0 && this.#segments.mayBePiece(left, entered)) return false;
    if (claim === CLAIM_NONE) {
      // that it is late is all that speaks against the only candidate it has
      if (age === FRESH && this.#isOnly(inside)) this.#kernel.noteHeld(entered, left, isOutbound);
      return isFinal && (this.#settleLike(row, inside, outside) || this.#pairHeldUp(inside, outside));
    }
    const isContended = this.#rivals > 0 || this.#isClose;
    if (isContended && claim === CLAIM_KNOWN && this.sequences.mayBegin(row, isFinal)) {
      if (this.sequences.begin(inside, outside)) return t.state(row) !== WAITING;
    }
    if (isContended && claim === CLAIM_POSSIBLE && this.sequences.mayBegin(row, false)) {
      if (this.sequences.learn(inside, outside)) return t.state(row) !== WAITING;
    }
    // time alone says little while more may come: what is late may be so because all is
    if (this.#isClose && !isFinal) return false;
    if (this.#usedTime && (age === FRESH || (age === RIPE && this.#kernel.isNew(isOutbound)))) return false;
    const isRepeatable = (related & IS_REPEATABLE) !== 0;
    if (age !== FRESH && isRepeatable && this.#kernel.overtakes(entered, left, isOutbound)) return false;
    if (isContended) {
      if (!isFinal) return false;
      if (claim === CLAIM_KNOWN) return this.#settleLike(row, inside, outside);
      if (claim !== CLAIM_POSSIBLE) return false;
      return this.sequences.learnBurst(inside, outside, this.#nowNs) && t.state(row) !== WAITING;
    }
    if (age === FRESH && this.#kernel.awaitEqual(row, inside, outside)) {
      this.#pending = row;
      return false;
    }
    if (claim === CLAIM_KNOWN || (claim === CLAIM_LATE_KNOWN && !this.#isDoubted)) {
      this.#kernel.relate(inside, outside);
      const slot = this.#kernel.knownSlot;
      if (this.#others > 0)
        this.#pair(inside, outside, slot, BY_FLOW, EVIDENCE_FLOW | (this.#usedTime ? EVIDENCE_TIME : 0));
      else this.#pair(inside, outside, slot, BY_EXACT, 0);
      return true;
    }
    if (claim === CLAIM_LATE_KNOWN) return false;
    const isReplacing = claim === CLAIM_CONFLICT || claim === CLAIM_LATE_CONFLICT;
    if (isReplacing && (!isFinal || (this.#others > 0 && claim === CLAIM_LATE_CONFLICT))) return false;
    if (this.#hasNearerLike(inside, outside)) return false;
    const slot = this.#translations.support(inside, outside);
    if (slot === NONE) return false;
    this.#pair(inside, outside, slot, BY_EXACT, 0);
    return true;
  }

  /** Pairs a packet whose window is over, and its candidate, with those like them, where their order is certain. Returns whether it has a twin now. */
  #settleLike(row: number, inside: number, outside: number): boolean {
    return this.sequences.settle(inside, outside, this.#nowNs) && this.#timeline.state(row) !== WAITING;
  }

  /**
   * Where a packet has one candidate and too little evidence for a new translation: looks for more in the packets of the
   * same conversation that came behind it, which may have several translations. Returns whether the packet is paired now.
   */
  #learnAhead(row: number): boolean {
    const t = this.#timeline;
    if (this.#claim === CLAIM_NONE || this.#claim >= CLAIM_LATE_KNOWN || this.#rivals > 0) return false;
    const isLearnt = (later: number): boolean =>
      t.bucket(later) >= 0 && this.#tryPair(later, FINAL) && this.#tryPair(row, FINAL);
    if (isAnyBehind(t, row, isLearnt)) return true;
    return this.#cutFrames.learnAhead(row, this.#nowNs) && this.#tryPair(row, FINAL);
  }

  /**
   * Looks at every waiting packet with this key. Sets the candidate with the strongest claim (one that only time speaks
   * against, where there is none), how many rivals there are (other candidates as good, or other packets that claim it as
   * well), and how many more have the same key.
   */
  #survey(row: number, reachNs: number): void {
    this.#usedTime = false;
    this.#isClose = false;
    this.#isDoubted = false;
    this.#unvouchedNs = Number.POSITIVE_INFINITY;
    this.#findBest(row, reachNs);
    const claim = this.#claim;
    if (claim === CLAIM_NONE) return;
    const candidate = this.#candidate;
    for (
      let rival = this.#near(candidate, reachNs);
      rival !== NONE;
      rival = this.#nextNear(candidate, rival, reachNs)
    ) {
      if (rival === row) continue;
      this.#others++;
      const its = this.#claimOf(rival, candidate);
      if (its > claim || (its === claim && this.#wasUsual >= this.#isUsual)) this.#rivals++;
      else this.#weigh(its);
    }
    if (this.#unvouchedNs < Number.POSITIVE_INFINITY && this.#isUnvouchedRival(row, candidate)) this.#rivals++;
  }

  /** Whether a packet and its candidate took so long that another one, which clocks that nothing vouches for speak against, may be meant as well. */
  #isUnvouchedRival(row: number, candidate: number): boolean {
    const limitNs = this.#kernel.limitNs(goesOutbound(this.#kernel.relate(...this.#inOrder(row, candidate))));
    return this.#unvouchedNs <= limitNs || this.#apartNs(row, candidate) > limitNs;
  }

  #apartNs(a: number, b: number): number {
    return Math.abs(this.#timeline.timeNs(a) - this.#timeline.timeNs(b));
  }

  #findBest(row: number, reachNs: number): void {
    let best = NONE;
    let bestClaim = CLAIM_NONE;
    let rivals = 0;
    let others = -1;
    for (let other = this.#near(row, reachNs); other !== NONE; other = this.#nextNear(row, other, reachNs)) {
      const candidate = other;
      others++;
      const claim = this.#claimOf(row, candidate);
      this.#weigh(claim);
      if (claim === CLAIM_NONE) {
        if (best === NONE && this.#isKnown(row, candidate)) best = candidate;
      } else if (claim > bestClaim || (claim === bestClaim && this.#wasUsual > this.#isUsual)) {
        best = candidate;
        bestClaim = claim;
        this.#isUsual = this.#wasUsual;
        this.#isClose = this.#wasClose;
        rivals = 0;
      } else if (claim === bestClaim && this.#wasUsual === this.#isUsual) {
        rivals++;
      }
    }
    this.#candidate = best;
    this.#claim = bestClaim;
    this.#rivals = rivals;
    this.#others = others;
  }

  /** Notes what a claim beside another one says of that. */
  #weigh(claim: number): void {
    if (claim === CLAIM_CONFLICT || claim === CLAIM_POSSIBLE) this.#isDoubted = true;
  }

  #claimOf(a: number, b: number): number {
    const [inside, outside] = this.#inOrder(a, b);
    const related = this.#relate(inside, outside);
    const relation = related & RELATION_MASK;
    this.#wasUsual = (related & IS_USUAL) === 0 ? 0 : 1;
    this.#wasClose = (related & IS_CLOSE) !== 0;
    this.#isUnvouched = (related & IS_UNVOUCHED) !== 0;
    if (this.#isUnvouched) this.#unvouchedNs = Math.min(this.#unvouchedNs, this.#apartNs(a, b));
    if (relation === IMPOSSIBLE) return CLAIM_NONE;
    const isLate = (related & IS_LATE) !== 0;
    if (isLate && (related & IS_REPEATABLE) !== 0) {
      if (relation === KNOWN) this.#usedTime = true;
      return CLAIM_NONE;
    }
    if (relation === KNOWN) return isLate ? CLAIM_LATE_KNOWN : CLAIM_KNOWN;
    if (relation === POSSIBLE) return isLate ? CLAIM_LATE_POSSIBLE : CLAIM_POSSIBLE;
    return isLate ? CLAIM_LATE_CONFLICT : CLAIM_CONFLICT;
  }

  /** How two packets stand to each other, with all that is known of them. */
  #relate(inside: number, outside: number): number {
    const related = this.#kernel.relate(inside, outside);
    const isOutbound = goesOutbound(related);
    return (isOutbound ? this.#mayBecome(inside, outside) : this.#mayBecome(outside, inside)) ? related : IMPOSSIBLE;
  }

  /** Whether a packet's key, with its IP ID, is another one's by chance: the router numbers what goes that way itself. */
  #isRenumbered(row: number, isOutbound: boolean): boolean {
    return (this.#timeline.flags(row) & HAS_IP_ID) !== 0 && this.#altered.survivors.isRenumbering(isOutbound);
  }

  /** Whether a known translation makes one of the other, however late. */
  #isKnown(a: number, b: number): boolean {
    const [inside, outside] = this.#inOrder(a, b);
    return (this.#relate(inside, outside) & RELATION_MASK) === KNOWN;
  }

  #inOrder(a: number, b: number): readonly [inside: number, outside: number] {
    return this.#timeline.sideOf(a) === INSIDE ? [a, b] : [b, a];
  }

  /**
   * Pairs a packet that is late and may be sent again with its only candidate, where everything was held up then: packets of its
   * direction that came behind it left behind it, and none before it. Or where its capture misses nothing, and what packets take grows.
   */
  #pairHeldUp(inside: number, outside: number): boolean {
    const t = this.#timeline;
    if (!this.#isOnly(inside) || !this.#isKnown(inside, outside)) return false;
    const slot = this.#kernel.knownSlot;
    const isOutbound = this.#translations.accounts.isOutbound(slot, t.forward(inside));
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    const mostNs = GROWTH * this.#kernel.limitNs(isOutbound);
    const mayGrow = t.timeNs(left) - t.timeNs(entered) <= mostNs && !this.#kernel.isUnwatched(entered, left);
    if (mayGrow && this.sequences.isComplete(entered, isOutbound)) {
      this.#pair(inside, outside, slot, BY_EXACT, EVIDENCE_FLOW | EVIDENCE_TIME);
      return true;
    }
    let together = 0;
    let later = t.after(entered);
    for (let looked = 0; looked < LOOK_AHEAD && later !== left && later !== t.end; looked++, later = t.after(later)) {
      if (t.side(later) !== t.side(entered)) continue;
      if (t.state(later) === WAITING && this.#isHeldUp(later, left)) together++;
      const twin = t.lastTwin(later);
      // what goes the other way says nothing
      if (twin !== NONE && t.isHeld(twin) && t.isBefore(twin, left) && t.wentOutbound(later) === isOutbound)
        return false;
    }
    if (together < HELD_UP_TOGETHER) return false;
    this.#pair(inside, outside, slot, BY_EXACT, EVIDENCE_FLOW | EVIDENCE_TIME);
    return true;
  }

  /** Whether a packet that waits has one candidate, which left behind this row. */
  #isHeldUp(row: number, left: number): boolean {
    const t = this.#timeline;
    if (t.bucket(row) < 0 || !this.#isOnly(row)) return false;
    return t.isBefore(left, this.#buckets.oldest(t.bucket(row), otherSide(t.sideOf(row))));
  }

  /** Whether a packet and another one of the other side are all that wait under their key. */
  #isOnly(row: number): boolean {
    const bucket = this.#timeline.bucket(row);
    return this.#buckets.count(bucket, INSIDE) === 1 && this.#buckets.count(bucket, OUTSIDE) === 1;
  }

  /**
   * Whether, between two packets, others passed that carry the same as they do but have another key: then the router numbers packets
   * itself, and an equal IP ID is chance.
   */
  #hasNearerLike(inside: number, outside: number): boolean {
    const t = this.#timeline;
    if (
      (t.flags(inside) & (HAS_IP_ID | HAS_TCP_NUMBERS)) !== HAS_IP_ID ||
      t.head(inside) === 0 ||
      this.#kernel.areNovel(inside, outside)
    )
      return false;
    const [from, to] = t.isBefore(inside, outside) ? [inside, outside] : [outside, inside];
    let row = t.after(from);
    for (let looked = 0; looked < LOOK_AHEAD && row !== to; looked++, row = t.after(row)) {
      if (t.state(row) !== WAITING || t.head(row) !== t.head(inside)) continue;
      const own = t.side(row) === INSIDE ? inside : outside;
      if (
        t.way(row) === t.way(own) &&
        t.payloadLength(row) === t.payloadLength(own) &&
        t.seq(row) === t.seq(own) &&
        t.ack(row) === t.ack(own)
      )
        return true;
    }
    return false;
  }

  #pair(inside: number, outside: number, slot: number, by: number, extra: number): void {
    const t = this.#timeline;
    const isOutbound = this.#translations.accounts.isOutbound(slot, t.forward(inside));
    if (t.bucket(inside) >= 0) this.#likes.pair(isOutbound ? inside : outside, isOutbound ? outside : inside);
    this.#kernel.bind(inside, outside, slot, isOutbound, by, extra);
    this.#buckets.remove(inside);
    this.#buckets.remove(outside);
    this.#pairing.paired(inside, outside);
  }

  /** All packets connected with this one by possible pairs, made AMBIGUOUS; null if no packet of the other side is. */
  #gather(row: number): Undecided | null {
    const t = this.#timeline;
    const reachNs = this.#reachOf(row);
    const found: [number[], number[]] = [[], []];
    if (reachNs >= 0) {
      const seen = new Set([row]);
      const isTaken = this.#usualTwins(reachNs);
      for (const from of seen) {
        found[t.sideOf(from)].push(from);
        for (let r = this.#near(from, reachNs); r !== NONE; r = this.#nextNear(from, r, reachNs))
          if (!seen.has(r) && this.#mayBeTwins(from, r, isTaken)) seen.add(r);
      }
    } else {
      for (const side of SIDES) {
        for (let r = this.#buckets.oldest(t.bucket(row), side); r !== NONE; r = t.next(r)) found[side].push(r);
      }
    }
    if (found[otherSide(t.sideOf(row))].length === 0) return null;
    return leaveUndecided(t, found.flat(), this.#whyUndecided(row, found));
  }

  /** Notes what is like packets that are left undecided: they are not settled again. */
  #noteLikes({ inside, outside }: Undecided): void {
    if (inside.length + outside.length > CROWD) return;
    for (const rows of [inside, outside]) for (const row of rows) this.#likes.note(row);
  }

  /** Whether two packets with one key may be twins; where neither has one that came when it usually does, late ones, too. */
  #mayBeTwins(a: number, b: number, isTaken: (row: number) => boolean): boolean {
    const [inside, outside] = this.#inOrder(a, b);
    const isOutbound = goesOutbound(this.#kernel.relate(inside, outside));
    if (this.#isRenumbered(inside, isOutbound)) return false;
    if (this.#claimOf(a, b) >= CLAIM_LATE_POSSIBLE) return true;
    if (this.#isUnvouched && this.#apartNs(a, b) <= this.#kernel.limitNs(isOutbound)) return true;
    if (!this.#isUnvouched && (this.#relate(inside, outside) & RELATION_MASK) < POSSIBLE) return false;
    return !isTaken(a) && !isTaken(b);
  }

  /** Whether one that a packet may be the twin of came when it usually does: found out once of each, as all are asked about with all. */
  #usualTwins(reachNs: number): (row: number) => boolean {
    const known = new Map<number, boolean>();
    return (row) => {
      const isKnown = known.get(row);
      if (isKnown !== undefined) return isKnown;
      const has = this.#hasUsualTwin(row, reachNs);
      known.set(row, has);
      return has;
    };
  }

  #hasUsualTwin(row: number, reachNs: number): boolean {
    for (let other = this.#near(row, reachNs); other !== NONE; other = this.#nextNear(row, other, reachNs))
      if (this.#claimOf(row, other) >= CLAIM_CONFLICT) return true;
    return false;
  }

  #whyUndecided(row: number, found: [number[], number[]]): string {
    const t = this.#timeline;
    const same = t.flags(row) & HAS_PAYLOAD ? "identical payloads" : "identical headers";
    const without = t.ipId(row) === 0 ? "no IP ID" : "an IP ID that others have, too";
    const id = t.flags(row) & HAS_IP_ID ? "the same IP ID" : without;
    const isUnknown = this.#translations.slotOf(found[INSIDE][0] ?? row) === NONE;
    if (found[INSIDE].length === 1 && found[OUTSIDE].length === 1) {
      if (isUnknown)
        return `one candidate, but too little evidence for a translation not seen before: ${id}, no known flow`;
      const [inside, outside] = [found[INSIDE][0], found[OUTSIDE][0]];
      if ((this.#kernel.relate(inside, outside) & RELATION_MASK) === CONFLICT)
        return "one candidate, but a known translation says otherwise, and no other packet supports it";
      return `one candidate, but the time between them does not tell it from a copy sent again: ${id}, one flow`;
    }
    return `${same}, ${id}, ${isUnknown ? "no known flow" : "one flow"}`;
  }

  /**
   * How far in time from a packet those are looked for that it may be the twin of, nanoseconds. Infinity in all but long buckets. In those it is
   * twice what packets take at the most, for a candidate and its rivals; negative where what is later may be meant, too, or where nothing tells.
   */
  #reachOf(row: number): number {
    const t = this.#timeline;
    const kernel = this.#kernel;
    const bucket = t.bucket(row);
    if (Math.max(this.#buckets.count(bucket, INSIDE), this.#buckets.count(bucket, OUTSIDE)) <= CROWD)
      return Number.POSITIVE_INFINITY;
    const isRepeatable = (t.flags(row) & HAS_IP_ID) === 0 || kernel.sinceNs(row) > 0;
    const knownNs = this.sequences.limitNsOf(row);
    const limitNs = Number.isFinite(knownNs) ? knownNs : Math.max(kernel.limitNs(false), kernel.limitNs(true));
    return isRepeatable && Number.isFinite(kernel.slackNs) && limitNs < kernel.windowNs ? 2 * limitNs : -1;
  }

  /** The first packet of its bucket's other side that a row is not out of reach of … */
  #near(row: number, reachNs: number): number {
    const t = this.#timeline;
    let other = this.#buckets.oldest(t.bucket(row), otherSide(t.sideOf(row)));
    while (other !== NONE && t.timeNs(other) < t.timeNs(row) - reachNs) other = t.next(other);
    return other !== NONE && t.timeNs(other) <= t.timeNs(row) + reachNs ? other : NONE;
  }

  /** … and the one behind another. */
  #nextNear(row: number, other: number, reachNs: number): number {
    const next = this.#timeline.next(other);
    return next !== NONE && this.#timeline.timeNs(next) <= this.#timeline.timeNs(row) + reachNs ? next : NONE;
  }

  #isGhost(row: number): boolean {
    return this.#timeline.state(row) === AMBIGUOUS;
  }
}
