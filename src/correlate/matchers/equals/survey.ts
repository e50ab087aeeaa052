import { HAS_IP_ID, isAgain } from "../../../packets/packets.js";
import { INSIDE } from "../../../packets/sides.js";
import { HAS_AMBIGUOUS, HAS_UNMATCHED, NONE } from "../../../packets/tuples.js";
import {
  goesOutbound,
  IMPOSSIBLE,
  IS_CLOSE,
  IS_LATE,
  IS_REPEATABLE,
  IS_STALE,
  IS_UNVOUCHED,
  IS_USUAL,
  KNOWN,
  POSSIBLE,
  RELATION_MASK,
} from "../../kernel/relations.js";
import type { About } from "../contract.js";
import type { Sight } from "./sight.js";

/**
 * How strong a claim on each other two packets have. Time comes before translations: one that is known is evidence, not proof, and
 * loses against another pair that is in time. What is late and may be sent again has no claim.
 */
export const CLAIM_NONE = 0;
export const CLAIM_LATE_CONFLICT = 1;
export const CLAIM_LATE_POSSIBLE = 2;
export const CLAIM_CONFLICT = 3;
export const CLAIM_POSSIBLE = 4;
export const CLAIM_LATE_KNOWN = 5;
export const CLAIM_KNOWN = 6;

/** What none goes before: see `rankOf`. */
const HIGHEST_RANK = 2 * CLAIM_KNOWN + 1;

/** How much longer than the limit of those before it a packet may take: a queue grows … */
export const GROWTH = 4;
/** … but where so many took so much less, in bits, that none is known to have. */
const NEVER_BITS = 10;
/** What packets take now and then, they may take again, however short the queue was lately: more than one in 2^this did. */
const SELDOM_BITS = 6;

/** How many times longer, or shorter, what took nearly as long may have taken. */
const NEARLY = 1.3;

/** The claim that two packets have on each other, by how they stand to each other. */
export function claimBy(related: number): number {
  const relation = related & RELATION_MASK;
  const isLate = (related & IS_LATE) !== 0;
  if (relation === IMPOSSIBLE || (isLate && (related & IS_REPEATABLE) !== 0)) return CLAIM_NONE;
  if (relation === KNOWN) return isLate ? CLAIM_LATE_KNOWN : CLAIM_KNOWN;
  if (relation === POSSIBLE) return isLate ? CLAIM_LATE_POSSIBLE : CLAIM_POSSIBLE;
  return isLate ? CLAIM_LATE_CONFLICT : CLAIM_CONFLICT;
}

/** Looks at every packet that waits with the key of another one: which may be its twin, and which contend with that. */
export class Survey {
  /** The candidate with the strongest claim, or where there is none, one that only time speaks against; or NONE. */
  candidate = NONE;
  claim = CLAIM_NONE;
  /** A rival: another candidate as good, or another packet that claims it as well; NONE where there is none. */
  rival = NONE;
  /** How many more have the same key. */
  others = 0;
  /** Whether that candidate is close to equal packets. */
  isClose = false;
  /** Whether it is known by a translation that may be forgotten. */
  isStale = false;
  /** Whether that was so before: the translation is not to be believed any more. */
  isForgotten = false;
  /** Whether one was passed over that only time speaks against. */
  usedTime = false;
  /** Whether one that is in time contends with a known translation that is not. */
  isDoubted = false;
  /** The least time between two of which clocks that nothing vouches for are all that speaks against them, nanoseconds. */
  #unvouchedNs = Number.POSITIVE_INFINITY;
  /** See `take`. */
  #isHasty = false;
  /** How those that were looked at stand to the packet, in the order of their time: all of them, unless that was enough. */
  readonly #related: number[] = [];
  readonly #about: About;
  readonly #sight: Sight;

  constructor(about: About, sight: Sight) {
    this.#about = about;
    this.#sight = sight;
  }

  get hasRivals(): boolean {
    return this.rival !== NONE;
  }

  /** Whether another packet may be the candidate's twin, or another one this one's, as far as time tells. */
  get isContended(): boolean {
    return this.hasRivals || this.isClose;
  }

