import { asDoubles } from "../../packets/memory/heap.js";
import type { Side } from "../../packets/sides.js";
import { type Clock, PROCESSORS_NS } from "../clock/clock.js";
import * as words from "./kernel-words.js";
import { UNVOUCHED_SLACK_NS } from "./relations.js";

/** What a run goes by in time. */
export interface TimeOptions {
  readonly clock: Clock;
  readonly windowNs: number;
  /** The coarser unit of both captures' stamps. */
  readonly resolutionNs: number;
  /** What brings an outside stamp to the timeline, but for the clock's correction, nanoseconds. */
  readonly shiftNs: number;
}

/** How far a run is along, and how far the stamps around there are to be believed: what the kernel knows of that, in words of its block. */
export class Time {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #options: TimeOptions;

  constructor(block: Int32Array, options: TimeOptions) {
    this.#words = block;
    this.#doubles = asDoubles(block);
    this.#options = options;
    this.#doubles[words.WINDOW_NS] = options.windowNs;
    this.#doubles[words.RESOLUTION_NS] = options.resolutionNs;
    this.#doubles[words.SHIFT_NS] = options.shiftNs;
    this.#doubles[words.NOW_NS] = Number.NEGATIVE_INFINITY;
    this.#doubles.fill(Number.POSITIVE_INFINITY, words.ENDED_NS, words.ENDED_NS + 2);
    this.readClock();
  }

  /** Takes an outside packet, by its stamp and its frame: what is known of the clocks is that of its time. */
  takeOutside(stampNs: number, frame: number): void {
    const { clock, shiftNs } = this.#options;
    if (clock.take(stampNs + shiftNs, frame)) this.readClock();
  }

  /** Has it know what is known of the clocks: to be called once more may be, or that is of another stretch. */
  readClock(): void {
    const { isTrusted, slackNs, disorderNs, doubtNs, isMoving, untold } = this.#options.clock;
    this.#doubles[words.ORDER_NS] = this.blurNs + PROCESSORS_NS;
    this.#doubles[words.DOUBT_NS] = doubtNs;
    this.#doubles[words.SLACK_NS] = isTrusted ? slackNs : Number.POSITIVE_INFINITY;
    this.#doubles[words.CAUSAL_SLACK_NS] = isTrusted ? slackNs : UNVOUCHED_SLACK_NS + disorderNs;
    [this.#doubles[words.UNTOLD_AFTER_NS], this.#doubles[words.UNTOLD_UNTIL_NS]] = untold;
    this.#words[words.IS_ESTIMATED] = isMoving ? 1 : 0;
  }

  /** The latest time of a packet so far, nanoseconds. */
  get nowNs(): number {
    return this.#doubles[words.NOW_NS];
  }

  /** Goes on to that time, if it is later. */
  goTo(nowNs: number): void {
    if (nowNs > this.nowNs) this.#doubles[words.NOW_NS] = nowNs;
  }

  /** Notes that a side's capture has ended, with a packet at this time. */
  end(side: Side, lastNs: number): void {
    this.#doubles[words.ENDED_NS + side] = lastNs;
  }

  get windowNs(): number {
    return this.#options.windowNs;
  }

  /** How far an effect may seem to precede its cause, nanoseconds; Infinity where stamps of both sides do not compare. */
  get slackNs(): number {
    return this.#doubles[words.SLACK_NS];
  }

  /** The same, taken as one clock's where they do not compare: what contradicts that is not believed on the word of one packet. */
  get causalSlackNs(): number {
    return this.#doubles[words.CAUSAL_SLACK_NS];
  }

  /**
   * Equal packets that are no farther apart are not told by their order, nanoseconds: by stamps out of order, as a clock may have been set by as much, or as
   * packets of one flow overtake each other.
   */
  get untoldNs(): number {
    const { disorderNs, doubtNs } = this.#options.clock;
    const reorderedNs = Math.max(this.#doubles[words.REORDERED_NS], this.#doubles[words.REORDERED_NS + 1]);
    return Math.max(disorderNs, doubtNs, reorderedNs);
  }

  /** Of two packets whose stamps are nearer to each other than this, nanoseconds, either may have been the first: nothing shows disorder within a unit. */
  get blurNs(): number {
    return Math.max(this.#options.clock.disorderNs, this.#options.resolutionNs);
  }
}
