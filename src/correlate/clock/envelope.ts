import { SET_NS } from "../intake/disorder.js";
import { apart, type Bounds, isBounded, middleOf, narrowed, UNBOUNDED } from "./bounds.js";
import { MOST_RATE, UNKNOWN_RATE } from "./clock.js";
import type { Crossing, Nearby, Witness } from "./crossings.js";
import { LEAST_WITNESSES, quickest, witnessed } from "./estimate.js";

/** A rate is believed the more, the narrower its bounds are against this: what clocks differ by. */
const USUAL_RATE = 50e-6;
/** The rate of a clock wanders by this much while it is looked at: temperature. */
const WANDER_RATE = 1e-6;
/** How far away the slices are that a line may go through: all of the nearest, and fewer of those that only tell the rate. */
const NEIGHBOURS = [1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63];
const FARTHEST = 63;

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

  constructor(extent: Extent) {
    this.extent = extent;
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
   * theirs. Where more do, its stamps are wrong by that. By more than SET_NS, the clock was set: its neighbours tell.
   */
  widen(): void {
    if (!(this.#againstNs > 0)) return;
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

/** What the slices around one say of the offset there. */
export interface Line {
  /** Offset at `atNs`, by how much it grows by the nanosecond, and between what it lies. */
  readonly atNs: number;
  readonly offsetNs: number;
  readonly rate: number;
  /** How far what is in the middle of the rate's bounds may be wrong: the rate is less than that, by how certain it is. */
  readonly doubtRate: number;
  readonly bounds: Bounds;
  /** How far the bounds may move from there to the slice's ends, beyond that rate. */
  readonly movedNs: number;
}

/** How far a rate is believed that may be wrong by so much, from 0 to 1. */
function certaintyOf(doubtRate: number): number {
  return 1 / (1 + (doubtRate / USUAL_RATE) ** 2);
}

/**
 * The line that goes between the lower and the upper bounds of a slice and of as many of its neighbours as one line can: a clock
 * that is set, or changes its rate, is bounded by what was before or by what comes after. One that may have changed its rate in or
 * near the slice is between the lines of both. Null where its own bounds contradict each other, or where nothing bounds it.
 * `bounded`: the slices that are. `toleranceNs`: how far a stamp may be wrong.
 */
export function lineThrough(bounded: readonly Slice[], here: Slice, toleranceNs: number): Line | null {
  const next = here.isBounded ? here.place : here.place - 1;
  const [behind, before] = [1, -1].map((way) => {
    const at = (distance: number): Slice | undefined => bounded[(way > 0 ? next : here.place) + way * distance];
    return distancesOf(at)
      .map(at)
      .filter((slice) => slice?.isOneRunWith(here));
  });
  const lines = [...linesWith(here, behind, before, toleranceNs), ...linesWith(here, before, behind, toleranceNs)];
  if (lines.length === 0) return null;
  const nearest = [behind[0], before[0]].filter((slice) => slice !== undefined);
  const withinNs = Math.max(here.halfNs, ...nearest.map((slice) => Math.abs(slice.middleNs - here.middleNs)));
  return lines.reduce((all, line) => (areMeeting(lines[0], line, withinNs) ? either(all, line, here.halfNs) : all));
}

/** NEIGHBOURS, and what is the nearest to bound the offset from below, and from above: one direction may have few packets. */
function distancesOf(at: (distance: number) => Slice | undefined): readonly number[] {
  const distances = new Set(NEIGHBOURS);
  for (const bound of ["atLeastNs", "atMostNs"] as const) {
    let distance = 1;
    while (distance < FARTHEST && !Number.isFinite(at(distance)?.[bound])) distance++;
    distances.add(distance);
  }
  return [...distances].sort((a, b) => a - b);
}

type Neighbours = readonly (Slice | undefined)[];

/** That with the neighbours of one side rather than with those of the other; and where none of them goes with it, theirs. */
function linesWith(here: Slice, near: Neighbours, far: Neighbours, toleranceNs: number): Line[] {
  const rates = new Rates(toleranceNs);
  if (here.isBounded && !rates.add(here)) return [];
  const isWith = rates.addAll(near);
  rates.addAll(far);
  const theirs = new Rates(toleranceNs);
  if (!isWith) theirs.addAll(near);
  return [rates.lineIn(here), theirs.lineIn(here)].filter((line) => line !== null);
}

/** Whether a clock may go from one line to the other within so long before and behind where they are told, without being set. */
function areMeeting(line: Line, other: Line, withinNs: number): boolean {
  return (
    apart(line.bounds, other.bounds) <= withinNs * (Math.abs(line.rate - other.rate) + line.doubtRate + other.doubtRate)
  );
}

/** The line in the middle between one and that of no offset and no drift, for a slice that may go with both. */
export function orStill(line: Line, halfNs: number): Line {
  const bounds = { atLeastNs: 0, atMostNs: 0 };
  return either(line, { ...line, offsetNs: 0, rate: 0, doubtRate: 0, bounds, movedNs: 0 }, halfNs);
}

/** The line in the middle of two that a slice may go with, which is that long to each side. */
function either(first: Line, second: Line, halfNs: number): Line {
  const rate = (first.rate + second.rate) / 2;
  const lines = [first, second];
  return {
    atNs: first.atNs,
    offsetNs: (first.offsetNs + second.offsetNs) / 2,
    rate,
    doubtRate: Math.max(...lines.map((line) => line.doubtRate + Math.abs(line.rate - rate))),
    bounds: {
      atLeastNs: Math.min(first.bounds.atLeastNs, second.bounds.atLeastNs),
      atMostNs: Math.max(first.bounds.atMostNs, second.bounds.atMostNs),
    },
    movedNs: Math.max(...lines.map((line) => line.movedNs + halfNs * Math.abs(line.rate - rate))),
  };
}

/** The rates that a line may have which goes between the bounds of some slices. */
class Rates {
  readonly #toleranceNs: number;
  readonly #slices: Slice[] = [];
  #least = -MOST_RATE;
  #most = MOST_RATE;

  constructor(toleranceNs: number) {
    this.#toleranceNs = toleranceNs;
  }

  /** Adds a slice, if there is a rate then: a line of that rate goes through all if it does through each two of them. None does where the clock was set in between. */
  add(slice: Slice): boolean {
    if (!this.#slices.every((other) => other.isOneRunWith(slice))) return false;
    const [least, most] = [this.#least, this.#most];
    this.#limit(slice, slice);
    for (const other of this.#slices) {
      this.#limit(slice, other);
      this.#limit(other, slice);
    }
    if (this.#least <= this.#most) {
      this.#slices.push(slice);
      return true;
    }
    this.#least = least;
    this.#most = most;
    return false;
  }

  /** Adds slices up to the first that no line goes through. Returns whether it added any. */
  addAll(slices: Neighbours): boolean {
    const end = slices.findIndex((slice) => slice === undefined || !this.add(slice));
    return end !== 0;
  }

  /** From the lower bound of one slice to the upper bound of another. */
  #limit(lower: Slice, upper: Slice): void {
    const riseNs = upper.atMostNs - lower.atLeastNs + this.#toleranceNs;
    const spanNs = upper.mostAtNs - lower.leastAtNs;
    if (riseNs === Number.POSITIVE_INFINITY) return;
    if (spanNs > 0) this.#most = Math.min(this.#most, riseNs / spanNs);
    else if (spanNs < 0) this.#least = Math.max(this.#least, riseNs / spanNs);
    else if (riseNs < 0) this.#least = Number.POSITIVE_INFINITY;
  }

  /** The line in the middle of a slice. */
  lineIn({ middleNs: atNs, halfNs }: Slice): Line | null {
    if (this.#slices.length === 0) return null;
    const [least, most] = [this.#least, this.#most];
    const doubtRate = (most - least) / 2;
    const likely = ((least + most) / 2) * certaintyOf(doubtRate);
    const rate = Math.max(least, Math.min(most, likely));
    // a clock that is slewed may have been, or be, so for no longer than it is seen to be
    const isSlewed = Math.abs(rate) > UNKNOWN_RATE;
    const isAtEdge = [1, -1].some((way) => this.#slices.every(({ middleNs }) => way * (middleNs - atNs) >= 0));
    const wanderRate = isSlewed && isAtEdge ? Math.abs(rate) : WANDER_RATE;
    let bounds = UNBOUNDED;
    let ofLine = UNBOUNDED;
    // what bounds the offset elsewhere does so here but for what the clock may have gained or lost in between, at any rate it may have
    for (const slice of this.#slices) {
      const sinceLeastNs = atNs - slice.leastAtNs;
      const sinceMostNs = atNs - slice.mostAtNs;
      const gainedNs = Math.min(least * sinceLeastNs, most * sinceLeastNs) - wanderRate * Math.abs(sinceLeastNs);
      const lostNs = Math.max(least * sinceMostNs, most * sinceMostNs) + wanderRate * Math.abs(sinceMostNs);
      bounds = narrowed(bounds, slice.movedBy(gainedNs, lostNs));
      ofLine = narrowed(ofLine, slice.movedBy(rate * sinceLeastNs, rate * sinceMostNs));
    }
    const offsetNs = Math.max(bounds.atLeastNs, Math.min(bounds.atMostNs, middleOf(ofLine) ?? 0));
    const movedNs = halfNs * (Math.max(most - rate, rate - least) + wanderRate);
    return { atNs, offsetNs, rate, doubtRate, bounds, movedNs };
  }
}
