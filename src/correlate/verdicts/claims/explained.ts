import { epochNsOf } from "../../../packets/results/epoch-ns.js";
import { IS_ERROR } from "../../../packets/packets.js";
import { INSIDE, OUTSIDE, otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import { remember } from "../../../packets/memory/keep-newest.js";
import { NONE } from "../../../packets/tuples.js";
import { isFromOpener } from "../../../packets/ways.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { type Claim, unknown } from "../claim.js";
import { TupleEnds } from "../flows/flow-summary.js";
import { ViewedFlow } from "../flows/viewed-flow.js";
import type { Judged } from "../judged.js";
import { seconds, WHY_ARRIVED, WHY_REPLACED, whyMissing } from "../words.js";
import { isFromNear } from "./hops.js";
import { routedElsewhere } from "./routed.js";
import { accepted, resetBeside } from "./resets.js";

/** No connection is forgotten sooner by itself (Documentation/networking/nf_conntrack-sysctl.rst, nf_conntrack_tcp_timeout_close). */
const SHORTEST_TIMEOUT_NS = 10_000_000_000;
/** Of so many flows it is remembered that they cross unseen, at the most: the oldest are forgotten. */
const MOST_UNSEEN = 65_536;

/** What became of packets that a translation is known of: what else is known of their flow tells. */
export class Explained {
  readonly #known: Judged;
  readonly #flow: ViewedFlow;
  /** The ids of flows of which packets got there in a direction that nothing was seen to cross in. */
  readonly #unseen = new Set<number>();

  constructor(known: Judged) {
    this.#known = known;
    this.#flow = new ViewedFlow(known.translations.accounts, known.tuples);
  }

  /** What follows for one that left and was not seen to enter. */
  neverEntered(row: number, side: Side): Claim {
    const { timeline: t, kernel, macs } = this.#known;
    const isError = (t.flags(row) & IS_ERROR) !== 0;
    if (!isError && isFromNear(t, row) && macs.isContainersMac(t.macFrom(row))) {
      const why = `a container on ${SIDE_NAMES[side]} sent it, by MAC address: it did not come through the host`;
      return { verdict: "local", reason: "same-link", why };
    }
    if (side === INSIDE && !isError && isFromNear(t, row) && kernel.tally.isTtlLowered(false)) {
      const why = "its TTL shows that the host itself sent it, in the name of the other end";
      return { verdict: "local", reason: "host-answers", why };
    }
    if (isFromNear(t, row) && kernel.tally.isTtlLowered(true) && this.#isStale(row, true)) {
      const why =
        "its TTL, and conntrack's entry, which does not translate it, show that the host itself sent it, though it forwarded others of its conversation";
      return { verdict: "local", reason: "host-answers", why };
    }
    const why = `it left on ${SIDE_NAMES[side]} and was not seen to enter ${SIDE_NAMES[otherSide(side)]}: it came by another interface, that capture missed it, or the host sent it`;
    return unknown("never-entered", why, "entry");
  }

  /** What became of one that entered and did not come out. */
  notPassedOn(row: number, other: Side): Claim {
    const { timeline: t, resets, kernel } = this.#known;
    const reset = resets.answering(row);
    if (reset !== NONE) return resetBeside(t, resets, row, reset);
    if (this.#isStale(row, false)) {
      const why =
        "conntrack's entry does not translate it: the host itself took it, though it forwarded others of its conversation";
      return { verdict: "local", reason: "stale-entry", why };
    }
    // what the host forwards from there has a lowered TTL
    const isTold = kernel.tally.isTtlLowered(t.side(row) === OUTSIDE);
    const own = isTold ? accepted(t, resets, row) : null;
    if (own !== null) return own;
    const reply = isTold ? resets.replying(row, t.timeNs(row) + this.#known.windowNs) : NONE;
    if (reply !== NONE) {
      const byFrame = t.frame(reply);
      const why = `the host itself answers it (frame ${t.frameTextOf(reply)}), though it forwarded others of its conversation`;
      return { verdict: "local", reason: "host-answers", why, byFrame };
    }
    const unseen = this.#crossedUnseen(row, other);
    if (unseen !== undefined) return unseen;
    const unexpected = this.#whyUnexpected(row);
    if (unexpected !== undefined)
      return unknown("not-yet-translated", `${unexpected}: the host may have taken it, as it had no translation`);
    const forgotten = this.#whyForgotten(row);
    if (forgotten !== undefined) return unknown("translation-gone", forgotten);
    return {
      verdict: "dropped",
      reason: "no-twin",
      why: whyMissing(this.#known, row, other),
      lacks: "exit",
    };
  }

  /**
   * Whether conntrack's entry of a conversation from outside that was forwarded does not translate it any more: the host itself takes what comes, and sends
   * what leaves.
   */
  #isStale(row: number, isLeaving: boolean): boolean {
    const { timeline: t, tuples, rules } = this.#known;
    if (t.side(row) !== OUTSIDE || (t.flags(row) & IS_ERROR) !== 0) return false;
    const ends = new TupleEnds(tuples).of(t.tuple(row), (t.forward(row) === 1) !== isLeaving);
    const passed = rules.passedAs(t.proto(row), ends, epochNsOf(this.#known, row))?.ends;
    return passed?.dst === ends.dst && passed.dstPort === ends.dstPort;
  }

  /**
   * Why a packet came from outside by no translation that is known, in words: nothing had crossed of its flow before, which began inside, or may have, or by
   * a SYN that came later. Not an answer, by its ports: to that belongs a query, before the capture. Undefined where it did not.
   */
  #whyUnexpected(row: number): string | undefined {
    const { timeline: t, tuples, translations, impacts } = this.#known;
    const flow = this.#flow.of(translations.slotOf(row));
    if (t.side(row) !== OUTSIDE || t.timeNs(row) >= translations.accounts.firstNs(flow.slot)) return undefined;
    if (t.proto(row) === TCP && impacts.isReopened(row)) return "its connection begins behind it";
    const mayBeByPeer = flow.isOpenerKnown
      ? flow.isFromInside && isFromOpener(tuples, t.way(row))
      : t.proto(row) !== TCP;
    return mayBeByPeer ? "nothing of its conversation had crossed yet, which began inside, or may have" : undefined;
  }

  /**
   * Why the host may know the translation no more that an answer or an ICMP error from outside needs, in words: no rule makes it anew, as for who began.
   * Undefined where nothing shows that.
   */
  #whyForgotten(row: number): string | undefined {
    const { timeline: t, tuples, translations } = this.#known;
    const { accounts } = translations;
    const isError = (t.flags(row) & IS_ERROR) !== 0;
    if (t.side(row) !== OUTSIDE || (!isError && isFromOpener(tuples, t.way(row)))) return undefined;
    const flow = this.#flow.of(translations.slotOf(row));
    const usedNs = accounts.usedNs(flow.slot);
    const idleNs = t.timeNs(row) - usedNs;
    if (idleNs >= SHORTEST_TIMEOUT_NS)
      return `nothing${usedNs === accounts.lastNs(flow.slot) ? "" : " but ICMP errors"} crossed by its translation in the ${seconds(SHORTEST_TIMEOUT_NS)} before it, or behind it: the host may have forgotten that, and taken it`;
    const isReplaced = idleNs > 0 && tuples.flow(flow.wayOn(INSIDE, true)) !== flow.slot;
    return isReplaced ? WHY_REPLACED : undefined;
  }

  /** What follows where a packet got there though its exit was not seen, or others of its direction did; undefined where nothing shows that. */
  #crossedUnseen(row: number, other: Side): Claim | undefined {
    const { translations, impacts } = this.#known;
    const slot = translations.slotOf(row);
    const id = translations.accounts.id(slot);
    const hasArrived = impacts.hasArrived(row, slot);
    const isOneWay = this.#isOneWay(row);
    const isAnswered = isOneWay && this.#isAnsweredUnseen(row);
    if (isOneWay && (hasArrived || isAnswered)) remember(this.#unseen, id, MOST_UNSEEN);
    if (hasArrived)
      return (
        routedElsewhere(this.#known, row, "what it carried was acknowledged or answered")?.claim ??
        unknown("forwarded-unseen", WHY_ARRIVED, "crossing")
      );
    if (!isOneWay || !(isAnswered || this.#unseen.has(id))) return undefined;
    const shown = isAnswered
      ? "answers to its sender cross behind it, and nothing that they answer was"
      : "others that went its way in its conversation got there, and none of them was";
    const why = `${shown} ever seen on ${SIDE_NAMES[other]}`;
    const routed = routedElsewhere(this.#known, row, why);
    return routed?.claim ?? unknown("forwarded-unseen", `${why}: it comes out unseen, as it seems`, "exit");
  }

  /** Whether packets of a packet's flow cross the other way alone, and the other capture has none at all that went its way. */
  #isOneWay(row: number): boolean {
    const { timeline: t, tuples, translations } = this.#known;
    const { accounts } = translations;
    const slot = translations.slotOf(row);
    const isOutbound = t.side(row) === INSIDE;
    if (accounts.pairsThatWent(slot, isOutbound) > 0 || accounts.pairsThatWent(slot, !isOutbound) === 0) return false;
    // what is there, and has no twin so far, may be another one of them
    return !tuples.isHeard(translations.twinWayOf(row));
  }

  /** Whether the sender of a packet is answered behind it, or over TCP acknowledged. Precondition: none of what it sent was seen to cross. */
  #isAnsweredUnseen(row: number): boolean {
    const { timeline: t, translations, impacts } = this.#known;
    // nobody answers an error
    if ((t.flags(row) & IS_ERROR) !== 0) return false;
    const { accounts } = translations;
    const flow = this.#flow.of(translations.slotOf(row));
    const isOutbound = t.side(row) === INSIDE;
    if (!flow.isOpenerKnown) return false;
    // who opened a connection sends much without an answer, but acknowledges none that did not come
    const isOpener = flow.isFromInside === isOutbound;
    if (!isOpener && (t.proto(row) !== TCP || !impacts.isHeard(row, flow.slot))) return false;
    return accounts.lastNs(flow.slot) >= t.timeNs(row);
  }
}
