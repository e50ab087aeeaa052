import { addressText } from "../packets/address.js";
import {
  HAS_IP_ID,
  HAS_MORE_FRAGMENTS,
  ICMP,
  ICMPV6,
  IS_DF,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_IPV6,
  IS_LATER_FRAGMENT,
  TCP,
  UDP,
} from "../packets/packets.js";
import { BY_FRAGMENTS, EVIDENCE_FLOW, EVIDENCE_IP_ID, EVIDENCE_LENGTH } from "../packets/results.js";
import { INSIDE, type Side } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import { NONE, type TupleTable } from "../packets/tuples.js";
import type { Pairing } from "./pairing.js";
import { CONFLICT, IMPOSSIBLE, KNOWN } from "./relations.js";
import type { Translations } from "./translations.js";

/** No link has a smaller MTU in practice (RFC 791: every host must take 576 bytes): a shorter datagram is not cut. */
export const NEVER_CUT_BYTES = 576;

/** RFC 8200 section 5. */
export const LEAST_IPV6_MTU = 1280;

/** Protocols whose 8 header bytes are not counted in `payloadLength`. */
const HAVE_8_BYTE_HEADERS: ReadonlySet<number> = new Set([UDP, ICMP, ICMPV6]);

/** One datagram on one side: whole, or as the fragments seen so far. */
interface Datagram {
  readonly side: Side;
  /** By offset. The first one, at 0, has the transport header. */
  rows: number[];
  /** Transport bytes, header included, once the last fragment is there; 0 before. */
  bytes: number;
  /** Several may have become it, and nothing tells which. */
  isContested: boolean;
}

/**
 * Pairs datagrams that are cut into other fragments on the other side, or not at all there: by protocol, identification
 * and size of the whole. A datagram of which a fragment is missing is not paired: part of it proves nothing.
 */
export class Datagrams {
  readonly #timeline: Timeline;
  readonly #tuples: TupleTable;
  readonly #translations: Translations;
  readonly #pairing: Pairing;
  /** Datagrams still being collected, by side, addresses, protocol and identification (RFC 791 section 3.2). */
  readonly #partial = new Map<string, Datagram>();
  /** Datagrams complete and not paired, by protocol, identification and size. */
  readonly #complete = new Map<string, Datagram[]>();
  /** Where a row's datagram is filed, so that it can be forgotten with the row. */
  readonly #filed = new Map<number, string>();

  constructor(timeline: Timeline, tuples: TupleTable, translations: Translations, pairing: Pairing) {
    this.#timeline = timeline;
    this.#tuples = tuples;
    this.#translations = translations;
    this.#pairing = pairing;
  }

  /** Takes a fragment, or a packet that might be fragmented on the other side. */
  admit(row: number): void {
    const t = this.#timeline;
    if (t.proto(row) === TCP) return;
    if ((t.flags(row) & IS_FRAGMENT) !== 0) this.#admitFragment(row);
    else if (mayBeCut(t.flags(row), t.length(row))) {
      this.#file({ side: t.sideOf(row), rows: [row], bytes: this.#bytesOf(row), isContested: false });
    }
  }

  /** Tries once more to pair the datagram of a packet whose window is over, with what has been learnt meanwhile. */
  settle(row: number): boolean {
    const key = this.#filed.get(row);
    const filed = key === undefined ? undefined : this.#complete.get(key);
    const datagram = filed?.find((candidate) => candidate.rows.includes(row));
    return datagram !== undefined && filed !== undefined && this.#pairWithOne(datagram, filed, true);
  }

  /** How many packets are filed. */
  get size(): number {
    return this.#filed.size;
  }

  /** Forgets a packet that the timeline gives back. */
  forget(row: number): void {
    const key = this.#filed.get(row);
    if (key === undefined) return;
    this.#filed.delete(row);
    const partial = this.#partial.get(key);
    if (partial?.rows.includes(row)) this.#partial.delete(key);
    const complete = this.#complete.get(key)?.filter((datagram) => !datagram.rows.includes(row));
    if (complete && complete.length > 0) this.#complete.set(key, complete);
    else this.#complete.delete(key);
  }

