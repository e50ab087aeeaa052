import { isAgain } from "../../../packets/packets.js";
import { BY_COVERAGE } from "../../../packets/results/evidence.js";
import { OUTSIDE, otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import { SweptSet } from "../../../packets/memory/sweep.js";
import { WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ORDINARY_BYTES, WANTS_SEGMENT } from "../../kernel/wants.js";
import type { About, Doubt, Matcher } from "../contract.js";
import { type Cut, Covering } from "./covering.js";
import { haveSameBytes, shareBytes } from "./pieces.js";
import { Streams } from "./streams.js";
import type { Undecided } from "../undecided.js";

/** How many packets away the pieces of a segment are looked for once its flow is known, and seen to need it. */
const LOOK_AROUND = 2048;
/** Noted pieces are swept when they reach this number. */
const CROWDED = 256;

/**
 * Pairs TCP segments that one side shows cut differently (TSO, GSO, GRO): one segment on one side, the pieces on the other
 * that make up its bytes (`Covering`). Only in flows whose translation is known, and from when on one was seen that is longer than what a wire
 * takes. A segment whose window is over may lack pieces.
 */
export class Segments implements Matcher {
  readonly wants = WANTS_SEGMENT;
  readonly #about: About;
  readonly #covering: Covering;
  /** The segments that wait in flows that are cut. */
  readonly #streams: Streams;
  /** Pieces of segments that were given up, so that nothing follows from what they lack. */
  readonly #orphans: SweptSet<number>;

  /** What segments may have become that were given up. */
  readonly #doubted: SweptSet<number>;

  constructor(about: About) {
    const { heap, timeline } = about;
    this.#about = about;
    this.#streams = new Streams(
      heap,
      timeline,
      (row) => timeline.isWaiting(row),
      (row) => about.translations.insideWayOf(row),
    );
    this.#orphans = new SweptSet(CROWDED, (row) => timeline.isHeld(row));
    this.#doubted = new SweptSet(CROWDED, (row) => timeline.isHeld(row));
    this.#covering = new Covering(about, this.#streams);
  }

  /** Takes a segment that found no twin of its own size where one would have come before it, or whose flow is cut. */
  admit(row: number): void {
    const t = this.#about.timeline;
    if (!this.#isCut(row)) this.#begin(row, t.before(row, Math.min(LOOK_AROUND, t.size - 1)), row);
    this.#streams.add(row);
    this.#cover(row, false);
  }

  leave(rows: readonly number[]): void {
    for (const row of rows) if (this.mayPair(row)) this.#covering.leave(row);
  }

  /** Whether a packet may be a segment that was cut, or a piece of one: any may where one was seen that is longer than what a wire takes. */
  mayPair(row: number): boolean {
    return this.#about.kernel.hasLongSegments && this.#hasData(row) && this.#about.translations.slotOf(row) !== NONE;
  }

  /** Tries once more to pair a segment whose window is over: its flow may not have been known when it came. */
  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const t = this.#about.timeline;
    const isCut = this.#isCut(row);
    if (!isCut || !this.#streams.has(row)) {
      const end = t.before(row, -Math.min(LOOK_AROUND, t.before(t.end, row)));
      if (!isCut && !this.#isCutBetween(row, end, row)) return null;
      this.#begin(row, row, end);
    }
    this.#cover(row, true);
    if (t.state(row) !== WAITING || this.#pair(row, this.#covering.ofSome(row))) return null;
    for (const piece of this.#covering.mayBecome(row)) this.#doubted.add(piece);
    return null;
  }

  /**
   * Whether a packet that left may be a piece of a segment that waits, or was given up, rather than the twin of one that has its bytes alone. `isFinal`:
   * whether whatever belongs to that must have come by now.
   */
  mayBePiece(left: number, entered: number, isFinal: boolean): boolean {
    const t = this.#about.timeline;
    if (this.#doubted.has(left)) return true;
    // what leaves behind it tells whether its flow is cut; pieces fit the wire
    if (!this.#isCut(left)) return !isFinal && isAgain(t.flags(entered)) && !this.#isLong(left);
    return this.#sharing(left, t.sideOf(entered)).some(
      (whole) => this.#covering.isPieceOf(left, whole) && this.#covering.mayBecome(whole).includes(left),
    );
  }

  partly(row: number): Doubt | undefined {
    const t = this.#about.timeline;
    if (t.proto(row) !== TCP || !this.#isSeenInPieces(row)) return undefined;
    const why = `${SIDE_NAMES[otherSide(t.sideOf(row))]} has some of its bytes, cut differently, and nothing tells of which segment, or what became of the others`;
    return { reason: "pieces-missing", why };
  }

  /**
   * Whether some bytes of this waiting segment are on the other side, in segments cut differently, or were when those were given up. To be
   * asked of a segment that is given up.
   */
  #isSeenInPieces(row: number): boolean {
    const t = this.#about.timeline;
    let isSeen = this.#orphans.delete(row);
    for (const other of this.#sharing(row, otherSide(t.sideOf(row)))) {
      if (haveSameBytes(t, row, other)) continue;
      isSeen = true;
      this.#orphans.add(other);
    }
    return isSeen;
  }

  /** From now on, the flow of a segment is one that is cut; takes what waits of it from one row up to another, not included. */
  #begin(row: number, from: number, end: number): void {
    this.#about.translations.accounts.noteCut(this.#about.translations.slotOf(row));
    for (const each of this.#waitingBetween(from, end, row)) this.#streams.add(each);
  }

  /** Whether a segment's flow is known to be cut. */
  #isCut(row: number): boolean {
    const slot = this.#about.translations.slotOf(row);
    return slot !== NONE && this.#about.translations.accounts.hasCutSegments(slot);
  }

  /** The waiting segments of a side that have bytes in common with one, where its flow is cut. */
  #sharing(row: number, side: Side): readonly number[] {
    return this.#isCut(row) ? this.#streams.sharing(row, side) : [];
  }

  /** Whether one of these is a part of a third one, or that of it: of both, one is longer than what a wire takes. */
  #isCutBetween(from: number, end: number, of: number): boolean {
    const t = this.#about.timeline;
    for (const row of this.#waitingBetween(from, end, of)) {
      if (t.sideOf(row) === t.sideOf(of)) continue;
      if ((this.#isLong(row) || this.#isLong(of)) && shareBytes(t, row, of) && !haveSameBytes(t, row, of)) return true;
    }
    return false;
  }

  /** The segments with data that wait from one row up to another, not included, and go as a third does, by any translation of its inside tuple. */
  *#waitingBetween(from: number, end: number, of: number): Generator<number> {
    const { timeline: t, translations } = this.#about;
    const way = translations.insideWayOf(of);
    for (let row = from; row !== end; row = t.after(row))
      if (t.isWaiting(row) && translations.insideWayOf(row) === way && this.#hasData(row)) yield row;
  }

  #hasData(row: number): boolean {
    const t = this.#about.timeline;
    return t.proto(row) === TCP && t.payloadLength(row) > 0;
  }

  #isLong(row: number): boolean {
    return this.#about.timeline.length(row) > ORDINARY_BYTES;
  }

  /** Pairs the segment as the whole of pieces that are there, or as the last piece of a whole. */
  #cover(row: number, isFinal: boolean): void {
    const t = this.#about.timeline;
    if (this.#pair(row, this.#covering.ofAll(row, isFinal))) return;
    for (const whole of this.#covering.wholesOf(row)) {
      if (t.state(row) !== WAITING) return;
      if (t.state(whole) === WAITING) this.#pair(whole, this.#covering.ofAll(whole, isFinal));
    }
  }

  #pair(whole: number, cover: Cut | null): boolean {
    if (cover === null) return false;
    const { timeline: t, pairing, translations } = this.#about;
    const { pieces, evidence, missing } = cover;
    // an inside tuple may have several flows, an outside one has one
    const slot = translations.slotOf(t.sideOf(whole) === OUTSIDE ? whole : pieces[0]);
    pairing.pairGroup([whole], pieces, slot, BY_COVERAGE, evidence, 0, missing);
    return true;
  }
}
