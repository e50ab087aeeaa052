import { TCP } from "../packets/packets.js";
import { BY_COVERAGE, EVIDENCE_FLOW, EVIDENCE_IP_ID, EVIDENCE_TCP_ACK, EVIDENCE_TCP_SEQ } from "../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../packets/sides.js";
import { type Timeline, WAITING } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import type { Pairing } from "./pairing.js";
import type { Translations } from "./translations.js";

/** A segment longer than an Ethernet MTU was cut, or is going to be: offload is at work on this flow. */
const ORDINARY_BYTES = 1500;
/** How many packets back the pieces of a merged segment (GRO) are looked for once its flow is seen to need it. */
const LOOK_BACK = 2048;
/** Most pieces a segment is cut into: 512 KiB (Linux, BIG TCP) of 1,024 bytes each. */
const MOST_PIECES = 512;
/** Lists are cleared of what was paired when they reach this length. */
const CROWDED = 256;

/** Waiting data segments of one flow: by direction (0 inbound, 1 outbound), then by side. */
type Lists = readonly [readonly [number[], number[]], readonly [number[], number[]]];

/**
 * Pairs TCP segments that one side shows cut differently (TSO, GSO, GRO): one segment on one side, the pieces on the other
 * that make up exactly its bytes. Only in flows whose translation is known; the sequence numbers then decide, and where the
 * packets have IP IDs, the pieces must count on from the whole one's (Linux: net/ipv4/af_inet.c, inet_gso_segment), which
 * tells retransmissions apart.
 */
export class Segments {
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #pairing: Pairing;
  readonly #flows = new Map<number, Lists>();

  constructor(timeline: Timeline, translations: Translations, pairing: Pairing) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#pairing = pairing;
  }

  /** Takes a TCP segment with data that found no twin of its own size when it came. */
  admit(row: number): void {
    const t = this.#timeline;
    const slot = this.#translations.slotOf(row);
    if (slot === NONE) return;
    let lists = this.#flows.get(slot);
    if (!lists) {
      if (t.length[row & t.mask] <= ORDINARY_BYTES) return;
      lists = [
        [[], []],
        [[], []],
      ];
      this.#flows.set(slot, lists);
      this.#lookBack(row, slot, lists);
    }
    this.#list(lists, slot, row).push(row);
    this.#cover(row, slot, lists);
  }

  /** Whether some bytes of this waiting segment are on the other side, in segments cut differently. */
  isSeenInPieces(row: number): boolean {
    const t = this.#timeline;
    const slot = this.#translations.slotOf(row);
    const lists = slot === NONE ? undefined : this.#flows.get(slot);
    if (!lists) return false;
    const opposite = this.#direction(lists, slot, row)[otherSide(t.sideOf(row))];
    return opposite.some((other) => this.#isWaiting(other, slot) && this.#overlaps(row, other));
  }

  #lookBack(row: number, slot: number, lists: Lists): void {
    const t = this.#timeline;
    const size = Math.min(LOOK_BACK, t.size - 1);
    for (let back = size; back > 0; back--) {
      const earlier = t.before(row, back);
      const at = earlier & t.mask;
      if (t.proto[at] === TCP && t.payloadLength[at] > 0 && this.#isWaiting(earlier, slot))
        this.#list(lists, slot, earlier).push(earlier);
    }
  }

  #direction(lists: Lists, slot: number, row: number): readonly [number[], number[]] {
    const t = this.#timeline;
    const flow = this.#translations.flowAt(slot);
    const isForward = (t.forward[row & t.mask] === 1) !== (t.sideOf(row) === OUTSIDE && flow.isFlipped);
    return lists[flow.isOutbound(isForward ? 1 : 0) ? 1 : 0];
  }

  /** The list a segment belongs into, without what has been paired meanwhile if it has grown long. */
  #list(lists: Lists, slot: number, row: number): number[] {
    const list = this.#direction(lists, slot, row)[this.#timeline.sideOf(row)];
    if (list.length >= CROWDED) {
      let kept = 0;
      for (const other of list) if (this.#isWaiting(other, slot)) list[kept++] = other;
      list.length = kept;
    }
    return list;
  }

  #isWaiting(row: number, slot: number): boolean {
    const t = this.#timeline;
    const at = row & t.mask;
    return t.isHeld(row) && t.state[at] === WAITING && this.#translations.slotOf(row) === slot;
  }

  /** Pairs the segment as the whole of pieces that are there, or as the last piece of a whole. */
  #cover(row: number, slot: number, lists: Lists): void {
    const side = this.#timeline.sideOf(row);
    const both = this.#direction(lists, slot, row);
    const own = both[side];
    const opposite = both[otherSide(side)];
    if (this.#coverWhole(row, side, slot, opposite)) return;
    for (const whole of opposite) {
      if (
        this.#isWaiting(whole, slot) &&
        this.#isPieceOf(row, whole) &&
        this.#coverWhole(whole, otherSide(side), slot, own)
      )
        return;
    }
  }

  #coverWhole(whole: number, side: Side, slot: number, others: readonly number[]): boolean {
    const pieces = this.#piecesOf(
      whole,
      others.filter((piece) => this.#isWaiting(piece, slot) && this.#isPieceOf(piece, whole)),
    );
    if (pieces === null) return false;
    const t = this.#timeline;
    const evidence =
      EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK | EVIDENCE_FLOW | (t.ipId[whole & t.mask] !== 0 ? EVIDENCE_IP_ID : 0);
    const [inside, outside] = side === INSIDE ? [[whole], pieces] : [pieces, [whole]];
    this.#pairing.pairGroup(inside, outside, slot, BY_COVERAGE, evidence);
    return true;
  }

  /** The pieces that make up the whole, in order; null if one is missing or could be another. */
  #piecesOf(whole: number, candidates: readonly number[]): number[] | null {
    const t = this.#timeline;
    const w = whole & t.mask;
    const bytes = t.payloadLength[w];
    const pieces: number[] = [];
    let offset = 0;
    while (offset < bytes) {
      const here = candidates.filter((row) => ((t.seq[row & t.mask] - t.seq[w]) | 0) === offset);
      if (here.length !== 1 || pieces.length === MOST_PIECES) return null;
      pieces.push(here[0]);
      offset += t.payloadLength[here[0] & t.mask];
    }
    if (pieces.length < 2) return null;
    const id = t.ipId[w];
    const isCounting = pieces.every((row, k) => t.ipId[row & t.mask] === ((id + k) & 0xffff));
    const isSame = pieces.every((row) => t.ipId[row & t.mask] === id);
    return isCounting || isSame ? pieces : null;
  }

  #isPieceOf(piece: number, whole: number): boolean {
    const t = this.#timeline;
    const p = piece & t.mask;
    const w = whole & t.mask;
    const from = (t.seq[p] - t.seq[w]) | 0;
    if (from < 0 || from + t.payloadLength[p] > t.payloadLength[w] || t.payloadLength[p] === t.payloadLength[w])
      return false;
    if (t.ack[p] !== t.ack[w]) return false;
    // pieces of another transmission of the same bytes count from another ID
    return t.ipId[w] === 0 || ((t.ipId[p] - t.ipId[w]) & 0xffff) < MOST_PIECES;
  }

  #overlaps(a: number, b: number): boolean {
    const t = this.#timeline;
    const from = (t.seq[b & t.mask] - t.seq[a & t.mask]) | 0;
    return from < t.payloadLength[a & t.mask] && -from < t.payloadLength[b & t.mask];
  }
}