  #admitFragment(row: number): void {
    const t = this.#timeline;
    const side = t.sideOf(row);
    const key = `${side} ${this.#addresses(row)} ${t.proto(row)} ${t.ipId(row)}`;
    let datagram = this.#partial.get(key);
    if (!datagram) {
      datagram = { side, rows: [], bytes: 0, isContested: false };
      this.#partial.set(key, datagram);
    }
    datagram.rows.push(row);
    this.#filed.set(row, key);
    if ((t.flags(row) & HAS_MORE_FRAGMENTS) === 0) datagram.bytes = this.#offsetOf(row) + this.#bytesOf(row);
    if (datagram.bytes === 0) return;
    datagram.rows.sort((a, b) => this.#offsetOf(a) - this.#offsetOf(b));
    let reached = 0;
    for (const piece of datagram.rows) {
      if (this.#offsetOf(piece) !== reached) return;
      reached += this.#bytesOf(piece);
    }
    if (reached !== datagram.bytes) return;
    this.#partial.delete(key);
    this.#file(datagram);
  }

  /** Files a complete datagram, or pairs it with the one of the other side that is the same. */
  #file(datagram: Datagram): void {
    const t = this.#timeline;
    const first = datagram.rows[0];
    // an IPv6 identification is made anew on the way: conntrack puts datagrams together, and the host cuts them again
    const id =
      (t.flags(first) & IS_IPV6) !== 0 ? `6 ${t.proto(first) === ICMPV6 ? t.seq(first) : ""}` : `4 ${t.ipId(first)}`;
    const key = `${id} ${t.proto(first)} ${datagram.bytes}`;
    const others = this.#complete.get(key) ?? [];
    if (this.#pairWithOne(datagram, others, false)) return;
    this.#complete.set(key, [...others, datagram]);
    for (const row of datagram.rows) this.#filed.set(row, key);
  }

  /**
   * Pairs a datagram with the one among others that can be its twin, if there is but one, it has no other claimant as good,
   * and it is certain. `isFinal`: whatever belongs to it must have come by now.
   */
  #pairWithOne(datagram: Datagram, others: readonly Datagram[], isFinal: boolean): boolean {
    const candidates = others.filter((other) => this.#couldBeTwins(datagram, other));
    const best = Math.max(CONFLICT + 1, ...candidates.map((other) => this.#relation(datagram, other)));
    const asGood = candidates.filter((other) => this.#relation(datagram, other) >= best);
    const twins = asGood.length > 1 ? asGood.filter((other) => this.#isQuick(datagram, other)) : asGood;
    if (twins.length !== 1) return false;
    const [twin] = twins;
    const rivals = others.filter(
      (other) => other !== datagram && this.#couldBeTwins(other, twin) && this.#relation(other, twin) >= best,
    );
    if (rivals.length > 0 && (!this.#isQuick(datagram, twin) || rivals.some((rival) => this.#isQuick(rival, twin)))) {
      twin.isContested ||= isFinal;
      return false;
    }
    const [inside, outside] = inOrder(datagram, twin);
    return this.#pair(inside.rows, outside.rows);
  }

  /** How two datagrams stand to each other; an IPv6 identification says nothing, so there their latency must. */
  #relation(a: Datagram, b: Datagram): number {
    const t = this.#timeline;
    const [inside, outside] = inOrder(a, b);
    const [i, o] = [inside.rows[0], outside.rows[0]];
    const gapNs = t.timeNs(o) - t.timeNs(i);
    const isOutbound = t.ttl(i) > t.ttl(o);
    if ((t.flags(i) & IS_IPV6) !== 0 && !this.#translations.isPlausible(isOutbound, isOutbound ? gapNs : -gapNs))
      return IMPOSSIBLE;
    return this.#translations.relation(inside.rows[0], outside.rows[0]);
  }

  /** Whether two datagrams came as close together as twins do, the way their TTL says. */
  #isQuick(a: Datagram, b: Datagram): boolean {
    const t = this.#timeline;
    const [inside, outside] = inOrder(a, b);
    const [i, o] = [inside.rows[0], outside.rows[0]];
    return this.#translations.isQuick(t.ttl(i) > t.ttl(o), t.timeNs(o) - t.timeNs(i));
  }

  #pair(inside: readonly number[], outside: readonly number[]): boolean {
    const t = this.#timeline;
    const relation = this.#translations.relation(inside[0], outside[0]);
    if (relation <= CONFLICT) return false;
    const slot =
      relation === KNOWN ? this.#translations.slotOf(inside[0]) : this.#translations.support(inside[0], outside[0]);
    if (slot === NONE) return false;
    const hasId = (t.flags(inside[0]) & t.flags(outside[0]) & HAS_IP_ID) !== 0;
    const evidence = EVIDENCE_LENGTH | (hasId ? EVIDENCE_IP_ID : 0) | (relation === KNOWN ? EVIDENCE_FLOW : 0);
    this.#pairing.pairGroup(inside, outside, slot, BY_FRAGMENTS, evidence);
    return true;
  }

  /** Two datagrams that came whole on both sides are not this room's business. */
  #couldBeTwins(a: Datagram, b: Datagram): boolean {
    const areTwo = a.side !== b.side && a.rows.length + b.rows.length > 2;
    return areTwo && !a.isContested && !b.isContested && this.#isWaiting(a) && this.#isWaiting(b);
  }

  #isWaiting(datagram: Datagram): boolean {
    const t = this.#timeline;
    return datagram.rows.every((row) => t.isWaiting(row));
  }

  #addresses(row: number): string {
    const t = this.#timeline;
    const tuples = this.#tuples;
    const tuple = t.tuple(row);
    const isForward = t.forward(row) === 1;
    const address = (isA: boolean): string =>
      addressText(tuples.isIpv6(tuple), tuples.words, tuples.address(tuple, isA));
    return `${address(isForward)} ${address(!isForward)}`;
  }

  #offsetOf(row: number): number {
    const t = this.#timeline;
    return (t.flags(row) & IS_LATER_FRAGMENT) !== 0 ? t.seq(row) : 0;
  }

  #bytesOf(row: number): number {
    const t = this.#timeline;
    const hasHeader = (t.flags(row) & (IS_LATER_FRAGMENT | IS_HEADLESS)) === 0 && HAVE_8_BYTE_HEADERS.has(t.proto(row));
    return t.payloadLength(row) + (hasHeader ? 8 : 0);
  }
}

/** Two datagrams of both sides, the inside one first. */
function inOrder(a: Datagram, b: Datagram): readonly [Datagram, Datagram] {
  return a.side === INSIDE ? [a, b] : [b, a];
}

/** Whether a datagram with these flags, `length` bytes long, may be in pieces on the other side. */
function mayBeCut(flags: number, length: number): boolean {
  if ((flags & IS_IPV6) !== 0) return length > LEAST_IPV6_MTU;
  return (flags & (HAS_IP_ID | IS_DF)) === HAS_IP_ID && length > NEVER_CUT_BYTES;
}
