import { isSameContent, isSameSegment } from "../../../packets/content.js";
import { OUTSIDE, otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { destinationText } from "../../../packets/ways.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { frameOf, undecidedBehind, waitingBehind } from "../../matchers/behind.js";
import { isPartOf } from "../../matchers/pieces/pieces.js";
import { Ahead } from "../ahead.js";
import { MARGIN_NS } from "../captures/reach.js";
import type { Known } from "../known.js";

/** Bytes of a segment that every host takes (RFC 9293 section 3.7.1). */
const LEAST_MSS = 536;

/** Packets that others may have become which seem to be lost, and that nothing else is known of: too much of them is changed to tell. */
export class Changed {
  readonly #known: Known;
  /** Packets of no known translation, by what they have in common with those they may have been. */
  readonly #strangers: Ahead;

  constructor(known: Known) {
    this.#known = known;
    const { timeline, translations } = known;
    this.#strangers = new Ahead(timeline, (row) =>
      translations.slotOf(row) === NONE ? markOf(timeline, row) : undefined,
    );
  }

  /**
   * Why a packet may have been turned round on its own side, to another destination, in words: one behind it there may be what it became. Undefined where
   * there is none.
   */
  whyTurned(row: number): string | undefined {
    const { timeline: t, tuples } = this.#known;
    const isForm = (next: number): boolean =>
      t.side(next) === t.side(row) &&
      t.proto(next) === t.proto(row) &&
      t.tuple(next) !== t.tuple(row) &&
      t.ttl(row) - t.ttl(next) === 1 &&
      (t.proto(row) === TCP ? isSameSegment(t, row, next) : isSameContent(t, row, next)) &&
      destinationText(tuples, t.way(row)) !== destinationText(tuples, t.way(next));
    const form = this.#frameLike(row, isForm, MARGIN_NS);
    if (form === undefined) return undefined;
    return `frame ${t.frameText(t.sideOf(row), form)} of ${SIDE_NAMES[t.sideOf(row)]} is like it, with other addresses and a TTL one lower: the host may have turned it round, but too little shows that`;
  }

  /**
   * Why what a packet became may be something else that left, in words: another packet of its flow did about when it should have, and
   * never came in. Undefined where there is none. A segment must have the same numbers, or a part of the same bytes, as one that was cut
   * does: whatever else is changed of one, those tell it. Of a flow that is not known, and of what may have been held up, the content tells.
   */
  why(row: number, other: Side): string | undefined {
    const t = this.#known.timeline;
    const { buckets, kernel, matchers, windowNs } = this.#known;
    const slot = this.#known.translations.slotOf(row);
    const isTcp = t.proto(row) === TCP;
    // what others took tells nothing of one that its numbers tell, nor of one of no known flow
    const usuallyNs = isTcp || slot === NONE ? 0 : Math.max(MARGIN_NS, kernel.limitNs(other === OUTSIDE));
    const usualNs = t.timeNs(row) + usuallyNs;
    const isChanged = (next: number): boolean => {
      if (t.side(next) !== other || t.proto(next) !== t.proto(row) || this.#known.translations.slotOf(next) !== slot)
        return false;
      const isSame = isTcp
        ? isSameSegment(t, row, next) || isCut(t, row, next) || matchers.mayHaveBecome(row, next)
        : t.timeNs(next) <= usualNs || isSameContent(t, row, next);
      if (!isSame) return false;
      // what others with its key wait for is one of them
      const bucket = t.bucket(next);
      if (bucket >= 0 && buckets.count(bucket, t.sideOf(row)) > 0) return false;
      return slot === NONE || this.#known.translations.isLeaving(next, slot);
    };
    const changed = slot === NONE ? this.#frameLike(row, isChanged, windowNs) : this.#frameOfFlow(row, slot, isChanged);
    if (changed === undefined) return undefined;
    const frame = `frame ${t.frameText(other, changed)} of ${SIDE_NAMES[other]}, ${slot === NONE ? "much like it" : "of the same flow"}`;
    return `${frame}, never came in: it may be this one, changed on its way`;
  }

  /** The first frame within the window behind a packet that is what is looked for, of those of its flow that wait on the other side; undefined where none is. */
  #frameOfFlow(row: number, slot: number, is: (next: number) => boolean): number | undefined {
    const { timeline: t, translations, windowNs } = this.#known;
    const { accounts } = translations;
    const other = otherSide(t.sideOf(row));
    const tuple = other === OUTSIDE ? accounts.outsideTuple(slot) : accounts.insideTuple(slot);
    return frameOf(t, waitingBehind(t, row, [other, tuple], is, t.timeNs(row) + windowNs));
  }

  /**
   * The first frame within so long behind a packet that has its mark, is what is looked for, and that nothing is decided about; undefined where none is. Where
   * many wait, those of no known translation are looked through.
   */
  #frameLike(row: number, is: (next: number) => boolean, withinNs: number): number | undefined {
    const t = this.#known.timeline;
    const untilNs = t.timeNs(row) + withinNs;
    const found = undecidedBehind(t, row, is, untilNs);
    return frameOf(t, found === NONE ? this.#strangers.first(row, markOf(t, row), untilNs, is) : found);
  }
}

/** What a packet keeps, whatever else is changed of it: the number of a segment, what anything else carries. */
function markOf(t: Timeline, row: number): number {
  return t.proto(row) === TCP ? t.seq(row) : t.content(row);
}

/** Whether of two segments one may be a piece of the other: what every wire takes is not cut. */
function isCut(t: Timeline, a: number, b: number): boolean {
  const isLong = Math.max(t.payloadLength(a), t.payloadLength(b)) > LEAST_MSS;
  return isLong && t.ack(a) === t.ack(b) && (isPartOf(t, a, b) || isPartOf(t, b, a));
}
