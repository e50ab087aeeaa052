import { SET_NS } from "../intake/disorder.js";
import { type Bounds, isBounded } from "./bounds.js";
import { MOST_RATE } from "./clock.js";
import type { Crossing, Nearby, Witness } from "./crossings.js";
import { LEAST_WITNESSES, quickest, witnessed } from "./witnesses.js";

/** Which outside packets a slice has. */
export interface Extent {
  /** The greatest stamp before it, and the greatest and the least in it. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly leastNs: number;
  /** How many packets came up to its beginning and up to its end. */
  readonly from: number;
  readonly end: number;
  /**
   * Its first frame, if the clock may have been set back before it, else 0; and the first one behind it, if it was set back there, else
   * Infinity. In the order of their stamps, frames from before and from behind are mingled.
   */
  readonly setFrame: number;
  readonly untilFrame: number;
}

/** What LEAST_WITNESSES of some packets say of the offset, as long as there are so many. */
class Reading implements Bounds {
  atLeastNs = Number.NEGATIVE_INFINITY;
  atMostNs = Number.POSITIVE_INFINITY;
  #fromNs = Number.POSITIVE_INFINITY;
  #toNs = Number.NEGATIVE_INFINITY;

  /** Takes those of a direction. */
  take(isOutbound: boolean, crossings: readonly Witness[]): void {
    const witnesses = crossings.filter(({ isWitness }) => isWitness);
    if (witnesses.length < LEAST_WITNESSES) return;
    if (isOutbound) this.atMostNs = witnessed(witnesses.map(({ gapNs }) => gapNs));
    else this.atLeastNs = -witnessed(witnesses.map(({ gapNs }) => -gapNs));
    for (const { timeNs } of witnesses) {
      this.#fromNs = Math.min(this.#fromNs, timeNs);
      this.#toNs = Math.max(this.#toNs, timeNs);
    }
  }

