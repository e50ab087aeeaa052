import { HAS_IP_ID, IS_ERROR, IS_HEADLESS } from "../../packets/packets.js";
import { DNS_QUERY, DNS_RESPONSE, icmpTypeIn } from "../../packets/records.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Judgement } from "../../packets/results/results.js";
import { OUTSIDE, otherSide, SIDE_NAMES, type Side } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { destinationHash, destinationText, haveSameSource } from "../../packets/ways.js";
import { isError } from "../../protocols/icmp.js";
import { ICMPV6, isIcmp, TCP, UDP } from "../../protocols/ip-protocols.js";
import { ACK, RST } from "../../protocols/tcp.js";
import { Ahead } from "./ahead.js";
import { undecidedBehind, waitingBehind } from "../matchers/behind.js";
import { isSameContent, isSameSegment } from "../../packets/content.js";
import type { Like } from "../matchers/equals/likes.js";
import { isPartOf } from "../matchers/pieces/pieces.js";
import type { Known } from "./known.js";
import { type Claim, isUncovered, unknown } from "./claim.js";
import { isFromNear } from "./claims/hops.js";
import { whyCut } from "./claims/refusals.js";
import type { Orphans } from "./impacts/orphans.js";
import { MARGIN_NS } from "./captures/reach.js";
import { seconds, WHAT_TELLS_LATE } from "./words.js";

/** Bytes of a segment that every host takes (RFC 9293 section 3.7.1). */
const LEAST_MSS = 536;

/** Why nothing is known of a packet, whatever is like it. */
const HOLDING: ReadonlySet<Reason> = new Set(["may-be-refused", "nothing-paired", "stamp-leaps"]);

