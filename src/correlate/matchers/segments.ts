import { BY_COVERAGE } from "../../packets/results.js";
import { otherSide } from "../../packets/sides.js";
import { SweptSet } from "../../packets/sweep.js";
import { type Timeline, WAITING } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { TCP } from "../../protocols/ip-protocols.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Translations } from "../kernel/translations.js";
import { ORDINARY_BYTES, WANTS_SEGMENT } from "../kernel/wants.js";
import type { About, Admits, Pairing, Settles } from "./contract.js";
import { type Cover, Covering, type Streams } from "./covering.js";
import { haveSameBytes, shareBytes } from "./pieces.js";
import { Stream } from "./streams.js";
import type { Undecided } from "./undecided.js";

/** How many packets away the pieces of a segment are looked for once its flow is known, and seen to need it. */
const LOOK_AROUND = 2048;
/** Noted pieces are swept when they reach this number. */
const CROWDED = 256;

/**
 * Pairs TCP segments that one side shows cut differently (TSO, GSO, GRO): one segment on one side, the pieces on the other
 * that make up its bytes (`Covering`). Only in flows whose translation is known, and from when on one was seen that is longer than what a wire
 * takes. A segment whose window is over may lack pieces.
 */
export class Segments implements Admits, Settles {
  readonly wants = WANTS_SEGMENT;
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #kernel: Kernel;
  readonly #pairing: Pairing;
  readonly #covering: Covering;
  /** Of the flows that are cut, by their slots, what goes inbound and outbound; of a slot that another flow has by now, those of the one before. */
  readonly #flows = new Map<number, readonly [inbound: Streams, outbound: Streams]>();
  /** Pieces of segments that were given up, so that nothing follows from what they lack. */
  readonly #orphans = new SweptSet<number>(CROWDED);

  constructor(about: About) {
    const { timeline, translations, kernel, pairing } = about;
    this.#timeline = timeline;
    this.#translations = translations;
    this.#kernel = kernel;
    this.#pairing = pairing;
    this.#covering = new Covering(about);
  }

  /** Takes a segment that found no twin of its own size where one would have come before it, or whose flow is cut. */
  admit(row: number): void {
    const t = this.#timeline;
    if (this.#streamsOf(row) === undefined) {
      this.#begin(row);
      this.#addBetween(t.before(row, Math.min(LOOK_AROUND, t.size - 1)), row, row);
    }
    this.#add(row);
    this.#cover(row, false);
  }

  /** Takes packets that may be each other's twins, and that nothing told apart. */
  leave(rows: readonly number[]): void {
    for (const row of rows) if (this.mayPair(row)) this.#covering.leave(row);
  }

  /** Whether a packet may be a segment that was cut, or a piece of one: any may where one was seen that is longer than what a wire takes. */
  mayPair(row: number): boolean {
    return this.#kernel.hasLongSegments && this.#hasData(row) && this.#translations.slotOf(row) !== NONE;
  }

  /** Tries once more to pair a segment whose window is over: its flow may not have been known when it came. */
  settle(row: number): Undecided | null {
    if (!this.mayPair(row)) return null;
    const t = this.#timeline;
    const streams = this.#streamsOf(row);
    if (!streams?.[t.sideOf(row)].has(row)) {
      const end = t.before(row, -Math.min(LOOK_AROUND, t.before(t.end, row)));
      if (streams === undefined && !this.#isCutBetween(row, end, row)) return null;
      if (streams === undefined) this.#begin(row);
      this.#addBetween(row, end, row);
    }
    this.#cover(row, true);
    if (t.state(row) === WAITING) this.#pair(row, this.#covering.ofSome(row, this.#streamsOf(row)!));
    return null;
  }

  /** Whether a packet that left may be a piece of a segment that waits and entered after another packet did. */
  mayBePiece(left: number, entered: number): boolean {
    const t = this.#timeline;
    const wholes = this.#streamsOf(left)?.[t.sideOf(entered)].sharing(left) ?? [];
    return wholes.some(
      (whole) =>
        t.timeNs(whole) >= t.timeNs(entered) &&
        this.#covering.isPieceOf(left, whole) &&
        this.#covering.isPossible(left, whole),
    );
  }

  /**
   * Whether some bytes of this waiting segment are on the other side, in segments cut differently, or were when those were given up. To be
   * asked of a segment that is given up.
   */
  isSeenInPieces(row: number): boolean {
    const t = this.#timeline;
    let isSeen = this.#orphans.delete(row);
    for (const other of this.#streamsOf(row)?.[otherSide(t.sideOf(row))].sharing(row) ?? []) {
      if (haveSameBytes(t, row, other)) continue;
      isSeen = true;
      this.#orphans.sweep((each) => t.isHeld(each));
      this.#orphans.add(other);
    }
    return isSeen;
  }

  /** From now on, the flow of a segment is one that is cut. */
  #begin(row: number): void {
    const slot = this.#translations.slotOf(row);
    const stream = (): Stream => new Stream(this.#timeline, (each) => this.#translations.isWaitingIn(each, slot));
    const streams = (): Streams => [stream(), stream()];
    this.#flows.set(slot, [streams(), streams()]);
    this.#translations.accounts.noteCut(slot);
  }

  /** Adds a segment of a flow that is cut. */
  #add(row: number): void {
    this.#streamsOf(row)?.[this.#timeline.sideOf(row)].add(row);
  }

