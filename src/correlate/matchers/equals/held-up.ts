import { otherSide } from "../../../packets/sides.js";
import { GONE, WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { firstBehind } from "../behind.js";
import type { About } from "../contract.js";
import { KNOWN, MAY_HIDE, RELATION_MASK } from "../../kernel/relations.js";
import { GROWTH, type Survey } from "./survey.js";

/** How many packets that were held up together it takes to believe that one was, which may be sent again. */
const TOGETHER = 8;

/** Tells whether a packet that may be sent again was held up. */
export class HeldUp {
  readonly #about: About;
  readonly #survey: Survey;

  constructor(about: About, survey: Survey) {
    this.#about = about;
    this.#survey = survey;
  }

  /** The slot of the flow of two packets that are each other's only candidates, of which one is late and was held up; NONE where it was not. */
  slotOf(inside: number, outside: number): number {
    const { timeline: t, buckets, kernel, translations } = this.#about;
    // their order may have told one of them the twin of another
    if (t.state(inside) !== WAITING || t.state(outside) !== WAITING || !buckets.holdsOnePair(t.bucket(inside)))
      return NONE;
    const related = this.#survey.relate(inside, outside);
    if ((related & RELATION_MASK) !== KNOWN || (related & MAY_HIDE) !== 0) return NONE;
    const slot = kernel.knownSlot;
    const isOutbound = translations.accounts.isOutbound(slot, t.forward(inside));
    const [entered, left] = isOutbound ? [inside, outside] : [outside, inside];
    return this.#was(entered, left, slot, isOutbound) ? slot : NONE;
  }

  /**
   * Whether one was, of a flow by its slot, which left as its only candidate: everything was held up then, as packets of its direction that came behind it
   * left behind it, and none before it; or the capture misses nothing, and what packets take grows.
   */
  #was(entered: number, left: number, slot: number, isOutbound: boolean): boolean {
    const { timeline: t, kernel } = this.#about;
    const isInTime = t.timeNs(left) - t.timeNs(entered) <= GROWTH * kernel.limitNs(isOutbound);
    // a packet that is like no other may take as long as a window
    const isLikeOthers = kernel.isToldAgain(entered) || kernel.isToldAgain(left);
    const mayTakeThat = isInTime || !isLikeOthers;
    const mayBe =
      mayTakeThat && !kernel.isUnwatched(entered, left) && !kernel.isOvertaken(slot, entered, left, isOutbound);
    const isCertain = mayBe && this.#about.completeness.isComplete(entered, isOutbound);
    return isCertain || this.#wereAll(entered, left, isOutbound);
  }

  /** Whether packets of its direction that entered behind one left behind it, and none before it. */
  #wereAll(entered: number, left: number, isOutbound: boolean): boolean {
    const t = this.#about.timeline;
    let together = 0;
    const isEnd = (later: number): boolean => {
      if (later === left) return true;
      if (t.side(later) !== t.side(entered)) return false;
      if (t.state(later) === WAITING && this.#leftBehind(later, left)) together++;
      const twin = t.lastTwin(later);
      // what goes the other way says nothing
      return twin !== NONE && t.isHeld(twin) && t.isBefore(twin, left) && t.wentOutbound(later) === isOutbound;
    };
    const end = firstBehind(t, entered, GONE + 1, isEnd);
    return together >= TOGETHER && (end === left || end === NONE);
  }

  /** Whether a packet that waits has one candidate, which left behind a row. */
  #leftBehind(row: number, left: number): boolean {
    const { timeline: t, buckets } = this.#about;
    const bucket = t.bucket(row);
    if (bucket < 0 || !buckets.holdsOnePair(bucket)) return false;
    return t.isBefore(left, buckets.oldest(bucket, otherSide(t.sideOf(row))));
  }
}
