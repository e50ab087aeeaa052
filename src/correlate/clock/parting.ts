import { type Bounds, isEnclosing } from "./bounds.js";
import type { Crossing, Witness } from "./crossings.js";
import type { Extent } from "./envelope.js";
import { LEAST_WITNESSES } from "./estimate.js";

/** What LEAST_WITNESSES of some packets say of the offset: it is at least, and at most. */
class Witnesses {
  readonly #least: number[] = [];
  readonly #most: number[] = [];

  add({ isOutbound, gapNs }: Crossing): void {
    const own = isOutbound ? this.#most : this.#least;
    own.push(isOutbound ? gapNs : -gapNs);
    own.sort((a, b) => a - b);
    own.splice(LEAST_WITNESSES);
  }

  get bounds(): Bounds {
    return {
      atLeastNs: -(this.#least[LEAST_WITNESSES - 1] ?? Number.POSITIVE_INFINITY),
      atMostNs: this.#most[LEAST_WITNESSES - 1] ?? Number.POSITIVE_INFINITY,
    };
  }
}

/**
 * Where a clock was set between some packets, in the order of the outside: what enough of those before say contradicts what enough of those behind
 * do, by more than `toleranceNs`, and neither contradict each other. Each packet belongs to the side whose offset its own gap is nearer to; so it is
 * where the fewest are misplaced. Stamps may be early by `wrongNs`, or in order although the clock was set back: packets that are so near to each
 * other may be on either side of it. Returns the indices of the last packet that is before it and of the first one that is behind.
 */
export function partingOf(
  crossings: readonly Witness[],
  toleranceNs: number,
  wrongNs: number,
): readonly [number, number] | undefined {
  const isNear = (a: number, b: number): boolean =>
    b < crossings.length && Math.abs(crossings[a].timeNs - crossings[b].timeNs) < wrongNs;
  const [before, behind] = [boundsUpTo(crossings), boundsUpTo(crossings.toReversed()).reverse()];
  let mostNs = toleranceNs;
  let [oldNs, newNs] = [0, 0];
  for (let last = 0, first = 1; last < crossings.length; last++) {
    first = Math.max(first, last + 1);
    while (isNear(last, first)) first++;
    if (first === crossings.length) break;
    const [old, now] = [before[last], behind[first]];
    const forthNs = now.atLeastNs - old.atMostNs;
    const backNs = old.atLeastNs - now.atMostNs;
    const against = [old, now].map(({ atLeastNs, atMostNs }) => Math.max(0, atLeastNs - atMostNs));
    // stamps that are early by chance contradict the other direction's, where there are both
    const mayBeEarly = ![old, now].every(isEnclosing);
    const clearNs = Math.max(forthNs, backNs) - against[0] - against[1] - (mayBeEarly ? 2 * wrongNs : 0);
    if (!(clearNs > mostNs)) continue;
    mostNs = clearNs;
    [oldNs, newNs] = forthNs > backNs ? [old.atMostNs, now.atLeastNs] : [old.atLeastNs, now.atMostNs];
  }
  if (oldNs === newNs) return undefined;
  let [parting, costNs, leastNs] = [0, 0, Number.POSITIVE_INFINITY];
  for (let at = 0; at < crossings.length; at++) {
    if (costNs < leastNs) [parting, leastNs] = [at, costNs];
    const { gapNs } = crossings[at];
    costNs += Math.abs(gapNs - oldNs) - Math.abs(gapNs - newNs);
  }
  if (parting === 0 || costNs < leastNs) return undefined;
  let [last, first] = [parting - 1, parting];
  while (last > 0 && isNear(last, parting)) last--;
  while (isNear(parting - 1, first)) first++;
  return first < crossings.length ? [last, first] : undefined;
}

/**
 * What a slice comes to whose clock was set between two of its packets: what is before, and what is behind; where the clock was set forth, also what is in
 * between, and may be of either.
 */
export function partsOf(whole: Extent, last: Crossing, first: Crossing): Extent[] {
  if (first.timeNs <= last.timeNs)
    return [
      { ...whole, toNs: last.timeNs, untilFrame: first.frame },
      { ...whole, fromNs: last.timeNs, leastNs: first.timeNs, setFrame: first.frame },
    ];
  const isBetween = first.place > last.place + 1;
  const cutNs = isBetween ? last.timeNs : (last.timeNs + first.timeNs) / 2;
  const nextNs = isBetween ? first.timeNs - 1 : cutNs;
  const next = isBetween ? first.place - 1 : last.place;
  const between = { ...whole, fromNs: cutNs, toNs: nextNs, leastNs: cutNs, from: last.place, end: next, setFrame: 0 };
  return [
    { ...whole, toNs: cutNs, end: last.place },
    ...(isBetween ? [between] : []),
    { ...whole, fromNs: nextNs, leastNs: nextNs, from: next, setFrame: 0 },
  ];
}

/** What those up to each of some packets say. */
function boundsUpTo(crossings: readonly Witness[]): Bounds[] {
  const witnesses = new Witnesses();
  return crossings.map((crossing) => {
    if (crossing.isWitness) witnesses.add(crossing);
    return witnesses.bounds;
  });
}
