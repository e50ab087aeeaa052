import {
  BY_COVERAGE,
  EVIDENCE_FLOW,
  EVIDENCE_IP_ID,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
  EVIDENCE_TIME,
} from "../../packets/results.js";
import { HAS_IP_ID } from "../../packets/packets.js";
import { INSIDE, otherSide } from "../../packets/sides.js";
import { SweptSet } from "../../packets/sweep.js";
import { type Timeline, WAITING } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { TCP } from "../../protocols/ip-protocols.js";
import { evenPieces, isPartOf, missingBetween } from "./cut-evenly.js";
import { KNOWN } from "../kernel/relations.js";
import { ORDINARY_BYTES, WANTS_SEGMENT } from "../kernel/wants.js";
import type { Admits, Pairing, Settles } from "./contract.js";
import type { Undecided } from "./undecided.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Translations } from "../kernel/translations.js";

/** How many packets away the pieces of a segment are looked for once its flow is known, and seen to need it. */
const LOOK_AROUND = 2048;
/** Most pieces a segment is cut into: 512 KiB (Linux, BIG TCP) of 1,024 bytes each. */
const MOST_PIECES = 512;
/** A segment is cut at once, and merged from what comes at once: without IP IDs, pieces further apart are of several. */
const BURST_NS = 1_000_000;
/** Lists are cleared of what was paired when they reach this length. */
const CROWDED = 256;

/** Waiting data segments of one flow: by direction (0 inbound, 1 outbound), then by side. */
type Lists = readonly [Direction, Direction];
type Rows = SweptSet<number>;
type Direction = readonly [Rows, Rows];

/**
 * Pairs TCP segments that one side shows cut differently (TSO, GSO, GRO): one segment on one side, the pieces on the other
 * that make up exactly its bytes. Only in flows whose translation is known; the sequence numbers then decide, and where the
 * packets have IP IDs, the pieces must count on from the whole one's (Linux: net/ipv4/af_inet.c, inet_gso_segment), which
 * tells retransmissions apart. Without IP IDs, only a flow's usual latencies can.
 *
 * A segment whose window is over may lack pieces, which were lost behind the cut: those that are there are its own if they were cut evenly.
 */
export class Segments implements Admits, Settles {
  readonly wants = WANTS_SEGMENT;
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  readonly #pairing: Pairing;
  /** Of the flows that are cut, by their slots; of a slot that another flow has by now, those of the one before. */
  readonly #flows = new Map<number, Lists>();
  /** Pieces that nothing tells whose they are. */
  readonly #contested: Rows = new SweptSet(CROWDED);
  /** Segments that were left undecided: each may be the twin of another one, and may be a piece, or the whole of some. */
  readonly #undecided: Rows = new SweptSet(CROWDED);
  /** Pieces of segments that were given up, so that nothing follows from what they lack. */
  readonly #orphans: Rows = new SweptSet(CROWDED);

