import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, ICMP, ICMPV6, IS_ERROR } from "../packets/packets.js";
import {
  BY_EXACT,
  BY_FLOW,
  BY_ORDER,
  BY_QUOTED,
  EVIDENCE_FLOW,
  EVIDENCE_ICMP_SEQ,
  EVIDENCE_IP_ID,
  EVIDENCE_LENGTH,
  EVIDENCE_PAYLOAD,
  EVIDENCE_QUOTE,
  EVIDENCE_TCP_ACK,
  EVIDENCE_TCP_SEQ,
  EVIDENCE_TIME,
} from "../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../packets/sides.js";
import { AMBIGUOUS, type Timeline, WAITING } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import { Buckets } from "./buckets.js";
import type { Clock } from "./clock.js";
import { CONFLICT, KNOWN, POSSIBLE, type Translations } from "./translations.js";

/** A bucket with more packets of a side than this is not searched: nothing in it is certain, and searching is quadratic. */
const SEARCHABLE = 512;

/** How many packets behind one with too little evidence are looked through for more. */
const LOOK_AHEAD = 4096;

/** Packets that may be each other's twins and cannot be told apart. */
export interface Undecided {
  inside: number[];
  outside: number[];
  why: string;
}

/**
 * Finds twins. A packet that comes is compared with those of the other side that wait under the same key; it is paired at
 * once where one candidate is left and that candidate has no other, else it waits for what later packets teach. At the end
 * of its window `settle` decides with all there is to know.
 */
export class Matcher {
  readonly #timeline: Timeline;
  readonly #translations: Translations;
  readonly #clock: Clock;
  readonly #onPair: (inside: number, outside: number, slot: number) => void;
  readonly #buckets: Buckets;
  /** What `#survey` found last. */
  #candidate = NONE;
  #relation = 0;
  #rivals = 0;
  #others = 0;
  #usedTime = false;

