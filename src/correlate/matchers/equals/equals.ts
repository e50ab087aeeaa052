import {
  BY_EXACT,
  BY_FLOW,
  BY_ORDER,
  EVIDENCE_FLOW,
  EVIDENCE_TIME,
  decidedBy,
} from "../../../packets/results/evidence.js";
import { otherSide } from "../../../packets/sides.js";
import { AMBIGUOUS, WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { PENDING } from "../../kernel/buckets-words.js";
import {
  goesOutbound,
  IMPOSSIBLE,
  IS_AHEAD,
  IS_REPEAT,
  IS_REPEATABLE,
  IS_STALE,
  MAY_BE_CHANCE,
  MAY_BE_PIECE,
  RELATION_MASK,
} from "../../kernel/relations.js";
import { WANTS_TWIN } from "../../kernel/wants.js";
import { areAnswersAgainst, isAnsweredBeyondAlone } from "../answers.js";
import { isAnyBehind } from "../behind.js";
import type { About, Matcher } from "../contract.js";
import type { CutFrames } from "../cut-frames.js";
import { Contradictions } from "./contradictions.js";
import { Gathering } from "./gathering.js";
import { HeldUp } from "./held-up.js";
import { hasNearerLike } from "./nearer-like.js";
import { Retries } from "./retries.js";
import { Sight } from "./sight.js";
import { type Order, orderOf } from "../order/order.js";
import { standsStill } from "../order/standstill.js";
import { Strays } from "../order/strays.js";
import type { Segments } from "../pieces/segments.js";
import {
  CLAIM_CONFLICT,
  CLAIM_KNOWN,
  CLAIM_LATE_CONFLICT,
  CLAIM_LATE_KNOWN,
  CLAIM_NONE,
  CLAIM_POSSIBLE,
  Survey,
} from "./survey.js";
import type { Undecided } from "../undecided.js";

/** How many packets behind one with too little evidence are asked for more, of those with its key: each says hardly more than it does. */
const MOST_ALIKE = 16;

/** A packet that just came; one behind which others with its key came as late as its twin could; and one whose window is over. */
const FRESH = 0;
const RIPE = 1;
const FINAL = 2;

/** Matchers that know more of such packets. */
export interface Others {
  readonly cutFrames: CutFrames;
  readonly segments: Segments;
}

/**
 * Finds twins among packets with one key, where there are several, or where one alone is not certain. A packet that comes is compared with
 * those of the other side (`Survey`); it is paired at once where one candidate is left and that candidate has no other, else it waits for what
 * later packets teach. At the end of its window `settle` decides with all there is to know.
 */
export class Equals implements Matcher {
  readonly wants = WANTS_TWIN;
  /** What tells those that nothing but their order tells apart. */
  readonly #order: Order;
  readonly #about: About;
  readonly #others: Others;
  readonly #sight: Sight;
  readonly #survey: Survey;
  readonly #contradictions: Contradictions;
  readonly #gathering: Gathering;
  readonly #heldUp: HeldUp;
  readonly #retries: Retries;
  readonly #strays: Strays;
  /** The packet that came last, if it is taken for its candidate's twin unless an equal one comes soon. */
  #pending = NONE;
  #nowNs = Number.NEGATIVE_INFINITY;

  constructor(about: About, others: Others) {
    this.#about = about;
    this.#others = others;
    const strays = new Strays(about);
    this.#strays = strays;
    this.#sight = new Sight(about);
    this.#survey = new Survey(about, this.#sight);
    this.#contradictions = new Contradictions(about, this.#sight, this.#survey);
    this.#heldUp = new HeldUp(about, this.#survey);
    this.#retries = new Retries(about.timeline);
    this.#order = orderOf(about, strays, (inside, outside, slot) => {
      if (this.#contradictions.speakAgainst(inside, outside)) return;
      const isOutbound = about.translations.accounts.isOutbound(slot, about.timeline.forward(inside));
      const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
      if (strays.mayBeOneBefore(slot, entered, left, isOutbound)) return;
      this.#pair(inside, outside, slot, BY_ORDER, EVIDENCE_FLOW | EVIDENCE_TIME);
    });
    this.#gathering = new Gathering(about, this.#sight, this.#survey, this.#order.underWay);
  }

  admit(row: number): void {
    this.#about.buckets.add(row);
    this.#pending = NONE;
    if (this.mayPair(row) && !this.#tryPair(row, FRESH)) this.#ripenBefore(row);
  }

  /** Whether the packet that came last is taken for its candidate's twin unless an equal one comes soon: no other matcher is to see it. */
  isPending(row: number): boolean {
    return this.#pending === row;
  }

  /** Pairs a packet that waits and was taken for another one's twin, unless an equal one came since. */
  ripen(row: number): void {
    if (this.#about.timeline.bucket(row) === PENDING) this.#about.buckets.part(row);
    this.#tryPair(row, RIPE);
  }

  /** Looks once more at the packet of its key that came before this one on its side: what else would have been its twin has come by now. */
  #ripenBefore(row: number): void {
    const t = this.#about.timeline;
    const before = t.previous(row);
    if (before === NONE || t.state(before) !== WAITING) return;
    if (t.timeNs(row) - t.timeNs(before) <= this.#about.translations.limitNsOf(row)) return;
    this.#contradictions.note(before, false);
    this.#tryPair(before, RIPE);
  }

  /** Whether packets of the other side wait under the key of a packet. */
  mayPair(row: number): boolean {
    const bucket = this.#about.timeline.bucket(row);
    return bucket >= 0 && this.#about.buckets.count(bucket, otherSide(this.#about.timeline.sideOf(row))) > 0;
  }

  /** Decides about a packet whose window is over. One that still waits afterwards is no longer filed. */
  settle(row: number, nowNs: number): Undecided | null {
    this.#nowNs = nowNs;
    if (this.#about.timeline.bucket(row) === PENDING) this.#about.buckets.part(row);
    if (this.mayPair(row) && (this.#tryPair(row, FINAL) || this.#learnAhead(row))) return null;
    // the order of those behind it may tell this one's twin, too, or leave it without others
    if (this.mayPair(row)) this.#pairBehind(row);
    if (this.#about.timeline.state(row) !== WAITING) return null;
    if (this.mayPair(row)) {
      const undecided = this.#gathering.of(row);
      if (undecided) return undecided;
      const contended = this.#nearestLike(row, AMBIGUOUS);
      if (contended !== NONE) this.#about.likes.noteContended(row, contended);
      this.#about.likes.note(row);
    }
    this.#about.buckets.remove(row);
    return null;
  }

  /** Takes a packet that was left undecided from those that may be twins. One that still waits may be its own. */
  lapse(undecided: number): void {
    const row = this.#nearestLike(undecided, WAITING);
    if (row !== NONE) this.#about.likes.noteContended(row, undecided);
    this.#about.buckets.remove(undecided);
  }

  giveUp(row: number): boolean {
    return this.#order.underWay.noteAlone(row);
  }

  /** The packet of this state that is nearest to another one and may be its twin, early or late; NONE where there is none. */
  #nearestLike(row: number, state: number): number {
    const t = this.#about.timeline;
    const reachNs = this.mayPair(row) ? this.#sight.nsOf(row) : -1;
    if (reachNs < 0) return NONE;
    const mayBe = (other: number): boolean =>
      t.state(other) === state && (this.#survey.relate(row, other) & RELATION_MASK) !== IMPOSSIBLE;
    return this.#sight.near(row, reachNs, mayBe);
  }

  /** Pairs the packet if its twin is certain. `age`: FRESH, RIPE or FINAL. Returns whether it has a twin now. */
  #tryPair(row: number, age: number): boolean {
    const { timeline: t, kernel } = this.#about;
    const candidate = this.#candidateOf(row, age);
    if (candidate === NONE) return false;
    const [inside, outside] = t.insideFirst(row, candidate);
    const related = kernel.relate(inside, outside);
    const { knownSlot } = kernel;
    const [entered, left] = goesOutbound(related) ? [inside, outside] : [outside, inside];
    // what left may be of bytes that were sent in another segment as well, cut otherwise
    if ((related & MAY_BE_PIECE) !== 0 && this.#others.segments.mayBePiece(left, entered, age === FINAL)) return false;
    const survey = this.#survey;
    if (survey.claim === CLAIM_NONE) {
      // that it is late is all that speaks against the only candidate it has
      if (age === FRESH && this.#about.buckets.holdsOnePair(t.bucket(inside)))
        kernel.noteHeld(entered, left, goesOutbound(related));
      if (age !== FINAL || (related & IS_STALE) !== 0) return false;
      return this.#settleLike(row, inside, outside) || this.#pairHeldUp(inside, outside);
    }
    if (age === FINAL && survey.isForgotten) {
      this.#about.translations.retire(this.#about.translations.slotOf(outside));
      return false;
    }
    if (survey.isContended && this.#tryInOrder(row, inside, outside, age === FINAL)) return t.state(row) !== WAITING;
    if (this.#maySoonTellMore(entered, related, age) || this.#mayBeAnothers(entered, left, related, knownSlot, age))
      return false;
    if (survey.isContended) return this.#settleContended(row, inside, outside);
    if (age !== FINAL && survey.claim === CLAIM_KNOWN && survey.isDoubted) return false;
    if (age === FRESH && kernel.awaitEqual(row, inside, outside)) {
      this.#pending = row;
      return false;
    }
    return this.#pairOnly(inside, outside, age === FINAL);
  }

  /** Surveys the packets that may be its twin. Returns the one that claims it best; NONE where none may be, and where a crowd's flow decides. */
  #candidateOf(row: number, age: number): number {
    const { timeline: t, kernel, buckets } = this.#about;
    if (age !== FINAL && buckets.isCrowd(t.bucket(row))) {
      if (age === FRESH && kernel.awaitInCrowd(row)) this.#pending = row;
      return NONE;
    }
    const reachNs = this.#sight.nsOf(row);
    if (reachNs < 0) return NONE;
    if (age === FINAL) this.#contradictions.note(row, true);
    this.#survey.take(row, reachNs, age !== FINAL && !this.#order.beginnings.mayBegin(row, false));
    const { candidate } = this.#survey;
    return candidate === NONE || t.state(candidate) === AMBIGUOUS ? NONE : candidate;
  }

  /** Whether packets that are still to come may tell more of a packet that was surveyed. */
  #maySoonTellMore(entered: number, related: number, age: number): boolean {
    if (age === FINAL) return false;
    // what entered before comes out yet, or was lost
    if ((related & IS_AHEAD) !== 0 && standsStill(this.#about, entered, goesOutbound(related))) return true;
    // of what is sent again, both may come out yet; and what is late may be so because all is
    return this.#survey.isContended || this.#survey.usedTime || (related & IS_REPEAT) !== 0;
  }

  /** Whether what left may be the twin of another packet than of the one that entered, as the time between them, and their order, tell. */
  #mayBeAnothers(entered: number, left: number, related: number, knownSlot: number, age: number): boolean {
    const { usedTime, claim, isContended } = this.#survey;
    const isOutbound = goesOutbound(related);
    const isRepeatable = (related & IS_REPEATABLE) !== 0;
    if (usedTime && (related & MAY_BE_CHANCE) !== 0) return true;
    if (usedTime && this.#order.lateness.mayAllBe(entered, left, isOutbound, this.#nowNs)) return true;
    if (isRepeatable && this.#strays.mayBeOneBefore(knownSlot, entered, left, isOutbound)) return true;
    const mayBeDoubted = claim === CLAIM_KNOWN && isRepeatable && !isContended;
    if (mayBeDoubted && !this.#order.doubts.isTold(knownSlot, isOutbound, entered, left, age === FINAL)) return true;
    return age !== FRESH && isRepeatable && this.#about.kernel.overtakes(entered, left, isOutbound);
  }

  /** Pairs the equal packet that came behind one, if its twin is certain: that is not the twin of this one, then, nor is what left behind it. */
  #pairBehind(row: number): void {
    const t = this.#about.timeline;
    let behind = t.next(row);
    while (behind !== NONE && t.way(behind) !== t.way(row)) behind = t.next(behind);
    if (behind !== NONE && t.state(behind) === WAITING) this.#tryPair(behind, FINAL);
  }

  /** Pairs a packet and the candidate that others contend for with those like them, where there are many and their order tells. Returns whether it did. */
  #tryInOrder(row: number, inside: number, outside: number, isFinal: boolean): boolean {
    const { claim } = this.#survey;
    if (claim === CLAIM_KNOWN)
      return this.#order.beginnings.mayBegin(row, isFinal) && this.#order.beginnings.begin(inside, outside);
    return (
      claim === CLAIM_POSSIBLE &&
      this.#order.beginnings.mayBegin(row, false) &&
      this.#order.beginnings.learn(inside, outside)
    );
  }

  /** The same of a packet whose window is over, however few there are. Returns whether it has a twin now. */
  #settleContended(row: number, inside: number, outside: number): boolean {
    if (this.#survey.claim === CLAIM_KNOWN) return !this.#survey.isStale && this.#settleLike(row, inside, outside);
    if (this.#survey.claim !== CLAIM_POSSIBLE) return false;
    return (
      this.#order.beginnings.learnBurst(inside, outside, this.#nowNs) && this.#about.timeline.state(row) !== WAITING
    );
  }

  /** Pairs a packet and its candidate that nobody contends for, if their translation is known, or enough speaks for it. */
  #pairOnly(inside: number, outside: number, isFinal: boolean): boolean {
    const { claim, isDoubted, others, usedTime } = this.#survey;
    if (claim === CLAIM_KNOWN || (claim === CLAIM_LATE_KNOWN && !isDoubted)) {
      this.#about.kernel.relate(inside, outside);
      const slot = this.#about.kernel.knownSlot;
      const evidence = EVIDENCE_FLOW | (usedTime ? EVIDENCE_TIME : 0);
      this.#pair(inside, outside, slot, others > 0 ? BY_FLOW : BY_EXACT, others > 0 ? evidence : 0);
      return true;
    }
    if (claim === CLAIM_LATE_KNOWN) return false;
    const isReplacing = claim === CLAIM_CONFLICT || claim === CLAIM_LATE_CONFLICT;
    if (isReplacing && (!isFinal || (others > 0 && claim === CLAIM_LATE_CONFLICT))) return false;
    if (hasNearerLike(this.#about, inside, outside)) return false;
    const isOutbound = goesOutbound(this.#about.kernel.relate(inside, outside));
    if (isAnsweredBeyondAlone(this.#about, inside, outside, isOutbound)) return false;
    if (!this.#about.translations.isSupported(inside, outside)) return false;
    if (areAnswersAgainst(this.#about.timeline, this.#about.kernel, inside, outside, isOutbound)) return false;
    this.#pair(inside, outside, this.#about.translations.learn(inside, outside), BY_EXACT, 0);
    return true;
  }

  /** Pairs a packet whose window is over, and its candidate, with those like them, where their order is certain. Returns whether it has a twin now. */
  #settleLike(row: number, inside: number, outside: number): boolean {
    return this.#order.inOrder.settle(inside, outside, this.#nowNs) && this.#about.timeline.state(row) !== WAITING;
  }

  /**
   * Where a packet has one candidate and too little evidence for a new translation: looks for more in the packets of the
   * same conversation that came behind it, which may have several translations, as far as they are due (`Retries`). Returns whether the packet is
   * paired now: what pairs another one may pair it, too.
   */
  #learnAhead(row: number): boolean {
    const t = this.#about.timeline;
    const { claim, hasRivals } = this.#survey;
    if (claim === CLAIM_NONE || claim >= CLAIM_LATE_KNOWN || hasRivals) return false;
    const bucket = t.bucket(row);
    let alike = 0;
    const isPaired = (): boolean => t.state(row) !== WAITING;
    const isLearnt = (later: number): boolean => {
      if (t.bucket(later) < 0 || (t.bucket(later) === bucket && alike++ >= MOST_ALIKE)) return false;
      if (!this.#retries.isDue(later, this.#nowNs)) return false;
      const hasLearnt = this.#tryPair(later, FINAL);
      if (!hasLearnt) this.#retries.note(later, this.#survey.rival, this.#nowNs);
      return isPaired() || (hasLearnt && this.#tryPair(row, FINAL));
    };
    if (isAnyBehind(t, row, isLearnt)) return true;
    const hasLearnt = this.#others.cutFrames.learnAhead(row, this.#nowNs);
    return isPaired() || (hasLearnt && this.#tryPair(row, FINAL));
  }

  /** Pairs a packet that is late and may be sent again with its only candidate, where it was held up. */
  #pairHeldUp(inside: number, outside: number): boolean {
    const slot = this.#heldUp.slotOf(inside, outside);
    if (slot === NONE) return false;
    this.#pair(inside, outside, slot, BY_EXACT, EVIDENCE_FLOW | EVIDENCE_TIME);
    return true;
  }

  #pair(inside: number, outside: number, slot: number, by: number, extra: number): void {
    const t = this.#about.timeline;
    const { accounts } = this.#about.translations;
    const isOutbound = accounts.isOutbound(slot, t.forward(inside));
    accounts.confirm(slot, t.timeNs(inside));
    if (t.bucket(inside) >= 0) this.#about.likes.pair(isOutbound ? inside : outside, isOutbound ? outside : inside);
    this.#about.kernel.bind(inside, outside, slot, decidedBy(by, extra, isOutbound ? 1 : 0, 0));
    this.#about.buckets.remove(inside);
    this.#about.buckets.remove(outside);
    this.#about.pairing.paired(inside, outside);
  }
}
