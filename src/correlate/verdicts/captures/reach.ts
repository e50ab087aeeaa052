import type { Reason } from "../../../packets/reasons.js";
import type { Judgement } from "../../../packets/results.js";
import { OUTSIDE, otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import type { Known } from "../known.js";
import { seconds } from "../words.js";

/** Packets this near to the limits of a capture, or to a silence, are not judged by it, nanoseconds: their twins may be beyond. */
export const MARGIN_NS = 10_000_000;
/** The last frame of a file shows how far it goes: a packet that was to come out later is not in it. Forwarding takes so long at the least. */
const FORWARDING_NS = 100_000;

/** How far captures reach: whether the other one covers the time of a packet's twin. */
export class Reach {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /**
   * What follows for a packet where the other capture may not cover its time; null where it does. One that is leaving entered there before; of any
   * other, what it became is yet to come.
   */
  uncovered(timeNs: number, other: Side, isLeaving: boolean): Judgement | null {
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
    if (afterNs < 0) {
      const why = `the first frame of ${name} is ${seconds(-afterNs)} later`;
      // what had entered before may still have come out later
      return -afterNs < this.#edgeNs(isLeaving ? null : other) ? atEdge(why) : beyond("not-begun", why);
    }
    if (isLive && afterNs < MARGIN_NS) return atEdge(`${name} was opened ${seconds(afterNs)} before`);
    if (!hasEnded) return null;
    const untilNs = lastNs - timeNs;
    if (untilNs < 0) {
      const why = `the last frame of ${name} is ${seconds(-untilNs)} older`;
      // what came out later may have entered before
      return -untilNs < this.#edgeNs(isLeaving ? otherSide(other) : null) ? atEdge(why) : beyond("ended", why);
    }
    if (!isLeaving && untilNs < (isLive ? MARGIN_NS : this.#takesNs(other)))
      return atEdge(`the last frame of ${name} is ${seconds(untilNs)} later`);
    return null;
  }

  /**
   * How far from the limits of a capture a twin may be on their other side: of what comes out on a side, which may be held up meanwhile, or by
   * clocks alone (null).
   */
  #edgeNs(side: Side | null): number {
    const { kernel, clock, windowNs } = this.#known;
    if (!clock.isTrusted || (side !== null && kernel.isNew(side === OUTSIDE))) return windowNs;
    return Math.min(windowNs, Math.max(MARGIN_NS, side === null ? 0 : this.#takesNs(side)));
  }

  /**
   * Whether a side's capture covers the time of a packet on the other side, and of its twin, whichever way it goes. Of one that it lacks, that
   * tells that it takes another way.
   */
  covers(timeNs: number, side: Side): boolean {
    return this.hasBegun(timeNs, side) && this.uncovered(timeNs, side, false) === null;
  }

  /** The same, as far as the beginning of that side's capture goes. */
  hasBegun(timeNs: number, side: Side): boolean {
    return timeNs - this.#known.cover[side].firstNs >= this.#takesNs(otherSide(side));
  }

  /** How long a packet may take to come out on a side: what others took lately, or where too few did, what a short queue takes. */
  #takesNs(side: Side): number {
    const { kernel, windowNs } = this.#known;
    const isOutbound = side === OUTSIDE;
    const takesNs = kernel.isNew(isOutbound) ? MARGIN_NS : Math.max(FORWARDING_NS, kernel.limitNs(isOutbound));
    return Math.min(takesNs, windowNs);
  }
}

/** A packet that passed before the other capture began, or after it ended. */
function beyond(reason: Reason, why: string): Judgement {
  return { verdict: "no-overlap", reason, why };
}

/** One that passed so near to these limits that nothing is certain. */
function atEdge(why: string): Judgement {
  return { verdict: "unknown", reason: "capture-edge", why: `${why}: its twin may have been missed` };
}
