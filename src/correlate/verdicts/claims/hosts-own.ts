import { IS_ERROR } from "../../../packets/packets.js";
import type { Ruling } from "../../../packets/results/host-rules.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../../../packets/sides.js";
import { NONE, tupleIn } from "../../../packets/tuples.js";
import { remember } from "../../../packets/memory/keep-newest.js";
import { isOpening } from "../../../protocols/tcp.js";
import { TupleEnds } from "../flows/flow-summary.js";
import type { Judged } from "../judged.js";
import { type Claim, unknown } from "../claim.js";
import type { Local } from "./locals.js";
import type { Published } from "./published.js";
import { refusedOpening } from "./resets.js";
import { isFromNear } from "./hops.js";
import { whyMissing } from "../words.js";

/** What is said of a TTL that routers lowered, as it looks. */
const NOT_FULL = "is none that systems begin with (64, 128, 255)";

/** What a router does with its own address as a source that comes in: RFC 1812 section 5.3.8, and of Linux, `accept_local` in ip-sysctl.rst. */
const FORGED =
  "it has the host's own address, and a container sent it, by MAC address: the host drops such packets, unless accept_local lets them in";

/** So many conversations are remembered, at the most. */
const MOST_ANSWERED = 65_536;

/** What is the host's own, or is addressed to it, of packets without a translation. */
export class HostsOwn {
  readonly #known: Judged;
  readonly #published: Published;
  /** The ways of conversations that the host answers by another address: the last packet of one is answered by nothing. */
  readonly #answered = new Set<number>();

  constructor(known: Judged, published: Published) {
    this.#known = known;
    this.#published = published;
  }

