import { NEAR_NS } from "../intake/disorder.js";
import { isEnclosing, middleOf, wrongBy } from "./bounds.js";
import { PROCESSORS_NS } from "./clock.js";
import { type Crossing, Crossings, type Nearby, SUPPORTERS } from "./crossings.js";
import { PARTING, Partings } from "./parting.js";
import { type Extent, Slice } from "./slice.js";
import type { Exactness } from "./exactness.js";

/** So long it is waited for packets that tell, where they are few … */
export const PATIENCE_NS = 10_000_000_000;
/** … and no longer than so many packets take. */
const MOST_PACKETS = 16_384;
/** Slices behind one that tell whether its quickest packets are believable. */
export const SUPPORTING = 2;
/** Slices that are kept behind those that nobody asks for any more. */
const KEPT_SLICES = 64;

/** How far stamps of both captures go back between two times on the timeline, where they differ by that beyond the base, nanoseconds. */
export type DisorderNs = (fromNs: number, untilNs: number, nearNs: number) => number;

/** Measures slice after slice, once enough follows: what its packets, and those around it, say of the offset there, and how often the clock was set before. */
export class Slices {
  /** Packets that were seen on both sides: those that came in, and those that went out. */
  readonly crossings: readonly [Crossings, Crossings] = [new Crossings(), new Crossings()];
  /** Twins that may be none: they bound no offset, but may contradict one. */
  readonly doubtful: readonly [Crossings, Crossings] = [new Crossings(), new Crossings()];
  /** The slices that were measured, and those of them that packets bound. */
  readonly measured: Slice[] = [];
  readonly bounded: Slice[] = [];
  readonly exactness: Exactness;
  /** Where the gaps of twins should be: what the clocks differ by, beyond the base; null where nothing is known. */
  nearNs: number | null;
  /** How far from there they may be, as far as both directions tell. */
  aroundNs = 0;
  /** Those that are not measured yet. */
  readonly #waiting: Slice[] = [];
  readonly #partings = new Partings();
  readonly #disorderNs: DisorderNs;

  constructor(exactness: Exactness, nearNs: number | null, disorderNs: DisorderNs) {
    this.exactness = exactness;
    this.nearNs = nearNs;
    this.#disorderNs = disorderNs;
  }

  /** Takes a slice whose packets are in `crossings`, and measures what can be by then. */
  take(slice: Slice): void {
    this.#waiting.push(slice);
    while (this.#isSupported()) this.#measureNext();
  }

  /** Measures all there are: no slice follows. */
  end(): void {
    while (this.#waiting.length > 0) this.#measureNext();
  }

  /** Whether a slice that was measured is that long before the last one that was, or as many packets as are waited for. */
  isFollowed(slice: Slice, leastNs: number): boolean {
    return isBefore(slice, this.measured[this.measured.length - 1], leastNs);
  }

  /** Whether enough follows the next slice to tell whether its packets are believable, and whether the clock was set in it; or as much as is waited for. */
  #isSupported(): boolean {
    const waiting = this.#waiting;
    if (waiting.length <= SUPPORTING) return false;
    const { end } = waiting[0].extent;
    return (
      isBefore(waiting[0], waiting[waiting.length - 1], PATIENCE_NS) ||
      this.crossings.every((each) => each.isFollowed(end, PARTING))
    );
  }

  /** Measures the next slice; or what it begins with, where the clock was set in it. */
  #measureNext(): void {
    let slice: Slice;
    do {
      slice = this.#waiting[0];
      slice.disorderNs = this.#disorderAt(slice.extent);
    } while (this.#part(slice));
    const { from, end } = slice.extent;
    const isOfRun = (one: Crossing): boolean => this.#partings.isOfRun(slice, one);
    const found = this.crossings.map((each) => nearbyOf(each.between(from, end), isOfRun));
    slice.wrongNs = Math.min(slice.disorderNs, scatterOf(found.map(({ around }) => around)));
    this.exactness.mayBeWrongBy(slice.wrongNs);
    for (const [way, nearby] of found.entries())
      slice.bound(way === 1, { ...nearby, own: nearby.own.filter((one) => slice.has(one)) });
    slice.widen();
    this.nearNs = middleOf(slice) ?? this.nearNs;
    if (isEnclosing(slice)) this.aroundNs = Math.max(0, wrongBy(slice, this.nearNs ?? 0));
    slice.place = this.bounded.length;
    slice.sets = this.#partings.setsBefore(slice.extent);
    slice.setWithinNs = this.#partings.withinNs;
    if (slice.isBounded) this.bounded.push(slice);
    this.#waiting.shift();
    this.measured.push(slice);
  }

  /** Cuts the next slice in two where a clock was set in it, or in three, if there are packets in between that may be of either. Returns whether it did. */
  #part(slice: Slice): boolean {
    this.#partings.find(slice, this.measured, this.crossings, this.exactness.unitNs + PROCESSORS_NS);
    const parts = this.#partings.partsOf(slice.extent);
    if (parts.length > 1) this.#waiting.splice(0, 1, ...parts.map((part) => new Slice(part, slice.mayDeceive)));
    return parts.length > 1;
  }

  /** How far the stamps of both captures go back around a slice, as far as they were looked at, but for what a clock does that was set back. */
  #disorderAt({ leastNs, toNs }: Extent): number {
    const fromNs = leastNs - NEAR_NS;
    const untilNs = Math.min(toNs + NEAR_NS, this.#waiting[this.#waiting.length - 1].extent.toNs);
    const disorderNs = this.#disorderNs(fromNs, untilNs, this.nearNs ?? 0);
    return this.#partings.explains(disorderNs, fromNs - NEAR_NS, untilNs + NEAR_NS) ? 0 : disorderNs;
  }

  /** Lets slices go that no line needs any more; the first `done` of those that were measured are asked for no more. Returns how many went. */
  forget(done: number): number {
    const count = done - KEPT_SLICES;
    if (count < KEPT_SLICES) return 0;
    for (const each of [...this.crossings, ...this.doubtful]) each.forgetBefore(this.measured[count - 1].extent.end);
    this.measured.splice(0, count);
    const bounded = this.measured[0].place - KEPT_SLICES;
    if (bounded <= 0) return count;
    this.bounded.splice(0, bounded);
    for (const slice of this.measured) slice.place -= bounded;
    return count;
  }
}

/** Those nearby that are of one run. */
function nearbyOf({ own, around, upTo, since }: Nearby, isOfRun: (one: Crossing) => boolean): Nearby {
  return { own, around: around.filter(isOfRun), upTo: upTo.filter(isOfRun), since: since.filter(isOfRun) };
}

/** Whether a slice is that long before another one, or MOST_PACKETS. */
function isBefore({ extent: one }: Slice, { extent: later }: Slice, leastNs: number): boolean {
  return later.toNs - one.toNs >= leastNs || later.end - one.end >= MOST_PACKETS;
}

/** How far the gaps of twins differ that go the same way, nanoseconds, as far as there are enough of them to tell; else Infinity. */
function scatterOf(ways: readonly (readonly Crossing[])[]): number {
  const told = ways.filter(({ length }) => length >= SUPPORTERS).map((way) => way.map(({ gapNs }) => gapNs));
  if (told.length === 0) return Number.POSITIVE_INFINITY;
  return Math.max(...told.map((gaps) => Math.max(...gaps) - Math.min(...gaps)));
}
