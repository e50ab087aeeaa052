import type { Reason } from "../../../packets/results/reasons.js";
import type { Judgement } from "../../../packets/results/results.js";
import { leavesOn } from "../../../packets/flows/flow-records.js";
import { OUTSIDE, otherSide, type Side } from "../../../packets/sides.js";
import { NONE, tupleIn } from "../../../packets/tuples.js";
import { isThere, undecidedBehind } from "../../matchers/behind.js";
import type { Known } from "../known.js";
import type { Cover } from "./cover.js";
import { unknown } from "../claim.js";
import { seconds } from "../words.js";

/** Packets this near to the limits of a capture, or to a silence, are not judged by it, nanoseconds: their twins may be beyond. */
export const MARGIN_NS = 10_000_000;
/** The last frame of a file shows how far it goes: a packet that was to come out later is not in it. Forwarding takes so long at the least. */
const FORWARDING_NS = 100_000;

/** So many packets that crossed must be missing there: one alone the capture may have missed … */
const LEAST_LACKED = 2;
/** … and so many are counted: one that misses several in a row may lack more. */
const MOST_LACKED = 64;

/** A packet that was judged, and where and when it passed. */
interface Early {
  readonly side: Side;
  readonly frame: number;
  readonly way: number;
  readonly timeNs: number;
}

/** What packets prove of a capture that crossed there. */
interface Proof {
  /** Up to when it had not begun, and from when on it had ended; nanoseconds on the timeline. */
  notBegunNs: number;
  endedNs: number;
  /** Before its first frame, and behind its last one: the frames of the other side that prove that, as far as they were judged. */
  readonly lackedBefore: Set<number>;
  readonly lackedBehind: Set<number>;
}

/**
 * How far captures reach: whether the other one covers the time of a packet's twin. By its stamps, a capture begins with its first frame and ends with
 * its last one; but it may have run before and behind that, while nothing came out. That it did not is proved by what was forwarded then.
 */
export class Reach {
  readonly #known: Known;
  readonly #proofs = new Map<Cover, Proof>();

  constructor(known: Known) {
    this.#known = known;
  }