  constructor(timeline: Timeline, translations: Translations, kernel: Kernel, pairing: Pairing) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#kernel = kernel;
    this.#pairing = pairing;
  }

  /** Takes a segment that found no twin of its own size when it came. */
  admit(row: number): void {
    const t = this.#timeline;
    const isLong = t.length(row) > ORDINARY_BYTES;
    if (isLong) this.#kernel.noteCut();
    const slot = this.#translations.slotOf(row);
    if (slot === NONE) return;
    const known = this.#listsOf(slot);
    if (!known && !isLong) return;
    const lists = known ?? this.#begin(slot);
    if (!known) this.#list(t.before(row, Math.min(LOOK_AROUND, t.size - 1)), row, slot, lists);
    this.#listOf(lists, slot, row).add(row);
    this.#cover(row, slot, lists, false);
  }

  /** Takes packets that may be each other's twins, and that nothing told apart. */
  leave(rows: readonly number[]): void {
    for (const row of rows) if (this.mayPair(row)) this.#set(this.#undecided, row);
  }

  /** Whether a packet may be a segment that was cut, or a piece of one: any may where one was seen to be. */
  mayPair(row: number): boolean {
    const t = this.#timeline;
    const hasData = t.proto(row) === TCP && t.payloadLength(row) > 0;
    return this.#kernel.hasCuts && hasData && this.#translations.slotOf(row) !== NONE;
  }

  /** Tries once more to pair a segment whose window is over: its flow may not have been known when it came. */
  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const t = this.#timeline;
    const slot = this.#translations.slotOf(row);
    const known = this.#listsOf(slot);
    if (!known || !this.#listOf(known, slot, row).has(row)) {
      const end = t.before(row, -Math.min(LOOK_AROUND, t.before(t.end, row)));
      if (!known && !this.#hasLong(row, end, slot)) return null;
      this.#list(row, end, slot, known ?? this.#begin(slot));
    }
    const lists = this.#listsOf(slot);
    if (lists) {
      this.#cover(row, slot, lists, true);
      if (t.state(row) === WAITING) this.#coverPart(row, slot, this.#direction(lists, slot, row));
    }
    return null;
  }

  /** Whether a packet that left may be a piece of a segment that waits and entered after another packet did. */
  mayBePiece(left: number, entered: number): boolean {
    const t = this.#timeline;
    const slot = this.#translations.slotOf(left);
    const lists = slot === NONE ? undefined : this.#listsOf(slot);
    if (!lists) return false;
    for (const whole of this.#direction(lists, slot, left)[t.sideOf(entered)]) {
      if (!this.#translations.isWaitingIn(whole, slot) || t.timeNs(whole) < t.timeNs(entered)) continue;
      if (this.#isPieceOf(left, whole) && this.#isPossible(left, whole)) return true;
    }
    return false;
  }

  /**
   * Whether some bytes of this waiting segment are on the other side, in segments cut differently, or were when those were given up. To be
   * asked of a segment that is given up.
   */
  isSeenInPieces(row: number): boolean {
    const t = this.#timeline;
    let isSeen = this.#orphans.delete(row);
    const slot = this.#translations.slotOf(row);
    const lists = slot === NONE ? undefined : this.#listsOf(slot);
    if (!lists) return isSeen;
    const opposite = this.#direction(lists, slot, row)[otherSide(t.sideOf(row))];
    for (const other of opposite) {
      if (!this.#translations.isWaitingIn(other, slot) || !this.#sharesPart(row, other)) continue;
      isSeen = true;
      this.#set(this.#orphans, other);
    }
    return isSeen;
  }

  #begin(slot: number): Lists {
    const lists: Lists = [
      [new SweptSet(CROWDED), new SweptSet(CROWDED)],
      [new SweptSet(CROWDED), new SweptSet(CROWDED)],
    ];
    this.#flows.set(slot, lists);
    this.#translations.accounts.noteCut(slot);
    return lists;
  }

  /** The waiting segments of a flow that is cut. */
  #listsOf(slot: number): Lists | undefined {
    return this.#translations.accounts.hasCutSegments(slot) ? this.#flows.get(slot) : undefined;
  }

  /** Takes the flow's waiting segments with data from one row up to another, not included. */
  #list(from: number, end: number, slot: number, lists: Lists): void {
    const t = this.#timeline;
    for (let row = from; row !== end; row = t.after(row)) {
      if (this.#translations.isWaitingIn(row, slot) && t.proto(row) === TCP && t.payloadLength(row) > 0)
        this.#listOf(lists, slot, row).add(row);
    }
  }

  /** Whether a long segment of the flow waits from one row up to another. */
  #hasLong(from: number, end: number, slot: number): boolean {
    const t = this.#timeline;
    for (let row = from; row !== end; row = t.after(row)) {
      if (this.#translations.isWaitingIn(row, slot) && t.proto(row) === TCP && t.length(row) > ORDINARY_BYTES)
        return true;
    }
    return false;
  }

  #direction(lists: Lists, slot: number, row: number): Direction {
    return lists[this.#translations.isOutbound(row, this.#translations.flowAt(slot)) ? 1 : 0];
  }

  /** The list a segment belongs into, without what has been paired meanwhile if it has grown long. */
  #listOf(lists: Lists, slot: number, row: number): Rows {
    const list = this.#direction(lists, slot, row)[this.#timeline.sideOf(row)];
    list.sweep((other) => this.#translations.isWaitingIn(other, slot));
    return list;
  }

  /** Pairs the segment as the whole of pieces that are there, or as the last piece of a whole. */
  #cover(row: number, slot: number, lists: Lists, isFinal: boolean): void {
    const both = this.#direction(lists, slot, row);
    if (this.#coverWhole(row, slot, both, isFinal)) return;
    for (const whole of both[otherSide(this.#timeline.sideOf(row))]) {
      if (!this.#translations.isWaitingIn(row, slot)) return;
      if (this.#translations.isWaitingIn(whole, slot) && this.#isPieceOf(row, whole))
        this.#coverWhole(whole, slot, both, isFinal);
    }
  }

  /** @param isFinal whether whatever belongs to it must have come by now. */
  #coverWhole(whole: number, slot: number, both: Direction, isFinal: boolean): boolean {
    const t = this.#timeline;
    const side = t.sideOf(whole);
    const candidates = this.#candidatesOf(whole, slot, both);
    const pieces = candidates.length < 2 ? null : this.#piecesOf(whole, slot, candidates);
    if (pieces === null) return false;
    const hasId = this.#isTold(whole, pieces);
    const rivals = hasId ? [] : this.#rivalsOf(whole, slot, both, pieces, isFinal);
    const isContended = candidates.length > pieces.length || rivals.length > 0;
    if (
      isContended &&
      (!this.#isTimely(whole, pieces[0], slot) || rivals.some((rival) => this.#isTimely(rival, pieces[0], slot)))
    ) {
      if (isFinal && rivals.length > 0) this.#contest(pieces);
      return false;
    }
    const evidence =
      EVIDENCE_TCP_SEQ |
      EVIDENCE_TCP_ACK |
      EVIDENCE_FLOW |
      (hasId ? EVIDENCE_IP_ID : 0) |
      (isContended ? EVIDENCE_TIME : 0);
    const [inside, outside] = side === INSIDE ? [[whole], pieces] : [pieces, [whole]];
    this.#pairing.pairGroup(inside, outside, slot, BY_COVERAGE, evidence);
    return true;
  }

  /**
   * Pairs a segment whose window is over, on the side where it enters, with those of its pieces that are there. Where IP IDs count, they tell
   * each piece. Without, the pieces must come as soon as others do, and at once, and no other segment may have become them.
   */
  #coverPart(whole: number, slot: number, both: Direction): void {
    const t = this.#timeline;
    if (t.length(whole) <= ORDINARY_BYTES || this.#translations.isLeaving(whole, slot)) return;
    const candidates = this.#candidatesOf(whole, slot, both).filter((row) => !t.hasOtherOptions(row, whole));
    const found = this.#partsOf(whole, slot, candidates);
    if (found === null) return;
    const { pieces, isCounting } = found;
    const missing = missingBetween(t, whole, pieces);
    const isMixed = !this.#isInOrder(pieces);
    if (isMixed) this.#contest(pieces);
    // with all of its bytes, the rule above did not find it certain
    if (isMixed || missing.length === 0) return;
    const most = Math.ceil(t.payloadLength(whole) / Math.max(...pieces.map((row) => t.payloadLength(row))));
    const mayBePiece = (row: number): boolean =>
      isCounting ? ((t.ipId(row) - t.ipId(whole)) & 0xffff) < most : this.#isTimely(whole, row, slot);
    // one that does not fit may be a piece that somebody changed
    if (candidates.some((row) => !pieces.includes(row) && mayBePiece(row))) return;
    for (const rival of [...both[t.sideOf(whole)], ...this.#undecided]) {
      if (rival === whole || !this.#isOpenIn(rival, slot)) continue;
      const isRival =
        t.side(rival) === t.side(whole)
          ? pieces.some((piece) => this.#mayHaveBecome(rival, piece, isCounting, slot))
          : this.#isPieceOf(rival, whole) && this.#isPossible(rival, whole);
      if (!isRival) continue;
      this.#contest(pieces);
      return;
    }
    const evidence =
      EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK | EVIDENCE_FLOW | (isCounting ? EVIDENCE_IP_ID : EVIDENCE_TIME);
    const [inside, outside] = t.sideOf(whole) === INSIDE ? [[whole], pieces] : [pieces, [whole]];
    this.#pairing.pairGroup(inside, outside, slot, BY_COVERAGE, evidence, 0, missing);
  }

  /** The pieces of a segment that are there. `isCounting`: their IP IDs tell which they are. Null where that is not certain. */
  #partsOf(whole: number, slot: number, candidates: readonly number[]) {
    const t = this.#timeline;
    const isTimely = (row: number): boolean => this.#isTimely(whole, row, slot);
    const isTold = candidates.length > 0 && this.#isTold(whole, candidates);
    const counted = isTold ? evenPieces(t, whole, candidates, true) : [];
    const [first] = counted;
    const isCounting =
      counted.length > 1 || (counted.length === 1 && t.length(first) <= ORDINARY_BYTES && isTimely(first));
    if (isCounting) return { pieces: counted, isCounting };
    const like = candidates.filter((row) => t.ipId(row) === t.ipId(whole) && isTimely(row));
    const pieces = like.length < 2 || !this.#isBurst(like) ? [] : evenPieces(t, whole, like, false);
    return pieces.length < 2 ? null : { pieces, isCounting };
  }

  /** Whether the packet once in this row has no twin so far, and belongs to the flow in this slot. */
  #isOpenIn(row: number, slot: number): boolean {
    if (this.#translations.isWaitingIn(row, slot)) return true;
    return this.#timeline.isHeld(row) && this.#undecided.has(row) && this.#translations.slotOf(row) === slot;
  }

  /** Whether a piece may be of another segment. `isCounting`: its IP ID tells which. */
  #mayHaveBecome(rival: number, piece: number, isCounting: boolean, slot: number): boolean {
    if (!this.#isPossible(piece, rival)) return false;
    if (this.#isSameAs(piece, rival)) return !isCounting || this.#timeline.ipId(piece) === this.#timeline.ipId(rival);
    if (!this.#isPieceOf(piece, rival)) return false;
    if (!isCounting) return this.#isTimely(rival, piece, slot);
    return evenPieces(this.#timeline, rival, [piece], true).length > 0;
  }

  /** Whether IP IDs tell the pieces of a segment from those of the same bytes sent again. */
  #isTold(whole: number, pieces: readonly number[]): boolean {
    return (this.#timeline.flags(whole) & this.#timeline.flags(pieces[0]) & HAS_IP_ID) !== 0;
  }

  #isBurst(rows: readonly number[]): boolean {
    const times = rows.map((row) => this.#timeline.timeNs(row));
    return Math.max(...times) - Math.min(...times) <= BURST_NS;
  }

  /** Whether pieces, in order of what they carry, came in that order, as those that are cut from one segment do. */
  #isInOrder(pieces: readonly number[]): boolean {
    let latestNs = Number.NEGATIVE_INFINITY;
    for (const row of pieces) {
      const timeNs = this.#timeline.timeNs(row);
      if (timeNs < latestNs - BURST_NS) return false;
      latestNs = Math.max(latestNs, timeNs);
    }
    return true;
  }

  #candidatesOf(whole: number, slot: number, both: Direction): number[] {
    const candidates: number[] = [];
    for (const piece of both[otherSide(this.#timeline.sideOf(whole))]) {
      if (
        this.#translations.isWaitingIn(piece, slot) &&
        this.#isPieceOf(piece, whole) &&
        !this.#contested.has(piece) &&
        this.#isPossible(piece, whole)
      )
        candidates.push(piece);
    }
    return candidates;
  }

  /** Other segments without IP ID that the pieces may have been: they have the same bytes, and finally all of theirs. */
  #rivalsOf(whole: number, slot: number, both: Direction, pieces: readonly number[], isFinal: boolean): number[] {
    const rivals: number[] = [];
    for (const rival of both[this.#timeline.sideOf(whole)]) {
      if (rival === whole || !this.#translations.isWaitingIn(rival, slot) || !this.#isPossible(pieces[0], rival))
        continue;
      if (pieces.some((piece) => this.#isSameAs(piece, rival))) rivals.push(rival);
      else if (pieces.some((piece) => this.#isPieceOf(piece, rival))) {
        const isWhole = () => this.#piecesOf(rival, slot, this.#candidatesOf(rival, slot, both)) !== null;
        if (!isFinal || isWhole()) rivals.push(rival);
      }
    }
    return rivals;
  }

  /** Leaves pieces alone that more than one segment may have been. */
  #contest(pieces: readonly number[]): void {
    for (const piece of pieces) this.#set(this.#contested, piece);
  }

  /** Notes a row, and forgets those that are given back. */
  #set(noted: Rows, row: number): void {
    noted.sweep((other) => this.#timeline.isHeld(other));
    noted.add(row);
  }

  /** The pieces that make up the whole, in order; null if one is missing or could be another. */
  #piecesOf(whole: number, slot: number, candidates: readonly number[]): number[] | null {
    const t = this.#timeline;
    const bytes = t.payloadLength(whole);
    const pieces: number[] = [];
    let offset = 0;
    while (offset < bytes) {
      const here = candidates.filter((row) => ((t.seq(row) - t.seq(whole)) | 0) === offset);
      const timely = here.length > 1 ? here.filter((row) => this.#isTimely(whole, row, slot)) : here;
      if (timely.length !== 1 || pieces.length === MOST_PIECES) return null;
      pieces.push(timely[0]);
      offset += t.payloadLength(timely[0]);
    }
    if (pieces.length < 2) return null;
    const id = t.ipId(whole);
    if (!this.#isInOrder(pieces) || (!this.#isTold(whole, pieces) && !this.#isBurst(pieces))) return null;
    const isCounting = pieces.every((row, k) => t.ipId(row) === ((id + k) & 0xffff));
    const isSame = pieces.every((row) => t.ipId(row) === id);
    return isCounting || isSame ? pieces : null;
  }

  /** Whether a piece, by its direction and stamp, can have come from a whole, or become one. */
  #isPossible(piece: number, whole: number): boolean {
    const [inside, outside] = this.#timeline.sideOf(whole) === INSIDE ? [whole, piece] : [piece, whole];
    return this.#translations.relation(inside, outside) === KNOWN;
  }

  /** Whether the time between a whole and a piece is what other packets take, its flow's and all: what is sent again comes later. */
  #isTimely(whole: number, piece: number, slot: number): boolean {
    const t = this.#timeline;
    const [inside, outside] = t.sideOf(whole) === INSIDE ? [whole, piece] : [piece, whole];
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    const isOutbound = this.#translations.isOutbound(whole, this.#translations.flowAt(slot));
    return this.#translations.isQuick(isOutbound, gapNs);
  }

  #isPieceOf(piece: number, whole: number): boolean {
    const t = this.#timeline;
    if (!isPartOf(t, piece, whole) || t.ack(piece) !== t.ack(whole)) return false;
    // pieces of another transmission of the same bytes count from another ID
    return t.ipId(whole) === 0 || ((t.ipId(piece) - t.ipId(whole)) & 0xffff) < MOST_PIECES;
  }

  #isSameAs(a: number, b: number): boolean {
    const t = this.#timeline;
    return t.seq(a) === t.seq(b) && t.payloadLength(a) === t.payloadLength(b) && t.ack(a) === t.ack(b);
  }

  /** Whether two segments have some bytes in common; with all of them in common, neither was cut. */
  #sharesPart(a: number, b: number): boolean {
    const t = this.#timeline;
    const from = (t.seq(b) - t.seq(a)) | 0;
    const [bytesA, bytesB] = [t.payloadLength(a), t.payloadLength(b)];
    return from < bytesA && -from < bytesB && (from !== 0 || bytesA !== bytesB);
  }
}
