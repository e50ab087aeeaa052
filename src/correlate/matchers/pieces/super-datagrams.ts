import { HAS_IP_ID, IS_FRAGMENT, IS_HEADLESS, IS_MISTIMED } from "../../../packets/packets.js";
import { HEAD_BYTES } from "../../../packets/records.js";
import {
  BY_COVERAGE,
  EVIDENCE_FLOW,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
} from "../../../packets/results/evidence.js";
import { AMBIGUOUS, DECIDED } from "../../../packets/fates.js";
import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { haveSameEnd } from "../../../packets/ways.js";
import { UDP } from "../../../protocols/ip-protocols.js";
import { firstBehind } from "../behind.js";
import { Contents } from "../contents.js";
import { Newcomers } from "../newcomers.js";
import type { About, Doubt, Matcher } from "../contract.js";
import { goesOutbound, IMPOSSIBLE, KNOWN, POSSIBLE, RELATION_MASK } from "../../kernel/relations.js";
import { leaveUndecided, type Undecided } from "../undecided.js";
import { type Cut, cutOf, equalsOf, fits, joinedTo, MOST_BETWEEN } from "./joining.js";

/** Pieces are looked for so long behind the first one, nanoseconds: they are sent in one go. */
const SPREAD_NS = 10_000_000;
/** Of so many datagrams a whole is at the most (Linux: UDP_MAX_SEGMENTS). */
const MOST_PIECES = 128;

/**
 * A whole and its pieces, and their flow: NONE where it is not known, and what they carry may show it. `mayBe`: others that carry what a piece does,
 * and may have been it.
 */
interface Group {
  readonly other: number;
  readonly whole: number;
  readonly pieces: readonly number[];
  readonly mayBe: readonly number[];
  readonly slot: number;
}

/**
 * Pairs UDP datagrams that a host handles several at a time (UDP_SEGMENT, UDP_GRO: udp(7)) with the single ones they are on the other side: of
 * one flow, the first beginning as the whole does, all but the last of one size, and all together carrying what the whole does. Of what was to be
 * merged, some may have been lost before: it stands between the pieces. Works on packets that wait, once the window of one of them is over.
 */
export class SuperDatagrams implements Matcher {
  readonly #about: About;
  readonly #newcomers: Newcomers;
  /** What waits, by how its payload begins. */
  readonly #heads: Contents;
  /** Packets of which one of the other side may be a piece, or the whole, while nothing tells the other pieces. */
  readonly #unsolved = new Set<number>();

  constructor(about: About) {
    const { heap, timeline, windowNs } = about;
    this.#about = about;
    this.#newcomers = new Newcomers(timeline);
    this.#heads = new Contents(heap, timeline, windowNs, headOf, isAlike);
  }

  forget(row: number): void {
    this.#unsolved.delete(row);
  }

