import type { Range } from "../../../packets/results/results.js";
import {
  EVIDENCE_FLOW,
  EVIDENCE_IP_ID,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
  EVIDENCE_TIME,
} from "../../../packets/results/evidence.js";
import { HAS_IP_ID } from "../../../packets/packets.js";
import { otherSide, SIDES } from "../../../packets/sides.js";
import { SweptSet } from "../../../packets/memory/sweep.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { KNOWN } from "../../kernel/relations.js";
import type { Translations } from "../../kernel/translations.js";
import { ORDINARY_BYTES } from "../../kernel/wants.js";
import type { About } from "../contract.js";
import { areAtOnce, BURST_NS, evenPieces, haveSameBytes, isPartOf, missingBetween, offsetIn } from "./pieces.js";
import { Streams } from "./streams.js";

/** Most pieces a segment is cut into: 512 KiB (Linux, BIG TCP) of 1,024 bytes each. */
const MOST_PIECES = 512;
/** Where more segments than this have the same bytes, sent again and again, it is not asked of each of them what it may have become. */
const MOST_ALIKE = 16;
/** Noted pieces are swept when they reach this number. */
const CROWDED = 256;

/** What a segment became: its pieces, in the order of their bytes, what tells that, and what is missing of it. */
export interface Cut {
  readonly pieces: readonly number[];
  readonly evidence: number;
  readonly missing: readonly Range[];
}

/**
 * Which segments on one side are the pieces of a segment on the other one: sequence numbers decide, and where packets have IP IDs, the
 * pieces must count on from the whole one's (Linux: net/ipv4/af_inet.c, inet_gso_segment), which tells retransmissions apart. Without IP
 * IDs, only a flow's usual latencies can.
 */
export class Covering {
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #streams: Streams;
  readonly #windowNs: number;
  /** Pieces that nothing tells whose they are. */
  readonly #contested: SweptSet<number>;
  /** Segments that were left undecided: each may be the twin of another one, and may be a piece, or the whole of some. */
  readonly #undecided: Streams;

