import { HAS_IP_ID, IS_ERROR, IS_FRAGMENT, IS_HEADLESS, IS_LATER_FRAGMENT } from "../../packets/packets.js";
import type { FlowAccounts } from "../../packets/flow-accounts.js";
import { addressText } from "../../packets/address.js";
import { sameAddress } from "../../packets/columns.js";
import type { Reason } from "../../packets/reasons.js";
import type { Judgement } from "../../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side, SIDE_NAMES } from "../../packets/sides.js";
import { DECIDED, type Timeline } from "../../packets/timeline.js";
import { NONE, type TupleTable } from "../../packets/tuples.js";
import { isPrivate } from "../../protocols/addresses.js";
import { ICMPV6, TCP } from "../../protocols/ip-protocols.js";
import { ACK, RST, SYN } from "../../protocols/tcp.js";
import type { Repeats } from "../intake/repeats.js";
import type { Tunnels } from "../intake/tunnels.js";
import type { Buckets } from "../kernel/buckets.js";
import { TupleEnds } from "./flow-summary.js";
import type { Cover } from "./cover.js";
import type { Gap } from "./gaps.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Like } from "../matchers/likes.js";
import type { Matchers } from "../matchers/matchers.js";
import type { Impacts } from "./impacts.js";
import { type Local, Locals } from "./locals.js";
import type { Misses } from "./misses.js";
import type { Mistimed } from "./mistimed.js";
import type { Refusals } from "./refusals.js";
import type { Resets } from "./resets.js";
import { isSameContent, isSameSegment } from "../matchers/content.js";
import { isFromNear, Senders } from "./senders.js";
import { Strangers } from "./strangers.js";
import type { Translations } from "../kernel/translations.js";
import { WHY_ARRIVED } from "./updates.js";
import { undecidedBehind } from "../matchers/behind.js";

/** Packets this near to the limits of a capture, or to a silence, are not judged by it, nanoseconds: their twins may be beyond. */
const MARGIN_NS = 10_000_000;
/** The last frame of a file shows how far it goes: a packet that was to come out later is not in it. Forwarding takes so long at the least. */
const FORWARDING_NS = 100_000;
/**
 * So many packets without a twin must pass while the other capture is silent: a few may well be lost while there is nothing else to be
 * captured.
 */
const LEAST_ALONE = 16;

/** So many flows are looked through, at the most, for one that leads to an address. */
const MOST_FLOWS = 4096;

/** So many packets without a twin are looked at, at the most, for what another one may have become. */
const MOST_LOOKED_AT = 64;

/** What the other capture lacks of a packet: that it came out there, that it came in, one of both, or anything at all if it crosses. */
type Lack = "exit" | "entry" | "crossing" | "anything";

/** A judgement as far as the packet itself goes: whether the other capture can be believed where it lacks something is still to be asked. */
interface Claim extends Judgement {
  readonly lacks?: Lack;
  /** Whether it is not so if the other capture has lost something, though nothing that it has to have. */
  readonly isByAbsence?: true;
  /** The side whose capture lacks it; the other one's if not given. */
  readonly on?: Side;
}

/** A judgement that does not hold if some capture turns out to have lost frames about then. */
export interface Verdict extends Judgement {
  readonly mayBeLostBy?: Side;
}

/** What a verdict may draw on. */
export interface Known {
  readonly timeline: Timeline;
  readonly tuples: TupleTable;
  readonly buckets: Buckets;
  readonly kernel: Kernel;
  readonly translations: Translations;
  readonly matchers: Matchers;
  readonly refusals: Refusals;
  readonly impacts: Impacts;
  readonly misses: Misses;
  readonly resets: Resets;
  readonly mistimed: Mistimed;
  readonly tunnels: Tunnels;
  /** What each side's capture covers. */
  readonly cover: readonly [Cover, Cover];
  /** What each side's capture has twice, and may show twice. */
  readonly repeats: readonly [Repeats, Repeats];
  readonly windowNs: number;
}

/**
 * Judges frames that found no twin. A verdict takes evidence: that a packet was dropped, of a capture that misses nothing; that it
 * is local, of who sent it. Where there is none it is unknown, and the reason says what would decide.
 */
export class Verdicts {
  readonly #known: Known;
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #translations: Translations;
  readonly #locals: Locals;
  readonly #senders: Senders;
  readonly #strangers: Strangers;
  readonly #misses: Misses;
  /** How long is waited for a twin, in words. */
  readonly #window: string;