  constructor(
    timeline: Timeline,
    translations: Translations,
    clock: Clock,
    onPair: (inside: number, outside: number, slot: number) => void,
  ) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#clock = clock;
    this.#onPair = onPair;
    this.#buckets = new Buckets(timeline);
  }

  /** Takes a packet just appended to the timeline. */
  admit(row: number): void {
    const t = this.#timeline;
    const buckets = this.#buckets;
    const at = row & t.mask;
    const bucket = buckets.find(row);
    if (bucket !== NONE && this.#pairWithOnly(row, bucket)) return;
    buckets.add(row, bucket);
    if (bucket === NONE || buckets.count(bucket, otherSide(t.sideOf(row))) === 0) return;
    // without an exact clock the true twin of a packet that may be sent twice may still be to come: wait for it
    if ((t.flags[at] & HAS_IP_ID) !== 0 || this.#clock.isExact) this.#tryPair(row, POSSIBLE);
  }

  /**
   * Decides about a WAITING packet whose window is over. Afterwards it is paired, or AMBIGUOUS (with what is returned), or
   * still WAITING and out of its bucket: it has no twin.
   */
  settle(row: number): Undecided | null {
    const t = this.#timeline;
    const bucket = t.bucket[row & t.mask];
    if (bucket === NONE) return null;
    if (this.#buckets.count(bucket, otherSide(t.sideOf(row))) > 0) {
      if (this.#tryPair(row, CONFLICT)) return null;
      if (this.#learnAhead(row) && this.#tryPair(row, POSSIBLE)) return null;
      const undecided = this.#gather(row);
      if (undecided) return undecided;
    }
    this.#buckets.remove(row);
    return null;
  }

  /** Takes a packet away that needs no twin any more. */
  forget(row: number): void {
    if (this.#timeline.bucket[row & this.#timeline.mask] !== NONE) this.#buckets.remove(row);
  }

  /** Pairs a packet not filed yet with the only one that waits under its key, if a known translation says so: most packets. */
  #pairWithOnly(row: number, bucket: number): boolean {
    const t = this.#timeline;
    const side = t.sideOf(row);
    if (this.#buckets.count(bucket, side) !== 0 || this.#buckets.count(bucket, otherSide(side)) !== 1) return false;
    if ((t.flags[row & t.mask] & HAS_IP_ID) === 0 && !this.#clock.isExact) return false;
    const candidate = this.#buckets.oldest(bucket, otherSide(side));
    const inside = side === INSIDE ? row : candidate;
    const outside = side === INSIDE ? candidate : row;
    if (this.#isGhost(candidate) || this.#translations.relation(inside, outside) !== KNOWN) return false;
    this.#pair(inside, outside, this.#translations.slotOf(inside), BY_EXACT, 0);
    return true;
  }

  /** Pairs the packet if its twin is certain. `weakest`: the weakest relation that may count (POSSIBLE or CONFLICT). */
  #tryPair(row: number, weakest: number): boolean {
    const t = this.#timeline;
    const bucket = t.bucket[row & t.mask];
    if (!this.#isSearchable(bucket)) return false;
    this.#survey(row, bucket);
    const relation = this.#relation;
    const candidate = this.#candidate;
    if (candidate === NONE || this.#isGhost(candidate)) return false;
    if (relation === 0 && weakest === CONFLICT) return this.#pairInOrder(row, bucket);
    if (relation < weakest) return false;
    // time alone says little while more may come: what is late may be so because all of its flow is
    if (this.#usedTime && weakest !== CONFLICT) return false;
    if (this.#rivals > 0 || this.#usedTime) {
      if (relation === KNOWN && this.#pairInOrder(row, bucket)) return true;
      if (this.#rivals > 0) return false;
    }
    const inside = t.side[row & t.mask] === INSIDE ? row : candidate;
    const outside = inside === row ? candidate : row;
    if (relation === KNOWN) {
      const slot = this.#translations.slotOf(inside);
      if (this.#others > 0)
        this.#pair(inside, outside, slot, BY_FLOW, EVIDENCE_FLOW | (this.#usedTime ? EVIDENCE_TIME : 0));
      else this.#pair(inside, outside, slot, BY_EXACT, 0);
      return true;
    }
    if (this.#others > 0 && relation === CONFLICT) return false;
    const slot = this.#translations.support(inside, outside, relation === CONFLICT);
    if (slot === NONE) return false;
    this.#pair(inside, outside, slot, BY_EXACT, 0);
    return true;
  }

  /**
   * Where a packet has one candidate and too little evidence for a new translation: looks for more in the packets of the
   * same conversation that came behind it. Returns whether the translation is known now. Where another one was in use
   * before (a port is used again, by another container), it takes as much more as it always does.
   */
  #learnAhead(row: number): boolean {
    const t = this.#timeline;
    const at = row & t.mask;
    const relation = this.#relation;
    if ((relation !== POSSIBLE && relation !== CONFLICT) || this.#rivals > 0) return false;
    let later = t.after(row);
    for (let looked = 0; looked < LOOK_AHEAD && later !== t.end; looked++, later = t.after(later)) {
      const l = later & t.mask;
      if (t.tuple[l] !== t.tuple[at] || t.side[l] !== t.side[at] || t.state[l] !== WAITING || t.bucket[l] === NONE)
        continue;
      if (this.#tryPair(later, relation)) return true;
    }
    return false;
  }

  /**
   * Looks at every waiting packet with this key. Sets the candidate with the strongest relation (one that only time speaks
   * against, where there is none), how many rivals there are (other candidates as good, or other packets that claim it as
   * well), and how many more have the same key.
   */
  #survey(row: number, bucket: number): void {
    const t = this.#timeline;
    const side = t.sideOf(row);
    this.#usedTime = false;
    this.#findBest(row, bucket, otherSide(side));
    if (this.#relation === 0) return;
    const candidate = this.#candidate;
    const relation = this.#relation;
    for (let rival = this.#buckets.oldest(bucket, side); rival !== NONE; rival = t.next[rival & t.mask]) {
      if (rival === row) continue;
      this.#others++;
      const claim = side === INSIDE ? this.#relate(rival, candidate) : this.#relate(candidate, rival);
      if (claim >= relation) this.#rivals++;
    }
  }

  #findBest(row: number, bucket: number, opposite: Side): void {
    const t = this.#timeline;
    let best = NONE;
    let bestRelation = 0;
    let rivals = 0;
    let others = -1;
    for (
      let candidate = this.#buckets.oldest(bucket, opposite);
      candidate !== NONE;
      candidate = t.next[candidate & t.mask]
    ) {
      others++;
      const relation = opposite === OUTSIDE ? this.#relate(row, candidate) : this.#relate(candidate, row);
      if (relation === 0) {
        if (best === NONE && this.#isKnown(row, candidate)) best = candidate;
        continue;
      }
      if (relation > bestRelation) {
        best = candidate;
        bestRelation = relation;
        rivals = 0;
      } else if (relation === bestRelation) {
        rivals++;
      }
    }
    this.#candidate = best;
    this.#relation = bestRelation;
    this.#rivals = rivals;
    this.#others = others;
  }

  /** Whether a known translation makes one of the other, at whatever time. */
  #isKnown(a: number, b: number): boolean {
    const [inside, outside] = this.#timeline.sideOf(a) === INSIDE ? [a, b] : [b, a];
    return this.#translations.relation(inside, outside) === KNOWN;
  }

  /** The relation of two packets, where several share a key: then a flow's own latencies count for strong keys as well. */
  #relate(inside: number, outside: number): number {
    const t = this.#timeline;
    const relation = this.#translations.relation(inside, outside);
    const bucket = t.bucket[inside & t.mask];
    if (relation !== KNOWN || (this.#buckets.count(bucket, INSIDE) === 1 && this.#buckets.count(bucket, OUTSIDE) === 1))
      return relation;
    const i = inside & t.mask;
    const flow = this.#translations.flowAt(this.#translations.slotOf(inside));
    const isOutbound = flow.isOutbound(t.forward[i]);
    if (this.#translations.isUsual(flow, isOutbound, t.timeNs[outside & t.mask] - t.timeNs[i])) return relation;
    this.#usedTime = true;
    return 0;
  }

  /**
   * Identical packets of one flow: where as many left as arrived, none was lost, and the k-th is the k-th. Networks may
   * reorder packets of a flow, a NAT in one kernel does not; and identical ones cannot be told apart by anybody.
   */
  #pairInOrder(row: number, bucket: number): boolean {
    const t = this.#timeline;
    const inside: number[] = [];
    const outside: number[] = [];
    const isInside = t.side[row & t.mask] === INSIDE;
    const anchorInside = isInside ? row : this.#candidate;
    const slot = this.#translations.slotOf(anchorInside);
    const forward = t.forward[anchorInside & t.mask];
    for (let r = this.#buckets.oldest(bucket, INSIDE); r !== NONE; r = t.next[r & t.mask]) {
      if (this.#translations.slotOf(r) !== slot || t.forward[r & t.mask] !== forward) continue;
      if (this.#isGhost(r)) return false;
      inside.push(r);
    }
    for (let r = this.#buckets.oldest(bucket, OUTSIDE); r !== NONE; r = t.next[r & t.mask]) {
      if (
        this.#translations.relation(anchorInside, r) !== KNOWN &&
        !inside.some((i) => this.#translations.relation(i, r) === KNOWN)
      )
        continue;
      if (this.#isGhost(r)) return false;
      outside.push(r);
    }
    if (inside.length !== outside.length) return false;
    if (!inside.every((i, k) => this.#translations.relation(i, outside[k]) === KNOWN)) return false;
    for (const [k, i] of inside.entries()) this.#pair(i, outside[k], slot, BY_ORDER, EVIDENCE_FLOW | EVIDENCE_TIME);
    return true;
  }

  #pair(inside: number, outside: number, slot: number, by: number, extra: number): void {
    const t = this.#timeline;
    const i = inside & t.mask;
    const isError = (t.flags[i] & IS_ERROR) !== 0;
    t.pair(inside, outside, slot, isError ? BY_QUOTED : by, evidenceOf(t.proto[i], t.flags[i]) | extra);
    this.forget(inside);
    this.forget(outside);
    this.#onPair(inside, outside, slot);
  }

  /** All packets connected with this one by possible pairs, made AMBIGUOUS; null if no packet of the other side is. */
  #gather(row: number): Undecided | null {
    const t = this.#timeline;
    const bucket = t.bucket[row & t.mask];
    const found: [number[], number[]] = [[], []];
    if (this.#isSearchable(bucket)) {
      const seen = new Set([row]);
      for (const from of seen) {
        const side = t.sideOf(from);
        found[side].push(from);
        const opposite = otherSide(side);
        for (let r = this.#buckets.oldest(bucket, opposite); r !== NONE; r = t.next[r & t.mask]) {
          if (this.#mayBeTwins(from, r)) seen.add(r);
        }
      }
    } else {
      for (const side of [INSIDE, OUTSIDE] as const) {
        for (let r = this.#buckets.oldest(bucket, side); r !== NONE; r = t.next[r & t.mask]) found[side].push(r);
      }
    }
    if (found[otherSide(t.sideOf(row))].length === 0) return null;
    const why = this.#whyUndecided(row, found);
    const fresh = (rows: number[]) =>
      rows.filter((r) => t.state[r & t.mask] === WAITING).sort((a, b) => (t.isBefore(a, b) ? -1 : 1));
    const undecided = { inside: fresh(found[INSIDE]), outside: fresh(found[OUTSIDE]), why };
    for (const r of [...undecided.inside, ...undecided.outside]) t.state[r & t.mask] = AMBIGUOUS;
    return undecided;
  }

  /** Whether two packets with one key may be twins; where neither has come when its twin usually does, late ones, too. */
  #mayBeTwins(a: number, b: number): boolean {
    const [inside, outside] = this.#timeline.sideOf(a) === INSIDE ? [a, b] : [b, a];
    if (this.#relate(inside, outside) >= POSSIBLE) return true;
    if (!this.#isKnown(inside, outside)) return false;
    return !this.#hasUsualTwin(a) && !this.#hasUsualTwin(b);
  }

  #hasUsualTwin(row: number): boolean {
    const t = this.#timeline;
    const side = t.sideOf(row);
    let other = this.#buckets.oldest(t.bucket[row & t.mask], otherSide(side));
    for (; other !== NONE; other = t.next[other & t.mask]) {
      if ((side === INSIDE ? this.#relate(row, other) : this.#relate(other, row)) === KNOWN) return true;
    }
    return false;
  }

  #whyUndecided(row: number, found: [number[], number[]]): string {
    const t = this.#timeline;
    const at = row & t.mask;
    const same = t.flags[at] & HAS_PAYLOAD ? "identical payloads" : "identical headers";
    const id = t.flags[at] & HAS_IP_ID ? "the same IP ID" : "no IP ID";
    const flow = this.#translations.slotOf(found[INSIDE][0] ?? row) === NONE ? "no known flow" : "one flow";
    if (found[INSIDE].length === 1 && found[OUTSIDE].length === 1) {
      return `one candidate, but too little evidence for a translation not seen before: ${id}, ${flow}`;
    }
    return `${same}, ${id}, ${flow}`;
  }

  #isSearchable(bucket: number): boolean {
    return this.#buckets.count(bucket, INSIDE) <= SEARCHABLE && this.#buckets.count(bucket, OUTSIDE) <= SEARCHABLE;
  }

  #isGhost(row: number): boolean {
    return this.#timeline.state[row & this.#timeline.mask] === AMBIGUOUS;
  }
}

/** The evidence that a key with these flags stands for. */
function evidenceOf(proto: number, flags: number): number {
  let evidence = EVIDENCE_LENGTH;
  if (flags & HAS_IP_ID) evidence |= EVIDENCE_IP_ID;
  if (flags & HAS_TCP_NUMBERS) evidence |= EVIDENCE_TCP_SEQ | EVIDENCE_TCP_ACK;
  if (flags & HAS_PAYLOAD) evidence |= EVIDENCE_PAYLOAD;
  if (flags & IS_ERROR) evidence |= EVIDENCE_QUOTE;
  else if (proto === ICMP || proto === ICMPV6) evidence |= EVIDENCE_ICMP_SEQ;
  return evidence;
}
