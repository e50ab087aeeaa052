import { IS_ERROR } from "../../../packets/packets.js";
import { epochNsOf } from "../../../packets/results/epoch-ns.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side, otherSide } from "../../../packets/sides.js";
import { NONE, tupleIn, isFromA } from "../../../packets/tuples.js";
import { isFromOpener, destinationOf, destinationText, sourceOf, sourceText } from "../../../packets/ways.js";
import type { Reason } from "../../../packets/results/reasons.js";
import { TupleEnds } from "../flows/flow-summary.js";
import { isPrivate, isSameLink } from "../../../protocols/addresses.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { isOpening } from "../../../protocols/tcp.js";
import { WHY_ELSEWHERE } from "./elsewhere.js";
import type { Judged } from "../judged.js";
import { type Claim, unknown } from "../claim.js";
import type { Published } from "./published.js";
import { routedElsewhere } from "./routed.js";
import { refusedOpening, resetBeside } from "./resets.js";
import { isFromNear } from "./hops.js";
import { WHY_TAKEN } from "./taken.js";
import { whyMissing } from "../words.js";

/** An inside conversation that both ends speak in, though nothing outside belongs to it. */
interface Answered {
  /** Its way from who is behind the NAT, and the one that answers come. */
  readonly near: number;
  readonly far: number;
  /** What the other side lacks, in words. */
  readonly missing: string;
  /** Whether an ICMP error speaks for the other end. */
  readonly isAnsweredFar: boolean;
  /** Whether the other end is shown to be behind the host. */
  readonly isBehind: boolean;
}

/** What became of packets that no translation is known of: who speaks, from how far, and to whom, tells. */
export class Unexplained {
  readonly #known: Judged;
  readonly #published: Published;

  constructor(known: Judged, published: Published) {
    this.#known = known;
    this.#published = published;
  }

  /** `isAnsweredFar`: whether it is about a packet that somebody behind the host answered by an ICMP error, or is that error. */
  of(row: number, side: Side, isAnsweredFar: boolean): Claim {
    const missing = whyMissing(this.#known, row, otherSide(side));
    if (this.#known.translations.accounts.learnt === 0) {
      const taken = this.takenByRules(row, side);
      if (taken !== undefined) return taken;
      const doubt = "paired yet: are these captures of the same host and time?";
      return unknown(
        "nothing-paired",
        `${missing}, and nothing else has ${this.#isOfOneRun ? "crossed so far" : doubt}`,
        "anything",
      );
    }
    const way = this.#known.timeline.way(row);
    if (side === OUTSIDE) return this.#fromOutside(row, way, missing);
    return this.#ofReset(row, way) ?? this.#fromInside(row, way, missing, isAnsweredFar);
  }

  #fromOutside(row: number, way: number, missing: string): Claim {
    const { tuples, locals } = this.#known;
    if (locals.isToPublished(row)) return this.#published.of(row, missing);
    const opening = isFromOpener(tuples, way) ? way : way ^ 1;
    const isFromHost = locals.isNat(sourceText(tuples, opening));
    const why = "nothing of its conversation is known to have crossed: no translation explains it";
    return this.#byRules(isFromHost ? undefined : this.#taking(OUTSIDE, way, opening), "untranslated", why);
  }

