import { HAS_IP_ID, IS_ERROR, IS_HEADLESS } from "../../packets/packets.js";
import { DNS_QUERY, DNS_RESPONSE, icmpTypeIn } from "../../packets/records.js";
import type { Reason } from "../../packets/results/reasons.js";
import type { Judgement } from "../../packets/results/results.js";
import { OUTSIDE, SIDE_NAMES, type Side, otherSide } from "../../packets/sides.js";
import type { Timeline } from "../../packets/timeline.js";
import { NONE } from "../../packets/tuples.js";
import { destinationHash, haveSameSource } from "../../packets/ways.js";
import { isError } from "../../protocols/icmp.js";
import { ICMPV6, isIcmp, TCP, UDP } from "../../protocols/ip-protocols.js";
import { ACK, RST } from "../../protocols/tcp.js";
import { Ahead } from "./ahead.js";
import { frameOf, undecidedBehind } from "../matchers/behind.js";
import type { Like } from "../matchers/equals/likes.js";
import type { Known } from "./known.js";
import { type Claim, isUncovered, unknown } from "./claim.js";
import { isFromNear } from "./claims/hops.js";
import { whyCut } from "./claims/refusals.js";
import { Changed } from "./objections/changed.js";
import type { Orphans } from "./objections/orphans.js";
import { Slow } from "./objections/slow.js";
import { seconds } from "./words.js";

/** Why nothing is known of a packet, whatever is like it. */
const HOLDING: ReadonlySet<Reason> = new Set(["may-be-refused", "nothing-paired", "stamp-leaps"]);

/** What speaks against what a packet seems to have become: another one that may be its twin, or too little of it. */
export class Objections {
  readonly #known: Known;
  readonly #orphans: Orphans;
  readonly #slow: Slow;
  readonly #changed: Changed;
  /** ICMP errors of which the quote was not captured, by where they go. */
  readonly #cutErrors: Ahead;

