import type { Aligned } from "./alignment.js";

/** Fewer intervals than this tell nothing: of so few, chance makes any order. */
const LEAST_INTERVALS = 15;
/** More than this say no more than these do. */
const MOST_INTERVALS = 512;

/**
 * How much two streams of packets have in common in the times at which theirs come, in bits: fewer than one in 2^bits pairs of strangers
 * agrees as much. A router keeps the rhythm of what it forwards; strangers that send as often keep their own, and what one does a
 * little early or late says nothing of the other.
 *
 * Intervals count by their ranks (Spearman's correlation), so that a pause that both make is one coincidence, however long. What is as true
 * of streams that repeat a pattern, or slow down together, is no evidence: only how much better they agree than some packets apart
 * counts, and intervals that follow from the ones before count as fewer (M. S. Bartlett, "Some aspects of the time-correlation problem",
 * 1935). Two streams as regular as clocks have nothing in common but that, and one that pauses once has as few bits to agree in as tell where.
 *
 * @param aligned which that entered may be which that left, in order: intervals between those that follow each other on both sides count.
 * @param entered,left when packets came, in order, nanoseconds.
 * @param resolutionNs intervals that differ by less are equal.
 */
export function rhythmBits(
  aligned: Aligned,
  entered: readonly number[],
  left: readonly number[],
  resolutionNs: number,
): number {
  const isNext = (at: number): boolean =>
    at > 0 && aligned[at][0] === aligned[at - 1][0] + 1 && aligned[at][1] === aligned[at - 1][1] + 1;
  const steps = aligned.filter((_, at) => isNext(at)).slice(0, MOST_INTERVALS);
  const a = ranksOf(
    steps.map(([from]) => entered[from] - entered[from - 1]),
    resolutionNs,
  );
  const b = ranksOf(
    steps.map(([, to]) => left[to] - left[to - 1]),
    resolutionNs,
  );
  const count = a.length;
  if (count < LEAST_INTERVALS) return 0;
  const [ofA, ofB] = [product(a, a, 0), product(b, b, 0)];
  // all intervals of one are equal
  if (ofA === 0 || ofB === 0) return 0;
  const both = Math.sqrt(ofA * ofB);
  const agreement = product(a, b, 0) / both;
  let foretold = 0;
  let elsewhere = 0;
  for (let lag = 1; lag < count; lag++) {
    foretold += (product(a, a, lag) / ofA) * (product(b, b, lag) / ofB);
    if (2 * lag > count) continue;
    const apart = Math.max(product(a, b, lag), product(b, a, lag)) / both;
    elsewhere = Math.max(elsewhere, (apart * count) / (count - lag));
  }
  if (elsewhere >= agreement) return 0;
  const news = count / Math.max(1, 1 + 2 * foretold);
  // of so much news, no agreement is closer than that
  const rest = Math.max(1 - agreement ** 2, 1 / news);
  const bits = (news / 2) * Math.log2((1 - elsewhere ** 2) / rest);
  return Math.max(0, Math.min(bits, orderBits(a), orderBits(b)));
}

/** Of each interval, nanoseconds, where it stands among all of them, from their middle; equal ones stand in one place. */
function ranksOf(intervalsNs: readonly number[], resolutionNs: number): Float64Array {
  const intervals = intervalsNs.map((intervalNs) => Math.round(intervalNs / Math.max(1, resolutionNs)));
  const order = Array.from(intervals.keys()).sort((a, b) => intervals[a] - intervals[b]);
  const ranks = new Float64Array(intervals.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && intervals[order[end]] === intervals[order[first]]) end++;
    for (let at = first; at < end; at++) ranks[order[at]] = (first + end - order.length) / 2;
    first = end;
  }
  return ranks;
}

/** In how many orders such ranks may stand, in bits. */
function orderBits(ranks: Float64Array): number {
  const equal = new Map<number, number>();
  let bits = 0;
  for (const [at, rank] of ranks.entries()) {
    const before = equal.get(rank) ?? 0;
    equal.set(rank, before + 1);
    bits += Math.log2((at + 1) / (before + 1));
  }
  return bits;
}

/** The sum of the products of two series, the second of them so many places later. */
function product(a: Float64Array, b: Float64Array, lag: number): number {
  let sum = 0;
  for (let at = lag; at < a.length; at++) sum += a[at - lag] * b[at];
  return sum;
}