  /**
   * Whose a packet is that goes to the NAT's own address outside, or comes from it: the host has it, and those behind it. What the host
   * sends has a full TTL, what it forwards a lower one. Null where its addresses tell nothing after all.
   */
  ofHost(row: number, local: Local): Claim | null {
    if (local.reason === "broadcast") return this.#ofBroadcast(row, local);
    if (this.#isForged(row, local.natWay)) return unknown("forged-host", FORGED);
    if (this.#known.timeline.side(row) === INSIDE) return this.#ofInside(row, local);
    const { reason, why, natWay } = local;
    const tuples = this.#known.tuples;
    const ruling = this.#published.ruling(row);
    if (ruling?.answer === true) return this.#published.of(row, whyMissing(this.#known, row, INSIDE));
    // what is known of a way is not of errors, and beside what the host forwards, it may send resets of the same connection
    const isFromNat = this.#known.timeline.way(row) === natWay;
    const isSentHere = isFromNat && isFromNear(this.#known.timeline, row);
    const isOther = tuples.hasOtherTtl(natWay) || (isFromNat && !isSentHere);
    const isFull = isSentHere || (tuples.hasFullTtl(natWay) && !isOther);
    if (!isFull && !isOther) return unknown("no-answer", this.#whyUnanswered(row, ruling));
    if (!this.#known.kernel.tally.isTtlLowered(true))
      return this.doubt(row, why) ?? { verdict: "local", reason, why, isByAbsence: true };
    // before anything has crossed, it is not known whether this router leaves TTLs as they are
    const isTold = this.#known.kernel.tally.pairsSoFar > 0;
    if (isFull)
      return (
        this.#refused(row, natWay) ??
        this.doubt(row, why) ?? { verdict: "local", reason, why, ...(!isTold && { isByAbsence: true }) }
      );
    return this.#ofOthers(row, natWay);
  }

  /** What became of an outside packet of the NAT's own address that is of somebody behind the host: its TTL is not full, or that of what answers it. */
  #ofOthers(row: number, natWay: number): Claim {
    const { tuples } = this.#known;
    const inside = SIDE_NAMES[INSIDE];
    if (this.#isElsewhere(row, natWay))
      return {
        verdict: "elsewhere",
        reason: "answered-elsewhere",
        why: `both ends speak, and ${inside} has none of it: it takes another interface`,
        lacks: "crossing",
      };
    const whose = this.#known.timeline.way(row) === natWay ? "its TTL" : "the TTL of what answers it";
    const byOption = this.#known.filtered.byOption(row, INSIDE);
    if (
      tuples.isHeard(natWay) &&
      tuples.isHeard(natWay ^ 1) &&
      (byOption !== undefined || !this.#mayTell(tupleIn(natWay)))
    ) {
      const lacks = byOption === undefined ? "has nothing of their service" : "has none of it";
      const filter = byOption === undefined ? `a filter kept it out of ${inside}` : `was kept out, as ${byOption}`;
      const why = `both ends speak, and ${inside} ${lacks}: it takes another interface, or ${filter}`;
      return unknown("may-be-filtered", why, "crossing");
    }
    return unknown(
      "forwarded-unseen",
      `${whose} ${NOT_FULL}: the host forwards it, by another interface or missed by ${inside}, or that TTL was chosen`,
      "crossing",
    );
  }

  /** Whether a packet has the host's address, and a container sent it: its TTL is full, and its MAC address is that one's. */
  #isForged(row: number, natWay: number): boolean {
    const { timeline: t, macs } = this.#known;
    const isError = (t.flags(row) & IS_ERROR) !== 0;
    return !isError && t.way(row) === natWay && isFromNear(t, row) && macs.isContainersMac(t.macFrom(row));
  }

  /** Whose a packet is that goes to what looks like a broadcast address: the link's, unless somebody answers from there. */
  #ofBroadcast(row: number, { reason, why }: Local): Claim | null {
    const { timeline: t, tuples } = this.#known;
    const answers = t.way(row) ^ 1;
    if (tuples.isHeard(answers)) return null;
    return { verdict: "local", reason, why };
  }

  /**
   * What follows for an outside packet of the host's own, as its full TTL says (`why`), if this router keeps TTLs and the inside capture lacks
   * packets, or has some that may be it; or if it sets most TTLs, and that capture lacks any. Null where it is the host's.
   */
  doubt(row: number, why: string): Claim | null {
    const { kernel, misses, filtered, strangers } = this.#known;
    const doubt = `${why}, or forwarded`;
    if (kernel.tally.areTtlsMixed(true) && misses.hasEntry(INSIDE)) {
      const lacks = `${SIDE_NAMES[INSIDE]} lacks packets that must have entered there, and this router sets TTLs`;
      return unknown("capture-misses", `${doubt}: ${lacks}`);
    }
    if (kernel.tally.isTtlLowered(true)) return null;
    if (misses.isPatchy(INSIDE)) return unknown("capture-misses", `${doubt}: ${misses.why(INSIDE)}`);
    const common = filtered.of(row, INSIDE);
    if (common !== undefined) return unknown("may-be-filtered", `${doubt}: on ${SIDE_NAMES[INSIDE]}, ${common}`);
    // what goes out must have come in there: where inside shows nothing of that, it shows nothing of this either
    if (kernel.tally.pairsThatWent(true) === 0)
      return unknown(
        "one-way",
        `${doubt}: ${SIDE_NAMES[INSIDE]} shows nothing that goes out so far, as if captured in one direction alone`,
      );
    if (!strangers.hasFor(row)) return null;
    const reached = `${doubt}: ${SIDE_NAMES[INSIDE]} has packets then of which nothing tells what they were`;
    return unknown("ttl-kept", `${reached}, and this router keeps TTLs`);
  }

  /** What became of a packet that opens a connection to the host, and that it answers with a reset; null of any other: what the host itself opens, the other end refuses. */
  #refused(row: number, natWay: number): Claim | null {
    const { timeline: t, resets } = this.#known;
    if (!isOpening(t.tcpFlags(row)) || t.way(row) === natWay) return null;
    const reset = resets.answering(row);
    return reset === NONE || resets.isByNeighbour(reset) ? null : refusedOpening(t, reset, "host-refuses");
  }

  /** What became of a packet that opens a connection to a neighbour, or to the host's own end of the link, and that is answered with a reset; null of any other. */
  #refusedByEnd(row: number): Claim | null {
    const { timeline: t, resets } = this.#known;
    const reset = isOpening(t.tcpFlags(row)) ? resets.answering(row) : NONE;
    return reset === NONE ? null : refusedOpening(t, reset, "end-refuses");
  }

  /** What became of a packet that a rule gave to the host or to a neighbour, and that is refused in the name of whom it was sent to; null of any other. */
  #refusedInNameOf(row: number, who: "end-refuses" | "host-refuses"): Claim | null {
    const { timeline: t, tuples, resets, refusals, standIns } = this.#known;
    const { src, srcPort, dst, dstPort } = new TupleEnds(tuples).of(t.tuple(row), t.forward(row) === 1);
    const error = refusals.inNameOf(row);
    if (error !== undefined) {
      const { reason, why, byFrame } = error;
      return {
        verdict: "refused",
        reason,
        why: `${why}, to which it was sent: a rule gave it to ${dst}.${dstPort}`,
        byFrame,
      };
    }
    const reset = standIns.refusing(row);
    if (reset === NONE) return null;
    resets.remember(reset, row);
    const called = new TupleEnds(tuples).of(t.tuple(reset), t.forward(reset) === 1);
    const ends = { src, srcPort, dst: called.src, dstPort: called.srcPort };
    const { rules } = this.#known.rules.taking(INSIDE, t.proto(row), ends);
    const by = rules === "" ? "" : ` (${rules})`;
    const why = `sent to ${ends.dst}.${ends.dstPort}, which resets it (frame ${t.frameTextOf(reset)}): a rule gave it to ${dst}.${dstPort}${by}, where nobody listens, or a rule rejects it`;
    return { verdict: "refused", reason: who, why, byFrame: t.frame(reset) };
  }

  /**
   * Whether a conversation that the host forwards takes an interface which is not captured: both its ends speak, somebody one hop behind the host
   * while the inside capture covered that, and nothing inside may be what became of any of it, nor may a filter have kept it out. What proves it of one packet
   * proves it of those that follow.
   */
  #isElsewhere(row: number, natWay: number): boolean {
    const { timeline, tuples, speakers, misses, strangers, common, filtered, elsewhere } = this.#known;
    const tuple = timeline.tuple(row);
    if (misses.isPatchy(INSIDE)) return false;
    return (
      elsewhere.isConversation(tuple) ||
      (!elsewhere.mayCross(tuple) &&
        this.#mayTell(tuple) &&
        !common[INSIDE].mayKeepOut(timeline.proto(row), tuple) &&
        filtered.of(row, INSIDE) === undefined &&
        tuples.isHeard(natWay ^ 1) &&
        speakers.isCovered(natWay, INSIDE) &&
        !misses.hasCrossing(OUTSIDE) &&
        !speakers.mayBeMissed(row) &&
        !strangers.hasFor(row))
    );
  }