  constructor(known: Known, orphans: Orphans) {
    this.#known = known;
    this.#orphans = orphans;
    this.#slow = new Slow(known);
    this.#changed = new Changed(known);
    const { timeline, tuples } = known;
    this.#cutErrors = new Ahead(timeline, (row) =>
      isCutError(timeline, row) ? destinationHash(tuples, timeline.way(row)) : undefined,
    );
  }

  /** What a claim comes to where something speaks against it, whatever the other capture misses; undefined where nothing does. */
  of(row: number, other: Side, claim: Claim): Judgement | undefined {
    const { verdict, reason, lacks } = claim;
    const t = this.#known.timeline;
    const { matchers, mistimed, likes, survivors } = this.#known;
    const rewritten = verdict === "local" || lacks !== undefined ? matchers.doubt(row) : undefined;
    if (rewritten !== undefined) return unknown(rewritten.reason, rewritten.why);
    // two that look like neighbours need not be where it may have come out, nor need what nothing answers have been taken
    const isByAddresses = reason === "same-link";
    // what is like it tells more of a packet than that nothing is known
    const isUntold = verdict === "unknown" && !isUncovered(claim) && !HOLDING.has(reason);
    if (lacks === undefined && !isUntold && !isByAddresses) return undefined;
    if (!isByAddresses && (t.flags(row) & (IS_HEADLESS | HAS_IP_ID)) === IS_HEADLESS)
      return unknown("no-header", "its transport header is not all there: too little to know its twin by");
    const twin = mistimed.twinOf(row, survivors);
    if (twin !== undefined) {
      const like = `${SIDE_NAMES[other]} has its like in frame ${t.frameText(other, twin)}, whose stamp does not tell when it passed`;
      return unknown("like-out-of-time", like);
    }
    const like = reason === "nothing-paired" ? undefined : likes.of(row);
    if (like !== undefined) return unknown("like-untimely", this.#whyLike(other, like));
    const side = t.sideOf(row);
    if (lacks === "exit" || lacks === "crossing") {
      const turned = this.#changed.whyTurned(row);
      if (turned !== undefined) return unknown("may-be-hairpin", turned);
    }
    const late = lacks === "entry" && other !== side ? this.#slow.whyCame(row) : undefined;
    if (late !== undefined) return unknown("may-be-held-up", late);
    return lacks === "exit" ? this.#ofExit(row, other) : undefined;
  }

  /** The same of what a packet seems to be that never came out: what else may have become of it. */
  #ofExit(row: number, other: Side): Judgement | undefined {
    const t = this.#known.timeline;
    const side = t.sideOf(row);
    const late = other === side ? undefined : this.#slow.whyWaits(row);
    if (late !== undefined) return unknown("may-be-held-up", late);
    const repeat = this.#known.repeatOf(row);
    if (repeat !== undefined) {
      const why = `frame ${t.frameText(side, repeat)} is the same just beside it: ${SIDE_NAMES[side]} may show one packet twice, or it was sent twice`;
      return unknown("may-be-copy", why);
    }
    const orphan = this.#orphans.of(row);
    if (orphan !== undefined) {
      const soonerNs = t.timeNs(row) - orphan.timeNs;
      const apart = `${seconds(Math.abs(soonerNs))} ${soonerNs < 0 ? "later" : "earlier"}`;
      const why = `frame ${t.frameText(other, orphan.frame)} of ${SIDE_NAMES[other]}, ${apart}, is like it and never came in: if a clock was set, it is this one`;
      return unknown("like-untimely", why);
    }
    const error = this.#cutErrorBehind(row);
    if (error !== undefined) return unknown("cut-short", whyCut(t.frameText(side, error)));
    const doubt = this.#known.matchers.doubtLoss(row);
    if (doubt !== undefined) return unknown(doubt.reason, doubt.why);
    const changed = this.#changed.why(row, other);
    if (changed !== undefined) return unknown("may-be-changed", changed);
    const held = other === side ? undefined : this.#slow.whyCutOff(row);
    return held === undefined ? undefined : unknown("capture-edge", held);
  }

  /** The frame of an ICMP error of somebody near to the sender of a packet, of which the quote was not captured; undefined where there is none. */
  #cutErrorBehind(row: number): number | undefined {
    const { timeline: t, tuples, windowNs } = this.#known;
    const way = t.way(row);
    const isAbout = (next: number): boolean =>
      t.side(next) === t.side(row) && isFromNear(t, next) && haveSameSource(tuples, t.way(next) ^ 1, way);
    return frameOf(t, this.#cutErrors.first(row, destinationHash(tuples, way ^ 1), t.timeNs(row) + windowNs, isAbout));
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
    const back = frameOf(t, undecidedBehind(t, row, isUnseen, t.timeNs(row) + windowNs));
    if (back === undefined) return undefined;
    return `frame ${t.frameText(otherSide(other), back)} of its conversation came out here and was not seen to enter ${SIDE_NAMES[other]}: both may take another interface`;
  }

  #whyLike(other: Side, { frame, isSooner, isContended, isTranslated }: Like): string {
    const name = this.#known.timeline.frameText(other, frame);
    if (isContended) return `frame ${name} of ${SIDE_NAMES[other]} is like it and ambiguous: it may be this one`;
    const like = `frame ${name} of ${SIDE_NAMES[other]} is like it and has no twin`;
    if (!isTranslated) return `${like}: it may be this one, by a translation that nothing else shows`;
    return isSooner ? `${like}: if the clocks differ, it is this one` : `${like}: it may be this one, held up`;
  }
}

/** Whether a packet is an ICMP error of which the quote was not captured. */
function isCutError(t: Timeline, row: number): boolean {
  const proto = t.proto(row);
  return isIcmp(proto) && (t.flags(row) & IS_ERROR) === 0 && isError(icmpTypeIn(t.seq(row)), proto === ICMPV6);
}

/** Whether one packet may answer another, as far as that tells: a datagram of no protocol that names what it answers, or a reset (RFC 9293, 3.10.7.1). */
function mayAnswer(t: Timeline, row: number, next: number): boolean {
  if (t.proto(row) === TCP) return (t.tcpFlags(next) & (RST | ACK)) === RST && t.seq(next) === t.ack(row);
  return t.proto(row) === UDP && ((t.seq(row) | t.seq(next)) & (DNS_QUERY | DNS_RESPONSE)) === 0;
}
