import { icmpTypeIn } from "../../../packets/records.js";
import { IS_ERROR, IS_FRAGMENT, IS_LATER_FRAGMENT } from "../../../packets/packets.js";
import { OUTSIDE, SIDE_NAMES, otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { ICMPV6 } from "../../../protocols/ip-protocols.js";
import { RST } from "../../../protocols/tcp.js";
import { TupleEnds } from "../flows/flow-summary.js";
import { unlessCarrying } from "./carriers.js";
import { Explained } from "./explained.js";
import { HostsOwn } from "./hosts-own.js";
import type { Judged } from "../judged.js";
import { type Claim, unknown } from "../claim.js";
import type { Local } from "./locals.js";
import { Published } from "./published.js";
import { type Answer, WHY_QUOTED_ALIKE } from "./refusals.js";
import { isFromAfar, isFromNear } from "./hops.js";
import { routedElsewhere } from "./routed.js";
import { Turned } from "./turned.js";
import { Unexplained } from "./unexplained.js";
import { conversationText, seconds, whySentAgain } from "../words.js";

/** What became of a packet without a twin, as far as it goes by itself: by its addresses, errors and resets about it, and its conversation. */
export class Claims {
  readonly #known: Judged;
  readonly #hostsOwn: HostsOwn;
  readonly #explained: Explained;
  readonly #unexplained: Unexplained;
  readonly #turned: Turned;

  constructor(known: Judged) {
    this.#known = known;
    this.#explained = new Explained(known);
    this.#turned = new Turned(known);
    const published = new Published(known);
    this.#hostsOwn = new HostsOwn(known, published);
    this.#unexplained = new Unexplained(known, published);
  }

  /** What became of it, as far as that goes. */
  of(row: number): Claim {
    const { timeline, tuples } = this.#known;
    return unlessCarrying(this.#byItself(row), timeline, tuples, row);
  }

  #byItself(row: number): Claim {
    const { timeline: t, kernel, translations, matchers, reach, resets } = this.#known;
    const side = t.sideOf(row);
    if (kernel.tally.isTtlLowered(side === OUTSIDE)) resets.noteAccepting(row);
    const local = this.#localBy(row);
    const never = this.#never(row, local);
    if (never !== null) return never;
    const isLeaving = this.#isLeaving(row, local);
    const answer = isLeaving ? undefined : this.#answerTo(row, local);
    if (answer === "unclear") return unknown("may-be-refused", WHY_QUOTED_ALIKE);
    const slot = translations.slotOf(row);
    const told =
      this.#refused(row, local, answer) ??
      this.#begun(row) ??
      this.#turned.of(row, side) ??
      (slot === NONE ? this.#proxied(row) : null);
    if (told !== null) return told;
    const own = slot === NONE ? this.#ofHost(row, local) : null;
    const shown = isShownOwn(own) ? own : this.#answering(row);
    if (shown !== null) return shown;
    const uncovered = reach.uncovered(row, otherSide(side), isLeaving);
    if (uncovered !== null) return (slot === NONE ? this.#unexplained.takenByRules(row, side) : undefined) ?? uncovered;
    // a router that puts fragments together forwards none where one is missing
    const isPart = (t.flags(row) & IS_FRAGMENT) !== 0 && !isAllThere(t, matchers.wholeOf(row));
    if (own !== null && !isPart) return own;
    const partly = matchers.partly(row, isLeaving);
    if (partly !== undefined) return unknown(partly.reason, partly.why);
    if (slot === NONE) return this.#unexplained.of(row, side, answer !== undefined || this.#isErrorFromFar(row));
    return isLeaving ? this.#explained.neverEntered(row, side) : this.#ofFlow(row, answer);
  }

  /** What follows where a packet accepts, resets or refuses what was not passed on; null of any other packet. */
  #answering(row: number): Claim | null {
    const { timeline: t, refusals, resets } = this.#known;
    const refused = refusals.inNameFor(row);
    if (refused !== undefined) {
      const why = `it refuses frame ${t.frameText(t.sideOf(row), refused)}, in the name of whom that was sent to`;
      return { verdict: "local", reason: "host-error", why, byFrame: refused };
    }
    const answered = resets.take(row);
    if (answered === undefined) return null;
    const frame = `frame ${t.frameText(t.sideOf(row), answered)}`;
    if (resets.isByNeighbour(row)) {
      const why = `a container on ${SIDE_NAMES[t.sideOf(row)]}, by its MAC address, resets the connection, and not the host: it answers ${frame}`;
      return { verdict: "local", reason: "neighbour-reset", why, byFrame: answered };
    }
    const isReset = (t.tcpFlags(row) & RST) !== 0;
    const why = `the host itself ${isReset ? "resets" : "accepts"} the connection: it did not pass ${frame} on`;
    return { verdict: "local", reason: isReset ? "host-reset" : "host-answers", why, byFrame: answered };
  }

  /** What follows of a packet of a known flow that was to be passed on. `answer`: what an ICMP error from behind the host says of it. */
  #ofFlow(row: number, answer: Answer | undefined): Claim {
    const other = otherSide(this.#known.timeline.sideOf(row));
    if (answer === undefined) return this.#explained.notPassedOn(row, other);
    const routed = routedElsewhere(this.#known, row, `it was answered from behind the host (${answer.why})`);
    if (routed !== undefined) return routed.claim;
    const crossed = `it crossed, though ${SIDE_NAMES[other]} lacks it, as it was answered from there: ${answer.why}`;
    return unknown("forwarded-unseen", crossed, "crossing");
  }

  /** What its addresses tell of a packet; null for nothing: what looks like a neighbour may be outside. */
  #localBy(row: number): Local | null {
    const { timeline, locals, carried } = this.#known;
    const local = locals.of(row);
    return local?.reason === "same-link" && carried.isBeyond(timeline.tuple(row)) ? null : local;
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

  /** Whose a packet without a translation is that goes to the host, or comes from it; null where nothing tells that it does. */
  #ofHost(row: number, local: Local | null): Claim | null {
    const { locals } = this.#known;
    if (local !== null) return this.#hostsOwn.ofHost(row, local);
    const byHost = locals.byHost(row);
    const claim = byHost && this.#hostsOwn.ofHost(row, byHost);
    // what it leaves open, others may tell
    return claim?.verdict === "local" || claim?.verdict === "refused" ? claim : this.#hostsOwn.ofTunnel(row);
  }

  /** What follows of an error about a packet by somebody beside it, and of one by the host itself; null where there is none. */
  #refused(row: number, local: Local | null, answer: Answer | undefined): Claim | null {
    const { timeline: t, errors, locals } = this.#known;
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
    const error = errors.of(row);
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
    const why = `it goes on with what frame ${t.frameText(t.sideOf(row), begun.frame)} carries through a tunnel${begun.isOwn ? " of the host" : ""}`;
    return { verdict: begun.isOwn ? "local" : "unknown", reason: "in-tunnel", why };
  }

  /** What follows where a proxy took it; null where none is known to have. */
  #proxied(row: number): Claim | null {
    const { tuples, matchers } = this.#known;
    const carried = matchers.carriedOn(row);
    if (carried === undefined) return null;
    const into = conversationText(tuples, carried);
    if (carried.as === "nothing")
      return unknown("proxy-keeps", `a proxy on the host took it, and sent nothing like it again: ${into}`);
    const isStream = carried.as === "stream";
    const why = isStream ? `a proxy on the host passes it on: ${into}` : whySentAgain(tuples, carried);
    return { verdict: "proxied", reason: "proxy", why };
  }

  /** What an ICMP error says of a packet; undefined where somebody behind the host said so who is on this side: the packet had come to him. */
  #answerTo(row: number, local: Local | null): Answer | "unclear" | undefined {
    const { timeline: t, kernel, refusals, locals } = this.#known;
    const answer = refusals.answerTo(row);
    if (answer === undefined || answer === "unclear" || answer.isFromFar || !answer.isOfAddressee) return answer;
    const isToHost = local?.reason === "to-host" || locals.byHost(row)?.reason === "to-host";
    if (t.side(row) === OUTSIDE || isToHost) return answer;
    // where TTLs are kept, the host may have that address, or somebody behind it
    if (!kernel.tally.isTtlLowered(false)) return { ...answer, isFromFar: true };
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

  /**
   * Whether a known flow, or its sender's address on the uplink, tells that a packet left where it was seen: whoever answers it there is behind
   * the host.
   */
  #isLeaving(row: number, local: Local | null): boolean {
    const slot = this.#known.translations.slotOf(row);
    if (slot === NONE) return local?.reason === "from-host" && this.#known.timeline.side(row) === OUTSIDE;
    return this.#known.translations.isLeaving(row, slot);
  }

  /** Whether a packet is an ICMP error that routers forwarded: the packet that it is about had reached somebody behind the host. */
  #isErrorFromFar(row: number): boolean {
    const t = this.#known.timeline;
    return (t.flags(row) & IS_ERROR) !== 0 && !isFromNear(t, row);
  }
}

/** Whether all rows of a packet still wait, as far as they are there at all. */
function isAllThere(t: Timeline, rows: readonly number[] | undefined): boolean {
  return rows?.every((row) => t.isWaiting(row)) === true;
}

/** Whether that a packet is the host's, or is taken for the host's, is shown, and not that nothing else was seen of it. */
function isShownOwn(own: Claim | null): own is Claim {
  if (own === null || own.isByAbsence === true) return false;
  return own.verdict === "local" || own.verdict === "refused" || own.reason === "forged-host";
}

/** RFC 4861: router and neighbour solicitations and advertisements, redirects; their hop limit of 255 proves that no router forwarded them. */
function isNeighbourDiscovery(type: number): boolean {
  return type >= 133 && type <= 137;
}
