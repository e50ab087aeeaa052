import {
  HAS_TCP_NUMBERS,
  ICMPV6,
  IS_ECHO,
  IS_ERROR,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  TCP,
  UDP,
} from "../packets/packets.js";
import {
  BY_EXACT,
  BY_FLOW,
  EVIDENCE_FLOW,
  EVIDENCE_ICMP_SEQ,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
} from "../packets/results.js";
import { INSIDE, OUTSIDE } from "../packets/sides.js";
import { GONE, type Timeline, WAITING } from "../packets/timeline.js";
import { NONE, type TupleTable } from "../packets/tuples.js";
import type { Clock } from "./clock.js";
import { isEmbedded } from "./embedding.js";
import type { Pairing } from "./pairing.js";
import { isLinkScoped, isMulticast } from "./scope.js";
import type { Translations } from "./translations.js";

/** What an IPv6 header is longer than an IPv4 one, and with a fragment header (RFC 7915 sections 4.1 and 5.1), bytes. */
const LONGER_BYTES: ReadonlySet<number> = new Set([20, 28]);
const ICMP_ECHO_REQUEST = 8;
const ICMPV6_ECHO_REQUEST = 128;
/** The index is cleared of what the timeline no longer holds when it reaches this size, or twice what was left of it then. */
const CROWDED = 4096;

/** Packets that nothing but their flow tells apart. */
interface Alike {
  readonly rows: number[];
  /** Whether there were more of a flow at once than one a side: then none of them is certain any more. */
  isDoubtful: boolean;
}

/**
 * Pairs packets that one side shows as IPv6 and the other as IPv4 (NAT64, SIIT, 464XLAT; RFC 7915). What survives is the
 * transport: TCP numbers and flags, ICMP echo numbers, lengths, payload. Neither IP ID nor flow label does, so packets that
 * another one equals in all that are left alone.
 *
 * Only packets that wait without a translation within their version come here; IPv4 ones only once an IPv6 one has.
 */
export class Versions {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #translations: Translations;
  readonly #clock: Clock;
  readonly #pairing: Pairing;
  /** Packets that may have a twin of the other version, by `#keyOf`. */
  readonly #waiting = new Map<string, Alike>();
  /** Whether an IPv6 packet came that may have an IPv4 twin, or the other way round. */
  isNeeded = false;
  #sweepAt = CROWDED;

