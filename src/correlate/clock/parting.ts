import { type Bounds, isEnclosing } from "./bounds.js";
import { MOST_RATE } from "./clock.js";
import { type Crossing, type Crossings, slowBy, tookBy, type Witness } from "./crossings.js";
import type { Extent, Slice } from "./slice.js";
import { LEAST_WITNESSES } from "./witnesses.js";

/** Witnesses of each direction before and behind a slice that tell whether a clock was set in it. */
export const PARTING = 8;
/** So few do where those of both directions agree before it, and behind it, and no offset explains both: that many twins of others do not shift alike. */
const FEW_WITNESSES = 2;
/** A packet that was slow says so much less of when a clock was set than one that could not have been as quick. */
const SLOW_SHARE = 1 / 4;

/** The packets between which a clock was set, the places of the outside's packets where that may have been, and how often it was set by then. */
interface Parting {
  readonly last: Crossing;
  readonly first: Crossing;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Where a clock was set last, by the slices so far. */
export class Partings {
  /** The inside stamps within which that was. */
  withinNs: readonly [from: number, to: number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  #latest: Parting | null = null;
  /** Where stamps were seen to go back as a clock was set back, and by how much. */
  #mingled = { atNs: Number.NEGATIVE_INFINITY, backNs: 0 };

  /** Notes it where a clock was set in the next slice, or between it and the last of those that were `measured`. */
  find(slice: Slice, measured: readonly Slice[], ways: readonly Crossings[], toleranceNs: number): void {
    const { from, end } = slice.extent;
    const foundTo = this.#latest?.to ?? 0;
    if (from < foundTo) return;
    const crossings = ways
      .flatMap((each) => {
        const { around } = each.between(from, end, PARTING);
        // in a queue that grew since, earlier ones say more
        return [...each.telling(foundTo, around[0]?.place ?? from), ...around];
      })
      .filter((one) => one.place <= from || one.place > end || slice.has(one))
      .sort((a, b) => a.frame - b.frame);
    const parting = partingOf(crossings, toleranceNs, slice.disorderNs);
    if (parting === undefined) return;
    const [last, first] = parting.map((index) => crossings[index]);
    const isBack = first.timeNs <= last.timeNs;
    const isKnown = this.#latest !== null && last.frame < this.#latest.first.frame;
    const isHere = last.place <= end && first.place > from && (!isBack || first.place <= end);
    if (isKnown || !isHere || !slice.has(last) || !slice.has(first)) return;
    if (parting[1] > parting[0] + 1) this.#mingled = { atNs: last.timeNs, backNs: slice.disorderNs };
    const count = (this.#latest?.count ?? 0) + 1;
    this.#latest = { last, first, ...(isBack ? { from, to: from } : { from: last.place, to: first.place - 1 }), count };
    this.withinNs = [last.timeNs - last.gapNs, first.timeNs - first.gapNs];
    if (isBack) return;
    // too little was known of those before that are in between
    for (const one of measured) if (one.extent.from >= last.place) one.sets = count - 0.5;
  }

  /** What a slice comes to where a clock was set in it. */
  partsOf(whole: Extent): Extent[] {
    return this.#latest === null ? [whole] : partsOf(whole, this.#latest.last, this.#latest.first);
  }

  /** How often the clock was set before some packets; and a half, where it may have been once more. */
  setsBefore({ from, end, untilFrame }: Extent): number {
    if (this.#latest === null) return 0;
    const { from: last, to, count } = this.#latest;
    if (end <= last || Number.isFinite(untilFrame)) return count - 1;
    return from < to ? count - 0.5 : count;
  }

  /** Whether a packet is of the same run as those of a slice, as far as the last time that the clock was set tells. */
  isOfRun({ extent }: Slice, { frame }: Crossing): boolean {
    if (this.#latest === null) return true;
    const { last, first, count } = this.#latest;
    const sets = this.setsBefore(extent);
    if (sets === count) return frame >= first.frame;
    return sets > count - 1 || frame <= last.frame;
  }

  /** Whether stamps go back by so much between two times, as far as they were looked at, because a clock was set back there. */
  explains(disorderNs: number, fromNs: number, untilNs: number): boolean {
    const { atNs, backNs } = this.#mingled;
    return disorderNs <= backNs && fromNs <= atNs && atNs <= untilNs;
  }
}

/** What packets up to a time, or from then on, say of the offset: LEAST_WITNESSES of each direction, and FEW_WITNESSES. */
interface Told {
  readonly byEnough: Bounds;
  readonly byFew: Bounds;
}

/** The packets of each direction that say most of the offset: it is at least, and at most. */
class Witnesses {
  readonly #way: number;
  readonly #least: number[] = [];
  readonly #most: number[] = [];

  /** `way`: 1 where they come in the order of the outside, -1 where the last one comes first. */
  constructor(way: number) {
    this.#way = way;
  }

  add(crossing: Crossing): void {
    const own = crossing.isOutbound ? this.#most : this.#least;
    own.push(slowBy(crossing, this.#way));
    own.sort((a, b) => a - b);
    own.splice(LEAST_WITNESSES);
  }

  toldAt(timeNs: number): Told {
    return { byEnough: this.#boundsAt(timeNs, LEAST_WITNESSES), byFew: this.#boundsAt(timeNs, FEW_WITNESSES) };
  }

  #boundsAt(timeNs: number, count: number): Bounds {
    const [least, most] = [this.#least, this.#most].map((own) => own[count - 1] ?? Number.POSITIVE_INFINITY);
    return { atLeastNs: -least - this.#runNs(timeNs), atMostNs: most + this.#runNs(timeNs) };
  }

  #runNs(timeNs: number): number {
    return MOST_RATE * this.#way * timeNs;
  }
}

/**
 * Where a clock was set between some packets, in the order of the outside: what enough of those before say contradicts what enough of those behind
 * do, by more than `toleranceNs`, however fast it runs, and neither contradict each other. Each packet belongs to the side whose offset it fits better; so it is
 * where the fewest are misplaced. Stamps may be early by `wrongNs`, or in order although the clock was set back: packets that are so near to each
 * other may be on either side of it. Returns the indices of the last packet that is before it and of the first one that is behind.
 */
export function partingOf(
  crossings: readonly Witness[],
  toleranceNs: number,
  wrongNs: number,
): readonly [number, number] | undefined {
  if (!isAnyContradicted(crossings, toleranceNs)) return undefined;
  const isNear = (a: number, b: number): boolean =>
    b < crossings.length && Math.abs(crossings[a].timeNs - crossings[b].timeNs) < wrongNs;
  const [before, behind] = [toldUpTo(crossings, 1), toldUpTo(crossings.toReversed(), -1).reverse()];
  let mostNs = toleranceNs;
  let [oldNs, newNs] = [0, 0];
  for (let last = 0, first = 1; last < crossings.length; last++) {
    first = Math.max(first, last + 1);
    while (isNear(last, first)) first++;
    if (first === crossings.length) break;
    const few = [before[last].byFew, behind[first].byFew];
    const [old, now] = few.every(isAgreeing) ? few : [before[last].byEnough, behind[first].byEnough];
    const forthNs = now.atLeastNs - old.atMostNs;
    const backNs = old.atLeastNs - now.atMostNs;
    const against = [old, now].map(({ atLeastNs, atMostNs }) => Math.max(0, atLeastNs - atMostNs));
    // stamps that are early by chance contradict the other direction's, where there are both
    const mayBeEarly = ![old, now].every(isEnclosing);
    const runNs = MOST_RATE * Math.max(0, crossings[first].timeNs - crossings[last].timeNs);
    const clearNs = Math.max(forthNs, backNs) - against[0] - against[1] - runNs - (mayBeEarly ? 2 * wrongNs : 0);
    if (!(clearNs > mostNs)) continue;
    mostNs = clearNs;
    [oldNs, newNs] = forthNs > backNs ? [old.atMostNs, now.atLeastNs] : [old.atLeastNs, now.atMostNs];
  }
  if (oldNs === newNs) return undefined;
  let [parting, costNs, leastNs] = [0, 0, Number.POSITIVE_INFINITY];
  for (let at = 0; at < crossings.length; at++) {
    if (costNs < leastNs) [parting, leastNs] = [at, costNs];
    costNs += misplacedBy(crossings[at], oldNs) - misplacedBy(crossings[at], newNs);
  }
  if (parting === 0 || costNs < leastNs) return undefined;
  let [last, first] = [parting - 1, parting];
  while (last > 0 && isNear(last, parting)) last--;
  while (isNear(parting - 1, first)) first++;
  return first < crossings.length ? [last, first] : undefined;
}

/** Whether any of some packets contradicts another by more than that. Mostly none does, which is told sooner than between which two the clock was set. */
function isAnyContradicted(crossings: readonly Witness[], toleranceNs: number): boolean {
  let [atLeastNs, atMostNs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { isOutbound, isWitness, gapNs } of crossings) {
    if (!isWitness) continue;
    if (isOutbound) atMostNs = Math.min(atMostNs, gapNs);
    else atLeastNs = Math.max(atLeastNs, gapNs);
  }
  return atLeastNs - atMostNs > toleranceNs;
}

/**
 * What a slice comes to if the clock was set between two packets: what is before, and what is behind; where the clock was set forth, also what is in
 * between, and may be of either. It may have one of the two, or none.
 */
export function partsOf(whole: Extent, last: Crossing, first: Crossing): Extent[] {
  if (first.timeNs <= last.timeNs) {
    const hasBoth = last.place > whole.from && first.place <= whole.end;
    if (!hasBoth || last.frame < whole.setFrame || first.frame >= whole.untilFrame) return [whole];
    return [
      { ...whole, toNs: last.timeNs, untilFrame: first.frame },
      { ...whole, fromNs: last.timeNs, leastNs: first.timeNs, setFrame: first.frame },
    ];
  }
  const isBetween = first.place > last.place + 1;
  const cutNs = isBetween ? last.timeNs : (last.timeNs + first.timeNs) / 2;
  const cuts = [{ place: last.place, atNs: cutNs }];
  if (isBetween) cuts.push({ place: first.place - 1, atNs: first.timeNs - 1 });
  const parts = [whole];
  for (const { place, atNs } of cuts) {
    const part = parts[parts.length - 1];
    if (place <= part.from || place >= part.end) continue;
    parts.splice(
      -1,
      1,
      { ...part, toNs: atNs, end: place },
      { ...part, fromNs: atNs, leastNs: atNs, from: place, setFrame: 0 },
    );
  }
  return parts;
}

/** How ill a packet fits an offset: many are slow, and none arrives before it left. */
function misplacedBy(crossing: Crossing, offsetNs: number): number {
  const tookNs = tookBy(crossing, offsetNs);
  return tookNs < 0 ? -tookNs : tookNs * SLOW_SHARE;
}

/** Whether packets of both directions bound the offset, and do not contradict each other. */
function isAgreeing(bounds: Bounds): boolean {
  return isEnclosing(bounds) && bounds.atLeastNs <= bounds.atMostNs;
}

/** What those up to each of some packets say. */
function toldUpTo(crossings: readonly Witness[], way: number): Told[] {
  const witnesses = new Witnesses(way);
  return crossings.map((crossing) => {
    if (crossing.isWitness) witnesses.add(crossing);
    return witnesses.toldAt(crossing.timeNs);
  });
}
