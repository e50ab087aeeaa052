import { OUTSIDE, otherSide } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import type { Base, Notes } from "../../kernel/base.js";

/** Clocks that nothing vouches for may be taken for one although they differ by this, nanoseconds: by more, only what passed once on each side tells. */
const UNSEEN_OFFSET_NS = 5_000_000;
/** How far stamps may be wrong is told by few packets where a clock was just set: the twin of one that was left undecided may be out of order by so much more. */
const SLACKS = 2;
/** So many packets are looked at, at the most, for one that is like another … */
const MOST_LOOKED_AT = 4096;
/** … and for those that one overtakes. */
const MOST_OVERTAKEN = 16;

/**
 * A frame of the other capture that is like a packet without a twin, and has none either: it is seen later, or sooner, than that packet's twin would be, or it was
 * left undecided.
 */
export interface Like {
  readonly frame: number;
  readonly isSooner: boolean;
  /** Whether it came when its twin would, and was left undecided, as it may be the twin of others. */
  readonly isContended: boolean;
  /** Whether a translation is known of the one that is outside. */
  readonly isTranslated: boolean;
}

/**
 * Packets that are given up although one like them waits on the other side, where time alone speaks against the two: nothing that may have come
 * out late is said to be lost.
 */
export class Likes implements Notes {
  readonly #about: Base;
  readonly #likes = new Map<number, Like>();
  /** Of packets that wait: what the first packet of their flow that is like them and entered behind them became, by row. */
  readonly #overtaken = new Map<number, number>();

  constructor(about: Base) {
    this.#about = about;
  }

  /** What is like a packet, as far as it was noted; undefined where nothing is. */
  of(row: number): Like | undefined {
    return this.#likes.get(row);
  }

  /**
   * To be told of a pair before it is taken from its bucket. Whatever waits there, like it, and entered before it came out before it, if at
   * all: networks may reorder packets of a flow, a NAT in one kernel does not.
   */
  pair(entered: number, left: number): void {
    const t = this.#about.timeline;
    let before = t.previous(entered);
    for (let looked = 0; looked < MOST_OVERTAKEN && before !== NONE; looked++, before = t.previous(before)) {
      if (t.way(before) !== t.way(entered)) continue;
      if (this.#overtaken.has(before)) return;
      this.#overtaken.set(before, left);
      t.note(before);
    }
  }

  /**
   * To be told of a packet whose window is over and that has no twin, or was left undecided (`isContended`), before it is taken from its bucket, where
   * others wait.
   */
  note(row: number, isContended = false): void {
    const t = this.#about.timeline;
    const like = this.#firstLike(row);
    if (like === NONE) return;
    const slot = this.#slotOf(row, like);
    const isLeaving = slot !== NONE && this.#about.translations.isLeaving(row, slot);
    const last = this.#overtaken.get(row) ?? like;
    if (!isLeaving && !t.isBefore(last, like)) {
      this.#set(row, like, false);
      if (!this.#likes.has(like)) this.#set(like, row, false, isContended);
    }
    if (!isLeaving && slot !== NONE) return;
    // as the stamps have it, it left before the others entered
    const isOnce = this.#about.kernel.sinceNs(row) === 0 && this.#about.kernel.sinceNs(like) === 0;
    if (isOnce) this.#set(like, row, true, isContended);
    const { unboundNs, slackNs } = this.#about.clock;
    const mostNs = Math.min(Math.max(unboundNs, isContended ? SLACKS * slackNs : 0), UNSEEN_OFFSET_NS);
    for (let each = like; each !== NONE && t.timeNs(each) - t.timeNs(row) <= mostNs; each = t.next(each))
      if (this.#mayBeLike(row, each)) this.#set(each, row, true, isContended);
  }

  /** Notes that a packet that still waits may be the twin of one that was left undecided. */
  noteContended(row: number, undecided: number): void {
    if (!this.#likes.has(row)) this.#set(row, undecided, false, true);
  }

  /** Notes that a packet is like another one, on the other side. */
  #set(row: number, like: number, isSooner: boolean, isContended = false): void {
    const { timeline: t, translations } = this.#about;
    const outside = t.sideOf(row) === OUTSIDE ? row : like;
    const isTranslated = translations.slotOf(outside) !== NONE;
    t.note(row);
    this.#likes.set(row, { frame: t.frame(like), isSooner, isContended, isTranslated });
  }

  forget(row: number): void {
    this.#likes.delete(row);
    this.#overtaken.delete(row);
  }

  /** The first packet of the other side that waits under the key of a packet, and may be of its flow; NONE where there is none. */
  #firstLike(row: number): number {
    const t = this.#about.timeline;
    let like = this.#about.buckets.oldest(t.bucket(row), otherSide(t.sideOf(row)));
    for (let looked = 0; like !== NONE && looked < MOST_LOOKED_AT; looked++, like = t.next(like)) {
      if (t.isBefore(row, like) && this.#mayBeLike(row, like)) return like;
    }
    return NONE;
  }

  /** Whether another packet with the same key is undecided, and may be of a packet's flow by now. */
  #mayBeLike(row: number, other: number): boolean {
    return this.#about.timeline.isOpen(other) && this.#about.translations.mayBecomeOneFlow(row, other);
  }

  /** The flow that one of two packets is known to be of. */
  #slotOf(a: number, b: number): number {
    const slot = this.#about.translations.slotOf(a);
    return slot === NONE ? this.#about.translations.slotOf(b) : slot;
  }
}
