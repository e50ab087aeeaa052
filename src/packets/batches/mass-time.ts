/** A stamp that leaps is believed, or not, once so many votes of frames behind it are for it, or against it. */
export const MOST_VOTES = 4;
/** What a frame's vote counts that is where time was: it speaks against all that leap. */
const VOTES_IN_TIME = 2;

/** Whoever says how far a capture has come is behind it by less, nanoseconds: frames may be written out of order by half of that (`split.ts`) … */
const MOST_LAG_NS = 1_000_000_000;
/** … or, as it believes none that leap by themselves, either, by no more sayings. */
const MOST_SAYINGS = MOST_VOTES + 1;

/** How a stamp stands to the time that the mass of frames shows. */
export const IN_TIME = 0;
/** So far ahead, or behind, that the frames that follow have to tell whether time has gone to there. */
export const SET_ASIDE = 1;

/** A frame whose stamp leaps ahead. */
interface Leap {
  readonly frame: number;
  readonly stampNs: number;
  /** How far time was known to have gone on when it came, or once anything was known of that; -Infinity before. */
  reachedNs: number;
  /** How often it was said since that time has gone on. */
  sayings: number;
  votesFor: number;
  votesAgainst: number;
}

/** A frame whose stamp is far behind, and the time that it came at. */
interface Straggler {
  readonly frame: number;
  readonly stampNs: number;
  readonly atNs: number;
}

/** Told of a frame that was set aside, and when it passed: at its stamp, or, if that is wrong, about at this time. */
export type OnSettled = (frame: number, timeNs: number) => void;

/**
 * The time of a capture as most of its frames tell it, in the order they stand there: one wrong stamp does not move it. A stamp
 * that leaps is set aside until those behind it tell whether it is a gap in the capture, or a step of its clock, or wrong.
 * What it comes to depends on the frames alone, and not on how many are looked at together.
 */
export class MassTime {
  /** The latest stamp that is believed; -Infinity before the first. */
  nowNs = Number.NEGATIVE_INFINITY;
  readonly #leapNs: number;
  readonly #onSettled: OnSettled;
  #aside: Leap[] = [];
  #reachedNs = Number.NEGATIVE_INFINITY;
  /** The last frames in a row that are behind, near to each other. */
  #stragglers: Straggler[] = [];

  /** @param leapNs the farthest that a stamp is believed to be from the others by itself. */
  constructor(leapNs: number, onSettled: OnSettled) {
    this.#leapNs = leapNs;
    this.#onSettled = onSettled;
  }

  /** Whether no frame is set aside. */
  get isClear(): boolean {
    return this.#aside.length === 0 && this.#stragglers.length === 0;
  }

  /** Takes the next frame of the capture. Those that it settles are told of first. */
  take(frame: number, stampNs: number): number {
    if (this.#aside.length > 0 && stampNs >= this.nowNs - this.#leapNs) this.#vote(stampNs);
    if (stampNs > this.nowNs + this.#leapNs) {
      this.#aside.push({ frame, stampNs, reachedNs: this.#reachedNs, sayings: 0, votesFor: 0, votesAgainst: 0 });
      return SET_ASIDE;
    }
    if (stampNs < this.nowNs - this.#leapNs) {
      if (!this.#isSetBack(frame, stampNs)) return SET_ASIDE;
      this.nowNs = stampNs;
    } else this.#leaveBehind();
    if (stampNs > this.nowNs) this.nowNs = stampNs;
    return IN_TIME;
  }

  /** Whether a stamp is that of a clock that was set back, as enough in a row are. Then time goes on from there. */
  #isSetBack(frame: number, stampNs: number): boolean {
    const before = this.#stragglers.at(-1);
    if (before !== undefined && Math.abs(stampNs - before.stampNs) > this.#leapNs) this.#leaveBehind();
    if (this.#stragglers.length < MOST_VOTES) {
      this.#stragglers.push({ frame, stampNs, atNs: this.nowNs });
      return false;
    }
    for (const each of this.#stragglers) this.#onSettled(each.frame, each.stampNs);
    this.#stragglers = [];
    return true;
  }

  /** Time was where it is: frames that are behind are wrong. */
  #leaveBehind(): void {
    for (const { frame, atNs } of this.#stragglers) this.#onSettled(frame, atNs);
    this.#stragglers = [];
  }

  /** Notes that all frames stamped before this have been taken: time has gone on at least to there. */
  reach(reachedNs: number): void {
    const isNews = reachedNs > this.#reachedNs;
    this.#reachedNs = reachedNs;
    if (isNews && this.#aside.length > 0)
      this.#settle(reachedNs, (leap) => {
        if (leap.stampNs <= reachedNs + this.#leapNs) return true;
        if (leap.reachedNs === Number.NEGATIVE_INFINITY) leap.reachedNs = reachedNs;
        const isBehind = reachedNs - leap.reachedNs <= Math.max(this.#leapNs, MOST_LAG_NS);
        return ++leap.sayings <= MOST_SAYINGS || isBehind ? undefined : false;
      });
    if (reachedNs > this.nowNs) this.nowNs = reachedNs;
  }

  /** Settles all that is set aside: no frame comes any more. */
  end(): void {
    this.#leaveBehind();
    const last = this.#aside.at(-1);
    if (last !== undefined) this.#settle(last.stampNs, (leap) => leap.votesAgainst - leap.votesFor < VOTES_IN_TIME);
  }

  #vote(stampNs: number): void {
    const isInTime = stampNs <= this.nowNs + this.#leapNs;
    for (const leap of this.#aside) {
      if (stampNs >= leap.stampNs - this.#leapNs) leap.votesFor++;
      else leap.votesAgainst += isInTime ? VOTES_IN_TIME : 1;
    }
    this.#settle(stampNs, ({ votesFor, votesAgainst }) => {
      if (votesFor >= MOST_VOTES) return true;
      return votesAgainst >= MOST_VOTES ? false : undefined;
    });
  }

  /**
   * Settles those of which `isTime` tells something, and those that time has then gone on to; the oldest first. `timeNs`: when they
   * passed, as far as that is known before there is any time.
   */
  #settle(timeNs: number, isTime: (leap: Leap) => boolean | undefined): void {
    const left: Leap[] = [];
    for (const leap of this.#aside) {
      const { frame, stampNs } = leap;
      const isNow = stampNs <= this.nowNs + this.#leapNs ? stampNs >= this.nowNs - this.#leapNs : isTime(leap);
      if (isNow === undefined) {
        left.push(leap);
        continue;
      }
      if (isNow && stampNs > this.nowNs) this.nowNs = stampNs;
      this.#onSettled(frame, isNow ? stampNs : Number.isFinite(this.nowNs) ? this.nowNs : timeNs);
    }
    this.#aside = left;
  }
}
