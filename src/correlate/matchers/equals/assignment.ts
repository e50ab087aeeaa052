/** Of packets that left, each: the first of those that entered which it can have been, where those end, and where its cells begin. */
interface Choices {
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly at: Int32Array;
}

/**
 * Which packet of some that are alike, entering and leaving a router in order, each that left had been: as costs in bits say, by a
 * margin over every other way to tell it. Any may have been lost in between, at no cost; none left that had not entered. Those that enter one right
 * behind the other are quick or slow together: however many do within `swingNs`, they tell no more than one.
 *
 * @param entered,left when they did, in order, nanoseconds.
 * @param costOf bits that speak against a latency; asked for those from `leastNs` to `mostNs`, as others do not occur.
 * @param swingNs how much what they take changes from one to the next, at the most: a queue takes as long to grow, or to empty.
 * @returns for each that left, the index of the one that entered, or -1 where that is not decided; null where none fits.
 */
export function assign(
  entered: readonly number[],
  left: readonly number[],
  leastNs: number,
  mostNs: number,
  swingNs: number,
  costOf: (latencyNs: number) => number,
  marginBits: number,
): Int32Array | null {
  const choices = choicesOf(entered, left, leastNs, mostNs);
  if (choices === null) return null;
  const { first, end, at } = choices;
  const costs = new Float64Array(at[left.length]);
  const eachCell = (is: (cell: number, to: number, from: number) => void): void => {
    for (let to = 0; to < left.length; to++)
      for (let from = first[to]; from < end[to]; from++) is(at[to] + from - first[to], to, from);
  };
  eachCell((cell, to, from) => (costs[cell] = costOf(left[to] - entered[from])));
  const least = costs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  eachCell((cell, _, from) => {
    const share = from === 0 ? 1 : Math.min(1, (entered[from] - entered[from - 1]) / swingNs);
    costs[cell] = least + share * (costs[cell] - least);
  });
  const before = costsBefore(choices, costs);
  const behind = costsBehind(choices, costs);
  const found = new Int32Array(left.length);
  for (let to = 0; to < left.length; to++) {
    let best = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    for (let cell = at[to]; cell < at[to + 1]; cell++) {
      const cost = before[cell] + costs[cell] + behind[cell];
      if (cost < best) {
        second = best;
        best = cost;
        found[to] = first[to] + cell - at[to];
      } else second = Math.min(second, cost);
    }
    if (best === Number.POSITIVE_INFINITY) return null;
    if (second - best < marginBits) found[to] = -1;
  }
  return found;
}

function choicesOf(
  entered: readonly number[],
  left: readonly number[],
  leastNs: number,
  mostNs: number,
): Choices | null {
  const first = new Int32Array(left.length);
  const end = new Int32Array(left.length);
  const at = new Int32Array(left.length + 1);
  let [from, until] = [0, 0];
  for (const [to, leftNs] of left.entries()) {
    while (from < entered.length && leftNs - entered[from] > mostNs) from++;
    while (until < entered.length && leftNs - entered[until] >= leastNs) until++;
    if (from >= until) return null;
    first[to] = from;
    end[to] = until;
    at[to + 1] = at[to] + until - from;
  }
  return { first, end, at };
}

/** For each cell, what those that left before it cost at the least, where each had been one that entered before its own … */
function costsBefore({ first, end, at }: Choices, costs: Float64Array): Float64Array {
  const before = new Float64Array(costs.length);
  for (let to = 1; to < first.length; to++) {
    let least = Number.POSITIVE_INFINITY;
    let other = first[to - 1];
    for (let from = first[to]; from < end[to]; from++) {
      for (; other < Math.min(from, end[to - 1]); other++) {
        const cell = at[to - 1] + other - first[to - 1];
        least = Math.min(least, before[cell] + costs[cell]);
      }
      before[at[to] + from - first[to]] = least;
    }
  }
  return before;
}

/** … and what those behind it do. */
function costsBehind({ first, end, at }: Choices, costs: Float64Array): Float64Array {
  const behind = new Float64Array(costs.length);
  for (let to = first.length - 2; to >= 0; to--) {
    let least = Number.POSITIVE_INFINITY;
    let other = end[to + 1] - 1;
    for (let from = end[to] - 1; from >= first[to]; from--) {
      for (; other > from && other >= first[to + 1]; other--) {
        const cell = at[to + 1] + other - first[to + 1];
        least = Math.min(least, behind[cell] + costs[cell]);
      }
      behind[at[to] + from - first[to]] = least;
    }
  }
  return behind;
}
