import { icmpTypeIn } from "../../../packets/records.js";
import { IS_ERROR, IS_FRAGMENT, IS_LATER_FRAGMENT } from "../../../packets/packets.js";
import { INSIDE, OUTSIDE, SIDE_NAMES, type Side, otherSide } from "../../../packets/sides.js";
import { NONE } from "../../../packets/tuples.js";
import { isFromOpener } from "../../../packets/ways.js";
import { ICMPV6, TCP } from "../../../protocols/ip-protocols.js";
import { RST } from "../../../protocols/tcp.js";
import { TupleEnds } from "../flows/flow-summary.js";
import { HostsOwn } from "./hosts-own.js";
import type { Judged } from "../judged.js";
import { type Claim, unknown } from "../claim.js";
import type { Local } from "./locals.js";
import { Published } from "./published.js";
import { type Answer, WHY_QUOTED_ALIKE } from "./refusals.js";
import { resetByHost } from "./resets.js";
import { isFromAfar, isFromNear } from "./hops.js";
import { Unexplained } from "./unexplained.js";
import { ViewedFlow } from "../flows/viewed-flow.js";
import { conversationText, seconds, WHY_ARRIVED, WHY_REPLACED, whyMissing, whySentAgain } from "../words.js";

/** No connection is forgotten sooner by itself (Documentation/networking/nf_conntrack-sysctl.rst, nf_conntrack_tcp_timeout_close). */
const SHORTEST_TIMEOUT_NS = 10_000_000_000;

/** What became of a packet without a twin, as far as it goes by itself: by its addresses, errors and resets about it, and its conversation. */
export class Claims {
  readonly #known: Judged;
  readonly #hostsOwn: HostsOwn;
  readonly #unexplained: Unexplained;
  readonly #flow: ViewedFlow;

  constructor(known: Judged) {
    this.#known = known;
    this.#flow = new ViewedFlow(known.translations.accounts, known.tuples);
    const published = new Published(known);
    this.#hostsOwn = new HostsOwn(known, published);
    this.#unexplained = new Unexplained(known, published);
  }

  /** What became of it, as far as that goes. */
  of(row: number): Claim {
    const { timeline: t, translations, locals, matchers, reach, resets } = this.#known;
    const side = t.sideOf(row);
    const other = otherSide(side);
    const local = locals.of(row);
    const never = this.#never(row, local);
    if (never !== null) return never;
    const isLeaving = this.#isLeaving(row, local);
    const answer = isLeaving ? undefined : this.#answerTo(row, local);
    if (answer === "unclear") return unknown("may-be-refused", WHY_QUOTED_ALIKE);
    const slot = translations.slotOf(row);
    const told =
      this.#refused(row, local, answer) ??
      this.#begun(row) ??
      this.#turned(row, side) ??
      (slot === NONE ? this.#proxied(row) : null);
    if (told !== null) return told;

    const own =
      slot !== NONE ? null : local !== null ? this.#hostsOwn.ofHost(row, local) : this.#hostsOwn.ofTunnel(row);
    if (own !== null && own.isByAbsence !== true && (own.verdict === "local" || own.verdict === "refused")) return own;
    const uncovered = reach.uncovered(row, other, isLeaving);
    if (uncovered !== null) return uncovered;
    const isFragment = (t.flags(row) & IS_FRAGMENT) !== 0;
    // a router that puts fragments together forwards none where one is missing
    const isPart = isFragment && !matchers.datagrams.mayPair(row);
    if (own !== null && !isPart) return own;
    if (isPart || (isFragment && isLeaving && matchers.datagrams.hasLikeBefore(row)))
      return unknown("fragment", "a fragment, of a datagram that is not all there on both sides");
    if (t.proto(row) === TCP && matchers.segments.isSeenInPieces(row)) {
      const why = `${SIDE_NAMES[other]} has some of its bytes, cut differently, and nothing tells of which segment, or what became of the others`;
      return unknown("pieces-missing", why);
    }
    const answered = resets.take(row);
    if (answered !== undefined) {
      const isReset = (t.tcpFlags(row) & RST) !== 0;
      const why = `the host itself ${isReset ? "resets" : "accepts"} the connection: it did not pass frame ${answered} on`;
      return { verdict: "local", reason: isReset ? "host-reset" : "host-answers", why, byFrame: answered };
    }
    if (slot === NONE) return this.#unexplained.of(row, side, answer !== undefined || this.#isErrorFromFar(row));
    if (isLeaving) return this.#neverEntered(row, side);
    if (answer === undefined) return this.#notPassedOn(row, other);
    const crossed = `it crossed, though ${SIDE_NAMES[other]} lacks it, as it was answered from there: ${answer.why}`;
    return unknown("forwarded-unseen", crossed, "crossing");
  }

  /** What follows of what is never forwarded, and of a stamp that tells nothing; null of any other packet. */
  #never(row: number, local: Local | null): Claim | null {
    const { timeline: t, mistimed } = this.#known;
    if (local?.isNever) return { verdict: "local", reason: local.reason, why: local.why };
    if (t.proto(row) === ICMPV6 && isNeighbourDiscovery(icmpTypeIn(t.seq(row))))
      return { verdict: "local", reason: "neighbour-discovery", why: "neighbour discovery is never forwarded" };
    const leapNs = mistimed.leapNs(row);
    if (leapNs === undefined) return null;
    const leap = `${seconds(Math.abs(leapNs))} ${leapNs > 0 ? "ahead of" : "behind"}`;
    return unknown("stamp-leaps", `its stamp leaps ${leap} those of the frames around it`);
  }