  /**
   * Looks at those around a packet: see `Sight.nsOf`. `isHasty`: no further than it takes to see that its candidate has rivals, or that time alone speaks
   * against another one.
   */
  take(row: number, reachNs: number, isHasty: boolean): void {
    this.#isHasty = isHasty;
    this.rival = NONE;
    this.others = 0;
    this.usedTime = false;
    this.isDoubted = false;
    this.#unvouchedNs = Number.POSITIVE_INFINITY;
    const best = this.#findBest(row, reachNs);
    const { candidate } = this;
    this.claim = claimBy(best);
    this.isClose = (best & IS_CLOSE) !== 0;
    this.isForgotten = false;
    this.isStale = false;
    if (this.#isEnough()) return;
    if (this.claim === CLAIM_NONE) return;
    this.isStale =
      (best & IS_STALE) !== 0 || (this.claim === CLAIM_KNOWN && this.#mayBeForgotten(row, candidate, reachNs));
    this.#contend(row, candidate, best, reachNs, (_, at) => this.#related[at]);
    this.#contend(candidate, row, best, reachNs, (other) => this.#weigh(other, candidate));
    if (this.#unvouchedNs < Number.POSITIVE_INFINITY && this.#isUnvouchedRival(row, candidate)) this.rival = candidate;
  }

  /**
   * Whether the translation that two are known by may have been forgotten, and all others at once (conntrack -F): an equal packet passed the outside by
   * a translation that nobody knows, and every one on the inside that it may belong to has another, or had one before. Once, the inside capture may have
   * missed it.
   */
  #mayBeForgotten(row: number, candidate: number, reachNs: number): boolean {
    const { timeline: t, tuples, translations } = this.#about;
    const [inside, outside] = t.insideFirst(row, candidate);
    const isUnknown = (of: number): boolean => translations.slotOf(of) === NONE;
    const isNew = (of: number): boolean => !isAgain(t.flags(of));
    const isMeant = (entry: number, exit: number): boolean => claimBy(this.relate(entry, exit)) >= CLAIM_CONFLICT;
    let [isNobodys, count] = [false, 0];
    this.#sight.has(inside, reachNs, (other) => {
      if (other === outside || !isUnknown(other) || !isMeant(inside, other)) return false;
      const explains = (entry: number): boolean =>
        isUnknown(entry) && (isNew(entry) || !isNew(other)) && isMeant(entry, other);
      if (this.#sight.has(other, reachNs, explains)) return false;
      isNobodys = true;
      const tuple = t.tuple(other);
      if (tuples.has(tuple, HAS_AMBIGUOUS) || tuples.has(tuple, HAS_UNMATCHED) || ++count > 1) this.isForgotten = true;
      return this.isForgotten;
    });
    return isNobodys;
  }

  /** Looks at the packets that may contend with a chosen one for another, to which it stands as the best. `relatedOf`: how they stand to that. */
  #contend(
    row: number,
    chosen: number,
    best: number,
    reachNs: number,
    relatedOf: (other: number, at: number) => number,
  ): void {
    let at = 0;
    for (let other = this.#sight.first(row, reachNs); other !== NONE; other = this.#sight.next(row, other, reachNs)) {
      const place = at++;
      if (other === chosen) continue;
      this.others++;
      const related = relatedOf(other, place);
      this.#doubt(related);
      // one is enough, and to find it takes a look at all
      if (!this.hasRivals && this.#isRival(other, row, chosen, best, related, reachNs)) this.rival = other;
      if (this.#isEnough()) return;
    }
  }

  /** Whether no more need be looked at: what else there is matters only where nobody contends. */
  #isEnough(): boolean {
    return this.#isHasty ? this.hasRivals || this.usedTime : this.hasRivals && this.usedTime;
  }

  /** Whether a packet, which stands so to another one, contends with a chosen one for it, to which that one stands as the best. */
  #isRival(other: number, row: number, chosen: number, best: number, related: number, reachNs: number): boolean {
    const isEither = this.isStale || (related & IS_STALE) !== 0;
    if (rankOf(related) >= rankOf(best) || (isEither && claimBy(related) !== CLAIM_NONE)) return true;
    const t = this.#about.timeline;
    const isSameWay = t.way(other) === t.way(chosen);
    const isOfOne = isSameWay || (related & RELATION_MASK) === KNOWN;
    if (isOfOne && this.mayBeHeldUp(other, row, related, () => chosen)) return true;
    const isKnown = (best & RELATION_MASK) === KNOWN && !this.isStale;
    // the other one may have another translation by now as well as this one, which has lost its own or had none
    if (!isKnown && claimBy(related) === CLAIM_CONFLICT && (related & IS_REPEATABLE) !== 0) return true;
    // while no translation is known, what packets take does not tell which of one conversation is meant, if the other is nobody else's
    return !isKnown && isSameWay && this.#isUntimely(related) && this.timelyFor(other, reachNs, row) === NONE;
  }