  constructor(known: Known) {
    this.#known = known;
    this.#timeline = known.timeline;
    this.#tuples = known.tuples;
    this.#translations = known.translations;
    this.#locals = new Locals(known.timeline, known.tuples, known.kernel);
    this.#senders = new Senders(known.timeline, known.tuples);
    this.#strangers = new Strangers(known, this.#locals);
    this.#misses = known.misses;
    this.#window = seconds(known.windowNs);
  }

  /** Notes the addresses of the flow in this slot, which was just learnt. */
  learn(accounts: FlowAccounts, slot: number): void {
    this.#locals.learn(accounts, slot);
  }

  /** Whether an outside address is known to be the NAT's own. */
  isNat(address: string): boolean {
    return this.#locals.isNat(address);
  }

  /** Forgets what was found of ways: they are about to get another meaning. */
  forgetWays(): void {
    this.#locals.forgetWays();
  }

  /** Takes a packet that others cannot be told from: whatever its twin is, it may be what another one lacks. */
  noteAmbiguous(row: number): void {
    this.#strangers.note(row);
  }

  /** Judges a packet whose window is over. */
  judge(row: number): Verdict {
    this.#senders.goOn();
    this.#strangers.note(row);
    const claim = this.#claim(row);
    const t = this.#timeline;
    const other = claim.on ?? otherSide(t.sideOf(row));
    // a silence is known once time has come to there: what is judged before must not lie beside it
    const marginNs = Math.min(MARGIN_NS, this.#known.windowNs);
    const silence = this.#known.cover[other].gaps.silenceAt(t.timeNs(row), marginNs);
    if (silence !== undefined && claim.lacks !== undefined && this.#hasMissed(silence, row)) {
      const silentNs = silence.toNs - silence.fromNs;
      const why = `${SIDE_NAMES[other]} has no frame at all for ${seconds(silentNs)} about then: was it captured?`;
      return { verdict: "no-overlap", reason: "silence", why };
    }
    const doubt = this.#doubt(row, other, claim);
    const mayBeLost = claim.isByAbsence === true || (claim.lacks !== undefined && claim.lacks !== "anything");
    if (doubt !== undefined || !mayBeLost) return doubt ?? this.#reckon(row, other, claim);
    if (this.#known.cover[other].gaps.mayHold(t.timeNs(row)))
      return { verdict: "capture-loss", reason: "frames-lost", why: whyLost(other) };
    return { ...this.#reckon(row, other, claim), mayBeLostBy: other };
  }

  /**
   * Whether so much passed on the side of a packet during the other one's silence that its capture has to be doubted: a link that is
   * dead looks the same.
   */
  #hasMissed(silence: Gap, row: number): boolean {
    const t = this.#timeline;
    const side = t.side(row);
    let alone = ++silence.alone;
    let next = t.firstBelow(t.after(row), t.end, DECIDED);
    for (; alone < LEAST_ALONE && next !== t.end; next = t.firstBelow(t.after(next), t.end, DECIDED)) {
      if (t.timeNs(next) > silence.toNs) break;
      if (t.side(next) !== side) continue;
      if (this.#translations.slotOf(next) !== NONE || this.#locals.of(next) === null) alone++;
    }
    return alone >= LEAST_ALONE;
  }

  /** What a claim comes to where something speaks against it, whatever the other capture misses; undefined where nothing does. */
  #doubt(row: number, other: Side, { verdict, lacks }: Claim): Judgement | undefined {
    const t = this.#timeline;
    const { mistimed } = this.#known;
    const { altered, cutFrames, likes } = this.#known.matchers;
    const rewritten = verdict === "local" || lacks !== undefined ? altered.doubt(row) : undefined;
    if (rewritten !== undefined) return { verdict: "unknown", reason: "router-rewrites", why: rewritten };
    if (lacks === undefined) return undefined;
    if ((t.flags(row) & (IS_HEADLESS | HAS_IP_ID)) === IS_HEADLESS)
      return { verdict: "unknown", reason: "no-header", why: "too little of it was captured to know its twin by" };
    const twin = mistimed.twinOf(row);
    if (twin !== undefined) {
      const like = `${SIDE_NAMES[other]} has its like in frame ${twin}, whose stamp does not tell when it passed`;
      return { verdict: "unknown", reason: "like-out-of-time", why: like };
    }
    if (lacks === "exit") {
      const side = t.sideOf(row);
      const repeat = this.#known.repeats[side].of(t.frame(row));
      if (repeat !== undefined) {
        const why = `frame ${repeat} is the same just beside it: ${SIDE_NAMES[side]} may show one packet twice, or it was sent twice`;
        return { verdict: "unknown", reason: "may-be-copy", why };
      }
      const like = likes.of(row);
      if (like !== undefined) return { verdict: "unknown", reason: "like-untimely", why: this.#whyLike(other, like) };
      const cut = cutFrames.doubt(row);
      if (cut !== undefined) return { verdict: "unknown", reason: "cut-short", why: cut };
      if (this.#known.matchers.datagrams.mayBeInFragments(row)) {
        const why = `${SIDE_NAMES[other]} has fragments that may be of it: some are missing, or too little of them was captured`;
        return { verdict: "unknown", reason: "may-be-fragments", why };
      }
      const changed = this.#whyChanged(row, other);
      if (changed !== undefined) return { verdict: "unknown", reason: "may-be-changed", why: changed };
    }
    return undefined;
  }

  /** What a claim comes to by how much the other capture misses. */
  #reckon(row: number, other: Side, claim: Claim): Judgement {
    const t = this.#timeline;
    const { lacks, why } = claim;
    if (lacks === "exit") {
      if (!this.#misses.noteExit(other)) return claim;
      return { verdict: "unknown", reason: "capture-misses", why: `${why}, but ${this.#misses.why(other)}` };
    }
    // what the host sends in its own name, as resets of connections that it forwards, it sends from nowhere
    if (lacks === "entry" && this.#tuples.isProved(t.way(row)) && (t.tcpFlags(row) & RST) === 0)
      this.#misses.noteEntry(other);
    if (lacks === "crossing") this.#misses.noteCrossing(other);
    return claim;
  }

  #whyLike(other: Side, { frame, isSooner }: Like): string {
    const like = `frame ${frame} of ${SIDE_NAMES[other]} is like it and has no twin`;
    return isSooner ? `${like}: if the clocks differ, it is this one` : `${like}: it may be this one, held up`;
  }

  /**
   * Why what a packet became may be something else that left, in words: another packet of its flow did about when it should have, and
   * never came in. Undefined where there is none. A segment must have the same numbers: whatever else is changed of one, those tell it. Of
   * a flow that is not known, the content tells.
   */
  #whyChanged(row: number, other: Side): string | undefined {
    const t = this.#timeline;
    const { buckets, kernel, windowNs } = this.#known;
    const slot = this.#translations.slotOf(row);
    const isTcp = t.proto(row) === TCP;
    const isChanged = (next: number): boolean => {
      if (t.side(next) !== other || t.proto(next) !== t.proto(row) || this.#translations.slotOf(next) !== slot)
        return false;
      if (isTcp ? !isSameSegment(t, row, next) : slot === NONE && !isSameContent(t, row, next)) return false;
      // what others with its key wait for is one of them
      const bucket = t.bucket(next);
      if (bucket >= 0 && buckets.count(bucket, t.sideOf(row)) > 0) return false;
      return slot === NONE || this.#translations.isLeaving(next, slot);
    };
    const untilNs = t.timeNs(row) + (isTcp ? windowNs : Math.max(MARGIN_NS, kernel.limitNs(other === OUTSIDE)));
    const changed = undecidedBehind(t, row, MOST_LOOKED_AT, isChanged, untilNs);
    if (changed === NONE || changed === t.end) return undefined;
    const frame = `frame ${t.frame(changed)} of ${SIDE_NAMES[other]}, ${slot === NONE ? "much like it" : "of the same flow"}`;
    return `${frame}, never came in: it may be this one, changed on its way`;
  }

  #claim(row: number): Claim {
    const t = this.#timeline;
    const side = t.sideOf(row);
    const other = otherSide(side);
    const otherName = SIDE_NAMES[other];
    const local = this.#locals.of(row);
    if (local?.isNever) return { verdict: "local", reason: local.reason, why: local.why };
    if (t.proto(row) === ICMPV6 && isNeighbourDiscovery(t.seq(row) >>> 24)) {
      return { verdict: "local", reason: "neighbour-discovery", why: "neighbour discovery is never forwarded" };
    }

    const leapNs = this.#known.mistimed.leapNs(row);
    if (leapNs !== undefined) {
      const leap = `${seconds(Math.abs(leapNs))} ${leapNs > 0 ? "ahead of" : "behind"}`;
      return {
        verdict: "unknown",
        reason: "stamp-leaps",
        why: `its stamp leaps ${leap} those of the frames around it`,
      };
    }
    const isLeaving = this.#isLeaving(row);
    const answer = isLeaving ? undefined : this.#known.refusals.answerTo(row);
    if (answer === "unclear") {
      const why = "an ICMP error is about it, or about another packet that is quoted alike";
      return { verdict: "unknown", reason: "may-be-refused", why };
    }
    if (answer?.isFromFar === false) {
      const { reason, why, byFrame, mtu } = answer;
      return { verdict: "refused", reason, why, byFrame, ...(mtu > 0 && { mtu }) };
    }
    const error = this.#known.refusals.errorOf(row);
    if (error && this.#locals.isFromHost(side, error)) {
      return {
        verdict: "local",
        reason: "host-error",
        why: `the host itself (${error.src}) refuses a packet of ${error.dst}`,
      };
    }

    const begun = this.#begunBy(row);
    if (begun !== undefined)
      return {
        verdict: "unknown",
        reason: "in-tunnel",
        why: `it goes on with what frame ${begun} carries through a tunnel`,
      };

    const like = this.#known.matchers.hairpins.likeOf(row);
    if (like !== undefined) {
      const why = `frame ${like} of ${SIDE_NAMES[side]} is like it, with other addresses: it may be turned round, and too little speaks for that`;
      return { verdict: "unknown", reason: "may-be-hairpin", why };
    }
    const half = this.#halfHairpin(row, side);
    if (half !== null) return half;
    const slot = this.#translations.slotOf(row);
    const proxied = slot === NONE && t.proto(row) === TCP ? this.#known.matchers.proxies.twinOf(row) : null;
    if (proxied)
      return {
        verdict: "proxied",
        reason: "proxy",
        why: `a proxy on the host passes it on: ${this.#connection(proxied)}`,
      };
    const relay = slot === NONE ? this.#known.matchers.relays.relayOf(row) : null;
    if (relay !== null) {
      const connection = this.#connection(relay);
      if (relay.isSentOn)
        return { verdict: "proxied", reason: "proxy", why: `a proxy on the host sends it again: ${connection}` };
      return {
        verdict: "unknown",
        reason: "proxy-keeps",
        why: `a proxy on the host took it, and sent nothing like it again: ${connection}`,
      };
    }
    const own = slot !== NONE ? null : local !== null ? this.#ofHost(row, local) : this.#ofHostsTunnel(row);
    if (own?.verdict === "local") return own;
    const uncovered = this.#uncovered(t.timeNs(row), other, isLeaving);
    if (uncovered !== null) return uncovered;
    if (own !== null) return own;
    if ((t.flags(row) & IS_FRAGMENT) !== 0) {
      return { verdict: "unknown", reason: "fragment", why: `a fragment without a like one on ${otherName}` };
    }
    if (t.proto(row) === TCP && this.#known.matchers.segments.isSeenInPieces(row)) {
      return {
        verdict: "unknown",
        reason: "pieces-missing",
        why: `${otherName} has some of its bytes, cut differently, and nothing tells of which segment`,
      };
    }
    const answered = this.#known.resets.take(row);
    if (answered !== undefined) {
      const why = `the host itself resets the connection: it did not pass frame ${answered} on`;
      return { verdict: "local", reason: "host-reset", why, byFrame: answered };
    }
    if (slot === NONE) return this.#unexplained(row, side, answer !== undefined || this.#isErrorFromFar(row));
    if (!isLeaving) {
      if (answer === undefined) return this.#notPassedOn(row, otherName);
      const crossed = `it crossed, though ${otherName} lacks it, as it was answered from there: ${answer.why}`;
      return { verdict: "unknown", reason: "forwarded-unseen", why: crossed, lacks: "crossing" };
    }
    const why = `it left on ${SIDE_NAMES[side]} and never entered ${otherName}: it came by another interface, that capture missed it, or the host sent it`;
    return { verdict: "unknown", reason: "never-entered", why, lacks: "entry" };
  }

  /** What became of a packet of a known translation that entered and did not come out. */
  #notPassedOn(row: number, otherName: string): Claim {
    const reset = this.#known.resets.answering(row);
    if (reset !== NONE) return this.#resetByHost(row, reset);
    if (this.#known.impacts.hasArrived(row, this.#translations.slotOf(row)))
      return { verdict: "unknown", reason: "forwarded-unseen", why: WHY_ARRIVED, lacks: "crossing" };
    return { verdict: "dropped", reason: "no-twin", why: this.#missing(row, otherName), lacks: "exit" };
  }

  /** Whether a known flow tells that a packet left where it was seen: whoever answers it there is behind the host. */
  #isLeaving(row: number): boolean {
    const slot = this.#translations.slotOf(row);
    return slot !== NONE && this.#translations.isLeaving(row, slot);
  }

  /** What follows for a packet of a conversation that is turned round on its side, and is there in one form only; null of any other. */
  #halfHairpin(row: number, side: Side): Claim | null {
    const { hairpins } = this.#known.matchers;
    const isBefore = hairpins.isBefore(row);
    if (!isBefore && !hairpins.isAfter(row)) return null;
    const uncovered = this.#uncovered(this.#timeline.timeNs(row), side, !isBefore);
    if (uncovered !== null) return uncovered;
    const name = SIDE_NAMES[side];
    if (isBefore && hairpins.mayHaveComeOut(row)) {
      const why = `its conversation is turned round on ${name}, and it may have come out cut differently: not all of that is there`;
      return { verdict: "unknown", reason: "pieces-missing", why };
    }
    if (isBefore && !hairpins.isAlive(row)) {
      const why = `nothing behind it was turned round on ${name} by its translation: the host may have forgotten that, and taken it`;
      return { verdict: "unknown", reason: "translation-gone", why };
    }
    if (isBefore)
      return {
        verdict: "dropped",
        reason: "no-twin",
        why: `${this.#missing(row, name)}, where its conversation is turned round`,
        lacks: "exit",
        on: side,
      };
    const why = `it came out on ${name} and never entered there: that capture missed it, or the host sent it`;
    return { verdict: "unknown", reason: "never-entered", why, lacks: "entry", on: side };
  }

  /**
   * Whose a packet is that goes to the NAT's own address outside, or comes from it: the host has it, and those behind it. What the host
   * sends has a full TTL, what it forwards a lower one.
   */
  #ofHost(row: number, { reason, why, natWay }: Local): Claim {
    if (natWay === NONE) return { verdict: "local", reason, why };
    const tuples = this.#tuples;
    const inside = SIDE_NAMES[INSIDE];
    const [isFull, isOther] = [tuples.hasFullTtl(natWay), tuples.hasOtherTtl(natWay)];
    if (!isFull && !isOther)
      return {
        verdict: "unknown",
        reason: "no-answer",
        why: `nothing answers it: the host took it, or dropped it before ${inside}`,
      };
    if (!this.#known.kernel.isTtlLowered(true)) {
      const doubt = `${why}, or forwarded`;
      if (this.#misses.isPatchy(INSIDE))
        return { verdict: "unknown", reason: "capture-misses", why: `${doubt}: ${this.#misses.why(INSIDE)}` };
      if (!this.#strangers.hasFor(row)) return { verdict: "local", reason, why, isByAbsence: true };
      const reached = `${doubt}: ${inside} has packets then of which nothing tells what they were`;
      return { verdict: "unknown", reason: "ttl-kept", why: `${reached}, and this router keeps TTLs` };
    }
    if (isFull) return { verdict: "local", reason, why };
    const sent = this.#timeline.way(row) === natWay ? "its TTL" : "the TTL of what answers it";
    return {
      verdict: "unknown",
      reason: "forwarded-unseen",
      why: `${sent} shows that the host forwards it: by another interface, or ${inside} missed it`,
      lacks: "crossing",
    };
  }

  /**
   * Whose a packet is that came in a tunnel which the host itself ends, and that nothing else is known of: what is sent at the host's end,
   * and not forwarded there, has a full TTL. Null where that does not tell.
   */
  #ofHostsTunnel(row: number): Claim | null {
    const t = this.#timeline;
    const tunnel = this.#known.tunnels.of(t.tunnel(row));
    if (tunnel === undefined || !this.#known.kernel.isTtlLowered(true)) return null;
    const isFromHost = this.#locals.isNat(tunnel.src);
    if (isFromHost === this.#locals.isNat(tunnel.dst)) return null;
    const way = isFromHost ? t.way(row) : t.way(row) ^ 1;
    if (!this.#tuples.hasFullTtl(way) || this.#tuples.hasOtherTtl(way)) return null;
    const end = `the host's own end of ${tunnel.type} (${isFromHost ? tunnel.src : tunnel.dst})`;
    const why = isFromHost
      ? `its sender is at ${end}: its TTL is full`
      : `it goes to ${end}: what answers it has a full TTL`;
    return { verdict: "local", reason: isFromHost ? "from-host" : "to-host", why };
  }

  /** The frame that begins what a fragment goes on with, where what that carries came in a tunnel; else undefined. */
  #begunBy(row: number): number | undefined {
    const t = this.#timeline;
    if ((t.flags(row) & IS_LATER_FRAGMENT) === 0 || t.side(row) !== OUTSIDE) return undefined;
    const { src, dst } = new TupleEnds(this.#tuples).of(t.tuple(row), t.forward(row) === 1);
    return this.#known.tunnels.begunBy(src, dst, t.ipId(row));
  }

  /** The other connection of a proxied stream, from who opened it. */
  #connection({ side, tuple }: { side: Side; tuple: number }): string {
    const { src, srcPort, dst, dstPort } = new TupleEnds(this.#tuples).of(tuple, this.#tuples.isOpenedByA(tuple));
    return `${src}.${srcPort} > ${dst}.${dstPort} on ${SIDE_NAMES[side]}`;
  }

  /** Whether both captures are running, so that nobody can have mistaken the host or the time of one. */
  get #isOneHost(): boolean {
    return this.#known.cover[INSIDE].isLive && this.#known.cover[OUTSIDE].isLive;
  }

  /** Whether a packet is an ICMP error that routers forwarded: the packet that it is about had reached somebody behind the host. */
  #isErrorFromFar(row: number): boolean {
    const t = this.#timeline;
    return (t.flags(row) & IS_ERROR) !== 0 && !isFromNear(t, row);
  }

  /** `isAnsweredFar`: whether it is about a packet that somebody behind the host answered by an ICMP error, or is that error. */
  #unexplained(row: number, side: Side, isAnsweredFar: boolean): Claim {
    const other = SIDE_NAMES[otherSide(side)];
    const missing = this.#missing(row, other);
    if (this.#translations.accounts.learnt === 0) {
      const doubt = "paired yet: are these captures of the same host and time?";
      return {
        verdict: "unknown",
        reason: "nothing-paired",
        why: `${missing}, and nothing else has ${this.#isOneHost ? "crossed so far" : doubt}`,
        lacks: "anything",
      };
    }
    const tuples = this.#tuples;
    const { words } = tuples;
    const way = this.#timeline.way(row);
    const isIpv6 = tuples.isIpv6(way >> 1);
    const src = tuples.address(way >> 1, (way & 1) === 1);
    const dst = tuples.address(way >> 1, (way & 1) === 0);
    if (side === INSIDE) {
      const isFromPrivate = isPrivate(words[src], isIpv6);
      const isToPrivate = isPrivate(words[dst], isIpv6);
      const isOutbound = isFromPrivate && isToPrivate ? this.#isFromNearer(way) : isFromPrivate;
      const reset = this.#rejecting(row);
      if (reset !== NONE && this.#isBeyond(way >> 1, dst)) return this.#resetByHost(row, reset);
      if (reset !== NONE) {
        const why = `frame ${this.#timeline.frame(reset)} resets it from no router away: a rule rejects it, or the host has that address and nobody listens`;
        return { verdict: "unknown", reason: "may-be-rejected", why };
      }
      const answered = this.#answered(row, isOutbound ? way : way ^ 1, missing, isAnsweredFar);
      if (answered !== null) return answered;
      // between two private networks, only a sender's full TTL shows which of them is behind this side
      const isFromHere = isOutbound && (!isToPrivate || isFromNear(this.#timeline, row));
      if (isFromHere) return { verdict: "dropped", reason: "no-twin", why: missing, lacks: "exit" };
      const why = isToPrivate ? `it reached ${addressText(isIpv6, words, dst)} and never entered ${other}` : missing;
      return { verdict: "unknown", reason: isToPrivate ? "never-entered" : "untranslated", why, lacks: "anything" };
    }
    if (this.#locals.isToPublished(row)) return this.#toPublished(row, missing);
    const [srcText, dstText] = [addressText(isIpv6, words, src), addressText(isIpv6, words, dst)];
    const why = `neither ${srcText} nor ${dstText} is known to be translated by this NAT`;
    return { verdict: "unknown", reason: "untranslated", why, lacks: "anything" };
  }

  /** The reset that the host, or something beside it, answers an inside segment with that opens a connection; NONE where there is none. */
  #rejecting(row: number): number {
    const t = this.#timeline;
    if (t.proto(row) !== TCP || (t.tcpFlags(row) & (SYN | ACK)) !== SYN) return NONE;
    const reset = this.#known.resets.answering(row);
    return reset !== NONE && this.#known.kernel.isTtlLowered(false) && isFromNear(t, reset) ? reset : NONE;
  }

  /** Whether an address is known to be behind the host: flows cross that have it on both sides. Where there are too many to look at, it is not. */
  #isBeyond(tuple: number, address: number): boolean {
    const tuples = this.#tuples;
    const { accounts } = this.#translations;
    if (accounts.learnt > MOST_FLOWS) return false;
    const isEnd = (of: number): boolean =>
      tuples.isIpv6(of) === tuples.isIpv6(tuple) &&
      [true, false].some((isA) => sameAddress(tuples.words, tuples.address(of, isA), tuples.words, address));
    return accounts.slots().some((slot) => isEnd(accounts.insideTuple(slot)) && isEnd(accounts.outsideTuple(slot)));
  }

  /** Whether the sender of what goes this way is nearer to the inside link than the other end: by their TTLs, else who speaks first. */
  #isFromNearer(way: number): boolean {
    const tuples = this.#tuples;
    const isNear = tuples.hasFullTtl(way) && !tuples.hasOtherTtl(way);
    const isOtherNear = tuples.hasFullTtl(way ^ 1) && !tuples.hasOtherTtl(way ^ 1);
    const isTold = tuples.hasOtherTtl(isNear ? way ^ 1 : way) && this.#known.kernel.isTtlLowered(false);
    return isNear !== isOtherNear && isTold ? isNear : tuples.isOpenedByA(way >> 1) === ((way & 1) === 1);
  }

  /**
   * What it tells of an inside conversation that nothing outside belongs to if both ends speak: `nearWay` goes from who is behind the
   * NAT. Null where only one does, and no ICMP error speaks for the other one.
   */
  #answered(row: number, nearWay: number, missing: string, isAnsweredFar: boolean): Claim | null {
    const tuples = this.#tuples;
    const farWay = nearWay ^ 1;
    const isFull = tuples.hasFullTtl(farWay);
    const isOther = tuples.hasOtherTtl(farWay);
    const isAnswered =
      isAnsweredFar || ((isFull || isOther) && (tuples.hasFullTtl(nearWay) || tuples.hasOtherTtl(nearWay)));
    if (!isAnswered) return null;
    const isTold = this.#known.kernel.isTtlLowered(false);
    if (isTold && isFull && !isOther && !tuples.hasOtherTtl(nearWay))
      return {
        verdict: "local",
        reason: "no-hop",
        why: "the other end is no hop away: the host itself, or on the same link",
      };
    if (
      isTold &&
      !isFull &&
      !this.#misses.isPatchy(OUTSIDE) &&
      !this.#misses.hasCrossing(INSIDE) &&
      !this.#strangers.hasFor(row)
    )
      return {
        verdict: "elsewhere",
        reason: "answered-elsewhere",
        why: `${isAnsweredFar ? "an ICMP error from behind the host answers" : "both ends speak"}, and ${SIDE_NAMES[OUTSIDE]} has none of it: it takes another interface`,
        lacks: "crossing",
      };
    return {
      verdict: "unknown",
      reason: "forwarded-unseen",
      why: `${missing}, though ${isAnsweredFar ? "an ICMP error from behind the host is about it" : "both ends speak"}`,
      lacks: "anything",
    };
  }

  /** A packet to a port that is forwarded, of a conversation that is not: whoever answers tells whether it got there. */
  #toPublished(row: number, missing: string): Claim {
    const tuples = this.#tuples;
    const t = this.#timeline;
    const way = t.way(row);
    const [isFull, isOther] = [tuples.hasFullTtl(way ^ 1), tuples.hasOtherTtl(way ^ 1)];
    if (!isFull && !isOther) return { verdict: "dropped", reason: "no-twin", why: missing, lacks: "exit" };
    if (this.#known.kernel.isTtlLowered(true) && isFull) {
      const reset = this.#known.resets.answering(row);
      if (reset !== NONE && isFromNear(t, reset)) return this.#resetByHost(row, reset);
      const why = "the host itself answers it, though it forwards this port";
      return { verdict: "local", reason: "host-answers", why };
    }
    return {
      verdict: "unknown",
      reason: "forwarded-unseen",
      why: `${missing}, though it is answered`,
      lacks: "crossing",
    };
  }

