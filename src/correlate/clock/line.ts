import { apart, type Bounds, middleOf, narrowed, UNBOUNDED } from "./bounds.js";
import { MOST_RATE, UNKNOWN_RATE } from "./clock.js";
import type { Slice } from "./slice.js";

/** A rate is believed the more, the narrower its bounds are against this: what clocks differ by. */
const USUAL_RATE = 50e-6;
/** The rate of a clock wanders by this much while it is looked at: temperature. */
const WANDER_RATE = 1e-6;
/** How far away the slices are that a line may go through: all of the nearest, and fewer of those that only tell the rate. */
const NEIGHBOURS = [1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63];
const FARTHEST = 63;

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
