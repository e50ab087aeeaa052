import { HAS_IP_ID, HAS_PAYLOAD, IS_ERROR } from "../packets/packets.js";
import { BY_EXACT, BY_FLOW, BY_ORDER, BY_QUOTED, EVIDENCE_FLOW, EVIDENCE_TIME } from "../packets/results.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../packets/sides.js";
import { AMBIGUOUS, type Timeline, WAITING } from "../packets/timeline.js";
import { NONE } from "../packets/tuples.js";
import type { Altered } from "./altered.js";
import { ALONE, type Buckets } from "./buckets.js";
import type { Clock } from "./clock.js";
import { evidenceOf } from "./evidence.js";
import { CONFLICT, IDENTITY, INTACT_BITS, KNOWN, POSSIBLE, type Translations } from "./translations.js";

/** A bucket with more packets of a side than this is not searched: nothing in it is certain, and searching is quadratic. */
const SEARCHABLE = 512;

/** Two packets that have an IP ID in common so far apart, nanoseconds, may have it by chance: the router may number packets itself … */
export const LATE_NS = 5_000_000;
/** … where no more pairs than this say that it does not. */
export const EARLY_PAIRS = 1024;

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
  readonly #onPair: (inside: number, outside: number) => void;
  readonly #buckets: Buckets;
  /** What `#survey` found last. */
  #candidate = NONE;
  #relation = 0;
  #rivals = 0;
  #others = 0;
  #usedTime = false;
  /** Whether the last candidate was refused as its IP ID is the router's own, and says nothing. */
  #isRenumbered = false;
  readonly #altered: Altered;

  constructor(
    timeline: Timeline,
    buckets: Buckets,
    translations: Translations,
    clock: Clock,
    altered: Altered,
    onPair: (inside: number, outside: number) => void,
  ) {
    this.#timeline = timeline;
    this.#translations = translations;
    this.#clock = clock;
    this.#altered = altered;
    this.#onPair = onPair;
    this.#buckets = buckets;
  }

  /** Takes a packet just appended to the timeline. */
  admit(row: number): void {
    const t = this.#timeline;
    this.#buckets.add(row);
    if (!this.#hasCandidates(row)) return;
    // without an exact clock the true twin of a packet that may be sent twice may still be to come: wait for it
    if ((t.flags(row) & HAS_IP_ID) !== 0 || this.#clock.isExact) this.#tryPair(row, POSSIBLE);
  }

  /**
   * Decides about a WAITING packet whose window is over. Afterwards it is paired, or AMBIGUOUS (with what is returned), or
   * still WAITING and no longer filed: it has no twin.
   */
  settle(row: number): Undecided | null {
    if (this.#timeline.bucket(row) === NONE) return null;
    if (this.#hasCandidates(row)) {
      if (this.#tryPair(row, CONFLICT)) return null;
      if (this.#learnAhead(row) && this.#tryPair(row, POSSIBLE)) return null;
      const undecided = this.#isRenumbered ? null : this.#gather(row);
      if (undecided) return undecided;
    }
    this.#buckets.remove(row);
    return null;
  }

  /** Takes a packet away that needs no twin any more. */
  forget(row: number): void {
    if (this.#timeline.bucket(row) !== NONE) this.#buckets.remove(row);
  }

  /** Whether packets of the other side wait under the key of a filed one. */
  #hasCandidates(row: number): boolean {
    const bucket = this.#timeline.bucket(row);
    return bucket !== ALONE && this.#buckets.count(bucket, otherSide(this.#timeline.sideOf(row))) > 0;
  }

  /** Pairs the packet if its twin is certain. `weakest`: the weakest relation that may count (POSSIBLE or CONFLICT). */
  #tryPair(row: number, weakest: number): boolean {
    const t = this.#timeline;
    const bucket = t.bucket(row);
    this.#isRenumbered = false;
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
    const inside = t.side(row) === INSIDE ? row : candidate;
    const outside = inside === row ? candidate : row;
    if ((t.flags(row) & HAS_IP_ID) !== 0) {
      const isLate = Math.abs(t.timeNs(outside) - t.timeNs(inside)) > LATE_NS;
      if (isLate && this.#translations.intactWithId < EARLY_PAIRS) this.#altered.lookAhead();
      this.#isRenumbered = this.#altered.survivors.isRenumbering(this.#isOutbound(inside, outside));
      if (this.#isRenumbered) return false;
    }
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

  /** Whether two packets travel outbound, if they are twins. */
  #isOutbound(inside: number, outside: number): boolean {
    const t = this.#timeline;
    const slot = this.#translations.slotOf(inside);
    if (slot !== NONE) return this.#translations.accounts.isOutbound(slot, t.forward(inside));
    return t.ttl(inside) > t.ttl(outside);
  }

  /**
   * Where a packet has one candidate and too little evidence for a new translation: looks for more in the packets of the
   * same conversation that came behind it. Returns whether the translation is known now. Where another one was in use
   * before (a port is used again, by another container), it takes as much more as it always does.
   */
  #learnAhead(row: number): boolean {
    const t = this.#timeline;
    const relation = this.#relation;
    if ((relation !== POSSIBLE && relation !== CONFLICT) || this.#rivals > 0) return false;
    let later = t.after(row);
    for (let looked = 0; looked < LOOK_AHEAD && later !== t.end; looked++, later = t.after(later)) {
      if (
        t.state(later) !== WAITING ||
        t.tuple(later) !== t.tuple(row) ||
        t.side(later) !== t.side(row) ||
        t.bucket(later) < 0
      )
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
    for (let rival = this.#buckets.oldest(bucket, side); rival !== NONE; rival = t.next(rival)) {
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
    for (let candidate = this.#buckets.oldest(bucket, opposite); candidate !== NONE; candidate = t.next(candidate)) {
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
    const bucket = t.bucket(inside);
    if (relation !== KNOWN || (this.#buckets.count(bucket, INSIDE) === 1 && this.#buckets.count(bucket, OUTSIDE) === 1))
      return relation;
    const slot = this.#translations.slotOf(inside);
    const isOutbound = this.#translations.accounts.isOutbound(slot, t.forward(inside));
    if (this.#translations.isUsual(slot, isOutbound, t.timeNs(outside) - t.timeNs(inside))) return relation;
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
    const isInside = t.side(row) === INSIDE;
    const anchorInside = isInside ? row : this.#candidate;
    const slot = this.#translations.slotOf(anchorInside);
    const forward = t.forward(anchorInside);
    for (let r = this.#buckets.oldest(bucket, INSIDE); r !== NONE; r = t.next(r)) {
      if (this.#translations.slotOf(r) !== slot || t.forward(r) !== forward) continue;
      if (this.#isGhost(r)) return false;
      inside.push(r);
    }
    for (let r = this.#buckets.oldest(bucket, OUTSIDE); r !== NONE; r = t.next(r)) {
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
    const flags = t.flags(inside);
    const isOutbound = this.#translations.accounts.isOutbound(slot, t.forward(inside));
    const evidence = evidenceOf(t.proto(inside), flags) | extra;
    t.pair(inside, outside, slot, (flags & IS_ERROR) !== 0 ? BY_QUOTED : by, evidence, isOutbound);
    this.#translations.intact[((isOutbound ? 1 : 0) << INTACT_BITS) | (flags & IDENTITY)]++;
    this.forget(inside);
    this.forget(outside);
    this.#onPair(inside, outside);
  }

  /** All packets connected with this one by possible pairs, made AMBIGUOUS; null if no packet of the other side is. */
  #gather(row: number): Undecided | null {
    const t = this.#timeline;
    const bucket = t.bucket(row);
    const found: [number[], number[]] = [[], []];
    if (this.#isSearchable(bucket)) {
      const seen = new Set([row]);
      for (const from of seen) {
        const side = t.sideOf(from);
        found[side].push(from);
        const opposite = otherSide(side);
        for (let r = this.#buckets.oldest(bucket, opposite); r !== NONE; r = t.next(r)) {
          if (this.#mayBeTwins(from, r)) seen.add(r);
        }
      }
    } else {
      for (const side of [INSIDE, OUTSIDE] as const) {
        for (let r = this.#buckets.oldest(bucket, side); r !== NONE; r = t.next(r)) found[side].push(r);
      }
    }
    if (found[otherSide(t.sideOf(row))].length === 0) return null;
    const why = this.#whyUndecided(row, found);
    const fresh = (rows: number[]) =>
      rows.filter((r) => t.state(r) === WAITING).sort((a, b) => (t.isBefore(a, b) ? -1 : 1));
    const undecided = { inside: fresh(found[INSIDE]), outside: fresh(found[OUTSIDE]), why };
    for (const r of [...undecided.inside, ...undecided.outside]) t.setState(r, AMBIGUOUS);
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
    let other = this.#buckets.oldest(t.bucket(row), otherSide(side));
    for (; other !== NONE; other = t.next(other)) {
      if ((side === INSIDE ? this.#relate(row, other) : this.#relate(other, row)) === KNOWN) return true;
    }
    return false;
  }

  #whyUndecided(row: number, found: [number[], number[]]): string {
    const t = this.#timeline;
    const same = t.flags(row) & HAS_PAYLOAD ? "identical payloads" : "identical headers";
    const id = t.flags(row) & HAS_IP_ID ? "the same IP ID" : "no IP ID";
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
    return this.#timeline.state(row) === AMBIGUOUS;
  }
}
