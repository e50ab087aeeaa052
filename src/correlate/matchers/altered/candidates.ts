import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { HAS_TCP_NUMBERS, tellsSendingTime } from "../../../packets/packets.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE, tupleIn, isFromA } from "../../../packets/tuples.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { haveSameSource, haveSameSourcePort, sourceOf } from "../../../packets/ways.js";
import { isIcmp } from "../../../protocols/ip-protocols.js";
import {
  HELD_PORT_BITS,
  MOST_NOVEL_BITS,
  MOST_PAYLOAD_BITS,
  MOST_TIMING_BITS,
  NOVEL_BYTE_BITS,
  TCP_NUMBERS_BITS,
  TTL_BY_ONE_BITS,
  TTL_LOWER_BITS,
} from "../../kernel/weights.js";
import { mixed } from "../../../packets/content.js";
import type { About } from "../contract.js";
import { isEmbedded } from "./embedding.js";

/** Bits it takes to believe in a translation never seen before, beyond the strangers that it is held against … */
export const ALTERED_LEARN_BITS = 30;
/** … and to replace one that is in use. */
export const ALTERED_REPLACE_BITS = 46;

/** Across IP versions, with neither end the same: devices that always begin with the same numbers do so in both. It takes both directions. */
const STRANGERS_NUMBERS_BITS = 8;
/** The same end on both sides, or one that holds the other (RFC 6052), as long as no strangers have that in common, too. */
const KEPT_END_BITS = 12;
const SAME_PORTS_BITS = 4;
/** Twenty bits on paper; but what is to be pinged on the minute begins about the same time. */
const SENDING_TIME_BITS = 16;
/** With neither numbers nor a payload in common, every packet of a kind may be meant. */
const NOTHING_PENALTY_BITS = 8;
const ICMP_SEQ_BITS = 2;
/** A router lowers it by as much in both directions. */
const TTL_OTHERWISE_BITS = -4;
/** A gap that says nothing, nanoseconds; a wider one speaks against two. */
const NEUTRAL_GAP_NS = 60_000_000;

/** Translations tried and not yet believed that are remembered at the most; the oldest go first. */
const MOST_CANDIDATES = 65_536;

interface Candidate {
  /** What speaks for it, but for an end that is the same on both sides. */
  bits: number;
  /** A hash of that end, as the inside has it; NONE where none is. */
  keptEnd: number;
  /** Which directions it was seen in: a bit each. */
  directions: number;
  /** By how much the TTL was lowered in the first of them. */
  lowered: number;
  /** The last IP ID that was on both sides of a packet whose payload was not, and how often it was another one than before. */
  ipId: number;
  sharedIds: number;
  isBelieved: boolean;
}

/** Translations that packets of one content suggest, with what speaks for each so far. */
export class Candidates {
  readonly #kernel: About["kernel"];
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  /** By `keyOf`. */
  readonly #candidates = new Map<number, Candidate>();
  /** How many were tried for which too little speaks: so many strangers had a chance to look like twins … */
  #strangers = 0;
  /** … and how many of those have that end in common, by its hash: all may go to the same few servers. */
  readonly #keptStrangers = new Map<number, number>();

  constructor({ kernel, timeline, tuples }: Pick<About, "kernel" | "timeline" | "tuples">) {
    this.#kernel = kernel;
    this.#timeline = timeline;
    this.#tuples = tuples;
  }