  /** Whether the inside capture would show a conversation that crossed there: a filter that keeps it out keeps out others of its service as well. */
  #mayTell(tuple: number): boolean {
    return this.#known.cover[INSIDE].isUnfiltered || this.#known.carried.hasService(tuple);
  }

  /** Why it is not known what became of a packet that nothing answers, in words. */
  #whyUnanswered(row: number, ruling: Ruling | undefined): string {
    const isError = (this.#known.timeline.flags(row) & IS_ERROR) !== 0;
    const silence = isError ? "nobody answers an ICMP error" : "nothing answers it";
    const either = `${silence}: the host took it, or dropped it before ${SIDE_NAMES[INSIDE]}`;
    if (ruling === undefined) return either;
    const { answer, rules, doubt } = ruling;
    if (answer === false) return `${either}; no rule sends it there`;
    return rules === "" ? `${either}; ${doubt}` : `${either}; a rule may send it there, but ${doubt}: ${rules}`;
  }

  /** Whose an inside packet is that goes between neighbours, or between the host and somebody inside, as far as its addresses go. */
  #ofInside(row: number, { reason, why, natWay }: Local): Claim {
    if (this.#known.locals.isForwarded(row)) {
      const whose = isFromNear(this.#known.timeline, row) ? "the TTL of what answers it" : "its TTL";
      const forwarded = `${whose} ${NOT_FULL}: the host forwards it, with an address rewritten, or that TTL was chosen`;
      return unknown("forwarded-unseen", forwarded, "anything");
    }
    if (natWay === NONE && this.#known.carried.hasStanding(this.#known.timeline.tuple(row))) {
      const others = "others are forwarded between the two, for which the host stands with an address of its own";
      return unknown("forwarded-unseen", `${why}, or not: ${others}`, "anything");
    }
    if (natWay === NONE && this.#known.beyond.has(row)) {
      const others = `${SIDE_NAMES[OUTSIDE]} has packets between the two`;
      return unknown("forwarded-unseen", `${why}, or not: ${others}`, "anything");
    }
    const refusedAs = this.#refusedInNameOf(row, natWay === NONE ? "end-refuses" : "host-refuses");
    if (refusedAs !== null) return refusedAs;
    if (natWay === NONE) return this.#refusedByEnd(row) ?? { verdict: "local", reason, why };
    if (this.#known.tuples.hasFullTtl(natWay)) {
      // where TTLs are kept, whoever the host forwards that port to may have sent it
      const refused = this.#known.kernel.tally.isTtlLowered(false) ? this.#refused(row, natWay) : null;
      return refused ?? { verdict: "local", reason, why };
    }
    const answer = this.#known.standIns.answering(row);
    if (answer !== NONE && isFromNear(this.#known.timeline, answer)) {
      remember(this.#answered, this.#known.timeline.way(row), MOST_ANSWERED);
      return {
        verdict: "local",
        reason: "host-answers",
        why: `the host answers it by another address (frame ${this.#known.timeline.frameTextOf(answer)})`,
      };
    }
    if (this.#answered.has(this.#known.timeline.way(row)))
      return {
        verdict: "local",
        reason: "host-answers",
        why: "the host answers its conversation by another address, and nothing has to answer this packet",
      };
    const either = "the host took it, or dropped it, if it forwards that port";
    return unknown("no-answer", `nothing from where it goes answers it: ${either}`);
  }

  /**
   * Whose a packet is that came in a tunnel which the host itself ends, and that nothing else is known of: what is sent at the host's end,
   * and not forwarded there, has a full TTL. Null where that does not tell.
   */
  ofTunnel(row: number): Claim | null {
    const t = this.#known.timeline;
    const tunnel = this.#known.tunnels.of(t.tunnel(row));
    if (tunnel === undefined || !this.#known.kernel.tally.isTtlLowered(true)) return null;
    const isFromHost = this.#known.locals.isNat(tunnel.src);
    if (isFromHost === this.#known.locals.isNat(tunnel.dst)) return null;
    const way = isFromHost ? t.way(row) : t.way(row) ^ 1;
    if (!this.#known.tuples.hasFullTtlOnly(way)) return null;
    const end = `the host's own end of ${tunnel.type} (${isFromHost ? tunnel.src : tunnel.dst})`;
    const why = isFromHost
      ? `its sender is at ${end}: its TTL is full`
      : `it goes to ${end}: what answers it has a full TTL`;
    return { verdict: "local", reason: isFromHost ? "from-host" : "to-host", why };
  }
}