  doubtLoss(row: number): Doubt | undefined {
    if (!this.#unsolved.has(row) && !this.#mayBePart(row)) return undefined;
    const other = SIDE_NAMES[otherSide(this.#about.timeline.sideOf(row))];
    const why = `${other} has a datagram of its conversation that has no twin and is longer or shorter: several in one, of which nothing tells the pieces`;
    return { reason: "may-be-pieces", why };
  }

  /** Whether there is a packet that `settle` might find to be a part of this one, or the whole. */
  mayPair(row: number): boolean {
    if (!this.#isEligible(row)) return false;
    this.#newcomers.take(this.#file);
    return this.#beginsOther(row);
  }

  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const t = this.#about.timeline;
    const { own, others, isCrowded } = this.#heads;
    const groups = others.flatMap((other) => this.#groupOf(row, other) ?? []);
    const rivals = groups.flatMap(({ other }) => own.flatMap((rival) => this.#groupOf(rival, other) ?? []));
    const [group] = groups;
    if (group === undefined) return null;
    if (groups.length + rivals.length > 1 || isCrowded || group.mayBe.length > 0) {
      const rows = [...groups, ...rivals].flatMap(({ whole, pieces, mayBe }) => pieces.concat(mayBe, whole));
      return leaveUndecided(t, [...new Set(rows)], "several datagrams are alike, and either may be in these pieces");
    }
    const { whole, pieces } = group;
    const isKnown = group.slot !== NONE;
    const slot = isKnown ? group.slot : this.#about.translations.support(...t.insideFirst(whole, pieces[0]));
    if (slot === NONE) {
      for (const each of pieces.concat(whole)) this.#leave(each);
      return null;
    }
    const hasId = (t.flags(whole) & t.flags(pieces[0]) & HAS_IP_ID) !== 0;
    const evidence = EVIDENCE_LENGTH | EVIDENCE_PAYLOAD | (isKnown ? EVIDENCE_FLOW : 0) | (hasId ? EVIDENCE_IP_ID : 0);
    this.#about.pairing.pairGroup([whole], pieces, slot, BY_COVERAGE, evidence);
    return null;
  }

  #isEligible(row: number): boolean {
    const t = this.#about.timeline;
    return (
      t.proto(row) === UDP &&
      t.payloadLength(row) >= HEAD_BYTES &&
      t.head(row) !== 0 &&
      (t.flags(row) & (IS_FRAGMENT | IS_HEADLESS | IS_MISTIMED)) === 0
    );
  }

  readonly #file = (row: number): void => {
    if (this.#isEligible(row)) this.#heads.add(row);
  };

  /** How far the first of some pieces is from the whole at the most, nanoseconds, as `#groupOf` has it. */
  readonly #reachNs = (): number => {
    const { kernel, windowNs } = this.#about;
    return Math.min(windowNs, Math.max(kernel.time.slackNs, kernel.mostLimitNs));
  };

  /** Of two packets that begin alike, the longer one with the pieces that it is made of; null where they are not there. */
  #groupOf(row: number, other: number): Group | null {
    const t = this.#about.timeline;
    if (t.payloadLength(row) === t.payloadLength(other)) return null;
    const [whole, first] = t.payloadLength(row) > t.payloadLength(other) ? [row, other] : [other, row];
    const [inside, outside] = t.insideFirst(row, other);
    const related = this.#about.kernel.relate(inside, outside);
    const relation = related & RELATION_MASK;
    if (relation === IMPOSSIBLE) return null;
    const slot = relation === KNOWN ? this.#about.kernel.knownSlot : NONE;
    const isOutbound = goesOutbound(related);
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    if (!this.#about.translations.isPlausible(isOutbound, gapNs)) return null;
    if (!hasIdOf(t, first, whole, 0)) return null;
    const cut = cutOf(t, whole, first);
    const candidates = this.#candidatesFrom(first, cut.count + MOST_BETWEEN, t.content(whole) !== 0);
    const isTold = relation === KNOWN || (relation === POSSIBLE && t.content(whole) !== 0);
    const mayPair = isTold && t.isWaiting(whole) && t.isWaiting(first);
    const isEntering = isOutbound === (whole === inside);
    const pieces = mayPair ? this.#piecesOf(whole, candidates, cut, isEntering) : null;
    if (pieces !== null) return { other, whole, pieces, mayBe: equalsOf(t, candidates, pieces), slot };
    for (const each of [whole, ...candidates]) this.#leave(each);
    return null;
  }

  /** Notes that a packet may be a piece, or the whole of some. */
  #leave(row: number): void {
    this.#unsolved.add(row);
    this.#about.timeline.note(row);
  }

  /**
   * A packet, and up to so many of its flow and direction that wait behind it, but for those that begin as another packet of the whole's side does; where
   * what they carry does not tell the pieces (`isTold`), as far as none does.
   */
  #candidatesFrom(first: number, most: number, isTold: boolean): number[] {
    const t = this.#about.timeline;
    const candidates = [first];
    const isBeyond = (row: number): boolean => {
      if (t.timeNs(row) - t.timeNs(first) > SPREAD_NS || candidates.length === most) return true;
      if (t.side(row) !== t.side(first) || t.way(row) !== t.way(first) || !t.isWaiting(row)) return false;
      if (this.#beginsOther(row)) return !isTold;
      candidates.push(row);
      return false;
    };
    firstBehind(t, first, AMBIGUOUS, isBeyond);
    return candidates;
  }

  /** The pieces that have as many bytes in all as a whole, and carry the same; null where there are none such, or nothing tells them. */
  #piecesOf(whole: number, candidates: readonly number[], cut: Cut, isEntering: boolean): readonly number[] | null {
    const t = this.#about.timeline;
    if (candidates.length < cut.count) return null;
    if ([whole, ...candidates].every((row) => t.content(row) !== 0)) return joinedTo(t, whole, candidates, cut);
    // who cuts a whole numbers the pieces; of what is merged, some may have been lost before
    const isNumbered = isEntering && (t.flags(whole) & t.flags(candidates[0]) & HAS_IP_ID) !== 0;
    const pieces = isNumbered
      ? candidates.slice(0, cut.count).filter((row, place) => hasIdOf(t, row, whole, place))
      : candidates;
    if (pieces.length !== cut.count || !pieces.every((row, place) => fits(t, row, place, cut))) return null;
    return isNumbered || (this.#isApart(pieces) && this.#isFollowed(whole, pieces[cut.count - 1])) ? pieces : null;
  }

  /**
   * Whether the other side has a packet without a twin that may be a piece of one whose window is over, or the whole: of its conversation, and where IP IDs
   * count, behind the whole by as many as it may have pieces. The first piece, by which the others are found, may have been lost.
   */
  #mayBePart(row: number): boolean {
    const t = this.#about.timeline;
    if (!this.#isEligible(row)) return false;
    const reachNs = this.#reachNs() + SPREAD_NS;
    const isPast = (other: number): boolean => t.timeNs(other) - t.timeNs(row) > reachNs;
    // the twin of what begins as one of this side does is decided about with that
    const isLeft = (other: number): boolean => this.#mayBeParts(row, other) && !this.#beginsOther(other);
    const found = firstBehind(t, row, DECIDED, (other) => isPast(other) || isLeft(other));
    if (found === NONE || isPast(found)) return false;
    this.#leave(found);
    return true;
  }

  /** Whether one of two packets may be a piece of the other, by all but what they carry. */
  #mayBeParts(row: number, other: number): boolean {
    const t = this.#about.timeline;
    if (t.side(row) === t.side(other) || !this.#isEligible(other)) return false;
    if (t.payloadLength(row) === t.payloadLength(other)) return false;
    const [whole, piece] = t.payloadLength(row) > t.payloadLength(other) ? [row, other] : [other, row];
    const areNumbered = (t.flags(whole) & t.flags(piece) & HAS_IP_ID) !== 0;
    if (areNumbered && ((t.ipId(piece) - t.ipId(whole)) & 0xffff) >= MOST_PIECES) return false;
    const [inside, outside] = t.insideFirst(row, other);
    const relation = this.#about.kernel.relate(inside, outside) & RELATION_MASK;
    return relation === KNOWN || (relation === POSSIBLE && haveSameEnd(this.#about.tuples, t.way(row), t.way(other)));
  }

  /** Whether a packet begins as one of the other side does that waits. */
  #beginsOther(row: number): boolean {
    this.#heads.find(row, this.#reachNs);
    return this.#heads.others.length > 0;
  }

  /**
   * Whether of each packet that waits behind a whole, of its way, the beginning is on the other side, as far as the last piece: where it is not, pieces
   * were lost, and what is taken for one may be of another whole.
   */
  #isFollowed(whole: number, last: number): boolean {
    const t = this.#about.timeline;
    const isAlone = (row: number): boolean => t.way(row) === t.way(whole) && !this.#beginsOther(row);
    const found = firstBehind(t, whole, AMBIGUOUS, (row) => t.timeNs(row) >= t.timeNs(last) || isAlone(row));
    return found === NONE || t.timeNs(found) >= t.timeNs(last);
  }

  /**
   * Whether no packet that waits, of the way of some pieces, is so near to them that it may be one of them, and one of those another datagram's: only
   * the first is known by what it carries.
   */
  #isApart(pieces: readonly number[]): boolean {
    const t = this.#about.timeline;
    const [first] = pieces;
    const last = pieces[pieces.length - 1];
    const { blurNs } = this.#about.kernel.time;
    const isRival = (row: number): boolean => t.isWaiting(row) && t.way(row) === t.way(first);
    for (let row = first; row !== t.first && t.timeNs(first) - t.timeNs(row) < blurNs; ) {
      row = t.before(row, 1);
      if (isRival(row) && t.timeNs(first) - t.timeNs(row) < blurNs) return false;
    }
    for (let row = t.after(last); row !== t.end && t.timeNs(row) - t.timeNs(last) < blurNs; row = t.after(row))
      if (isRival(row)) return false;
    return true;
  }
}

/** Whether a packet's IP ID counts on from another one's, by so much; or one of them has none. */
function hasIdOf(t: Timeline, row: number, from: number, by: number): boolean {
  if ((t.flags(row) & t.flags(from) & HAS_IP_ID) === 0) return true;
  return t.ipId(row) === ((t.ipId(from) + by) & 0xffff);
}

function headOf(t: Timeline, row: number): number {
  return t.head(row);
}

function isAlike(t: Timeline, a: number, b: number): boolean {
  return t.head(a) === t.head(b);
}