  /** `streams`: the segments that wait. */
  constructor({ heap, timeline, translations, windowNs }: About, streams: Streams) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#streams = streams;
    this.#windowNs = windowNs;
    this.#contested = new SweptSet(CROWDED, (row) => timeline.isHeld(row));
    this.#undecided = new Streams(heap, timeline, (row) => timeline.isHeld(row) && timeline.isKnown(row));
  }

  /** Takes a segment that may be another one's twin, and that nothing told from others. */
  leave(row: number): void {
    this.#undecided.add(row);
  }

  /** All pieces of a segment; null where they are not there, or not certain. `isFinal`: whether whatever belongs to it must have come by now. */
  ofAll(whole: number, isFinal: boolean): Cut | null {
    // pieces come in order, mostly: until the last one is there, the others need not be looked at
    if (!this.#streams.mayEndWith(whole, otherSide(this.#timeline.sideOf(whole)))) return null;
    const candidates = this.#candidatesOf(whole);
    const pieces = this.#allPieces(whole, candidates);
    if (pieces === null) return null;
    const hasId = this.#isTold(whole, pieces);
    const rivals = hasId ? [] : this.#rivalsOf(whole, pieces, isFinal);
    const isContended = candidates.length > pieces.length || rivals.length > 0;
    const isTimely = (row: number): boolean => this.#translations.isTimely(row, pieces[0]);
    if (isContended && (!isTimely(whole) || rivals.some(isTimely))) {
      if (isFinal && rivals.length > 0) this.#contest(pieces);
      return null;
    }
    return cutOf(pieces, (hasId ? EVIDENCE_IP_ID : 0) | (isContended ? EVIDENCE_TIME : 0));
  }

  /**
   * Those pieces that are there of a segment whose window is over, on the side where it enters: others may have been lost behind the cut.
   * Where IP IDs count, they tell each piece. Without, the pieces must come as soon as others do, and at once, and no other segment may have
   * become them.
   */
  ofSome(whole: number): Cut | null {
    const t = this.#timeline;
    if (t.length(whole) <= ORDINARY_BYTES || this.#translations.isLeaving(whole, this.#translations.slotOf(whole)))
      return null;
    const candidates = this.#candidatesOf(whole).filter((row) => !t.hasOtherOptions(row, whole));
    const found = this.#somePieces(whole, candidates);
    if (found === null) return null;
    const { pieces, isCounting } = found;
    const missing = missingBetween(t, whole, pieces);
    const isMixed = !this.#isInOrder(pieces);
    if (isMixed) this.#contest(pieces);
    // with all of its bytes, the rule above did not find it certain
    if (isMixed || missing.length === 0 || this.#mayComeOutLater(whole, pieces, missing)) return null;
    const most = Math.ceil(t.payloadLength(whole) / Math.max(...pieces.map((row) => t.payloadLength(row))));
    const mayBePiece = (row: number): boolean =>
      isCounting ? this.#countOf(row, whole) < most : this.#translations.isTimely(whole, row);
    // one that does not fit may be a piece that somebody changed
    if (candidates.some((row) => !pieces.includes(row) && mayBePiece(row))) return null;
    if (this.#mayBeOthers(whole, pieces, isCounting)) {
      this.#contest(pieces);
      return null;
    }
    return cutOf(pieces, isCounting ? EVIDENCE_IP_ID : EVIDENCE_TIME, missing);
  }

  /** Whether what is missing of a segment may come out behind its window: what is behind all pieces that are there, where those took half of that, or others do. */
  #mayComeOutLater(whole: number, pieces: readonly number[], missing: readonly Range[]): boolean {
    const t = this.#timeline;
    const last = pieces[pieces.length - 1];
    const isLast = missing.some(({ seq }) => ((seq - t.seq(last)) | 0) > 0);
    const tookNs = 2 * (t.timeNs(last) - t.timeNs(whole));
    return isLast && Math.max(tookNs, this.#translations.limitNsOf(whole)) >= this.#windowNs;
  }

  /** Whether a packet may be a piece of a segment, by its bytes, its numbers and its IP ID. */
  isPieceOf(piece: number, whole: number): boolean {
    const t = this.#timeline;
    if (!isPartOf(t, piece, whole) || t.ack(piece) !== t.ack(whole)) return false;
    // pieces of another transmission of the same bytes count from another ID
    return t.ipId(whole) === 0 || this.#countOf(piece, whole) < MOST_PIECES;
  }

  /**
   * The segments on the other side, of those that wait, that a piece may be the last one of, or any where there is but one: none where they are too many.
   */
  wholesOf(piece: number): number[] {
    const t = this.#timeline;
    const others = this.#streams.sharing(piece, otherSide(t.sideOf(piece)));
    const wholes = others.filter((row) => this.isPieceOf(piece, row));
    if (wholes.length < 2) return wholes;
    const isLast = (row: number): boolean => offsetIn(t, row, piece) + t.payloadLength(piece) === t.payloadLength(row);
    const placed = wholes.filter((row) => isLast(row) && this.#isPlaced(piece, row));
    return placed.length > MOST_ALIKE ? [] : placed.sort((a, b) => (t.isBefore(a, b) ? -1 : 1));
  }

  /** Whether a piece's IP ID says that it stands where it does, if a segment was cut evenly. */
  #isPlaced(piece: number, whole: number): boolean {
    const t = this.#timeline;
    return t.ipId(whole) === 0 || this.#countOf(piece, whole) * t.payloadLength(piece) <= offsetIn(t, whole, piece);
  }

  /** Whether a piece, by its direction and stamp, can have come from a whole, or become one. */
  isPossible(piece: number, whole: number): boolean {
    return this.#translations.relation(piece, whole) === KNOWN;
  }

  /** What a segment that enters may have become: a queue does not reorder, so that none of its pieces leaves behind a later one. */
  mayBecome(whole: number): number[] {
    const t = this.#timeline;
    let soonest = NONE;
    const mayBe = (row: number): boolean => {
      const isOvertaken = soonest !== NONE && t.isBefore(soonest, row);
      if (!isOvertaken) soonest = row;
      return !isOvertaken;
    };
    // from the last byte on: of those with the same ones, the latest first
    return this.#candidatesOf(whole).toReversed().filter(mayBe);
  }

  /** The pieces that make up the whole, in order; null if one is missing or could be another. */
  #allPieces(whole: number, candidates: readonly number[]): number[] | null {
    const t = this.#timeline;
    const pieces: number[] = [];
    for (let offset = 0; offset < t.payloadLength(whole); ) {
      const here = candidates.filter((row) => offsetIn(t, whole, row) === offset);
      const timely = here.length > 1 ? here.filter((row) => this.#translations.isTimely(whole, row)) : here;
      if (timely.length !== 1 || pieces.length === MOST_PIECES) return null;
      pieces.push(timely[0]);
      offset += t.payloadLength(timely[0]);
    }
    if (pieces.length < 2) return null;
    if (!this.#isInOrder(pieces) || (!this.#isTold(whole, pieces) && !areAtOnce(t, pieces))) return null;
    const isCounting = pieces.every((row, k) => this.#countOf(row, whole) === k);
    const isSame = pieces.every((row) => t.ipId(row) === t.ipId(whole));
    return isCounting || isSame ? pieces : null;
  }

  /** The pieces of a segment that are there. `isCounting`: their IP IDs tell which they are. Null where that is not certain. */
  #somePieces(whole: number, candidates: readonly number[]) {
    const t = this.#timeline;
    const isTimely = (row: number): boolean => this.#translations.isTimely(whole, row);
    const isTold = candidates.length > 0 && this.#isTold(whole, candidates);
    const counted = isTold ? evenPieces(t, whole, candidates, true) : [];
    const [first] = counted;
    const isCounting =
      counted.length > 1 || (counted.length === 1 && t.length(first) <= ORDINARY_BYTES && isTimely(first));
    if (isCounting) return { pieces: counted, isCounting };
    const like = candidates.filter((row) => t.ipId(row) === t.ipId(whole) && isTimely(row));
    const pieces = like.length < 2 || !areAtOnce(t, like) ? [] : evenPieces(t, whole, like, false);
    return pieces.length < 2 ? null : { pieces, isCounting };
  }

  /** What may be pieces of a segment: in time themselves, or right behind one that is, as pieces leave one after the other. */
  #candidatesOf(whole: number): number[] {
    const t = this.#timeline;
    const others = this.#streams
      .sharing(whole, otherSide(t.sideOf(whole)))
      .filter((row) => this.isPieceOf(row, whole) && !this.#contested.has(row));
    // one that was sent again and again has more than it is cut into
    const likely = others.length > MOST_PIECES ? others.filter((row) => this.#isPlaced(row, whole)) : others;
    const mostNs = this.#translations.limitNsOf(whole);
    let last = NONE;
    return likely
      .sort((a, b) => offsetIn(t, whole, a) - offsetIn(t, whole, b) || (t.isBefore(a, b) ? -1 : 1))
      .filter((row) => {
        const behindNs = last === NONE ? Infinity : t.timeNs(row) - t.timeNs(last);
        const isNext = behindNs >= 0 && behindNs <= mostNs && offsetIn(t, last, row) === t.payloadLength(last);
        const isCandidate = isNext || this.isPossible(row, whole);
        if (isCandidate) last = row;
        return isCandidate;
      });
  }

  /** Other segments without IP ID that the pieces may have been: they have the same bytes, and finally all of theirs. */
  #rivalsOf(whole: number, pieces: readonly number[], isFinal: boolean): number[] {
    const t = this.#timeline;
    const rivals = this.#streams
      .sharing(whole, t.sideOf(whole))
      .filter((rival) => pieces.some((piece) => this.isPossible(piece, rival) && this.#hasBytesOf(piece, rival)));
    if (rivals.length > MOST_ALIKE) return rivals;
    const own = pieces.filter((piece) => !rivals.some((rival) => this.#hasBytesOf(piece, rival)));
    const isEntering = !this.#translations.isLeaving(whole, this.#translations.slotOf(whole));
    return rivals.filter((rival) => {
      // a queue does not reorder: what entered behind a segment does not leave before one of its pieces
      const mayOvertake = !isEntering || t.isBefore(rival, whole);
      const isOpen = (piece: number): boolean => mayOvertake || !own.some((each) => t.isBefore(piece, each));
      const open = pieces.filter((piece) => this.#hasBytesOf(piece, rival) && isOpen(piece));
      if (open.some((piece) => this.#isSame(piece, rival))) return true;
      return open.length > 0 && (!isFinal || this.#allPieces(rival, this.#candidatesOf(rival)) !== null);
    });
  }

  /** Whether a piece may be another segment's twin, or its piece, by its bytes. */
  #hasBytesOf(piece: number, other: number): boolean {
    return this.#isSame(piece, other) || this.isPieceOf(piece, other);
  }

  /** Whether another segment that has no twin so far may have become some of these pieces, or be one of them. */
  #mayBeOthers(whole: number, pieces: readonly number[], isCounting: boolean): boolean {
    const t = this.#timeline;
    const way = this.#translations.insideWayOf(whole);
    const undecided = SIDES.flatMap((side) => this.#undecided.sharing(whole, side)).filter(
      (row) => this.#translations.insideWayOf(row) === way,
    );
    return [...this.#streams.sharing(whole, t.sideOf(whole)), ...undecided].some((rival) =>
      t.side(rival) === t.side(whole)
        ? pieces.some((piece) => this.#mayHaveBecome(rival, piece, isCounting))
        : this.isPieceOf(rival, whole) && this.isPossible(rival, whole),
    );
  }

  /** Whether a piece may be of another segment. `isCounting`: its IP ID tells which. */
  #mayHaveBecome(rival: number, piece: number, isCounting: boolean): boolean {
    const t = this.#timeline;
    if (!this.isPossible(piece, rival)) return false;
    if (this.#isSame(piece, rival)) return !isCounting || t.ipId(piece) === t.ipId(rival);
    if (!this.isPieceOf(piece, rival)) return false;
    return isCounting ? evenPieces(t, rival, [piece], true).length > 0 : this.#translations.isTimely(rival, piece);
  }

  #isSame(a: number, b: number): boolean {
    return haveSameBytes(this.#timeline, a, b) && this.#timeline.ack(a) === this.#timeline.ack(b);
  }

  /** Whether IP IDs tell the pieces of a segment from those of the same bytes sent again. */
  #isTold(whole: number, pieces: readonly number[]): boolean {
    return (this.#timeline.flags(whole) & this.#timeline.flags(pieces[0]) & HAS_IP_ID) !== 0;
  }

  /** By how much a packet's IP ID counts on from another one's. */
  #countOf(row: number, from: number): number {
    return (this.#timeline.ipId(row) - this.#timeline.ipId(from)) & 0xffff;
  }

  /** Whether pieces, in order of what they carry, came in that order, and by one translation, as those that are cut from one segment do. */
  #isInOrder(pieces: readonly number[]): boolean {
    const t = this.#timeline;
    let latestNs = Number.NEGATIVE_INFINITY;
    for (const row of pieces) {
      const timeNs = t.timeNs(row);
      if (timeNs < latestNs - BURST_NS || t.way(row) !== t.way(pieces[0])) return false;
      latestNs = Math.max(latestNs, timeNs);
    }
    return true;
  }

  /** Leaves pieces alone that more than one segment may have been. */
  #contest(pieces: readonly number[]): void {
    for (const piece of pieces) this.#contested.add(piece);
  }
}

function cutOf(pieces: readonly number[], evidence: number, missing: readonly Range[] = []): Cut {
  return { pieces, evidence: EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK | EVIDENCE_FLOW | evidence, missing };
}