  /** What follows for a packet where a capture that it may be in on the other side may not cover its time; null where all do. */
  uncovered(row: number, other: Side, isLeaving: boolean): Judgement | null {
    const covers = this.#known.cover[other].of(row);
    const limits = covers.map((cover) => this.#uncoveredBy(cover, row, other, isLeaving));
    const given = limits.filter((each) => each !== null);
    const [first] = given.toSorted((a, b) => Number(b.verdict === "unknown") - Number(a.verdict === "unknown"));
    if (first === undefined) return null;
    if (given.length === limits.length || first.verdict === "unknown") return first;
    return unknown(first.reason, `${first.why}, and it may have been there`);
  }

  #uncoveredBy(cover: Cover, row: number, other: Side, isLeaving: boolean): Judgement | null {
    const limits = this.#limits(this.#known.timeline.timeNs(row), cover, other, isLeaving);
    if (limits === null || limits.verdict === "unknown") return limits;
    const { reason, why } = limits;
    if (reason !== "no-frames" && this.#isProved(row, cover, other, reason === "not-begun")) return limits;
    return unknown(reason, `${why}, and nothing shows whether it was captured then`);
  }

  /**
   * The same of one of them, as if it had run from its first frame to its last one and no longer. A packet that is leaving entered on the other side before;
   * of any other, what it became is yet to come.
   */
  #limits(timeNs: number, cover: Cover, other: Side, isLeaving: boolean): Judgement | null {
    const { firstNs, lastNs, strayNs, hasEnded, isLive } = cover;
    const { name } = cover;
    if (!Number.isFinite(firstNs)) return beyond("no-frames", `${name} has no frames`);
    const afterNs = timeNs - firstNs;
    if (timeNs < firstNs && timeNs > strayNs - MARGIN_NS)
      return unknown(
        "out-of-time",
        `frames of ${name} that are stamped about then stand further on, out of their time`,
      );
    if (afterNs < 0) {
      const why = `the first frame of ${name} is ${seconds(-afterNs)} later`;
      // what had entered before may still have come out later
      return -afterNs < this.#edgeNs(isLeaving ? null : other) ? atEdge(why) : beyond("not-begun", why);
    }
    if (isLive && afterNs < MARGIN_NS) return atEdge(`${name} was opened ${seconds(afterNs)} before`);
    if (!hasEnded) return null;
    const untilNs = lastNs - timeNs;
    if (untilNs < 0) {
      const why = `the last frame of ${name} is ${seconds(-untilNs)} older`;
      // what came out later may have entered before
      return -untilNs < this.#edgeNs(isLeaving ? otherSide(other) : null) ? atEdge(why) : beyond("ended", why);
    }
    if (!isLeaving && untilNs < (isLive ? MARGIN_NS : this.#takesNs(other)))
      return atEdge(`the last frame of ${name} is ${seconds(untilNs)} later`);
    return null;
  }

  /**
   * Whether packets prove that a capture of a side had not begun when a packet of the other side passed (`isBefore`), or had ended, as they must have
   * passed there as well and it lacks them.
   */
  #isProved(row: number, cover: Cover, side: Side, isBefore: boolean): boolean {
    const { timeline: t, translations, clock } = this.#known;
    const timeNs = t.timeNs(row);
    if (translations.accounts.learnt === 0) {
      // before both run, nothing could cross
      const isTold = clock.isTrusted ? isBefore || this.#areApart() : this.#shareNothing && this.#areApart();
      return isTold && this.#isForwarded(t.way(row));
    }
    if (clock.unboundNs === Number.POSITIVE_INFINITY) return false;
    const hasCrossed = this.#hasCrossed(row, cover, side);
    const proof = this.#proofOf(cover);
    const known = isBefore ? proof.lackedBefore : proof.lackedBehind;
    if (hasCrossed && known.size < MOST_LACKED) known.add(t.frame(row));
    let lacked = known.size;
    const leastNs = hasCrossed ? timeNs : timeNs + this.#takesNs(otherSide(side));
    const isEnough = (later: number): boolean =>
      t.side(later) !== side &&
      t.timeNs(later) >= leastNs &&
      this.#hasCrossed(later, cover, side) &&
      this.#showAbsence(side, ++lacked);
    const isProof = hasCrossed && this.#showAbsence(side, lacked);
    if (!isBefore) {
      const isFirst = hasCrossed && timeNs < proof.endedNs;
      if (isFirst && (isProof || isThere(t, undecidedBehind(t, row, isEnough)))) proof.endedNs = timeNs;
      return timeNs >= proof.endedNs;
    }
    if (timeNs > proof.notBegunNs) {
      const last = isProof ? row : undecidedBehind(t, row, isEnough, cover.firstNs);
      if (isThere(t, last)) proof.notBegunNs = t.timeNs(last);
    }
    return timeNs <= proof.notBegunNs;
  }

  /**
   * Takes packets that passed the other side before a side's first frame, when nothing proved yet that its capture had not begun. Returns those of which that is
   * proved by now, as conversations of them are known to cross since.
   */
  provedSince<T extends Early>(early: readonly T[], side: Side): readonly T[] {
    const { clock, cover, tuples, translations } = this.#known;
    const [only, another] = cover[side].captures;
    if (another !== undefined || clock.unboundNs === Number.POSITIVE_INFINITY) return [];
    const proof = this.#proofOf(only);
    for (const { side: on, way, frame, timeNs } of early) {
      const slot = tuples.flow(way);
      if (slot === NONE || !leavesOn(translations.accounts.bits(slot), way, on)) continue;
      if (proof.lackedBefore.size < MOST_LACKED) proof.lackedBefore.add(frame);
      if (this.#showAbsence(side, proof.lackedBefore.size)) proof.notBegunNs = Math.max(proof.notBegunNs, timeNs);
    }
    return early.filter(({ timeNs }) => timeNs <= proof.notBegunNs);
  }

  #proofOf(cover: Cover): Proof {
    const known = this.#proofs.get(cover);
    if (known !== undefined) return known;
    const proof: Proof = {
      notBegunNs: Number.NEGATIVE_INFINITY,
      endedNs: Number.POSITIVE_INFINITY,
      lackedBefore: new Set(),
      lackedBehind: new Set(),
    };
    this.#proofs.set(cover, proof);
    return proof;
  }

  /** Whether so many packets that crossed and that a side's capture lacks show that it did not run. */
  #showAbsence(side: Side, lacked: number): boolean {
    return lacked >= LEAST_LACKED && this.#known.misses.showAbsence(side, lacked);
  }