/** What speaks against what a packet seems to have become: another one that may be its twin, or too little of it. */
export class Doubts {
  readonly #known: Known;
  readonly #orphans: Orphans;
  /** Packets of no known translation, by what they have in common with those they may have become, … */
  readonly #strangers: Ahead;
  /** … and ICMP errors of which the quote was not captured, by where they go. */
  readonly #cutErrors: Ahead;
  /** By the side where packets come out: up to when those were slow, nanoseconds on the timeline. */
  readonly #slowNs: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  constructor(known: Known, orphans: Orphans) {
    this.#known = known;
    this.#orphans = orphans;
    const { timeline, tuples, translations } = known;
    this.#strangers = new Ahead(timeline, (row) =>
      translations.slotOf(row) === NONE ? markOf(timeline, row) : undefined,
    );
    this.#cutErrors = new Ahead(timeline, (row) =>
      isCutError(timeline, row) ? destinationHash(tuples, timeline.way(row)) : undefined,
    );
  }

  /** What a claim comes to where something speaks against it, whatever the other capture misses; undefined where nothing does. */
  of(row: number, other: Side, claim: Claim): Judgement | undefined {
    const { verdict, reason, lacks } = claim;
    const t = this.#known.timeline;
    const { mistimed } = this.#known;
    const { altered, likes } = this.#known.matchers;
    const rewritten = verdict === "local" || lacks !== undefined ? altered.doubt(row) : undefined;
    if (rewritten !== undefined) return unknown("router-rewrites", rewritten);
    // two that look like neighbours need not be where it may have come out, nor need what nothing answers have been taken
    const isByAddresses = reason === "same-link";
    // what is like it tells more of a packet than that nothing is known
    const isUntold = verdict === "unknown" && !isUncovered(claim) && !HOLDING.has(reason);
    if (lacks === undefined && !isUntold && !isByAddresses) return undefined;
    if (!isByAddresses && (t.flags(row) & (IS_HEADLESS | HAS_IP_ID)) === IS_HEADLESS)
      return unknown("no-header", "its transport header is not all there: too little to know its twin by");
    const twin = mistimed.twinOf(row);
    if (twin !== undefined) {
      const like = `${SIDE_NAMES[other]} has its like in frame ${twin}, whose stamp does not tell when it passed`;
      return unknown("like-out-of-time", like);
    }
    const like = reason === "nothing-paired" ? undefined : likes.of(row);
    if (like !== undefined) return unknown("like-untimely", this.#whyLike(other, like));
    const side = t.sideOf(row);
    if (lacks === "exit" || lacks === "crossing") {
      const form = this.#otherFormOf(row);
      if (form !== undefined) {
        const why = `frame ${form} of ${SIDE_NAMES[side]} is like it, with other addresses and a TTL one lower: the host may have turned it round, but too little shows that`;
        return unknown("may-be-hairpin", why);
      }
    }
    if (lacks === "entry" && other !== side && (this.#isSlowTo(side, row) || t.timeNs(row) <= this.#slowNs[side]))
      return unknown("may-be-held-up", this.#whySlow("", `have entered ${SIDE_NAMES[other]} before that`));
    return lacks === "exit" ? this.#ofExit(row, other) : undefined;
  }

  /** The same of what a packet seems to be that never came out: what else may have become of it. */
  #ofExit(row: number, other: Side): Judgement | undefined {
    const t = this.#known.timeline;
    const side = t.sideOf(row);
    if (other !== side && this.#isSlow(row, other)) {
      const none = ", and none that entered behind it came out";
      return unknown("may-be-held-up", this.#whySlow(none, "have come out after that"));
    }
    const repeat = this.#known.repeats[side].of(t.frame(row));
    if (repeat !== undefined) {
      const why = `frame ${repeat} is the same just beside it: ${SIDE_NAMES[side]} may show one packet twice, or it was sent twice`;
      return unknown("may-be-copy", why);
    }
    const orphan = this.#orphans.of(row);
    if (orphan !== undefined) {
      const soonerNs = t.timeNs(row) - orphan.timeNs;
      const apart = `${seconds(Math.abs(soonerNs))} ${soonerNs < 0 ? "later" : "earlier"}`;
      const why = `frame ${orphan.frame} of ${SIDE_NAMES[other]}, ${apart}, is like it and never came in: if a clock was set, it is this one`;
      return unknown("like-untimely", why);
    }
    const { altered, datagrams } = this.#known.matchers;
    const error = this.#cutErrorBehind(row);
    if (error !== undefined) return unknown("cut-short", whyCut(error));
    const cut = this.#known.matchers.cutFrames.doubt(row);
    if (cut !== undefined) return unknown("cut-short", cut);
    if (datagrams.mayBeInFragments(row, altered.isRenumbering)) {
      const why = `${SIDE_NAMES[other]} has fragments that may be of it: some are missing, too little of them was captured, or no known translation explains them`;
      return unknown("may-be-fragments", why);
    }
    if (this.#known.matchers.supers.mayBeCut(row)) {
      const why = `${SIDE_NAMES[other]} has what begins as it does and is longer or shorter: several datagrams in one, of which nothing tells the pieces`;
      return unknown("may-be-pieces", why);
    }
    const changed = this.#whyChanged(row, other);
    if (changed !== undefined) return unknown("may-be-changed", changed);
    const held = other === side ? undefined : this.#whyCutOff(row, other);
    return held === undefined ? undefined : unknown("capture-edge", held);
  }

  /** What follows where packets may take more than the window, in words. `besides`: what else shows that; `may`: what this one may have done. */
  #whySlow(besides: string, may: string): string {
    return `packets took half the window of ${seconds(this.#known.windowNs)} and more${besides}: it may ${may}; ${WHAT_TELLS_LATE}`;
  }

  /** Whether the last packets that came out on a side, when the window of a packet is over, took so long that the next ones may take more than that. */
  #isSlowTo(side: Side, row: number): boolean {
    const { timeline: t, kernel, windowNs } = this.#known;
    const isOutbound = side === OUTSIDE;
    // of few, the slowest tells
    const isLong = kernel.isNew(isOutbound) && 2 * kernel.latencies(isOutbound).maxNs >= windowNs;
    if (!isLong && !kernel.isQueueLong(isOutbound)) return false;
    this.#slowNs[side] = t.timeNs(row) + windowNs;
    return true;
  }

  /** Whether a packet may come out behind its window, as others came to take so long: nothing that entered behind it, and may not overtake it, has. */
  #isSlow(row: number, other: Side): boolean {
    if (!this.#isSlowTo(other, row)) return false;
    const { timeline: t, kernel, translations } = this.#known;
    return !kernel.hasLaterLeft(translations.slotOf(row), t.timeNs(row), other === OUTSIDE);
  }

  /**
   * Why a packet may come out behind the end of a capture, in words: none that entered behind it, and may not overtake it, came out before that. A stall
   * that goes on until then looks like that. Undefined where one did.
   */
  #whyCutOff(row: number, other: Side): string | undefined {
    const { timeline: t, kernel, cover, windowNs } = this.#known;
    const isOutbound = other === OUTSIDE;
    const untilNs = cover[other].endNs - t.timeNs(row);
    if (untilNs >= windowNs || kernel.isNew(isOutbound)) return undefined;
    if (kernel.hasLaterCrossed(t.timeNs(row), isOutbound)) return undefined;
    return `${SIDE_NAMES[other]} ends ${seconds(untilNs)} later, and nothing came out before that which entered behind it and cannot have overtaken it: it may have been held up`;
  }

  /** The frame of an ICMP error of somebody near to the sender of a packet, of which the quote was not captured; undefined where there is none. */
  #cutErrorBehind(row: number): number | undefined {
    const { timeline: t, tuples, windowNs } = this.#known;
    const way = t.way(row);
    const isAbout = (next: number): boolean =>
      t.side(next) === t.side(row) && isFromNear(t, next) && haveSameSource(tuples, t.way(next) ^ 1, way);
    return this.#frameOf(
      this.#cutErrors.first(row, destinationHash(tuples, way ^ 1), t.timeNs(row) + windowNs, isAbout),
    );
  }

  /**
   * The frame behind a packet on its own side that it may have become as it was turned round, to another destination, and of which nothing else is
   * known; undefined where there is none.
   */
  #otherFormOf(row: number): number | undefined {
    const { timeline: t, tuples } = this.#known;
    const isForm = (next: number): boolean =>
      t.side(next) === t.side(row) &&
      t.proto(next) === t.proto(row) &&
      t.tuple(next) !== t.tuple(row) &&
      t.ttl(row) - t.ttl(next) === 1 &&
      (t.proto(row) === TCP ? isSameSegment(t, row, next) : isSameContent(t, row, next)) &&
      destinationText(tuples, t.way(row)) !== destinationText(tuples, t.way(next));
    return this.#frameLike(row, isForm, MARGIN_NS);
  }

  /**
   * Why a packet of a flow that both ends spoke in may have left by another interface, in words: what may answer it came out here, and nothing like
   * that entered on the other side. Undefined where nothing did, or where answers tell what they answer: see `Impacts.hasArrived`.
   */
  whyElsewhere(row: number, other: Side): string | undefined {
    const { timeline: t, translations, buckets, windowNs } = this.#known;
    const slot = translations.slotOf(row);
    if (slot === NONE || translations.accounts.pairsThatWent(slot, other !== OUTSIDE) === 0) return undefined;
    const isUnseen = (next: number): boolean => {
      if (t.side(next) === other || t.way(next) !== (t.way(row) ^ 1) || (t.flags(next) & IS_ERROR) !== 0) return false;
      const bucket = t.bucket(next);
      return mayAnswer(t, row, next) && (bucket < 0 || buckets.count(bucket, other) === 0);
    };
    const back = this.#frameOf(undecidedBehind(t, row, isUnseen, t.timeNs(row) + windowNs));
    if (back === undefined) return undefined;
    return `frame ${back} of its conversation came out here and was not seen to enter ${SIDE_NAMES[other]}: both may take another interface`;
  }

  #whyLike(other: Side, { frame, isSooner, isContended, isTranslated }: Like): string {
    if (isContended) return `frame ${frame} of ${SIDE_NAMES[other]} is like it and ambiguous: it may be this one`;
    const like = `frame ${frame} of ${SIDE_NAMES[other]} is like it and has no twin`;
    if (!isTranslated) return `${like}: it may be this one, by a translation that nothing else shows`;
    return isSooner ? `${like}: if the clocks differ, it is this one` : `${like}: it may be this one, held up`;
  }

  /** Whether a segment left as another of its flow would that entered, where a helper shifts the numbers there. */
  #isShifted(entered: number, left: number, slot: number): boolean {
    const t = this.#known.timeline;
    const isAlike = slot !== NONE && t.payloadLength(entered) === t.payloadLength(left);
    return isAlike && this.#known.matchers.shifted.isShifted(entered, left, slot);
  }

  /**
   * Why what a packet became may be something else that left, in words: another packet of its flow did about when it should have, and
   * never came in. Undefined where there is none. A segment must have the same numbers, or a part of the same bytes, as one that was cut
   * does: whatever else is changed of one, those tell it. Of a flow that is not known, and of what may have been held up, the content tells.
   */
  #whyChanged(row: number, other: Side): string | undefined {
    const t = this.#known.timeline;
    const { buckets, kernel, windowNs } = this.#known;
    const slot = this.#known.translations.slotOf(row);
    const isTcp = t.proto(row) === TCP;
    // what others took tells nothing of one that its numbers tell, nor of one of no known flow
    const usuallyNs = isTcp || slot === NONE ? 0 : Math.max(MARGIN_NS, kernel.limitNs(other === OUTSIDE));
    const usualNs = t.timeNs(row) + usuallyNs;
    const isChanged = (next: number): boolean => {
      if (t.side(next) !== other || t.proto(next) !== t.proto(row) || this.#known.translations.slotOf(next) !== slot)
        return false;
      const isSame = isTcp
        ? isSameSegment(t, row, next) || isCut(t, row, next) || this.#isShifted(row, next, slot)
        : t.timeNs(next) <= usualNs || isSameContent(t, row, next);
      if (!isSame) return false;
      // what others with its key wait for is one of them
      const bucket = t.bucket(next);
      if (bucket >= 0 && buckets.count(bucket, t.sideOf(row)) > 0) return false;
      return slot === NONE || this.#known.translations.isLeaving(next, slot);
    };
    const changed = slot === NONE ? this.#frameLike(row, isChanged, windowNs) : this.#frameOfFlow(row, slot, isChanged);
    if (changed === undefined) return undefined;
    const frame = `frame ${changed} of ${SIDE_NAMES[other]}, ${slot === NONE ? "much like it" : "of the same flow"}`;
    return `${frame}, never came in: it may be this one, changed on its way`;
  }

  /** The first frame within the window behind a packet that is what is looked for, of those of its flow that wait on the other side; undefined where none is. */
  #frameOfFlow(row: number, slot: number, is: (next: number) => boolean): number | undefined {
    const { timeline: t, translations, windowNs } = this.#known;
    const { accounts } = translations;
    const other = otherSide(t.sideOf(row));
    const tuple = other === OUTSIDE ? accounts.outsideTuple(slot) : accounts.insideTuple(slot);
    return this.#frameOf(waitingBehind(t, row, [other, tuple], is, t.timeNs(row) + windowNs));
  }

  /**
   * The first frame within so long behind a packet that has its mark, is what is looked for, and that nothing is decided about; undefined where none is. Where
   * many wait, those of no known translation are looked through.
   */
  #frameLike(row: number, is: (next: number) => boolean, withinNs: number): number | undefined {
    const t = this.#known.timeline;
    const untilNs = t.timeNs(row) + withinNs;
    const found = undecidedBehind(t, row, is, untilNs);
    return this.#frameOf(found === NONE ? this.#strangers.first(row, markOf(t, row), untilNs, is) : found);
  }

  #frameOf(row: number): number | undefined {
    const t = this.#known.timeline;
    return row === NONE || row === t.end ? undefined : t.frame(row);
  }
}

/** Whether a packet is an ICMP error of which the quote was not captured. */
function isCutError(t: Timeline, row: number): boolean {
  const proto = t.proto(row);
  return isIcmp(proto) && (t.flags(row) & IS_ERROR) === 0 && isError(icmpTypeIn(t.seq(row)), proto === ICMPV6);
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

/** Whether one packet may answer another, as far as that tells: a datagram of no protocol that names what it answers, or a reset (RFC 9293, 3.10.7.1). */
function mayAnswer(t: Timeline, row: number, next: number): boolean {
  if (t.proto(row) === TCP) return (t.tcpFlags(next) & (RST | ACK)) === RST && t.seq(next) === t.ack(row);
  return t.proto(row) === UDP && ((t.seq(row) | t.seq(next)) & (DNS_QUERY | DNS_RESPONSE)) === 0;
}