  constructor(timeline: Timeline, tuples: TupleTable, translations: Translations, clock: Clock, pairing: Pairing) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#translations = translations;
    this.#clock = clock;
    this.#pairing = pairing;
  }

  /** Takes a packet that found no twin of its own version when it came. */
  admit(row: number): void {
    const t = this.#timeline;
    if (!this.isNeeded && (t.flags(row) & IS_IPV6) === 0) return;
    if (!this.#mayCross(row)) return;
    if (!this.isNeeded) {
      this.isNeeded = true;
      for (let earlier = t.first; earlier !== row; earlier = t.after(earlier)) {
        if (t.state(earlier) === WAITING && this.#mayCross(earlier)) this.#file(earlier);
      }
    }
    this.#file(row);
  }

  /** Pairs a packet that waited in vain for one of its own version with the only one of the other that can be its twin. */
  settle(row: number): boolean {
    if (this.#waiting.size === 0 || !this.#mayCross(row)) return false;
    const t = this.#timeline;
    const found = this.#waiting.get(this.#keyOf(row));
    if (!found) return false;
    const slot = this.#translations.slotOf(row);
    const alike = found.rows.filter(
      (other) => t.isHeld(other) && t.state(other) !== GONE && this.#translations.slotOf(other) === slot,
    );
    if (alike.length > 2) found.isDoubtful = true;
    if (found.isDoubtful || alike.length !== 2 || !alike.every((other) => t.state(other) === WAITING)) return false;
    const [inside, outside] = t.sideOf(alike[0]) === INSIDE ? alike : alike.toReversed();
    if (t.sideOf(inside) !== INSIDE || t.sideOf(outside) !== OUTSIDE || !this.#couldBeTwins(inside, outside))
      return false;
    if (slot !== NONE) {
      const flow = this.#translations.flowAt(slot);
      if ((t.forward(inside) === t.forward(outside)) === flow.isFlipped) return false;
      this.#pairing.pairGroup([inside], [outside], slot, BY_FLOW, this.#evidence(inside) | EVIDENCE_FLOW);
      return true;
    }
    if (!this.#isBeyondChance(inside, outside)) return false;
    this.#pairing.pairGroup(
      [inside],
      [outside],
      this.#translations.learnAcross(inside, outside),
      BY_EXACT,
      this.#evidence(inside),
    );
    return true;
  }

  #file(row: number): void {
    if (this.#waiting.size >= this.#sweepAt) this.#sweep();
    const key = this.#keyOf(row);
    const alike = this.#waiting.get(key);
    if (alike?.rows.some((other) => this.#timeline.isHeld(other))) alike.rows.push(row);
    else this.#waiting.set(key, { rows: [row], isDoubtful: false });
  }

  #sweep(): void {
    for (const [key, { rows }] of this.#waiting) {
      if (!rows.some((row) => this.#timeline.isHeld(row))) this.#waiting.delete(key);
    }
    this.#sweepAt = Math.max(CROWDED, 2 * this.#waiting.size);
  }

  /** Whether a packet is of a kind that is translated, and none of its own version's translations is known to apply to it. */
  #mayCross(row: number): boolean {
    const t = this.#timeline;
    const flags = t.flags(row);
    if ((flags & (IS_FRAGMENT | IS_HEADLESS | IS_ERROR)) !== 0) return false;
    const isKind =
      t.proto(row) === TCP ? (flags & HAS_TCP_NUMBERS) !== 0 : t.proto(row) === UDP || (flags & IS_ECHO) !== 0;
    if (!isKind) return false;
    const slot = this.#translations.slotOf(row);
    if (slot !== NONE) return this.#isAcross(slot);
    const tuples = this.#tuples;
    const tuple = t.tuple(row);
    const is6 = tuples.isIpv6(tuple);
    return [tuples.address(tuple, true), tuples.address(tuple, false)].every(
      (at) => !isLinkScoped(is6, tuples.words, at) && !isMulticast(is6, tuples.words, at),
    );
  }

  #isAcross(slot: number): boolean {
    const flow = this.#translations.flowAt(slot);
    return this.#tuples.isIpv6(flow.insideTuple) !== this.#tuples.isIpv6(flow.outsideTuple);
  }

  /** What both versions have in common of twins. */
  #keyOf(row: number): string {
    const t = this.#timeline;
    const content = `${t.payloadLength(row)} ${t.head(row)} ${t.proto(row) === TCP ? "" : t.content(row)}`;
    if (t.proto(row) === TCP) return `tcp ${t.seq(row)} ${t.ack(row)} ${t.tcpFlags(row)} ${content}`;
    if (t.proto(row) === UDP) return `udp ${content}`;
    const isRequest = t.seq(row) >>> 24 === (t.proto(row) === ICMPV6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST);
    return `${isRequest ? "request" : "reply"} ${t.seq(row) & 0xffff} ${content}`;
  }

  /** Whether one can be the other translated: of the other version, as much shorter, forwarded, and not before its cause. */
  #couldBeTwins(inside: number, outside: number): boolean {
    const t = this.#timeline;
    if (((t.flags(inside) ^ t.flags(outside)) & IS_IPV6) === 0) return false;
    const longer = (t.length(inside) - t.length(outside)) * ((t.flags(inside) & IS_IPV6) !== 0 ? 1 : -1);
    const lowered = t.ttl(inside) - t.ttl(outside);
    if (!LONGER_BYTES.has(longer) || lowered === 0) return false;
    const latencyNs = (t.timeNs(outside) - t.timeNs(inside)) * Math.sign(lowered);
    return !this.#clock.isTrusted || latencyNs >= -this.#clock.slackNs;
  }

  /**
   * Whether the evidence suffices for a translation not seen before: TCP numbers do; else the IPv6 address of an end must
   * hold the IPv4 one (RFC 6052), its port be the same, and there be a payload that is.
   */
  #isBeyondChance(inside: number, outside: number): boolean {
    const t = this.#timeline;
    if (t.proto(inside) === TCP) return true;
    if (t.head(inside) === 0) return false;
    const [six, four] = (t.flags(inside) & IS_IPV6) !== 0 ? [inside, outside] : [outside, inside];
    return [true, false].some((isSource) => this.#isKept(six, four, isSource));
  }

  /** Whether an end of the IPv6 packet is that of the IPv4 one, written as an IPv6 address. */
  #isKept(six: number, four: number, isSource: boolean): boolean {
    const t = this.#timeline;
    const tuple6 = t.tuple(six);
    const tuple4 = t.tuple(four);
    const tuples = this.#tuples;
    const isA6 = (t.forward(six) === 1) === isSource;
    const isA4 = (t.forward(four) === 1) === isSource;
    if (t.proto(six) === UDP) {
      const port6 = tuples.port(tuple6, isA6);
      const port4 = tuples.port(tuple4, isA4);
      if (port6 !== port4) return false;
    }
    return isEmbedded(tuples.words[tuples.address(tuple4, isA4)], tuples.words, tuples.address(tuple6, isA6));
  }

  #evidence(inside: number): number {
    const t = this.#timeline;
    const payload = EVIDENCE_LENGTH | (t.head(inside) === 0 ? 0 : EVIDENCE_PAYLOAD);
    if (t.proto(inside) === TCP) return payload | EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK;
    return t.proto(inside) === UDP ? payload : payload | EVIDENCE_ICMP_SEQ;
  }
}