  /** What follows of an error about a packet by somebody beside it, and of one by the host itself; null where there is none. */
  #refused(row: number, local: Local | null, answer: Answer | undefined): Claim | null {
    const { timeline: t, refusals, locals } = this.#known;
    const side = t.sideOf(row);
    if (answer?.isFromFar === false) {
      const { reason, why, byFrame, mtu } = answer;
      if (side === OUTSIDE && !this.#isByHost(row, local, answer)) {
        const either = "the host, or a router beside it that the packet was sent to";
        return unknown("may-be-refused", `${why}: ${either}`);
      }
      const doubt = side === OUTSIDE ? this.#hostsOwn.doubt(row, `refused by the host: ${why}`) : null;
      return doubt ?? { verdict: "refused", reason, why, byFrame, ...(mtu > 0 && { mtu }) };
    }
    const error = refusals.errorOf(row);
    if (!error || !isFromNear(t, row) || !locals.isFromHost(side, error)) return null;
    const why = `the host itself (${error.src}) refuses a packet of ${error.dst}`;
    const doubt = side === OUTSIDE ? this.#hostsOwn.doubt(row, why) : null;
    return doubt ?? { verdict: "local", reason: "host-error", why };
  }

  /** What follows of a fragment that goes on with what came in a tunnel; null of any other packet. */
  #begun(row: number): Claim | null {
    const { timeline: t, tuples, tunnels } = this.#known;
    if ((t.flags(row) & IS_LATER_FRAGMENT) === 0 || t.side(row) !== OUTSIDE) return null;
    const { src, dst } = new TupleEnds(tuples).of(t.tuple(row), t.forward(row) === 1);
    const begun = tunnels.begunBy(src, dst, t.ipId(row));
    if (begun === undefined) return null;
    const why = `it goes on with what frame ${begun.frame} carries through a tunnel${begun.isOwn ? " of the host" : ""}`;
    return { verdict: begun.isOwn ? "local" : "unknown", reason: "in-tunnel", why };
  }

  /** What follows where a proxy took it; null where none is known to have. */
  #proxied(row: number): Claim | null {
    const { timeline: t, tuples, matchers } = this.#known;
    const proxied = t.proto(row) === TCP ? matchers.proxies.twinOf(row) : null;
    if (proxied !== null) {
      const why = `a proxy on the host passes it on: ${conversationText(tuples, proxied)}`;
      return { verdict: "proxied", reason: "proxy", why };
    }
    const relay = matchers.relays.relayOf(row);
    if (relay === null) return null;
    if (relay.isSentOn) return { verdict: "proxied", reason: "proxy", why: whySentAgain(tuples, relay) };
    const into = conversationText(tuples, relay);
    return unknown("proxy-keeps", `a proxy on the host took it, and sent nothing like it again: ${into}`);
  }

  /** What follows for a packet of a known translation that left and was not seen to enter. */
  #neverEntered(row: number, side: Side): Claim {
    const { timeline: t, kernel } = this.#known;
    const isError = (t.flags(row) & IS_ERROR) !== 0;
    if (side === INSIDE && !isError && isFromNear(t, row) && kernel.isTtlLowered(false)) {
      const why = "its TTL shows that the host itself sent it, in the name of the other end";
      return { verdict: "local", reason: "host-answers", why };
    }
    const why = `it left on ${SIDE_NAMES[side]} and was not seen to enter ${SIDE_NAMES[otherSide(side)]}: it came by another interface, that capture missed it, or the host sent it`;
    return unknown("never-entered", why, "entry");
  }

  /** What an ICMP error says of a packet; undefined where somebody behind the host said so who is on this side: the packet had come to him. */
  #answerTo(row: number, local: Local | null): Answer | "unclear" | undefined {
    const { timeline: t, kernel, refusals } = this.#known;
    const answer = refusals.answerTo(row);
    if (answer === undefined || answer === "unclear" || answer.isFromFar || !answer.isOfAddressee) return answer;
    if (t.side(row) === OUTSIDE || local?.reason === "to-host") return answer;
    // where TTLs are kept, the host may have that address, or somebody behind it
    if (!kernel.isTtlLowered(false)) return { ...answer, isFromFar: true };
    // the host may have other addresses
    return local === null && isFromNear(t, row) ? answer : undefined;
  }

  /**
   * Whether an outside packet that an error of somebody beside it is about had come to the host, as far as addresses tell, or its TTL, which is of
   * somebody far away; it may have left as well. A TTL that ran out shows nothing.
   */
  #isByHost(row: number, local: Local | null, { src, reason }: Answer): boolean {
    const { timeline: t, locals, translations } = this.#known;
    if (translations.slotOf(row) !== NONE || local !== null || locals.isNat(src)) return true;
    return reason !== "ttl-exceeded" && isFromAfar(t, row);
  }

  /** What became of a packet of a known translation that entered and did not come out. */
  #notPassedOn(row: number, other: Side): Claim {
    const { timeline: t, resets, kernel } = this.#known;
    const reset = resets.answering(row);
    if (reset !== NONE) return resetByHost(t, resets, row, reset);
    // what the host forwards from there has a lowered TTL
    const isTold = kernel.isTtlLowered(t.side(row) === OUTSIDE);
    const accepted = isTold ? resets.accepting(row) : NONE;
    if (accepted !== NONE) {
      resets.remember(accepted, row);
      const byFrame = t.frame(accepted);
      const why = `the host itself accepts the connection (frame ${byFrame}), though it forwards this port`;
      return { verdict: "local", reason: "host-answers", why, byFrame };
    }
    const reply = isTold ? resets.replying(row, t.timeNs(row) + this.#known.windowNs) : NONE;
    if (reply !== NONE) {
      const byFrame = t.frame(reply);
      const why = `the host itself answers it (frame ${byFrame}), though it forwarded others of its conversation`;
      return { verdict: "local", reason: "host-answers", why, byFrame };
    }
    if (this.#known.impacts.hasArrived(row, this.#known.translations.slotOf(row)))
      return unknown("forwarded-unseen", WHY_ARRIVED, "crossing");
    if (this.#isAnsweredUnseen(row)) {
      const why = `answers to its sender cross behind it, and nothing that they answer was ever seen on ${SIDE_NAMES[other]}: it comes out unseen, as it seems`;
      return unknown("forwarded-unseen", why, "exit");
    }
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

  /** Whether the sender of a packet is answered, or over TCP acknowledged, though none of what it sent was seen to cross. */
  #isAnsweredUnseen(row: number): boolean {
    const { timeline: t, tuples, translations, impacts } = this.#known;
    // nobody answers an error
    if ((t.flags(row) & IS_ERROR) !== 0) return false;
    const { accounts } = translations;
    const flow = this.#flow.of(translations.slotOf(row));
    const isOutbound = t.side(row) === INSIDE;
    if (!flow.isOpenerKnown) return false;
    // who opened a connection sends much without an answer, but acknowledges none that did not come
    const isOpener = flow.isFromInside === isOutbound;
    if (!isOpener && (t.proto(row) !== TCP || !impacts.isHeard(row, flow.slot))) return false;
    // what is there, and has no twin so far, may be another one of them
    const far = flow.wayOn(otherSide(t.sideOf(row)), true);
    if (tuples.isHeard(far) || accounts.lastNs(flow.slot) < t.timeNs(row)) return false;
    return accounts.pairsThatWent(flow.slot, isOutbound) === 0 && accounts.pairsThatWent(flow.slot, !isOutbound) > 0;
  }

  /**
   * Whether a known flow, or its sender's address on the uplink, tells that a packet left where it was seen: whoever answers it there is behind
   * the host.
   */
  #isLeaving(row: number, local: Local | null): boolean {
    const slot = this.#known.translations.slotOf(row);
    if (slot === NONE) return local?.reason === "from-host" && this.#known.timeline.side(row) === OUTSIDE;
    return this.#known.translations.isLeaving(row, slot);
  }

  /** What follows for a packet that is turned round on its side, or may be, and is there in one form only; null of any other. */
  #turned(row: number, side: Side): Claim | null {
    const { hairpins } = this.#known.matchers;
    const like = hairpins.likeOf(row);
    if (like !== undefined) {
      const why = `frame ${like} of ${SIDE_NAMES[side]} is like it, with other addresses: the host may have turned it round, but too little shows that`;
      return unknown("may-be-hairpin", why);
    }
    const isBefore = hairpins.isBefore(row);
    if (!isBefore && !hairpins.isAfter(row)) return null;
    const straight = this.#straight(row, isBefore);
    if (straight !== null) return straight;
    const uncovered = this.#known.reach.uncovered(row, side, !isBefore);
    if (uncovered !== null) return uncovered;
    const name = SIDE_NAMES[side];
    if (isBefore && hairpins.mayHaveComeOut(row)) {
      const why = `its conversation is turned round on ${name}, and it may have come out cut differently: not all of that is there`;
      return unknown("pieces-missing", why);
    }
    if (isBefore && !hairpins.isAlive(row)) {
      const why = `nothing behind it was turned round on ${name} by its translation: the host may have forgotten that, and taken it`;
      return unknown("translation-gone", why);
    }
    if (isBefore)
      return {
        verdict: "dropped",
        reason: "no-twin",
        why: `${whyMissing(this.#known, row, side)}, where its conversation is turned round`,
        lacks: "exit",
        on: side,
      };
    const why = `it came out on ${name} and was not seen to enter there: that capture missed it, or the host sent it`;
    return { verdict: "unknown", reason: "never-entered", why, lacks: "entry", on: side };
  }

  /** What follows for a packet of such a conversation that a bridge passed on by itself, between neighbours; null where nothing shows that. */
  #straight(row: number, isBefore: boolean): Claim | null {
    const { kernel, matchers, resets, timeline: t } = this.#known;
    const reset = isBefore && kernel.isTtlLowered(true) ? resets.answering(row) : NONE;
    if (reset !== NONE) {
      const byFrame = t.frame(reset);
      const why = `it got straight to its neighbour, its translation not undone, and that reset it (frame ${byFrame})`;
      return { verdict: "local", reason: "reset-untranslated", why, byFrame };
    }
    const isStraight = isBefore ? matchers.hairpins.goesStraight(row) : kernel.isTtlLowered(true) && isFromNear(t, row);
    if (!isStraight) return null;
    const shows = isBefore ? "the host stands for one end alone:" : "its TTL shows that";
    return { verdict: "local", reason: "same-link", why: `${shows} it goes straight to its neighbour` };
  }

  /** Whether a packet is an ICMP error that routers forwarded: the packet that it is about had reached somebody behind the host. */
  #isErrorFromFar(row: number): boolean {
    const t = this.#known.timeline;
    return (t.flags(row) & IS_ERROR) !== 0 && !isFromNear(t, row);
  }
}

/** RFC 4861: router and neighbour solicitations and advertisements, redirects; their hop limit of 255 proves that no router forwarded them. */
function isNeighbourDiscovery(type: number): boolean {
  return type >= 133 && type <= 137;
}