  /** How two packets stand to each other, with all that is known of them. */
  relate(a: number, b: number): number {
    const t = this.#about.timeline;
    const related = this.#about.kernel.relate(a, b);
    // most of many that are alike are too far apart: nothing else need be asked
    if ((related & (RELATION_MASK | IS_UNVOUCHED)) === IMPOSSIBLE) return IMPOSSIBLE;
    const isOutbound = goesOutbound(related);
    // where the router numbers what goes that way itself, an equal IP ID is chance
    const hasId = (t.flags(t.side(a) === INSIDE ? a : b) & HAS_IP_ID) !== 0;
    if (hasId && this.#about.survivors.isRenumbering(isOutbound)) return IMPOSSIBLE;
    const isEntry = (t.sideOf(a) === INSIDE) === isOutbound;
    return (isEntry ? this.#about.mayBecome(a, b) : this.#about.mayBecome(b, a)) ? related : IMPOSSIBLE;
  }

  /** Finds the candidate with the strongest claim. Returns how it stands to the packet; 0 where none has a claim. Two that none can beat are rivals. */
  #findBest(row: number, reachNs: number): number {
    this.candidate = NONE;
    this.#related.length = 0;
    let best = 0;
    for (let other = this.#sight.first(row, reachNs); other !== NONE; other = this.#sight.next(row, other, reachNs)) {
      const related = this.#weigh(row, other);
      this.#related.push(related);
      if (claimBy(related) === CLAIM_NONE) {
        if (this.candidate === NONE && (related & RELATION_MASK) === KNOWN) this.candidate = other;
      } else if (best === 0 || rankOf(related) > rankOf(best)) {
        this.candidate = other;
        best = related;
      } else if (this.#isHasty && rankOf(related) === HIGHEST_RANK) this.rival = other;
      if (this.#isEnough()) break;
    }
    return best;
  }

  /** A candidate of a packet that is in time, but for one; NONE where there is none. */
  timelyFor(row: number, reachNs: number, except = NONE): number {
    return this.#sight.near(
      row,
      reachNs,
      (other) => other !== except && claimBy(this.relate(row, other)) >= CLAIM_CONFLICT,
    );
  }

  /** Whether time alone speaks against two packets that are related so. */
  #isUntimely(related: number): boolean {
    return (related & RELATION_MASK) !== IMPOSSIBLE && claimBy(related) === CLAIM_NONE;
  }

  /**
   * Whether only time speaks against a packet that entered and one that left, and packets may take that long: a queue grows, or is as long as it was
   * before; or others were held up as long then, and what is taken for the one that entered instead was, too. `insteadOf` finds that, NONE where
   * nothing is: it is asked only where that matters.
   */
  mayBeHeldUp(entered: number, left: number, related: number, insteadOf?: (left: number) => number): boolean {
    if (!this.#isUntimely(related)) return false;
    const t = this.#about.timeline;
    const { kernel } = this.#about;
    const isOutbound = goesOutbound(related);
    const tookNs = t.timeNs(left) - t.timeNs(entered);
    if ((t.sideOf(entered) === INSIDE) !== isOutbound || tookNs < 0) return false;
    const mostNs = GROWTH * kernel.limitNs(isOutbound);
    const mayGrow = (related & RELATION_MASK) === KNOWN && tookNs <= mostNs;
    const digest = kernel.latencies.of(isOutbound);
    const [rangeNs, bits] = mayGrow ? [mostNs, NEVER_BITS] : [Number.POSITIVE_INFINITY, SELDOM_BITS];
    if (Math.log2(digest.density(tookNs, rangeNs) * tookNs) > -bits) return true;
    if (kernel.tookAsLong(entered, left, isOutbound)) return true;
    const instead = insteadOf?.(left) ?? NONE;
    const insteadNs = instead === NONE ? 0 : t.timeNs(left) - t.timeNs(instead);
    if (insteadNs <= digest.medianNs) return false;
    if (kernel.wasHeldUp(entered, left, isOutbound)) return true;
    // where nothing shows that packets passed meanwhile, what took unusually long may have been dropped, and the one before it held up;
    // as long as no latency is known, none is unusual
    const limitNs = kernel.limitNs(isOutbound);
    const [fromNs, toNs] = [insteadNs / NEARLY, insteadNs * NEARLY];
    const isUnusual = digest.count > 0 && digest.share(fromNs, toNs) * limitNs < toNs - fromNs;
    return isUnusual && !kernel.hasPassed(this.#about.translations.slotOf(left), t.timeNs(entered), left, isOutbound);
  }

  /** Relates two of those that are looked at, and notes it where time alone speaks against them. */
  #weigh(a: number, b: number): number {
    const related = this.relate(a, b);
    if ((related & RELATION_MASK) === KNOWN && claimBy(related) === CLAIM_NONE) this.usedTime = true;
    if ((related & IS_UNVOUCHED) !== 0) this.#unvouchedNs = Math.min(this.#unvouchedNs, this.#apartNs(a, b));
    return related;
  }

  /** Notes what a claim beside another one says of that. */
  #doubt(related: number): void {
    const claim = claimBy(related);
    if (claim === CLAIM_CONFLICT || claim === CLAIM_POSSIBLE) this.isDoubted = true;
  }

  /** Whether a packet and its candidate took so long that another one, which clocks that nothing vouches for speak against, may be meant as well. */
  #isUnvouchedRival(row: number, candidate: number): boolean {
    const limitNs = this.#about.kernel.limitNs(goesOutbound(this.#about.kernel.relate(row, candidate)));
    return this.#unvouchedNs <= limitNs || this.#apartNs(row, candidate) > limitNs;
  }

  #apartNs(a: number, b: number): number {
    return Math.abs(this.#about.timeline.timeNs(a) - this.#about.timeline.timeNs(b));
  }
}

/** Which claims go first: the stronger, and of two as strong, that with a usual TTL and usual options. */
function rankOf(related: number): number {
  return 2 * claimBy(related) + ((related & IS_USUAL) === 0 ? 0 : 1);
}