  /** What follows where something beside an inside packet resets the connection it opens; null where nothing does. */
  #ofReset(row: number, way: number): Claim | null {
    const { timeline: t, carried, resets } = this.#known;
    const reset = this.#rejecting(row);
    if (reset === NONE) return null;
    if (carried.reaches(tupleIn(way), !isFromA(way)) || resets.isByNeighbour(reset))
      return resetBeside(t, resets, row, reset);
    const taking = this.#taking(INSIDE, way, way);
    if (taking?.isCertain === true) return this.#refusedAsTaken(reset, taking.why);
    const why = `frame ${t.frameTextOf(reset)} resets it from no router away: a rule rejects it, or the host has that address and nobody listens`;
    return unknown("may-be-rejected", why);
  }

  #fromInside(row: number, way: number, missing: string, isAnsweredFar: boolean): Claim {
    const { timeline: t, tuples } = this.#known;
    const isIpv6 = tuples.isIpv6(tupleIn(way));
    const isFromPrivate = isPrivate(tuples.words[sourceOf(tuples, way)], isIpv6);
    const isToPrivate = isPrivate(tuples.words[destinationOf(tuples, way)], isIpv6);
    const isOutbound = isFromPrivate && isToPrivate ? this.#isFromNearer(way) : isFromPrivate;
    const answered = this.#answered(row, isOutbound ? way : way ^ 1, missing, isAnsweredFar);
    if (answered !== null) return answered;
    // between two private networks, only a sender's full TTL shows which of them is behind this side
    if (isOutbound && (!isToPrivate || isFromNear(t, row))) return this.#unanswered(row, way, missing);
    const isSentHere = this.#isSentHere(row, way);
    if (isSentHere && this.#known.carried.isEndBeyond(tupleIn(way), !isFromA(way)))
      return this.#unanswered(row, way, missing);
    if (isToPrivate && !isSentHere) return this.#neverEntered(row, way);
    const why = `${missing}, and neither of its addresses shows whether it came in here, or was on its way to a container: the host's routes would (ip route get <source>)`;
    return unknown("untranslated", why, "anything");
  }

  /** What became of a packet of who is behind the NAT, which nothing from behind the host answers. */
  #unanswered(row: number, way: number, missing: string): Claim {
    const { timeline: t, elsewhere, taken, carried, standIns } = this.#known;
    if (elsewhere.has(way)) return unknown("may-go-elsewhere", WHY_ELSEWHERE, "anything");
    if (taken.has(tupleIn(way))) return unknown("proxy-keeps", WHY_TAKEN, "anything");
    if (carried.isUnseen(tupleIn(way))) {
      const why = `${missing}, nor any other of its service, though those were forwarded: a filter may have kept them out of ${SIDE_NAMES[OUTSIDE]}`;
      return unknown("may-be-filtered", why, "anything");
    }
    const told = this.#byConntrack(row, way, missing) ?? this.#byRulesAlone(way);
    if (told !== undefined) return told;
    const answer = standIns.mayAnswer(row);
    if (answer === NONE) return { verdict: "dropped", reason: "no-twin", why: missing, lacks: "exit" };
    const why = `${missing}, but frame ${t.frameTextOf(answer)} comes to its sender from where that sent nothing: it may answer this, rewritten by the host before the capture`;
    return unknown("forwarded-unseen", why, "anything");
  }

  /** Whether who opens a conversation by a packet is on this side, whatever address that one has: this router lowers TTLs, and did not lower its. */
  #isSentHere(row: number, way: number): boolean {
    const { kernel, timeline: t, tuples } = this.#known;
    return isFromOpener(tuples, way) && isFromNear(t, row) && kernel.tally.isTtlLowered(false);
  }

  /** What a packet is that reached who is behind the NAT. */
  #neverEntered(row: number, way: number): Claim {
    const { tuples } = this.#known;
    const isAnswer = isFromOpener(tuples, way ^ 1);
    const redirected = isAnswer ? this.#redirected(row, way ^ 1) : undefined;
    if (redirected !== undefined) return redirected;
    const why = `it reached ${destinationText(tuples, way)} and was not seen to enter ${SIDE_NAMES[OUTSIDE]}`;
    return this.#byRules(isAnswer ? this.#taking(INSIDE, way, way ^ 1) : undefined, "never-entered", why);
  }

  /**
   * What conntrack tells of a packet from inside, which has no entry of what the host drops: that its conversation stayed, or was forwarded, as from an
   * address that the NAT is not known to give there. Undefined where it tells nothing: what leaves as from the host, by a captured interface, was to be seen.
   */
  #byConntrack(row: number, way: number, missing: string): Claim | undefined {
    const { rules, tuples, locals, routes } = this.#known;
    const ends = new TupleEnds(tuples).of(tupleIn(way), isFromA(way));
    const timeNs = epochNsOf(this.#known, row);
    const passed = rules.passedAs(tuples.proto(tupleIn(way)), ends, timeNs);
    if (passed === undefined || locals.isNat(passed.ends.src)) return undefined;
    const { src, dst } = passed.ends;
    // it is confirmed before the next hop is known (nf_conntrack_proto.c, nf_confirm in POSTROUTING): it says which way was meant, and not that it went
    const { timeline: t } = this.#known;
    const seen = { src: ends.src, side: t.sideOf(row), source: t.frames[t.sideOf(row)].sourceOf(t.frame(row)), timeNs };
    if (routes?.isOwn(src) === true && routes.isCapturedTo(dst, seen)) return undefined;
    const redirected = this.#redirected(row, way);
    if (redirected !== undefined) return redirected;
    const isKept = src === ends.src ? ", or the host took it" : "";
    const why = `conntrack says that the host forwarded its conversation, as from ${src}: by another interface, as it seems${isKept}`;
    return unknown("may-go-elsewhere", `${missing}, and ${why}`, "anything");
  }

  /** What conntrack tells of a conversation that the host redirected to itself, or to a neighbour of who opened it, by a packet that goes this way. Undefined where it does not. */
  #redirected(row: number, way: number): Claim | undefined {
    const { rules, tuples, locals } = this.#known;
    const [proto, ends] = [tuples.proto(tupleIn(way)), new TupleEnds(tuples).of(tupleIn(way), isFromA(way))];
    const passed = rules.passedAs(proto, ends, epochNsOf(this.#known, row));
    if (passed === undefined || passed.ends.src !== ends.src || passed.ends.dst === ends.dst) return undefined;
    const { dst } = passed.ends;
    const isNear = isSameLink(tuples.isIpv6(tupleIn(way)), tuples.words, sourceOf(tuples, way), passed.dst, 0);
    if (!isNear && !locals.isNat(dst)) return undefined;
    const named = rules.taking(INSIDE, proto, ends).rules;
    const by = named === "" ? "" : `, as it seems by ${named}`;
    const why = `conntrack says that the host redirected its conversation to ${dst}: to itself, or a neighbour of who opened it${by}`;
    return { verdict: "local", reason: "redirected", why };
  }

  /**
   * What the host's rules tell of a packet of a conversation that was opened this way, on a side: whether they give that to the host itself, in words. Undefined where
   * they do not.
   */
  #taking(side: Side, way: number, opening: number): { readonly isCertain: boolean; readonly why: string } | undefined {
    const { rules, tuples, carried } = this.#known;
    const ends = new TupleEnds(tuples).of(tupleIn(opening), isFromA(opening));
    const { answer, rules: named, doubt } = rules.taking(side, tuples.proto(tupleIn(opening)), ends);
    if (answer === false || named === "") return undefined;
    const what = way === opening ? "it" : "what it answers";
    if (carried.hasService(tupleIn(opening)))
      return {
        isCertain: false,
        why: `a rule may give ${what} to the host itself, but others of its service were forwarded: ${named}`,
      };
    if (answer === true) return { isCertain: true, why: `a rule gives ${what} to the host itself: ${named}` };
    return { isCertain: false, why: `a rule may give ${what} to the host itself, but ${doubt}: ${named}` };
  }

  /** What is said of a packet by what rules tell, and without them. */
  #byRules(
    taking: { readonly isCertain: boolean; readonly why: string } | undefined,
    reason: Reason,
    why: string,
  ): Claim {
    if (taking?.isCertain === true) return { verdict: "local", reason: "redirected", why: taking.why };
    return unknown(reason, taking === undefined ? why : `${why}; ${taking.why}`, "anything");
  }

  /** What they tell of a packet from inside that nothing answers, and nothing else is known of. Undefined where they do not. */
  #byRulesAlone(way: number): Claim | undefined {
    const taking = this.#taking(INSIDE, way, way);
    if (taking === undefined) return undefined;
    if (taking.isCertain) return { verdict: "local", reason: "redirected", why: taking.why };
    return unknown("no-answer", `nothing answers it, and ${taking.why}`);
  }

  /**
   * What the host's rules tell of a packet whatever the other capture lacks: that they certainly give its conversation to the host itself. Undefined where they do not, or a
   * router lowered the TTL of what answers.
   */
  takenByRules(row: number, side: Side): Claim | undefined {
    const { timeline: t, tuples, locals } = this.#known;
    if ((t.flags(row) & IS_ERROR) !== 0) return this.#errorByRules(row, side);
    const way = t.way(row);
    const opening = isFromOpener(tuples, way) ? way : way ^ 1;
    const isForwarded = tuples.hasOtherTtl(opening ^ 1) || locals.isNat(sourceText(tuples, opening));
    const taking = isForwarded ? undefined : this.#taking(side, way, opening);
    if (taking?.isCertain !== true) return undefined;
    const reset = isOpening(t.tcpFlags(row)) ? this.#known.resets.answering(row) : NONE;
    if (reset !== NONE) return this.#refusedAsTaken(reset, taking.why);
    return { verdict: "local", reason: "redirected", why: taking.why };
  }

  /** What became of what opens a connection, and that rules certainly give to the host itself (`why`), which resets it. */
  #refusedAsTaken(reset: number, why: string): Claim {
    const refused = refusedOpening(this.#known.timeline, reset, "host-refuses");
    return { ...refused, why: `${refused.why}; ${why}` };
  }

  /** The same of an ICMP error, by which the host says in the name of whom the conversation was opened with that nobody takes it. */
  #errorByRules(row: number, side: Side): Claim | undefined {
    const { timeline, errors, rules } = this.#known;
    const error = errors.of(row);
    if (error?.isByAddressee !== true || !isFromNear(timeline, row)) return undefined;
    const { answer, rules: named } = rules.taking(side, error.quotedProto, error.quoted);
    if (answer !== true) return undefined;
    return {
      verdict: "local",
      reason: "redirected",
      why: `a rule gives what it is about to the host itself: ${named}`,
    };
  }

  get #isOfOneRun(): boolean {
    return this.#known.cover[INSIDE].isOfOneRun && this.#known.cover[OUTSIDE].isOfOneRun;
  }

  /** The reset that the host, or something beside it, answers an inside segment with that opens a connection; NONE where there is none. */
  #rejecting(row: number): number {
    const t = this.#known.timeline;
    if (t.proto(row) !== TCP || !isOpening(t.tcpFlags(row))) return NONE;
    const reset = this.#known.resets.answering(row);
    return reset !== NONE && this.#known.kernel.tally.isTtlLowered(false) ? reset : NONE;
  }

  /** Whether the sender of what goes this way is nearer to the inside link than the other end: by their TTLs, else who speaks first. */
  #isFromNearer(way: number): boolean {
    const tuples = this.#known.tuples;
    const isNear = tuples.hasFullTtlOnly(way);
    const isOtherNear = tuples.hasFullTtlOnly(way ^ 1);
    const isTold = tuples.hasOtherTtl(isNear ? way ^ 1 : way) && this.#known.kernel.tally.isTtlLowered(false);
    return isNear !== isOtherNear && isTold ? isNear : isFromOpener(tuples, way);
  }

  /**
   * What it tells of an inside conversation that nothing outside belongs to if both ends speak: `nearWay` goes from who is behind the
   * NAT. Null where only one does, and no ICMP error speaks for the other one.
   */
  #answered(row: number, nearWay: number, missing: string, isAnsweredFar: boolean): Claim | null {
    const { standIns, timeline, tuples } = this.#known;
    const farWay = timeline.way(row) === nearWay ? standIns.answersTo(row) : nearWay ^ 1;
    const isFull = tuples.hasFullTtl(farWay);
    const isOther = tuples.hasOtherTtl(farWay);
    const isAnswered = isAnsweredFar || ((isFull || isOther) && tuples.isHeard(nearWay));
    if (!isAnswered) return null;
    const isTold = this.#known.kernel.tally.isTtlLowered(false);
    if (isTold && isFull && !isOther && !tuples.hasOtherTtl(nearWay))
      return {
        verdict: "local",
        reason: "no-hop",
        why: "the other end is no hop away: the host itself, or on the same link",
      };
    return this.#crossed(row, { near: nearWay, far: farWay, missing, isAnsweredFar, isBehind: isTold && !isFull });
  }

  /** What became of a packet of a conversation of which both ends speak, or one by an ICMP error. */
  #crossed(row: number, { near, far, missing, isAnsweredFar, isBehind }: Answered): Claim {
    const { carried, elsewhere } = this.#known;
    const tuple = tupleIn(near);
    const isReached = isBehind && carried.reaches(tuple, !isFromA(near));
    const said = `${missing}, though ${saidBy(isAnsweredFar)}`;
    const isElsewhere = isBehind && !isReached;
    const routed = isBehind && !elsewhere.mayCross(tuple) ? routedElsewhere(this.#known, row, said, near) : undefined;
    // of policy rules, others that go there may take another way
    if (routed?.isByPolicy === true) return routed.claim;
    if (routed !== undefined && isElsewhere) return { elsewhereWay: near, ...routed.claim };
    if (isReached) carried.noteUnseen(tuple);
    const isAlone = isElsewhere && this.#isAlone(row, near);
    const isProved =
      elsewhere.isConversation(tuple) ||
      (isAlone && !elsewhere.mayCross(tuple) && this.#isAllSeen(row, near, far, isAnsweredFar));
    if (isProved && !this.#known.misses.isPatchy(OUTSIDE))
      return {
        verdict: "elsewhere",
        reason: "answered-elsewhere",
        why: `${saidBy(isAnsweredFar)}, and ${SIDE_NAMES[OUTSIDE]} has none of it: it takes another interface`,
        lacks: "crossing",
        elsewhereWay: near,
      };
    const byOption = isBehind ? this.#known.filtered.byOption(row, OUTSIDE) : undefined;
    const filter =
      byOption === undefined ? `a filter kept it out of ${SIDE_NAMES[OUTSIDE]}` : `kept out, as ${byOption}`;
    return {
      verdict: "unknown",
      reason: byOption === undefined ? "forwarded-unseen" : "may-be-filtered",
      why: `${said}${isBehind && !isAlone ? `: by another interface, or as a neighbour passes it on, or ${filter}` : ""}`,
      lacks: "anything",
      ...(isElsewhere && elsewhere.isNew(near) && { elsewhereWay: near }),
    };
  }

  /** Whether others of its service, or of where it goes, were seen outside: a filter by port or protocol keeps out those as well, and one by address all that goes there. */
  #isAlone(row: number, nearWay: number): boolean {
    const { carried, elsewhere, filtered } = this.#known;
    const isCarried = carried.hasService(tupleIn(nearWay)) || elsewhere.isProved(nearWay);
    return isCarried && filtered.of(row, OUTSIDE, nearWay) === undefined;
  }

  /** Whether the outside capture would have had a conversation, if it had passed there. */
  #isAllSeen(row: number, nearWay: number, farWay: number, isAnsweredFar: boolean): boolean {
    const { speakers, misses, strangers } = this.#known;
    if (!isAnsweredFar && !(speakers.isCovered(nearWay, OUTSIDE) && speakers.isCovered(farWay, OUTSIDE))) return false;
    return !misses.hasCrossing(INSIDE) && !speakers.mayBeMissed(row) && !strangers.hasFor(row);
  }
}

function saidBy(isAnsweredFar: boolean): string {
  return isAnsweredFar ? "an ICMP error from behind the host answers" : "both ends speak";
}
