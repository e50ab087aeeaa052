import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, IS_ERROR, TCP } from "../packets/packets.js";
import {
  ALTERED_OPTIONS,
  BY_EXACT,
  BY_FLOW,
  BY_ORDER,
  BY_QUOTED,
  EVIDENCE_FLOW,
  EVIDENCE_TIME,
} from "../packets/results.js";
import { INSIDE, OUTSIDE, otherSide } from "../packets/sides.js";
import { AMBIGUOUS, GONE, type Timeline, WAITING } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import type { Altered } from "./altered.js";
import { ALONE, type Buckets } from "./buckets.js";
import type { Kernel } from "./kernel.js";
import {
  HAS_USUAL_TTL,
  IMPOSSIBLE,
  IS_CLOSE,
  IS_LATE,
  IS_RELATED_OUTBOUND,
  IS_REPEATABLE,
  KNOWN,
  POSSIBLE,
  RELATION_MASK,
} from "./relations.js";
import type { Translations } from "./translations.js";

/** A bucket with more packets of a side than this is not searched: nothing in it is certain, and searching is quadratic. */
const SEARCHABLE = 512;

/** How many packets behind one with too little evidence are looked through for more. */
const LOOK_AHEAD = 4096;

/** How many packets that were held up together it takes to believe that one was, which may be sent again. */
const HELD_UP_TOGETHER = 8;

/** How many identical packets it takes to tell the first of a stream by time alone, and which share of them must be as quick. */
const FIRST_ALIKE = 16;
const FIRST_SHARE = 0.6;

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

/** Packets that may be each other's twins and cannot be told apart. */
export interface Undecided {
  inside: number[];
  outside: number[];
  why: string;
}

/**
 * Finds twins among packets with one key, where there are several, or where one alone is not certain. A packet that comes is compared with
 * those of the other side; it is paired at once where one candidate is left and that candidate has no other, else it waits for what
 * later packets teach. At the end of its window `settle` decides with all there is to know.
 */
export class Matcher {
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  readonly #onPair: (inside: number, outside: number) => void;
  readonly #buckets: Buckets;
  /** What `#survey` found last. */
  #candidate = NONE;
  #claim = CLAIM_NONE;
  /** 1 where the TTL of both is lowered as it was before, else 0; of that candidate, and of the two whose claim was asked last. */
  #isUsual = 0;
  #hasUsualTtl = 0;
  #rivals = 0;
  #others = 0;
  /** Whether that candidate, or the one whose claim was asked last, is close to equal packets. */
  #isClose = false;
  #wasClose = false;
  /** Whether one was passed over that only time speaks against. */
  #usedTime = false;
  /** Whether one that is in time contends with a known translation that is not. */
  #isDoubted = false;
  #nowNs = Number.NEGATIVE_INFINITY;
  /** Whether the last candidate was refused as its IP ID is the router's own, and says nothing. */
  #isRenumbered = false;
  readonly #altered: Altered;