  /** Takes it that a side's captures missed a packet. Returns whether one may have run before its first frame by that, though something else was said. */
  doubtBeginning(side: Side): boolean {
    const isDoubted = (cover: Cover): boolean => {
      const proof = this.#proofOf(cover);
      if (proof.notBegunNs === Number.NEGATIVE_INFINITY) return false;
      if (this.#showAbsence(side, proof.lackedBefore.size)) return false;
      proof.notBegunNs = Number.NEGATIVE_INFINITY;
      return true;
    };
    return this.#known.cover[side].captures.filter(isDoubted).length > 0;
  }

  /** Whether one capture ended before the other one began, by their stamps; to be asked once it has, or both are known to their ends. */
  #areApart(): boolean {
    const [inside, outside] = this.#known.cover;
    return inside.lastNs < outside.firstNs || outside.lastNs < inside.firstNs;
  }

  /** Whether both captures are known to their ends, and tell by their packets that none of one is in the other: else their clocks may be apart. */
  get #shareNothing(): boolean {
    return this.#known.cover.every(({ sharesNothing }) => sharesNothing);
  }

  /** Whether a packet came out where it was seen, by a translation that is known, and can have entered by no other capture of the side. */
  #hasCrossed(row: number, cover: Cover, side: Side): boolean {
    const { translations } = this.#known;
    const slot = translations.slotOf(row);
    if (slot === NONE || !translations.isLeaving(row, slot)) return false;
    return this.#known.cover[side].of(row).every((each) => each === cover);
  }

  /** Whether the host forwards a conversation, by its TTLs: both ends speak, and neither is the host. */
  #isForwarded(way: number): boolean {
    const { tuples } = this.#known;
    const isFar = (of: number): boolean => tuples.hasOtherTtlOnly(of);
    const ways = [way, way ^ 1];
    return (
      ways.every((of) => tuples.isHeard(of)) &&
      (tuples.sideOf(tupleIn(way)) === OUTSIDE ? ways.every(isFar) : ways.some(isFar))
    );
  }

  /**
   * How far from the limits of a capture a twin may be on their other side: of what comes out on a side, which may be held up meanwhile, or by
   * clocks alone (null).
   */
  #edgeNs(side: Side | null): number {
    const { kernel, clock, windowNs } = this.#known;
    if (!clock.isTrusted || (side !== null && kernel.isNew(side === OUTSIDE))) return windowNs;
    const edgeNs = Math.min(windowNs, Math.max(MARGIN_NS, side === null ? 0 : this.#takesNs(side)));
    // as far as the clocks may stand from what is taken, nothing is beyond it
    return Number.isFinite(clock.unboundNs) ? Math.max(edgeNs, clock.unboundNs) : edgeNs;
  }

  /**
   * Whether all of a side's captures cover the time of a packet on the other side, and of its twin, whichever way it goes. Of one that it lacks, that
   * tells that it takes another way.
   */
  covers(timeNs: number, side: Side): boolean {
    const { captures } = this.#known.cover[side];
    const areThere = captures.every((cover) => this.#limits(timeNs, cover, side, false) === null);
    return this.hasBegun(timeNs, side) && areThere;
  }

  /** The same, as far as the beginning of that side's captures goes. */
  hasBegun(timeNs: number, side: Side): boolean {
    return timeNs - this.#known.cover[side].sinceNs >= this.#takesNs(otherSide(side));
  }

  /** How long a packet may take to come out on a side: what others took lately, or where too few did, what a short queue takes. */
  #takesNs(side: Side): number {
    const { kernel, windowNs } = this.#known;
    const isOutbound = side === OUTSIDE;
    const takesNs = kernel.isNew(isOutbound) ? MARGIN_NS : Math.max(FORWARDING_NS, kernel.limitNs(isOutbound));
    return Math.min(takesNs, windowNs);
  }
}

/** A packet that passed before the other capture began, or after it ended. */
function beyond(reason: Reason, why: string): Judgement {
  return { verdict: "no-overlap", reason, why };
}

/** One that passed so near to these limits that nothing is certain. */
function atEdge(why: string): Judgement {
  return unknown("capture-edge", `${why}: its twin may have been missed`);
}
