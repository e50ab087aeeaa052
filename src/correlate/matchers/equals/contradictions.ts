import { NONE } from "../../../packets/tuples.js";
import { goesOutbound, JITTER_NS } from "../../kernel/relations.js";
import type { About } from "../contract.js";
import type { Sight } from "./sight.js";
import { CLAIM_CONFLICT, CLAIM_KNOWN, CLAIM_LATE_KNOWN, CLAIM_POSSIBLE, claimBy, type Survey } from "./survey.js";

/** By how much more usual times must be for what packets take to speak against a known translation, in bits: of all that are paired otherwise, together. */
const USUAL_BITS = 8;

/** What a packet is rather the twin of, of those in time. */
interface Preferred {
  /** Its twin by its known translation that took the most usual time, and how usual that is; NONE and 0 where there is none. */
  readonly own: number;
  readonly ownUsualness: number;
  /** The same of one by the translation of another, or by none: NONE where it may be of a new conversation, as it may be itself. */
  readonly other: number;
  readonly otherUsualness: number;
}

/** Finds what equal packets say against known translations. */
export class Contradictions {
  readonly #about: About;
  readonly #sight: Sight;
  readonly #survey: Survey;
  /** Until when packets of a bucket's side were looked at, by both. A bucket that is used again has later ones. */
  readonly #lookedNs = new Map<number, number>();

  constructor(about: About, sight: Sight, survey: Survey) {
    this.#about = about;
    this.#sight = sight;
    this.#survey = survey;
  }

  /**
   * Notes what packets with the key of one contradict, that passed its side within what packets take before it, as all that they may have become has come
   * by now; `isOver`: or within twice that behind it, as its window is over. Each is looked at once, and the one itself again.
   */
  note(row: number, isOver: boolean): void {
    const { timeline: t, kernel, translations } = this.#about;
    const knownNs = translations.limitNsOf(row);
    const limitNs = Number.isFinite(knownNs) ? knownNs : kernel.mostLimitNs;
    const aheadNs = isOver ? Math.max(0, Math.min(2 * limitNs, kernel.time.windowNs - limitNs)) : 0;
    const key = 2 * t.bucket(row) + t.sideOf(row);
    const fromNs = Math.max(t.timeNs(row) - limitNs, this.#lookedNs.get(key) ?? Number.NEGATIVE_INFINITY);
    const toNs = t.timeNs(row) + aheadNs;
    if (t.timeNs(row) <= fromNs) this.#noteOf(row, limitNs);
    if (toNs <= fromNs) return;
    this.#lookedNs.set(key, toNs);
    let last = row;
    for (let next = row; next !== NONE && t.timeNs(next) <= toNs; next = t.next(next)) last = next;
    for (let one = last; one !== NONE && t.timeNs(one) > fromNs; one = t.previous(one)) this.#noteOf(one, limitNs);
  }

  /**
   * Whether something speaks against two that a known translation and their order make twins: another known translation, by which one of them has a twin in time as well,
   * as their order is that of one conversation; or time, as each has a more usual one. The latter is noted.
   */
  speakAgainst(inside: number, outside: number): boolean {
    const limitNs = this.#about.translations.limitNsOf(inside);
    if (this.#isKnownOtherwise(inside, outside, limitNs) || this.#isKnownOtherwise(outside, inside, limitNs))
      return true;
    if (!this.#areOthers(this.#preferred(inside, limitNs), this.#preferred(outside, limitNs))) return false;
    for (const row of [inside, outside]) this.#contradict(row);
    return true;
  }

  /** Whether a packet has a twin in time by a known translation other than the one that makes another one its twin. */
  #isKnownOtherwise(row: number, twin: number, limitNs: number): boolean {
    const t = this.#about.timeline;
    const isRival = (other: number): boolean =>
      t.way(other) !== t.way(twin) && claimBy(this.#survey.relate(row, other)) === CLAIM_KNOWN;
    return this.#sight.near(row, limitNs, isRival) !== NONE;
  }

  /**
   * Where one that entered and one that left about then have no twin by their translations, but by those of others have one each, the host may have forgotten
   * all of these, and given each conversation the port of another (conntrack -F): the translations of all equal packets around are doubted.
   */
  #noteOf(row: number, limitNs: number): void {
    if (!this.#isAstray(row, limitNs)) return;
    const counterpart = this.#sight.near(row, 2 * limitNs, (other) => this.#isCounterpart(row, other, limitNs));
    if (counterpart === NONE) return;
    for (const one of [row, counterpart]) {
      this.#contradict(one);
      this.#sight.near(one, limitNs, (other) => {
        this.#contradict(other);
        return false;
      });
    }
  }

  /**
   * Whether of two packets, the first of which is astray, the other one is as well, and one entered where the other one left. One whose conversation is not known
   * speaks only where no others are like the two: of many, captures may have missed one each.
   */
  #isCounterpart(row: number, other: number, limitNs: number): boolean {
    const { translations } = this.#about;
    const [slot, otherSlot] = [translations.slotOf(row), translations.slotOf(other)];
    if (slot !== NONE && otherSlot !== NONE)
      return (
        translations.isLeaving(other, otherSlot) !== translations.isLeaving(row, slot) && this.#isAstray(other, limitNs)
      );
    const isTelling = slot !== otherSlot && this.#about.buckets.holdsOnePair(this.#about.timeline.bucket(row));
    return isTelling && claimBy(this.#survey.relate(row, other)) === CLAIM_CONFLICT && this.#isAstray(other, limitNs);
  }

  /**
   * Whether a packet has no twin in time by its known translation, but one by that of another; or one that takes so much more usual a time that the twin by
   * its own, which has a more usual one as well, is chance.
   */
  #isAstray(row: number, limitNs: number): boolean {
    const preferred = this.#preferred(row, limitNs);
    const { own, ownUsualness, other, otherUsualness } = preferred;
    if (own === NONE) return other !== NONE;
    return otherUsualness >= ownUsualness && this.#areOthers(preferred, this.#preferred(own, limitNs));
  }

