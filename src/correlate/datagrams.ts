import {
  HAS_IP_ID,
  ICMPV6,
  IS_DF,
  IS_FRAGMENT,
  IS_IPV6,
  LEAST_IPV6_MTU,
  NEVER_CUT_BYTES,
  TCP,
} from "../packets/packets.js";
import { HEAD_BYTES } from "../packets/records.js";
import { BY_FRAGMENTS, EVIDENCE_FLOW, EVIDENCE_IP_ID, EVIDENCE_LENGTH, EVIDENCE_PAYLOAD } from "../packets/results.js";
import { INSIDE, otherSide, type Side } from "../packets/sides.js";
import type { Timeline } from "../packets/timeline.js";
import { NONE, type TupleTable } from "../packets/tuples.js";
import type { Pairing } from "./pairing.js";
import { bytesOf, Reassembly } from "./reassembly.js";
import { CONFLICT, IMPOSSIBLE, KNOWN, type Translations } from "./translations.js";

/** Datagrams of a side that are kept of those that are alike: among more, nothing is certain, and searching takes long. */
const MOST_ALIKE = 64;

/** One datagram on one side. */
interface Datagram {
  readonly side: Side;
  /** By offset. The first one has the transport header. */
  readonly rows: readonly number[];
  /** Transport bytes, header included. */
  readonly bytes: number;
  /** Hashes of what it carries and of the beginning of that; 0 where not all of it was kept. */
  readonly content: number;
  readonly head: number;
  /** Some of its fragments may be another's: only the content tells. */
  readonly isMixed: boolean;
  /** Several may have become it, and nothing tells which. */
  isContested: boolean;
}

/** Datagrams of a side, oldest first, by a number that says what they have in common. */
type Shelf = Map<number, Datagram[]>;

/**
 * Pairs datagrams that are cut into other fragments on the other side, or not at all there: by protocol, identification, size, and
 * above all by content. Where a capture did not keep that, an identification and the beginning of it do; without these, two are twins
 * only if they are the only ones of the window that can be. A datagram of which a fragment is missing is not paired: part of it proves
 * nothing.
 */
export class Datagrams {
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #pairing: Pairing;
  readonly #reassembly: Reassembly;
  /** Complete datagrams of each side that are not paired, by content and size … */
  readonly #byContent: readonly [Shelf, Shelf] = [new Map(), new Map()];
  /** … and by identification, size and protocol. */
  readonly #byHeader: readonly [Shelf, Shelf] = [new Map(), new Map()];
  /** The same by each row of theirs. */
  readonly #byRow = new Map<number, Datagram>();