  /** The waiting segments of a segment's flow and direction; undefined where the flow is not cut, or not known. */
  #streamsOf(row: number): Streams | undefined {
    const { accounts } = this.#translations;
    const slot = this.#translations.slotOf(row);
    if (slot === NONE || !accounts.hasCutSegments(slot)) return undefined;
    return this.#flows.get(slot)?.[this.#translations.isOutbound(row, this.#translations.flowAt(slot)) ? 1 : 0];
  }

  /** Adds the segments with data that wait from one row up to another, not included, of the flow of a third. */
  #addBetween(from: number, end: number, of: number): void {
    for (const row of this.#waitingBetween(from, end, of)) this.#add(row);
  }

  /** Whether one of these is a part of a third one, or that of it: of both, one is longer than what a wire takes. */
  #isCutBetween(from: number, end: number, of: number): boolean {
    const t = this.#timeline;
    const flow = this.#translations.flowAt(this.#translations.slotOf(of));
    const isOutbound = this.#translations.isOutbound(of, flow);
    for (const row of this.#waitingBetween(from, end, of)) {
      if (t.sideOf(row) === t.sideOf(of) || this.#translations.isOutbound(row, flow) !== isOutbound) continue;
      if ((this.#isLong(row) || this.#isLong(of)) && shareBytes(t, row, of) && !haveSameBytes(t, row, of)) return true;
    }
    return false;
  }

  /** The segments with data that wait from one row up to another, not included, of the flow of a third. */
  *#waitingBetween(from: number, end: number, of: number): Generator<number> {
    const t = this.#timeline;
    const slot = this.#translations.slotOf(of);
    for (let row = from; row !== end; row = t.after(row))
      if (this.#translations.isWaitingIn(row, slot) && this.#hasData(row)) yield row;
  }

  #hasData(row: number): boolean {
    const t = this.#timeline;
    return t.proto(row) === TCP && t.payloadLength(row) > 0;
  }

  #isLong(row: number): boolean {
    return this.#timeline.length(row) > ORDINARY_BYTES;
  }

  /** Pairs the segment as the whole of pieces that are there, or as the last piece of a whole. */
  #cover(row: number, isFinal: boolean): void {
    const t = this.#timeline;
    const streams = this.#streamsOf(row)!;
    if (this.#pair(row, this.#covering.ofAll(row, streams, isFinal))) return;
    for (const whole of streams[otherSide(t.sideOf(row))].sharing(row)) {
      if (t.state(row) !== WAITING) return;
      if (t.state(whole) === WAITING && this.#covering.isPieceOf(row, whole))
        this.#pair(whole, this.#covering.ofAll(whole, streams, isFinal));
    }
  }

  #pair(whole: number, cover: Cover | null): boolean {
    if (cover === null) return false;
    const { pieces, evidence, missing } = cover;
    this.#pairing.pairGroup([whole], pieces, this.#translations.slotOf(whole), BY_COVERAGE, evidence, 0, missing);
    return true;
  }
}