  constructor(
    timeline: Timeline,
    buckets: Buckets,
    translations: Translations,
    kernel: Kernel,
    altered: Altered,
    onPair: (inside: number, outside: number) => void,
  ) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#kernel = kernel;
    this.#altered = altered;
    this.#onPair = onPair;
    this.#buckets = buckets;
  }

  /** Takes a packet just appended to the timeline. */
  admit(row: number): void {
    this.#buckets.add(row);
    if (!this.#hasCandidates(row)) return;
    if (!this.#tryPair(row, FRESH)) this.#ripen(row);
  }

  /** Looks once more at the packet of its key that came before this one on its side: what else would have been its twin has come by now. */
  #ripen(row: number): void {
    const t = this.#timeline;
    const before = t.previous(row);
    if (before === NONE || t.state(before) !== WAITING) return;
    if (t.timeNs(row) - t.timeNs(before) > this.#limitNsOf(row)) this.#tryPair(before, RIPE);
  }

  /**
   * Decides about a WAITING packet whose window is over by `nowNs`. Afterwards it is paired, or AMBIGUOUS (with what is returned), or
   * still WAITING and no longer filed: it has no twin.
   */
  settle(row: number, nowNs: number): Undecided | null {
    this.#nowNs = nowNs;
    if (this.#timeline.bucket(row) === NONE) return null;
    if (this.#hasCandidates(row)) {
      if (this.#tryPair(row, FINAL)) return null;
      if (this.#learnAhead(row) && this.#tryPair(row, FRESH)) return null;
      const undecided = this.#isRenumbered ? null : this.#gather(row);
      if (undecided) return undecided;
    }
    this.#buckets.remove(row);
    return null;
  }

  /** Takes a packet away that needs no twin any more. */
  forget(row: number): void {
    if (this.#timeline.bucket(row) !== NONE) this.#buckets.remove(row);
  }

  /** Whether packets of the other side wait under the key of a filed one. */
  #hasCandidates(row: number): boolean {
    const bucket = this.#timeline.bucket(row);
    return bucket !== ALONE && this.#buckets.count(bucket, otherSide(this.#timeline.sideOf(row))) > 0;
  }

  /** Pairs the packet if its twin is certain. `age`: FRESH, RIPE or FINAL. */
  #tryPair(row: number, age: number): boolean {
    const isFinal = age === FINAL;
    const t = this.#timeline;
    const bucket = t.bucket(row);
    this.#isRenumbered = false;
    if (!this.#isSearchable(bucket)) return false;
    this.#survey(row, bucket);
    const claim = this.#claim;
    const candidate = this.#candidate;
    if (candidate === NONE || this.#isGhost(candidate)) return false;
    const [inside, outside] = this.#inOrder(row, candidate);
    if ((t.flags(row) & HAS_IP_ID) !== 0) {
      const isOutbound = (this.#kernel.relate(inside, outside) & IS_RELATED_OUTBOUND) !== 0;
      this.#isRenumbered = this.#altered.survivors.isRenumbering(isOutbound);
      if (this.#isRenumbered) return false;
    }
    if (claim === CLAIM_NONE) return isFinal && (this.#pairInOrder(row, bucket) || this.#pairHeldUp(inside, outside));
    const isContended = this.#rivals > 0 || this.#isClose;
    if (isContended && claim === CLAIM_KNOWN && this.#pairFirst(row, bucket, isFinal)) return t.state(row) !== WAITING;
    // time alone says little while more may come: what is late may be so because all is
    if (this.#isClose && !isFinal) return false;
    if (this.#usedTime && (age === FRESH || (age === RIPE && this.#isNew(inside, outside)))) return false;
    if (isContended) return claim === CLAIM_KNOWN && isFinal && this.#pairInOrder(row, bucket);
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

  /**
   * Where a packet has one candidate and too little evidence for a new translation: looks for more in the packets of the
   * same conversation that came behind it. Returns whether the translation is known now.
   */
  #learnAhead(row: number): boolean {
    const t = this.#timeline;
    if (this.#claim === CLAIM_NONE || this.#claim >= CLAIM_LATE_KNOWN || this.#rivals > 0) return false;
    let later = t.after(row);
    for (let looked = 0; looked < LOOK_AHEAD && later !== t.end; looked++, later = t.after(later)) {
      if (
        t.state(later) !== WAITING ||
        t.tuple(later) !== t.tuple(row) ||
        t.side(later) !== t.side(row) ||
        t.bucket(later) < 0
      )
        continue;
      if (this.#tryPair(later, FINAL)) return true;
    }
    return false;
  }

  /**
   * Looks at every waiting packet with this key. Sets the candidate with the strongest claim (one that only time speaks
   * against, where there is none), how many rivals there are (other candidates as good, or other packets that claim it as
   * well), and how many more have the same key.
   */
  #survey(row: number, bucket: number): void {
    const t = this.#timeline;
    const side = t.sideOf(row);
    this.#usedTime = false;
    this.#isClose = false;
    this.#isDoubted = false;
    this.#findBest(row, bucket);
    const claim = this.#claim;
    if (claim === CLAIM_NONE) return;
    const candidate = this.#candidate;
    for (let rival = this.#buckets.oldest(bucket, side); rival !== NONE; rival = t.next(rival)) {
      if (rival === row) continue;
      this.#others++;
      const its = this.#claimOf(rival, candidate);
      if (its > claim || (its === claim && this.#hasUsualTtl >= this.#isUsual)) this.#rivals++;
      else this.#weigh(its);
    }
  }

  #findBest(row: number, bucket: number): void {
    const t = this.#timeline;
    let best = NONE;
    let bestClaim = CLAIM_NONE;
    let rivals = 0;
    let others = -1;
    const opposite = otherSide(t.sideOf(row));
    for (let candidate = this.#buckets.oldest(bucket, opposite); candidate !== NONE; candidate = t.next(candidate)) {
      others++;
      const claim = this.#claimOf(row, candidate);
      this.#weigh(claim);
      if (claim === CLAIM_NONE) {
        if (best === NONE && this.#isKnown(row, candidate)) best = candidate;
      } else if (claim > bestClaim || (claim === bestClaim && this.#hasUsualTtl > this.#isUsual)) {
        best = candidate;
        bestClaim = claim;
        this.#isUsual = this.#hasUsualTtl;
        this.#isClose = this.#wasClose;
        rivals = 0;
      } else if (claim === bestClaim && this.#hasUsualTtl === this.#isUsual) {
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
    const related = this.#kernel.relate(inside, outside);
    const relation = related & RELATION_MASK;
    this.#hasUsualTtl = (related & HAS_USUAL_TTL) === 0 ? 0 : 1;
    this.#wasClose = (related & IS_CLOSE) !== 0;
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

  /** Whether it is not known what packets of two packets' direction take. */
  #isNew(inside: number, outside: number): boolean {
    return this.#kernel.isNew((this.#kernel.relate(inside, outside) & IS_RELATED_OUTBOUND) !== 0);
  }

  /** Whether a known translation makes one of the other, however late. */
  #isKnown(a: number, b: number): boolean {
    const [inside, outside] = this.#inOrder(a, b);
    return (this.#kernel.relate(inside, outside) & RELATION_MASK) === KNOWN;
  }

  #inOrder(a: number, b: number): readonly [inside: number, outside: number] {
    return this.#timeline.sideOf(a) === INSIDE ? [a, b] : [b, a];
  }

  /**
   * Identical packets of one flow: where as many left as arrived, none was lost, and the k-th is the k-th. Networks may
   * reorder packets of a flow, a NAT in one kernel does not; and identical ones cannot be told apart by anybody. They must be a
   * group of their own: where others like them came right before, or are still coming, the first may be the second.
   */
  #pairInOrder(row: number, bucket: number): boolean {
    const [anchor, opposite] = this.#inOrder(row, this.#candidate);
    if (!this.#isKnown(anchor, opposite)) return false;
    const slot = this.#kernel.knownSlot;
    const inside = this.#likeIn(bucket, anchor);
    const outside = this.#likeIn(bucket, opposite);
    if (inside === null || outside === null) return false;
    if (inside.length !== outside.length || !this.#isGroup(inside) || !this.#isGroup(outside)) return false;
    if (!inside.every((i, k) => this.#isInTime(i, outside[k])) && !this.#areHeldUp(inside, outside)) return false;
    for (const [k, i] of inside.entries()) this.#pair(i, outside[k], slot, BY_ORDER, EVIDENCE_FLOW | EVIDENCE_TIME);
    return true;
  }

  /** Whether the packets of a group, of which one took long, were held up together: all had entered before the first left, and the last took as long as others do. */
  #areHeldUp(inside: readonly number[], outside: readonly number[]): boolean {
    const t = this.#timeline;
    const last = inside.length - 1;
    if (last === 0 || !this.#isInTime(inside[last], outside[last])) return false;
    const [i, o] = [inside[0], outside[0]];
    const isOutbound = (this.#kernel.relate(i, o) & IS_RELATED_OUTBOUND) !== 0;
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    return t.timeNs(entered[last]) <= t.timeNs(left[0]);
  }

  /** The packets of a bucket that nothing but time tells from one, oldest first; null where one of them is called ambiguous. */
  #likeIn(bucket: number, row: number): number[] | null {
    const t = this.#timeline;
    const like: number[] = [];
    for (let r = this.#buckets.oldest(bucket, t.sideOf(row)); r !== NONE; r = t.next(r)) {
      if (t.way(r) !== t.way(row) || t.ttl(r) !== t.ttl(row)) continue;
      if (this.#isGhost(r)) return null;
      like.push(r);
    }
    return like;
  }

  /**
   * The first of a stream of identical packets, while nothing else tells what packets take: as each leaves far sooner than the next one
   * enters, from the first on, most of them are told by that, and say how long the others may take. Returns whether any were paired.
   */
  #pairFirst(row: number, bucket: number, isFinal: boolean): boolean {
    const t = this.#timeline;
    const count = this.#buckets.count(bucket, t.sideOf(row));
    if (count < FIRST_ALIKE || (!isFinal && count % FIRST_ALIKE > 0)) return false;
    const [anchor, opposite] = this.#inOrder(row, this.#candidate);
    const related = this.#kernel.relate(anchor, opposite);
    const isOutbound = (related & IS_RELATED_OUTBOUND) !== 0;
    if ((related & RELATION_MASK) !== KNOWN || !this.#kernel.isNew(isOutbound)) return false;
    const slot = this.#kernel.knownSlot;
    const inside = this.#likeIn(bucket, anchor);
    const outside = this.#likeIn(bucket, opposite);
    if (inside === null || outside === null) return false;
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    // those before the first of them, if there were any, have each other
    const [sinceIn, sinceOut] = [this.#kernel.sinceNs(entered[0]), this.#kernel.sinceNs(left[0])];
    const isBegin = sinceIn === 0 && sinceOut === 0;
    if (!isBegin && (this.#translations.accounts.pairs(slot) === 0 || 4 * Math.abs(sinceIn - sinceOut) > sinceIn))
      return false;
    const pairs = nearest(
      entered.map((r) => t.timeNs(r)),
      left.map((r) => t.timeNs(r)),
    );
    if (pairs === null || pairs.length < FIRST_SHARE * Math.max(entered.length, left.length)) return false;
    for (const [from, to] of pairs) {
      const [i, o] = isOutbound ? [entered[from], left[to]] : [left[to], entered[from]];
      this.#pair(i, o, slot, BY_ORDER, EVIDENCE_FLOW | EVIDENCE_TIME);
    }
    return true;
  }

  /** Whether no equal packet passed shortly before these, and none may come behind them. */
  #isGroup(rows: readonly number[]): boolean {
    const t = this.#timeline;
    const [first, last] = [rows[0], rows[rows.length - 1]];
    const limitNs = this.#limitNsOf(first);
    const sinceNs = this.#kernel.sinceNs(first);
    return (sinceNs === 0 || sinceNs > limitNs) && this.#nowNs - t.timeNs(last) > limitNs;
  }

  /** What packets take that go as this one does, at the most; Infinity where that is not known, nanoseconds. */
  #limitNsOf(row: number): number {
    const slot = this.#translations.slotOf(row);
    if (slot === NONE) return Number.POSITIVE_INFINITY;
    return this.#kernel.limitNs(this.#translations.isOutbound(row, this.#translations.flowAt(slot)));
  }

  /** Whether a known translation makes one of the other, and the time between them is what packets take now. */
  #isInTime(inside: number, outside: number): boolean {
    const related = this.#kernel.relate(inside, outside);
    if ((related & RELATION_MASK) !== KNOWN) return false;
    const t = this.#timeline;
    return this.#translations.isQuick((related & IS_RELATED_OUTBOUND) !== 0, t.timeNs(outside) - t.timeNs(inside));
  }

  /**
   * Pairs a packet that is late and may be sent again with its only candidate, where everything was held up then: packets of its
   * direction that came behind it left behind it, and none before it.
   */
  #pairHeldUp(inside: number, outside: number): boolean {
    if (this.#others > 0 || !this.#isKnown(inside, outside)) return false;
    const t = this.#timeline;
    const slot = this.#kernel.knownSlot;
    const isOutbound = this.#translations.accounts.isOutbound(slot, t.forward(inside));
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    let together = 0;
    let later = t.after(entered);
    for (let looked = 0; looked < LOOK_AHEAD && later !== left && later !== t.end; looked++, later = t.after(later)) {
      if (t.side(later) !== t.side(entered)) continue;
      if (t.state(later) === WAITING && this.#isHeldUp(later, left)) together++;
      // where nobody wants to see pairs, what is paired is let go of: it might have spoken against this one
      else if (t.state(later) === GONE) return false;
      else if (t.isPaired(later) && t.isHeld(t.twin(later)) && t.isBefore(t.twin(later), left)) {
        // what goes the other way says nothing
        if (t.isOutbound(t.side(later) === INSIDE ? later : t.twin(later)) === isOutbound) return false;
      }
    }
    if (together < HELD_UP_TOGETHER) return false;
    this.#pair(inside, outside, slot, BY_EXACT, EVIDENCE_FLOW | EVIDENCE_TIME);
    return true;
  }

  /** Whether a packet that waits has one candidate, which left behind this row. */
  #isHeldUp(row: number, left: number): boolean {
    const t = this.#timeline;
    const bucket = t.bucket(row);
    if (bucket < 0) return false;
    const opposite = otherSide(t.sideOf(row));
    if (this.#buckets.count(bucket, opposite) !== 1 || this.#buckets.count(bucket, t.sideOf(row)) !== 1) return false;
    return t.isBefore(left, this.#buckets.oldest(bucket, opposite));
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
    const flags = t.flags(inside);
    const isOutbound = this.#translations.accounts.isOutbound(slot, t.forward(inside));
    const evidence = this.#kernel.evidenceOf(t.proto(inside), flags) | extra;
    const altered = t.proto(inside) === TCP && t.options(inside) !== t.options(outside) ? ALTERED_OPTIONS : 0;
    t.pair(inside, outside, slot, (flags & IS_ERROR) !== 0 ? BY_QUOTED : by, evidence, isOutbound, altered);
    this.forget(inside);
    this.forget(outside);
    this.#onPair(inside, outside);
  }

  /** All packets connected with this one by possible pairs, made AMBIGUOUS; null if no packet of the other side is. */
  #gather(row: number): Undecided | null {
    const t = this.#timeline;
    const bucket = t.bucket(row);
    const found: [number[], number[]] = [[], []];
    if (this.#isSearchable(bucket)) {
      const seen = new Set([row]);
      for (const from of seen) {
        const side = t.sideOf(from);
        found[side].push(from);
        const opposite = otherSide(side);
        for (let r = this.#buckets.oldest(bucket, opposite); r !== NONE; r = t.next(r)) {
          if (this.#mayBeTwins(from, r)) seen.add(r);
        }
      }
    } else {
      for (const side of [INSIDE, OUTSIDE] as const) {
        for (let r = this.#buckets.oldest(bucket, side); r !== NONE; r = t.next(r)) found[side].push(r);
      }
    }
    if (found[otherSide(t.sideOf(row))].length === 0) return null;
    const why = this.#whyUndecided(row, found);
    const fresh = (rows: number[]) =>
      rows.filter((r) => t.state(r) === WAITING).sort((a, b) => (t.isBefore(a, b) ? -1 : 1));
    const undecided = { inside: fresh(found[INSIDE]), outside: fresh(found[OUTSIDE]), why };
    for (const r of [...undecided.inside, ...undecided.outside]) t.setState(r, AMBIGUOUS);
    return undecided;
  }

  /** Whether two packets with one key may be twins; where neither has come when its twin usually does, late ones, too. */
  #mayBeTwins(a: number, b: number): boolean {
    if (this.#claimOf(a, b) >= CLAIM_LATE_POSSIBLE) return true;
    const [inside, outside] = this.#inOrder(a, b);
    if ((this.#kernel.relate(inside, outside) & RELATION_MASK) < POSSIBLE) return false;
    return !this.#hasUsualTwin(a) && !this.#hasUsualTwin(b);
  }

  #hasUsualTwin(row: number): boolean {
    const t = this.#timeline;
    let other = this.#buckets.oldest(t.bucket(row), otherSide(t.sideOf(row)));
    for (; other !== NONE; other = t.next(other)) if (this.#claimOf(row, other) >= CLAIM_CONFLICT) return true;
    return false;
  }

  #whyUndecided(row: number, found: [number[], number[]]): string {
    const t = this.#timeline;
    const same = t.flags(row) & HAS_PAYLOAD ? "identical payloads" : "identical headers";
    const id = t.flags(row) & HAS_IP_ID ? "the same IP ID" : "no IP ID";
    const isUnknown = this.#translations.slotOf(found[INSIDE][0] ?? row) === NONE;
    if (found[INSIDE].length === 1 && found[OUTSIDE].length === 1) {
      if (isUnknown)
        return `one candidate, but too little evidence for a translation not seen before: ${id}, no known flow`;
      return `one candidate, but the time between them does not tell it from a copy sent again: ${id}, one flow`;
    }
    return `${same}, ${id}, ${isUnknown ? "no known flow" : "one flow"}`;
  }

  #isSearchable(bucket: number): boolean {
    return this.#buckets.count(bucket, INSIDE) <= SEARCHABLE && this.#buckets.count(bucket, OUTSIDE) <= SEARCHABLE;
  }

  #isGhost(row: number): boolean {
    return this.#timeline.state(row) === AMBIGUOUS;
  }
}

/**
 * Of packets that enter and leave at these times, in order, those that leave next after they enter and before any other one does, by index.
 * Null where the first two are none, or where one takes half of what they are apart.
 */
function nearest(entered: readonly number[], left: readonly number[]): readonly (readonly [number, number])[] | null {
  const pairs: [number, number][] = [];
  const apartNs = entered
    .slice(1)
    .map((timeNs, at) => timeNs - entered[at])
    .toSorted((a, b) => a - b)[(entered.length - 1) >> 1];
  let to = 0;
  for (let from = 0; from < entered.length; from++) {
    while (to < left.length && left[to] < entered[from]) to++;
    if (to === left.length) break;
    if (from + 1 < entered.length && left[to] >= entered[from + 1]) continue;
    if (left[to] - entered[from] > apartNs / 2) return null;
    pairs.push([from, to]);
  }
  return pairs.length > 0 && pairs[0][0] === 0 && pairs[0][1] === 0 ? pairs : null;
}