  /** Whether a clock explains them that runs at some rate, though stamps may be wrong by so much. */
  isOfOneLine(toleranceNs: number): boolean {
    const spanNs = Math.max(0, this.#toNs - this.#fromNs);
    return this.atLeastNs - this.atMostNs <= toleranceNs + MOST_RATE * spanNs;
  }
}

/** Some outside packets in a row, and what those of them that have a twin say. */
export class Slice implements Bounds {
  readonly extent: Extent;
  /** Whether a few of its packets may be twins of others like theirs, and nothing shows it. */
  readonly mayDeceive: boolean;
  /** Between what the offset lies, and when: by the slowest lower bound and the least upper one. */
  atLeastNs = Number.NEGATIVE_INFINITY;
  atMostNs = Number.POSITIVE_INFINITY;
  leastAtNs = 0;
  mostAtNs = 0;
  /** How far the stamps around it go back, nanoseconds; and how far those of its twins may be wrong beside their unit: no further than their gaps differ. */
  disorderNs = 0;
  wrongNs = 0;
  /** What the packets in it and around it say, and those up to its end and from its beginning on alone. */
  readonly #readings = [new Reading(), new Reading(), new Reading()] as const;
  /** Of its own packets, the one that LEAST_WITNESSES of them confirm, by how much the offset is at least, and at most. */
  #confirmedLeast: Crossing | undefined;
  #confirmedMost: Crossing | undefined;
  /** How many slices before it are bounded. */
  place = 0;
  /** How often the clock was set before it; and a half, where it may have been once more. And within which inside stamps it was last. */
  sets = 0;
  setWithinNs: readonly [from: number, to: number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

  constructor(extent: Extent, mayDeceive = false) {
    this.extent = extent;
    this.mayDeceive = mayDeceive;
  }

  /** Whether the clock was not set between this one and another. */
  isOneRunWith(other: Slice): boolean {
    return Math.abs(this.sets - other.sets) < 1;
  }

  /** Whether what came up to a place ends between its beginning and its end. */
  holds(place: number): boolean {
    return this.extent.from < place && place <= this.extent.end;
  }

  /** Whether a packet between its beginning and its end is one of its own. */
  has({ frame }: Crossing): boolean {
    return this.extent.setFrame <= frame && frame < this.extent.untilFrame;
  }

  /** The middle of its stamps, and how far they are from it at the most. */
  get middleNs(): number {
    const { fromNs, leastNs, toNs, setFrame } = this.extent;
    // behind a clock that was set back, stamps begin where it was set to
    return ((setFrame > 0 ? leastNs : Math.max(fromNs, leastNs)) + toNs) / 2;
  }

  get halfNs(): number {
    return Math.abs(this.extent.toNs - this.middleNs);
  }

  get isBounded(): boolean {
    return isBounded(this);
  }

  /**
   * Where its packets contradict each other, whatever the offset is and however fast the clock runs, one or two may be twins of others like
   * theirs, or where they may be, whether they contradict others or not. Where more do, its stamps are wrong by that. By more than SET_NS, the clock was set: its
   * neighbours tell.
   */
  widen(): void {
    if (!(this.#againstNs > 0) && !this.mayDeceive) return;
    this.#atLeast(this.#confirmedLeast);
    this.#atMost(this.#confirmedMost);
    const againstNs = this.#againstNs;
    if (!(againstNs > 0)) return;
    const byNs = againstNs > SET_NS ? Number.POSITIVE_INFINITY : againstNs;
    if (Number.isFinite(byNs)) this.wrongNs += byNs;
    this.atLeastNs -= byNs;
    this.atMostNs += byNs;
  }

  /** By how much its bounds contradict each other, or less than 0. */
  get #againstNs(): number {
    return this.atLeastNs - this.atMostNs - MOST_RATE * Math.abs(this.leastAtNs - this.mostAtNs);
  }

  /** By how much its packets contradict that there is no offset, as far as enough of them do. */
  get awayNs(): number {
    const behindNs = Math.min(this.atLeastNs, (this.#confirmedLeast?.gapNs ?? Number.NEGATIVE_INFINITY) - this.wrongNs);
    const aheadNs = Math.min(-this.atMostNs, -(this.#confirmedMost?.gapNs ?? Number.POSITIVE_INFINITY) - this.wrongNs);
    return Math.max(0, behindNs, aheadNs);
  }

  /** Its bounds, each moved by so much. */
  movedBy(leastNs: number, mostNs: number): Bounds {
    return { atLeastNs: this.atLeastNs + leastNs, atMostNs: this.atMostNs + mostNs };
  }

  /**
   * Whether its packets, and others around it, say that there is an offset, though stamps may be wrong by so much. Where a clock was set, those
   * before it and those behind it each agree: else what says so are twins of others like theirs.
   */
  isOffset(toleranceNs: number): boolean {
    const [isBehind, isAhead] = [
      this.atLeastNs + this.wrongNs > toleranceNs,
      this.atMostNs - this.wrongNs < -toleranceNs,
    ];
    const says = (reading: Reading): boolean =>
      (isBehind && reading.atLeastNs > toleranceNs) || (isAhead && reading.atMostNs < -toleranceNs);
    return says(this.#readings[0]) && this.#readings.some((one) => says(one) && one.isOfOneLine(toleranceNs));
  }

  /** By how much its packets contradict a line: so much earlier do effects seem to be than their causes. */
  contradicts(offsetAt: (timeNs: number) => number): number {
    return Math.max(0, this.atLeastNs - offsetAt(this.leastAtNs), offsetAt(this.mostAtNs) - this.atMostNs);
  }

  /** Notes what its packets of one direction say, of which those around them tell whether they are believable. */
  bound(isOutbound: boolean, { own, around, upTo, since }: Nearby): void {
    for (const [at, near] of [around, upTo, since].entries()) this.#readings[at].take(isOutbound, near);
    if (own.length === 0) return;
    const sign = isOutbound ? 1 : -1;
    const gapsOf = (crossings: readonly Crossing[]): number[] => crossings.map(({ gapNs }) => sign * gapNs);
    // however long ago others came, the clock may have run away since
    const [firstNs, lastNs] = [own[0].timeNs, own[own.length - 1].timeNs];
    const runNs = ({ timeNs }: Crossing): number => MOST_RATE * Math.max(0, firstNs - timeNs, timeNs - lastNs);
    const witnesses = around.filter(({ isWitness }) => isWitness).map((one) => sign * one.gapNs - runNs(one));
    const believableNs = quickest(gapsOf(around), witnesses);
    const byGap = own.filter(({ gapNs }) => sign * gapNs >= believableNs).sort((a, b) => sign * (a.gapNs - b.gapNs));
    if (byGap.length === 0) return;
    const confirmed = byGap[LEAST_WITNESSES - 1];
    if (isOutbound) {
      this.#confirmedMost = confirmed;
      this.#atMost(byGap[0]);
    } else {
      this.#confirmedLeast = confirmed;
      this.#atLeast(byGap[0]);
    }
  }

  #atLeast(crossing: Crossing | undefined): void {
    this.atLeastNs = crossing === undefined ? Number.NEGATIVE_INFINITY : crossing.gapNs - this.wrongNs;
    this.leastAtNs = crossing?.timeNs ?? 0;
  }

  #atMost(crossing: Crossing | undefined): void {
    this.atMostNs = crossing === undefined ? Number.POSITIVE_INFINITY : crossing.gapNs + this.wrongNs;
    this.mostAtNs = crossing?.timeNs ?? 0;
  }
}
