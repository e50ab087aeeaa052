/** A part of a sequence, by index: none in it can have been one outside of it. */
interface Run {
  entered: number;
  enteredEnd: number;
  left: number;
  leftEnd: number;
}

/**
 * The parts of a sequence in which any left: each begins more than `limitNs` behind the last that entered before it, and more than `slackNs` behind the last that left. Where
 * these are Infinity, as a clock may have been set by anything, all of it is one part.
 */
export function runsOf(entered: readonly number[], left: readonly number[], slackNs: number, limitNs: number): Run[] {
  const runs: Run[] = [];
  let [i, o] = [0, 0];
  while (i < entered.length || o < left.length) {
    const run = { entered: i, enteredEnd: i, left: o, leftEnd: o };
    while (i < entered.length || o < left.length) {
      const isEntry = i < entered.length && (o === left.length || entered[i] <= left[o]);
      const nextNs = isEntry ? entered[i] : left[o];
      const isApart =
        (run.enteredEnd === run.entered || nextNs - entered[run.enteredEnd - 1] > limitNs) &&
        (run.leftEnd === run.left || nextNs - left[run.leftEnd - 1] > slackNs);
      if (isApart && (i > run.entered || o > run.left)) break;
      if (isEntry) run.enteredEnd = ++i;
      else run.leftEnd = ++o;
    }
    if (run.leftEnd > run.left && run.enteredEnd > run.entered) runs.push(run);
  }
  return runs;
}

/**
 * Of packets that enter and leave at these times, in order, those that leave next after they enter and before any other one does, by index, as
 * long as no other can be meant, by twice what the slowest of them took. Null where the first two are none, or where one takes half of what they
 * are apart.
 */
export function nearest(
  entered: readonly number[],
  left: readonly number[],
  slackNs: number,
): readonly (readonly [number, number])[] | null {
  const pairs: [number, number][] = [];
  const apartNs = entered
    .slice(1)
    .map((timeNs, at) => timeNs - entered[at])
    .toSorted((a, b) => a - b)[(entered.length - 1) >> 1];
  let slowestNs = 0;
  let to = 0;
  for (let from = 0; from < entered.length; from++) {
    while (to < left.length && left[to] < entered[from]) to++;
    if (to === left.length) break;
    if (from + 1 < entered.length && left[to] >= entered[from + 1]) continue;
    const latencyNs = left[to] - entered[from];
    if (latencyNs > apartNs / 2) return null;
    slowestNs = Math.max(slowestNs, latencyNs);
    pairs.push([from, to]);
  }
  if (pairs.length === 0 || pairs[0][0] !== 0 || pairs[0][1] !== 0) return null;
  const reachNs = slowestNs + Math.max(slowestNs, slackNs);
  return pairs.filter(
    ([from, to]) =>
      !(left[to] - entered[from - 1] <= reachNs) &&
      !(entered[from + 1] - left[to] <= slackNs) &&
      !(entered[from] - left[to - 1] <= slackNs) &&
      !(left[to + 1] - entered[from] <= reachNs),
  );
}

/** Packets by index, one that entered and one that left. */
export type Aligned = readonly (readonly [from: number, to: number])[];

/** The first that left is what came closest to the usual time before it, and each behind it the next one. */
export function inTurn(entered: readonly number[], left: readonly number[], usualNs: number): Aligned {
  const first = nearestTo(entered, left[0] - usualNs);
  return left.slice(0, entered.length - first).map((_, to) => [first + to, to]);
}

/** Each that left is what came closest to the usual time before it, where none that left is closer to that. Some may have been missed, or lost. */
export function nearestOfEach(entered: readonly number[], left: readonly number[], usualNs: number): Aligned {
  const aligned: [number, number][] = [];
  let [from, nearest] = [0, 0];
  for (const [to, leftNs] of left.entries()) {
    from = nearestTo(entered, leftNs - usualNs, from);
    nearest = nearestTo(left, entered[from] + usualNs, nearest);
    if (nearest === to) aligned.push([from, to]);
  }
  return aligned;
}

/** Which of some times, in order, is the nearest to one, from one on that is no later than that. */
function nearestTo(times: readonly number[], timeNs: number, from = 0): number {
  let nearest = from;
  while (nearest + 1 < times.length && Math.abs(times[nearest + 1] - timeNs) <= Math.abs(times[nearest] - timeNs))
    nearest++;
  return nearest;
}

/**
 * Whether packets that left in order each took longer than the one before, and the last one longer than the first by half of what that entered behind another one,
 * or more: a queue that grows so may have been longer by as much from the first on. `entered`: that other one's time, and theirs.
 */
export function isGrowing([beforeNs, ...entered]: readonly number[], left: readonly number[]): boolean {
  const took = left.slice(0, entered.length).map((ns, at) => ns - entered[at]);
  const isEach = took.every((ns, at) => at === 0 || ns > took[at - 1]);
  return isEach && took[took.length - 1] - took[0] >= (entered[0] - beforeNs) / 2;
}