  /** What became of a packet that the host was to forward, and answered with a reset. */
  #resetByHost(row: number, reset: number): Claim {
    const { resets } = this.#known;
    resets.remember(reset, row);
    const byFrame = this.#timeline.frame(reset);
    const why = `the host itself reset the connection (frame ${byFrame})`;
    return { verdict: "refused", reason: "host-reset", why, byFrame, lacks: "exit" };
  }

  #missing(row: number, otherName: string): string {
    const what = this.#timeline.proto(row) === TCP ? "segment" : "packet";
    return `no ${what} like it came out on ${otherName} within ${this.#window}`;
  }

  /**
   * What follows for a packet where the other capture may not cover its time; null where it does. One that is leaving entered there before; of any
   * other, what it became is yet to come.
   */
  #uncovered(timeNs: number, other: Side, isLeaving: boolean): Judgement | null {
    const { firstNs, lastNs, strayNs, hasEnded, isLive } = this.#known.cover[other];
    const name = SIDE_NAMES[other];
    if (!Number.isFinite(firstNs))
      return { verdict: "no-overlap", reason: "no-frames", why: `the ${name} capture has no frames` };
    const afterNs = timeNs - firstNs;
    if (timeNs < firstNs && timeNs > strayNs - MARGIN_NS)
      return {
        verdict: "unknown",
        reason: "out-of-time",
        why: `frames of ${name} that are stamped about then stand further on, out of their time`,
      };
    if (afterNs < 0) return beyond(-afterNs, "not-begun", `the first frame of ${name} is ${seconds(-afterNs)} later`);
    if (isLive && afterNs < MARGIN_NS) return beyond(0, "not-begun", `${name} was opened ${seconds(afterNs)} before`);
    if (!hasEnded) return null;
    const untilNs = lastNs - timeNs;
    if (untilNs < 0) return beyond(-untilNs, "ended", `the last frame of ${name} is ${seconds(-untilNs)} older`);
    if (!isLeaving && untilNs < (isLive ? MARGIN_NS : this.#takesNs(other)))
      return beyond(0, "ended", `the last frame of ${name} is ${seconds(untilNs)} later`);
    return null;
  }

  /** How long a packet may take to come out on a side: what others took lately, or where too few did, what a short queue takes. */
  #takesNs(side: Side): number {
    const { kernel, windowNs } = this.#known;
    const isOutbound = side === OUTSIDE;
    const takesNs = kernel.isNew(isOutbound) ? MARGIN_NS : Math.max(FORWARDING_NS, kernel.limitNs(isOutbound));
    return Math.min(takesNs, windowNs);
  }
}

/** Why a packet's twin may not have been captured on a side, in words. */
export function whyLost(side: Side): string {
  return `${SIDE_NAMES[side]} lost frames about then, and may have lost this one`;
}

/** A packet that passed so long before the other capture began, or after it ended, nanoseconds. Just beside its limits, nothing is certain. */
function beyond(byNs: number, reason: Reason, why: string): Judgement {
  return byNs < MARGIN_NS
    ? { verdict: "unknown", reason: "capture-edge", why: `${why}: its twin may have been missed` }
    : { verdict: "no-overlap", reason, why };
}

/** RFC 4861: router and neighbour solicitations and advertisements, redirects; their hop limit of 255 proves that no router forwarded them. */
function isNeighbourDiscovery(type: number): boolean {
  return type >= 133 && type <= 137;
}

function seconds(ns: number): string {
  if (ns < 1e6) return `${+(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 1e9) return `${+(ns / 1e6).toPrecision(3)} ms`;
  return `${+(ns / 1e9).toPrecision(6)} s`;
}