  /**
   * Whether two that a known translation makes twins are rather those of others: each takes no less usual a time with that, and both together a far more usual one. What these
   * others take with each other counts as well, where a known translation makes them twins: the two, and these, may be two pairs, or have swapped their translations.
   */
  #areOthers(a: Preferred, b: Preferred): boolean {
    if (a.other === NONE || b.other === NONE) return false;
    if (a.otherUsualness < a.ownUsualness || b.otherUsualness < b.ownUsualness) return false;
    const related = this.#survey.relate(b.other, a.other);
    const isPair = claimBy(related) >= CLAIM_LATE_KNOWN;
    const rest = isPair ? this.#usualness(b.other, a.other, goesOutbound(related)) : b.ownUsualness;
    const bits = Math.log2((a.otherUsualness * b.otherUsualness) / (a.ownUsualness * rest));
    return bits >= USUAL_BITS;
  }

  /** What a packet is rather the twin of, of those in time. */
  #preferred(row: number, limitNs: number): Preferred {
    let [own, ownUsualness, other, otherUsualness, isNew] = [NONE, 0, NONE, 0, false];
    const { translations } = this.#about;
    const slot = translations.slotOf(row);
    const isUnknown = slot === NONE;
    this.#sight.near(row, limitNs, (one) => {
      const related = this.#survey.relate(row, one);
      const claim = claimBy(related);
      if (claim < CLAIM_CONFLICT) return false;
      const usualness = this.#usualness(row, one, goesOutbound(related));
      if (isUnknown && claim === CLAIM_POSSIBLE) isNew = true;
      // of one flow, their headers speak against the two, and no other translation for them
      if (claim < CLAIM_LATE_KNOWN && !isUnknown && translations.slotOf(one) === slot) return false;
      if (claim >= CLAIM_LATE_KNOWN && usualness > ownUsualness) [own, ownUsualness] = [one, usualness];
      if (claim < CLAIM_LATE_KNOWN && usualness > otherUsualness) [other, otherUsualness] = [one, usualness];
      return false;
    });
    return { own, ownUsualness, other: isNew ? NONE : other, otherUsualness };
  }

  /**
   * How usual the time is that two took: the share of all that took about as long, in a nanosecond, and of half a one more. That one may take anything up to
   * twice what the slowest took; it takes longer than `n` times as much once in `n` times.
   */
  #usualness(row: number, other: number, isOutbound: boolean): number {
    const { kernel, timeline: t } = this.#about;
    const [inside, outside] = t.insideFirst(row, other);
    const gapNs = t.timeNs(outside) - t.timeNs(inside);
    const tookNs = isOutbound ? gapNs : -gapNs;
    const digest = kernel.latencies.of(isOutbound);
    if (digest.count === 0) return 1;
    const aboutNs = Math.max(digest.spreadNs / 2, Math.abs(tookNs) / 16, kernel.time.blurNs);
    const mostNs = Math.min(kernel.limitNs(isOutbound), 2 * Math.max(digest.maxNs, 0) + JITTER_NS);
    const counted = digest.share(tookNs - aboutNs, tookNs + aboutNs) * digest.count;
    const further = Math.min(1, mostNs / Math.abs(tookNs));
    return (counted / (2 * aboutNs) + (0.5 / mostNs) * further ** 2) / (digest.count + 0.5);
  }

  #contradict(row: number): void {
    const { timeline: t, translations } = this.#about;
    const slot = translations.slotOf(row);
    if (slot !== NONE) translations.accounts.contradict(slot, t.timeNs(row));
  }
}
