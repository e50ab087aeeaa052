import { INSIDE, otherSide, type Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import type { SideIntake } from "../../intake/side-intake.js";
import type { Whereabouts } from "../../intake/whereabouts.js";
import type { Translations } from "../../kernel/translations.js";
import type { Cover } from "./cover.js";

const LAST_BIT = 31;

/** What tells which captures of a side may have a packet's twin. */
interface About {
  readonly side: Side;
  readonly intake: SideIntake;
  readonly whereabouts: Whereabouts;
  readonly timeline: Timeline;
  readonly translations: Translations;
  readonly windowNs: number;
  /** A time on the timeline as the side stamps it. */
  readonly stampAt: (timeNs: number) => number;
}

/** What the captures of a side cover, each by itself and all together; nanoseconds on the timeline. */
export class SideCover {
  readonly captures: readonly Cover[];
  readonly #about: About;

  constructor(captures: readonly Cover[], about: About) {
    this.captures = captures;
    this.#about = about;
  }

  /** Looks at how far the captures go by now, and what they lack. `nowNs`: how far the run is on the timeline. */
  read(hasEnded: boolean, nowNs: number): void {
    for (const [at, { intake, hasEnded: isOver }] of this.#about.intake.captures.entries())
      this.captures[at].read(hasEnded || isOver, intake.losses.splice(0), nowNs);
  }

  /**
   * The captures that may have the twin of a packet: of the other side, if its conversation is known to cross, those that show what goes its way by the time
   * that its window is over; inside, or else what comes back; else all.
   */
  of(row: number): readonly Cover[] {
    const { side, timeline: t, translations } = this.#about;
    if (this.captures.length === 1 || t.side(row) === side) return this.captures;
    return this.#along(translations.twinWayOf(row), t.timeNs(row));
  }

  /** The same of a packet that went a way of the other side, at this time. */
  ofWay(way: number, timeNs: number): readonly Cover[] {
    if (this.captures.length === 1) return this.captures;
    return this.#along(this.#about.translations.twinWay(otherSide(this.#about.side), way), timeNs);
  }

  /** Some of the captures as bits; those behind the last bit share it. */
  mask(captures: readonly Cover[]): number {
    return captures.reduce((bits, each) => bits | (1 << Math.min(this.captures.indexOf(each), LAST_BIT)), 0);
  }

  #along(way: number, timeNs: number): readonly Cover[] {
    if (way === NONE) return this.captures;
    const shown = this.#showing(way, timeNs);
    if (shown.length > 0) return shown;
    // what goes inside goes to the network that its conversation comes from; what leaves may take another uplink than what came
    const back = this.#about.side === INSIDE ? this.#showing(way ^ 1, timeNs) : [];
    return back.length > 0 ? back : this.captures;
  }

  /** Those that show a way by the time that the window of a packet is over which passed then. */
  #showing(way: number, timeNs: number): readonly Cover[] {
    const { whereabouts, stampAt, windowNs } = this.#about;
    const untilNs = stampAt(timeNs + windowNs);
    return this.captures.filter((_, capture) => whereabouts.has(way, capture, untilNs));
  }

  /** The capture that has a packet of this side. */
  having(row: number): Cover {
    return this.captures[this.#about.intake.frames.sourceOf(this.#about.timeline.frame(row))];
  }

  /** The times of the first and of the last frame of all. */
  get firstNs(): number {
    return Math.min(...this.captures.map(({ firstNs }) => firstNs));
  }

  get lastNs(): number {
    return Math.max(...this.captures.map(({ lastNs }) => lastNs));
  }

  /** From when on all captures run, and up to when; Infinity while that is not known. */
  get sinceNs(): number {
    return Math.max(...this.captures.map(({ firstNs }) => firstNs));
  }

  get endNs(): number {
    return Math.min(...this.captures.map(({ endNs }) => endNs));
  }

  /** Whether these are the limits of captures that are running. */
  get isLive(): boolean {
    return this.captures.every(({ isLive }) => isLive);
  }

  /** Whether all are of one run: see `Cover`. */
  get isOfOneRun(): boolean {
    return this.captures.every(({ isOfOneRun }) => isOfOneRun);
  }

  /** Whether nobody filtered any of them, as is known; and whether an option of this run had a filter made for them. */
  get isUnfiltered(): boolean {
    return this.captures.every(({ isUnfiltered }) => isUnfiltered);
  }

  get isFiltered(): boolean {
    return this.captures.some(({ isFiltered }) => isFiltered);
  }

  get sharesNothing(): boolean {
    return this.captures.every(({ sharesNothing }) => sharesNothing);
  }

  /** How many frames are known to be lost by now. */
  get lostFrames(): number {
    return this.captures.reduce((sum, { gaps }) => sum + gaps.lostFrames, 0);
  }

  /** Whether the twin of a packet stamped then may be among the lost, in whichever capture it would be. */
  mayHold(timeNs: number): boolean {
    return this.captures.some(({ gaps }) => gaps.mayHold(timeNs));
  }

  /** When a capture tells of a loss next; Infinity where none is known to. */
  get nextLossNs(): number {
    let nextNs = Number.POSITIVE_INFINITY;
    // asked for with each batch and each pass: without a list
    for (const { gaps } of this.captures) nextNs = Math.min(nextNs, gaps.nextNs);
    return nextNs;
  }

  /** The capture that does. Precondition: there is one. */
  get nextLoser(): Cover {
    return this.captures.reduce((next, each) => (each.gaps.nextNs < next.gaps.nextNs ? each : next));
  }
}
