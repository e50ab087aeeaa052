import { IS_ERROR, IS_FRAGMENT } from "../../../packets/packets.js";
import { INSIDE, OUTSIDE, otherSide, type Side } from "../../../packets/sides.js";
import { WAITING } from "../../../packets/fates.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ALONE } from "../../kernel/buckets-words.js";
import { COINCIDENCE_PAIRS } from "../../kernel/relations.js";
import type { SentTwice } from "../../intake/sent-twice.js";
import type { Base } from "../../kernel/base.js";

interface About extends Base {
  /** The frame of its own side that a packet may be a copy of, or have as one; undefined where there is none. */
  readonly repeatOf: (row: number) => number | undefined;
  /** Whether packets come that were sent twice. */
  readonly sentTwice: Pick<SentTwice, "isTold">;
}

/**
 * Whether captures miss anything. One misses nothing as long as each packet that left had been seen to enter. Against that stands what neither
 * capture shows: that one was lost and another one missed that looks like its twin. The shares of both, as seen since the last miss, say how
 * seldom that is.
 */
export class Completeness {
  readonly #about: About;
  /** By direction, outbound last: how many pairs there were when a packet left that had not been seen to enter, and how many were lost since … */
  readonly #pairsAtMiss = [0, 0];
  readonly #losses = [0, 0];
  /** … and with how many pairs nothing is taken to be missed any more. */
  readonly #sureFrom = [COINCIDENCE_PAIRS, COINCIDENCE_PAIRS];
  #misses = 0;
  /** By side: whether its capture shows packets twice. */
  readonly #isCopying = [false, false];
  /** Up to where it was looked for such packets among those that wait. */
  #watched = 0;

  constructor(about: About) {
    this.#about = about;
  }

  /** Notes that a side's capture shows a packet twice, as far as is known by now. */
  noteCopy(side: Side): void {
    this.#isCopying[side] = true;
  }

  /** Whether a side's capture shows packets twice; not where these turned out to have been sent twice. */
  isCopying(side: Side): boolean {
    return this.#isCopying[side] && !this.#about.sentTwice.isTold;
  }

  /** Whether a packet may be a copy of an equal one beside it: that it has no twin tells nothing of the other capture, then. */
  #mayBeCopy(row: number): boolean {
    return this.isCopying(this.#about.timeline.sideOf(row)) && this.#about.repeatOf(row) !== undefined;
  }

  /** Notes that a packet has no twin: if it left, the capture of the other side missed it. */
  noteAlone(row: number): void {
    if (this.#mayBeCopy(row)) return;
    const slot = this.#about.translations.slotOf(row);
    if (slot === NONE) return;
    if (this.#about.translations.isLeaving(row, slot)) this.noteMisses(otherSide(this.#about.timeline.sideOf(row)));
    else {
      const direction = this.#about.timeline.side(row) === INSIDE ? 1 : 0;
      this.#losses[direction]++;
      this.#findSure(direction);
    }
  }

  /** Notes that a side's capture misses packets: some that enter there may leave without having been seen. */
  noteMisses(side: Side): void {
    const direction = side === INSIDE ? 1 : 0;
    this.#misses++;
    this.#pairsAtMiss[direction] = this.#about.kernel.tally.pairsThatWent(direction === 1);
    this.#losses[direction] = 0;
    this.#findSure(direction);
  }

  #findSure(direction: number): void {
    const pairs = this.#pairsAtMiss[direction] + COINCIDENCE_PAIRS * Math.sqrt(this.#losses[direction] + 1);
    this.#sureFrom[direction] = pairs;
    if (this.#misses > 0) this.#about.kernel.setUnsure(direction === 1, pairs);
  }

  /**
   * Whether what left like this packet had been seen to enter as that, as far as can be told: nothing of its direction is missed, and it cannot be
   * a piece of what entered as one.
   */
  isComplete(row: number, isOutbound: boolean): boolean {
    return (
      this.mayTell(row) && this.#about.kernel.tally.pairsThatWent(isOutbound) >= this.#sureFrom[isOutbound ? 1 : 0]
    );
  }

  /** Whether the order of packets like this one may tell them at all: clocks are known, and it cannot be a piece of what entered as one. */
  mayTell(row: number): boolean {
    const { kernel, timeline } = this.#about;
    return Number.isFinite(kernel.time.slackNs) && !(kernel.hasLongSegments && isData(timeline, row));
  }

  /** Whether what entered to travel this direction was missed, as far as is known. */
  hasMissed(isOutbound: boolean): boolean {
    return this.#pairsAtMiss[isOutbound ? 1 : 0] > 0;
  }

  /** The same where it cannot be known yet of a packet that passed then, as the first windows were not over, or few had crossed. */
  mayHaveMissed(isOutbound: boolean, timeNs: number): boolean {
    const { kernel, windowNs } = this.#about;
    const isBegun = timeNs > 2 * windowNs && kernel.tally.pairsThatWent(isOutbound) >= COINCIDENCE_PAIRS;
    return !isBegun || this.hasMissed(isOutbound);
  }

  /** Has those not looked at that came before a packet. */
  watchFrom(row: number): void {
    if (this.#about.timeline.isBefore(this.#watched, row)) this.#watched = row;
  }

  /**
   * Whether, since it was looked last, any of those that still wait left and had not been seen to enter, either way. `isAhead`: whether some of a flow and
   * direction were left undecided, and may leave yet.
   */
  wasMissed(isAhead: (slot: number, isOutbound: boolean) => boolean): boolean {
    const t = this.#about.timeline;
    const before = this.#misses;
    for (; this.#watched !== t.end; this.#watched = t.after(this.#watched)) {
      const row = this.#watched;
      if (t.state(row) !== WAITING) continue;
      if (this.#isUnexplained(row, isAhead)) this.noteMisses(otherSide(t.sideOf(row)));
    }
    return this.#misses > before;
  }

  /** Whether a packet of a flow left, and nothing waits that it can have been. A segment may be a piece of what entered as one. */
  #isUnexplained(row: number, isAhead: (slot: number, isOutbound: boolean) => boolean): boolean {
    const t = this.#about.timeline;
    const slot = this.#about.translations.slotOf(row);
    if (slot === NONE || (t.flags(row) & (IS_ERROR | IS_FRAGMENT)) !== 0) return false;
    if (isData(t, row) || this.#mayBeCopy(row)) return false;
    const bucket = t.bucket(row);
    const isAlone =
      bucket === ALONE || (bucket >= 0 && this.#about.buckets.count(bucket, otherSide(t.sideOf(row))) === 0);
    return isAlone && this.#about.translations.isLeaving(row, slot) && !isAhead(slot, t.side(row) === OUTSIDE);
  }
}

/** Whether a packet carries TCP data, which may be cut on its way. */
export function isData(t: Timeline, row: number): boolean {
  return t.proto(row) === TCP && t.payloadLength(row) > 0;
}