  /** Takes two packets that may be twins. They speak once, however often they are looked at. */
  add(inside: number, outside: number, isOutbound: boolean, isSameId: boolean): void {
    const t = this.#timeline;
    if (t.twin(inside) === outside) return;
    t.setTwin(inside, outside);
    const key = this.#keyOf(inside, outside);
    let candidate = this.#candidates.get(key);
    if (candidate === undefined) {
      const keptEnd = this.#keptEnd(inside, outside);
      candidate = {
        bits: this.#contentBits(inside, outside, keptEnd) + (isSameId ? this.#kernel.idBits(inside) : 0),
        keptEnd,
        directions: 0,
        lowered: 0,
        ipId: NONE,
        sharedIds: 0,
        isBelieved: false,
      };
      this.#countStranger(candidate, 1);
      this.#candidates.set(key, candidate);
      keepNewest(this.#candidates, MOST_CANDIDATES);
    }
    // two hosts that do the same once a second keep their distance: only of the other direction it is news, as the answer to one is
    // hardly behind the answer to the other unless it is its twin
    const direction = isOutbound ? 2 : 1;
    if ((candidate.directions & direction) !== 0) return;
    const lowered = isOutbound ? t.ttl(inside) - t.ttl(outside) : t.ttl(outside) - t.ttl(inside);
    if (candidate.directions === 0) candidate.lowered = lowered;
    candidate.directions |= direction;
    const gapNs = Math.max(1, Math.abs(t.timeNs(outside) - t.timeNs(inside)));
    this.#countStranger(candidate, -1);
    candidate.bits += lowered === candidate.lowered ? ttlBits(Math.abs(lowered)) : TTL_OTHERWISE_BITS;
    candidate.bits += Math.min(MOST_TIMING_BITS, Math.log2(NEUTRAL_GAP_NS / gapNs));
    this.#countStranger(candidate, 1);
  }

  #countStranger(candidate: Candidate, by: number): void {
    if (candidate.isBelieved || nominalBits(candidate) >= ALTERED_LEARN_BITS) return;
    this.#strangers += by;
    const { keptEnd } = candidate;
    if (keptEnd === NONE) return;
    const count = (this.#keptStrangers.get(keptEnd) ?? 0) + by;
    this.#keptStrangers.delete(keptEnd);
    if (count === 0) return;
    this.#keptStrangers.set(keptEnd, count);
    keepNewest(this.#keptStrangers, MOST_CANDIDATES);
  }

  /** What an end in common says, bits: the less, the more strangers have that one. */
  #keptEndBits(keptEnd: number): number {
    if (keptEnd === NONE) return 0;
    const share = ((this.#keptStrangers.get(keptEnd) ?? 0) + 2 ** -KEPT_END_BITS) / (this.#strangers + 1);
    return Math.min(KEPT_END_BITS, -Math.log2(share));
  }

  /** Takes two packets that have their IP ID in common, and not the payload. */
  addId(inside: number, outside: number, isOutbound: boolean): void {
    this.add(inside, outside, isOutbound, true);
    const candidate = this.#candidates.get(this.#keyOf(inside, outside));
    if (candidate === undefined) return;
    const ipId = this.#timeline.ipId(inside);
    if (candidate.ipId !== ipId) candidate.sharedIds++;
    candidate.ipId = ipId;
  }

  /** How many such packets of their conversations, one after the other, had another IP ID in common. */
  sharedIds(inside: number, outside: number): number {
    return this.#candidates.get(this.#keyOf(inside, outside))?.sharedIds ?? 0;
  }

  /**
   * Believes in the translation that two packets suggest, if enough speaks for it against all strangers that were tried, and weighs it anew from
   * then on. `isReplacing`: another one is in use. Returns whether it does.
   */
  believe(inside: number, outside: number, isReplacing: boolean): boolean {
    const candidate = this.#candidates.get(this.#keyOf(inside, outside));
    if (candidate === undefined) return false;
    const leastBits =
      (isReplacing ? ALTERED_REPLACE_BITS : ALTERED_LEARN_BITS) + Math.log2(Math.max(1, this.#strangers));
    const isOneVersion = this.#timeline.isIpv6(inside) === this.#timeline.isIpv6(outside);
    const heldBits = isOneVersion && this.#kernel.isHeldByAnother(inside, outside) ? HELD_PORT_BITS : 0;
    if (candidate.bits + this.#keptEndBits(candidate.keptEnd) + heldBits < leastBits) return false;
    candidate.isBelieved = true;
    candidate.bits = this.#contentBits(inside, outside, candidate.keptEnd);
    candidate.directions = 0;
    return true;
  }

  /** Drops all: tuple numbers are about to get another meaning. */
  clear(): void {
    this.#candidates.clear();
    this.#strangers = 0;
    this.#keptStrangers.clear();
  }

  #contentBits(inside: number, outside: number, keptEnd: number): number {
    const t = this.#timeline;
    const isOneVersion = t.isIpv6(inside) === t.isIpv6(outside);
    let bits = 0;
    if ((t.flags(inside) & HAS_TCP_NUMBERS) !== 0)
      bits += keptEnd !== NONE || isOneVersion ? TCP_NUMBERS_BITS : STRANGERS_NUMBERS_BITS;
    if (t.payloadLength(inside) > 0 && t.content(inside) === t.content(outside))
      bits += this.#payloadBits(inside, outside, keptEnd);
    else if (bits === 0) bits -= NOTHING_PENALTY_BITS;
    const [way, other] = [t.way(inside), t.way(outside)];
    if (isIcmp(t.proto(inside))) bits += ICMP_SEQ_BITS;
    else if (haveSameSourcePort(this.#tuples, way, other) && haveSameSourcePort(this.#tuples, way ^ 1, other ^ 1))
      bits += SAME_PORTS_BITS;
    return bits;
  }

  /** What one payload says for both, bits: strangers in step say the same, but seldom to one end what nobody said before. */
  #payloadBits(inside: number, outside: number, keptEnd: number): number {
    const t = this.#timeline;
    if (tellsSendingTime(t.flags(inside))) return SENDING_TIME_BITS;
    const isNews = keptEnd !== NONE && !isIcmp(t.proto(inside)) && this.#kernel.areNovel(inside, outside);
    return isNews ? Math.min(MOST_NOVEL_BITS, NOVEL_BYTE_BITS * t.payloadLength(inside)) : MOST_PAYLOAD_BITS;
  }

  /** A hash of the end that is the same on both sides, as the inside has it; NONE where none is. */
  #keptEnd(inside: number, outside: number): number {
    const t = this.#timeline;
    const tuples = this.#tuples;
    for (const isDestination of [0, 1]) {
      const [way, other] = [t.way(inside) ^ isDestination, t.way(outside) ^ isDestination];
      const hasPort = !isIcmp(t.proto(inside));
      if (!this.#isSameAddress(way, other) || (hasPort && !haveSameSourcePort(tuples, way, other))) continue;
      const at = sourceOf(tuples, way);
      const words = tuples.words.subarray(at, at + (tuples.isIpv6(tupleIn(way)) ? 4 : 1));
      return words.reduce(mixed, hasPort ? tuples.port(tupleIn(way), isFromA(way)) : 0) >>> 1;
    }
    return NONE;
  }

  /** Whether packets of two ways come from the same address, or one that holds the other. */
  #isSameAddress(way: number, other: number): boolean {
    const tuples = this.#tuples;
    const isIpv6 = tuples.isIpv6(tupleIn(way));
    if (isIpv6 === tuples.isIpv6(other >> 1)) return haveSameSource(tuples, way, other);
    const [six, four] = isIpv6 ? [way, other] : [other, way];
    return isEmbedded(tuples.words[sourceOf(tuples, four)], tuples.words, sourceOf(tuples, six));
  }

  /** Tuple numbers stay below 2^26: that many conversations do not fit the memory. */
  #keyOf(inside: number, outside: number): number {
    const t = this.#timeline;
    const isFlipped = t.forward(inside) !== t.forward(outside);
    return (t.tuple(inside) * 2 + (isFlipped ? 1 : 0)) * 2 ** 26 + t.tuple(outside);
  }
}

function ttlBits(lowered: number): number {
  if (lowered === 0) return 0;
  return lowered === 1 ? TTL_BY_ONE_BITS : TTL_LOWER_BITS;
}

function nominalBits({ bits, keptEnd }: Candidate): number {
  return keptEnd === NONE ? bits : bits + KEPT_END_BITS;
}