  constructor(timeline: Timeline, tuples: TupleTable, translations: Translations, pairing: Pairing) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#pairing = pairing;
    this.#reassembly = new Reassembly(timeline, tuples);
  }

  /** Takes a fragment, or a packet that might be fragmented on the other side. */
  admit(row: number): void {
    const t = this.#timeline;
    if (t.proto(row) === TCP) return;
    if ((t.flags(row) & IS_FRAGMENT) !== 0) {
      const whole = this.#reassembly.add(row);
      if (whole) this.#take(whole.rows, whole.bytes, whole.isMixed);
    } else if (mayBeCut(t.flags(row), t.length(row))) {
      this.#take([row], bytesOf(t, row), false);
    }
  }

  /** Tries once more to pair the datagram of a packet whose window is over, with what has been learnt meanwhile. */
  settle(row: number): boolean {
    const datagram = this.#byRow.get(row);
    if (datagram === undefined) return false;
    return this.#pairSurely(datagram, true) || this.#pairOnly(datagram);
  }

  /** How many packets are filed. */
  get size(): number {
    return this.#byRow.size + this.#reassembly.size;
  }

  /** Forgets a packet that the timeline gives back. */
  forget(row: number): void {
    this.#reassembly.forget(row);
    const datagram = this.#byRow.get(row);
    if (datagram) this.#remove(datagram);
  }

  /** Takes a complete datagram. */
  #take(rows: readonly number[], bytes: number, isMixed: boolean): void {
    const t = this.#timeline;
    const content = rows.every((row) => t.content(row) !== 0)
      ? rows.reduce((sum, row) => sum + t.content(row), 0) | 0
      : 0;
    // of a first fragment that is shorter, it would be of less than the other side's
    const head = t.payloadLength(rows[0]) < HEAD_BYTES ? 0 : t.head(rows[0]);
    const datagram = { side: t.sideOf(rows[0]), rows, bytes, content, head, isMixed, isContested: false };
    if (this.#pairSurely(datagram, false)) return;
    if (content !== 0) this.#put(this.#byContent[datagram.side], this.#contentKey(datagram), datagram);
    this.#put(this.#byHeader[datagram.side], this.#headerKey(datagram), datagram);
    for (const row of rows) this.#byRow.set(row, datagram);
  }

  #put(shelf: Shelf, key: number, datagram: Datagram): void {
    const alike = shelf.get(key);
    if (alike === undefined) {
      shelf.set(key, [datagram]);
      return;
    }
    if (alike.length === MOST_ALIKE) {
      const waiting = alike.filter((each) => this.#isWaiting(each));
      alike.length = 0;
      alike.push(...waiting);
    }
    if (alike.length < MOST_ALIKE) alike.push(datagram);
    else for (const each of alike) each.isContested = true;
  }

  #remove(datagram: Datagram): void {
    const { side, rows } = datagram;
    if (datagram.content !== 0) takeOff(this.#byContent[side], this.#contentKey(datagram), datagram);
    takeOff(this.#byHeader[side], this.#headerKey(datagram), datagram);
    for (const row of rows) this.#byRow.delete(row);
  }

  /**
   * Pairs a datagram with the one whose content says that it can be its twin, if there is but one, it has no other claimant as
   * good, and it is certain. `isFinal`: whatever belongs to it must have come by now.
   */
  #pairSurely(datagram: Datagram, isFinal: boolean): boolean {
    if (datagram.content !== 0) {
      const key = this.#contentKey(datagram);
      const candidates = this.#twinsAmong(this.#byContent[otherSide(datagram.side)].get(key), datagram);
      if (candidates.length > 0) {
        const alike = this.#byContent[datagram.side].get(key);
        return this.#pairBest(datagram, candidates, isFinal, (twin) => this.#twinsAmong(alike, twin));
      }
    }
    const key = this.#headerKey(datagram);
    const hasLike = (some: readonly Datagram[] | undefined, of: Datagram) =>
      this.#twinsAmong(some, of).filter((other) => this.#areNumberedAlike(of, other));
    const candidates = hasLike(this.#byHeader[otherSide(datagram.side)].get(key), datagram);
    const alike = this.#byHeader[datagram.side].get(key);
    return this.#pairBest(datagram, candidates, isFinal, (twin) => hasLike(alike, twin));
  }

  /** `claimants`: who may be the twin of a candidate. */
  #pairBest(
    datagram: Datagram,
    candidates: readonly Datagram[],
    isFinal: boolean,
    claimants: (twin: Datagram) => readonly Datagram[],
  ): boolean {
    const best = Math.max(CONFLICT + 1, ...candidates.map((other) => this.#relation(datagram, other)));
    const asGood = candidates.filter((other) => this.#relation(datagram, other) >= best);
    const twins = asGood.length > 1 ? asGood.filter((other) => this.#isQuick(datagram, other)) : asGood;
    if (twins.length !== 1) return false;
    const [twin] = twins;
    const rivals = claimants(twin).filter((other) => other !== datagram && this.#relation(other, twin) >= best);
    if (rivals.length > 0 && (!this.#isQuick(datagram, twin) || rivals.some((rival) => this.#isQuick(rival, twin)))) {
      twin.isContested ||= isFinal;
      return false;
    }
    return this.#pair(datagram, twin);
  }

  /**
   * Pairs a datagram whose window is over with the only one that can be its twin, where one of the two was not kept whole. Without
   * an identification that is the same on both sides, its latency must be usual.
   */
  #pairOnly(datagram: Datagram): boolean {
    const key = this.#headerKey(datagram);
    const candidates = this.#twinsAmong(this.#byHeader[otherSide(datagram.side)].get(key), datagram);
    if (candidates.length !== 1) return false;
    const [twin] = candidates;
    const rivals = this.#twinsAmong(this.#byHeader[datagram.side].get(key), twin);
    if (datagram.isMixed || twin.isMixed || rivals.some((other) => other !== datagram)) return false;
    if (this.#idOf(datagram.rows[0]) === 0 && !this.#isQuick(datagram, twin)) return false;
    return this.#pair(datagram, twin);
  }

  /** Those of some datagrams of the other side that may be a datagram's twins. */
  #twinsAmong(some: readonly Datagram[] | undefined, datagram: Datagram): readonly Datagram[] {
    return some?.filter((other) => this.#mayBeTwins(datagram, other)) ?? [];
  }

  /** Two datagrams that came whole on both sides are not this room's business. */
  #mayBeTwins(a: Datagram, b: Datagram): boolean {
    if (a.isContested || b.isContested || a.rows.length + b.rows.length === 2) return false;
    if (!isSameHash(a.content, b.content) || !isSameHash(a.head, b.head)) return false;
    if (this.#headerKey(a) !== this.#headerKey(b) || !this.#isWaiting(a) || !this.#isWaiting(b)) return false;
    return this.#relation(a, b) !== IMPOSSIBLE;
  }

  /** Whether two that may be twins have numbers and the beginning of their content in common. */
  #areNumberedAlike(a: Datagram, b: Datagram): boolean {
    return a.head !== 0 && b.head !== 0 && !a.isMixed && !b.isMixed && this.#idOf(a.rows[0]) !== 0;
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
    return this.#translations.relation(i, o);
  }

  /** Whether two datagrams came as close together as twins do, the way their TTL says. */
  #isQuick(a: Datagram, b: Datagram): boolean {
    const t = this.#timeline;
    const [inside, outside] = inOrder(a, b);
    const [i, o] = [inside.rows[0], outside.rows[0]];
    return this.#translations.isQuick(t.ttl(i) > t.ttl(o), t.timeNs(o) - t.timeNs(i));
  }

  #pair(a: Datagram, b: Datagram): boolean {
    const t = this.#timeline;
    const [inside, outside] = inOrder(a, b);
    const [i, o] = [inside.rows[0], outside.rows[0]];
    const relation = this.#translations.relation(i, o);
    if (relation <= CONFLICT) return false;
    const slot = relation === KNOWN ? this.#translations.slotOf(i) : this.#translations.support(i, o, false);
    if (slot === NONE) return false;
    let evidence = EVIDENCE_LENGTH | (relation === KNOWN ? EVIDENCE_FLOW : 0);
    if ((t.flags(i) & t.flags(o) & HAS_IP_ID) !== 0) evidence |= EVIDENCE_IP_ID;
    if (a.content !== 0 && b.content !== 0) evidence |= EVIDENCE_PAYLOAD;
    this.#pairing.pairGroup(inside.rows, outside.rows, slot, BY_FRAGMENTS, evidence);
    return true;
  }

  #isWaiting(datagram: Datagram): boolean {
    const t = this.#timeline;
    return datagram.rows.every((row) => t.isWaiting(row));
  }

  /** What twins have in common beside their content, as a number. */
  #headerKey({ rows, bytes }: Datagram): number {
    const t = this.#timeline;
    const [first] = rows;
    const isIpv6 = (t.flags(first) & IS_IPV6) !== 0;
    return ((isIpv6 ? 0x100 : 0) | t.proto(first)) * 2 ** 36 + bytes * 2 ** 16 + this.#idOf(first);
  }

  /** The same with their content: a hash, as a number has no room for both. A datagram is smaller than 2^20 bytes, even where a host hands over several as one. */
  #contentKey({ rows, bytes, content }: Datagram): number {
    return bytes * 2 ** 32 + ((content ^ Math.imul(this.#idOf(rows[0]), 0x9e3779b1)) >>> 0);
  }

  /** What tells a datagram from others and is the same on both sides: not an IPv6 identification, as a host that puts datagrams together and cuts them again makes that anew. */
  #idOf(first: number): number {
    const t = this.#timeline;
    if ((t.flags(first) & IS_IPV6) === 0) return t.ipId(first);
    return t.proto(first) === ICMPV6 ? t.seq(first) & 0xffff : 0;
  }
}

/** Whether two hashes are the same, as far as is known. */
function isSameHash(a: number, b: number): boolean {
  return a === b || a === 0 || b === 0;
}

/** Takes a datagram off a shelf; it is mostly the oldest of its kind that goes. */
function takeOff(shelf: Shelf, key: number, datagram: Datagram): void {
  const alike = shelf.get(key);
  const at = alike?.indexOf(datagram) ?? -1;
  if (alike === undefined || at < 0) return;
  alike.splice(at, 1);
  if (alike.length === 0) shelf.delete(key);
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
