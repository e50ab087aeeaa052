import { OUTSIDE, otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import type { Known } from "../known.js";
import { seconds, WHAT_TELLS_LATE } from "../words.js";

/** Why packets may come out behind their window, or behind the end of a capture, by what others took lately. */
export class Slow {
  readonly #known: Known;
  /** By the side where packets come out: up to when those were slow, nanoseconds on the timeline. */
  readonly #slowNs: [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  constructor(known: Known) {
    this.#known = known;
  }

  /** Why a packet that came out may have entered on the other side long before, in words; undefined where none seems to. */
  whyCame(row: number): string | undefined {
    const t = this.#known.timeline;
    const side = t.sideOf(row);
    this.#note(row, side);
    if (t.timeNs(row) > this.#slowNs[side]) return undefined;
    return this.#why("", `have entered ${SIDE_NAMES[otherSide(side)]} before that`);
  }

  /**
   * Why a packet that entered may come out on the other side behind its window, in words: nothing that entered behind it, and may not overtake it, has.
   * Undefined where something did, or packets are not slow there.
   */
  whyWaits(row: number): string | undefined {
    const { timeline: t, kernel, translations } = this.#known;
    const out = otherSide(t.sideOf(row));
    this.#note(row, out);
    if (!this.#isSlowTo(out)) return undefined;
    if (kernel.hasLaterLeft(translations.slotOf(row), t.timeNs(row), out === OUTSIDE)) return undefined;
    return this.#why(", and none that entered behind it came out", "have come out after that");
  }

  /** What follows where packets may take more than the window, in words. `besides`: what else shows that; `may`: what this one may have done. */
  #why(besides: string, may: string): string {
    return `packets took half the window of ${seconds(this.#known.windowNs)} and more${besides}: it may ${may}; ${WHAT_TELLS_LATE}`;
  }

  /** Notes it where packets are slow to come out on a side, when the window of one is over: those that come out within another one may be as late. */
  #note(row: number, out: Side): void {
    const { timeline: t, windowNs } = this.#known;
    if (this.#isSlowTo(out)) this.#slowNs[out] = t.timeNs(row) + windowNs;
  }

  /** Whether the last packets that came out on a side took so long that the next ones may take more than the window. */
  #isSlowTo(side: Side): boolean {
    const { kernel, windowNs } = this.#known;
    const isOutbound = side === OUTSIDE;
    // of few, the slowest tells
    const isLong = kernel.isNew(isOutbound) && 2 * kernel.latencies.of(isOutbound).maxNs >= windowNs;
    return isLong || kernel.isQueueLong(isOutbound);
  }

  /**
   * Why a packet may come out behind the end of a capture, in words: none that entered behind it, and may not overtake it, came out before that. A stall
   * that goes on until then looks like that. Undefined where one did.
   */
  whyCutOff(row: number): string | undefined {
    const { timeline: t, kernel, cover, tallies, windowNs } = this.#known;
    const other = otherSide(t.sideOf(row));
    const isOutbound = other === OUTSIDE;
    const untilNs = cover[other].endNs - t.timeNs(row);
    // where few cross, none behind it is nothing to go by; where more are ambiguous, it is not known that few do, nor what they take
    const isQuiet = kernel.isNew(isOutbound) && tallies[other].ambiguous <= kernel.tally.pairsThatWent(isOutbound);
    if (untilNs >= windowNs || isQuiet) return undefined;
    if (kernel.hasLaterCrossed(t.timeNs(row), isOutbound)) return undefined;
    return `${SIDE_NAMES[other]} ends ${seconds(untilNs)} later, and nothing came out before that which entered behind it and cannot have overtaken it: it may have been held up`;
  }
}
