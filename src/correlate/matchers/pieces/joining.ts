import { joinedContent, timesWeight, weightOf } from "../../../packets/joined-content.js";
import type { Timeline } from "../../../packets/timeline.js";

/** So many lost datagrams may stand between the pieces of one whole. */
export const MOST_BETWEEN = 8;
/** So many steps are taken to find the pieces: each way to put them together that is tried may be wrong once in 2^32. */
const MOST_STEPS = 4096;

/** How a whole is cut: all pieces but the last are as long as the first one. */
export interface Cut {
  readonly count: number;
  readonly size: number;
  readonly lastSize: number;
}

export function cutOf(t: Timeline, whole: number, first: number): Cut {
  const size = t.payloadLength(first);
  const count = Math.ceil(t.payloadLength(whole) / size);
  return { count, size, lastSize: t.payloadLength(whole) - (count - 1) * size };
}

/** Whether a datagram has the length of the piece of a place, the first of which is 0. */
export function fits(t: Timeline, row: number, place: number, { count, size, lastSize }: Cut): boolean {
  return t.payloadLength(row) === (place === count - 1 ? lastSize : size);
}

/**
 * Which of some datagrams, in their order and from the first one on, carry together what a whole does, with the fewest of others between them; null where none do.
 * Precondition: the content of each is known.
 */
export function joinedTo(
  t: Timeline,
  whole: number,
  candidates: readonly number[],
  cut: Cut,
): readonly number[] | null {
  const byPiece = weightOf(cut.size);
  const pieces: number[] = [];
  let steps = 0;
  const isMadeFrom = (at: number, sum: number, weight: number, between: number): boolean => {
    if (pieces.length === cut.count) return between === 0 && sum === t.content(whole);
    for (let passed = 0; passed <= between && at + passed < candidates.length && steps < MOST_STEPS; passed++) {
      const row = candidates[at + passed];
      steps++;
      if (!fits(t, row, pieces.length, cut)) continue;
      pieces.push(row);
      const joined = joinedContent(sum, timesWeight(t.content(row), weight));
      if (isMadeFrom(at + passed + 1, joined, timesWeight(weight, byPiece), between - passed)) return true;
      pieces.pop();
      // the first one is known
      if (at === 0) break;
    }
    return false;
  };
  const most = Math.min(MOST_BETWEEN, candidates.length - cut.count);
  for (let between = 0; between <= most; between++) if (isMadeFrom(0, 0, 1, between)) return pieces;
  return null;
}

/** Those of some datagrams that are no pieces, and carry what one of the pieces does: either may have been the piece. */
export function equalsOf(t: Timeline, candidates: readonly number[], pieces: readonly number[]): number[] {
  const others = candidates.filter((row) => !pieces.includes(row));
  const isEqual = (a: number, b: number): boolean =>
    t.content(a) !== 0 && t.content(a) === t.content(b) && t.payloadLength(a) === t.payloadLength(b);
  return others.filter((row) => pieces.some((piece) => isEqual(row, piece)));
}
