/** So many bits must speak against it that a packet was missed, what packets take included: that speaks for it wherever one took longer than usual. */
const UNMISSED_BITS = 8;

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
 * @param missedBits what speaks against it that one was lost, and another one was missed as it entered, in bits.
 * @returns for each that left, the index of the one that entered, or -1 where that is not decided, or where it may well be that its own was lost, and
 * the capture missed it; null where none fits.
 */
export function assign(
  entered: readonly number[],
  left: readonly number[],
  leastNs: number,
  mostNs: number,
  swingNs: number,
  costOf: (latencyNs: number) => number,
  marginBits: number,
  missedBits: number,
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
  const told = splits(choices, costs, entered.length, Number.POSITIVE_INFINITY);
  const missing = splits(choices, costs, entered.length, missedBits);
  const found = new Int32Array(left.length);
  for (let to = 0; to < left.length; to++) {
    const by = ({ before, behind }: Splits, cell: number): number =>
      before[cell + to] + costs[cell] + behind[cell + to + 1];
    let best = Number.POSITIVE_INFINITY;
    let second = Number.POSITIVE_INFINITY;
    let chosen = at[to];
    for (let cell = at[to]; cell < at[to + 1]; cell++) {
      const cost = by(told, cell);
      if (cost < best) [second, best, chosen] = [best, cost, cell];
      else second = Math.min(second, cost);
    }
    if (best === Number.POSITIVE_INFINITY) return null;
    let other = missing.before[at[to + 1] + to] + missing.behind[at[to + 1] + to] + missedBits;
    for (let cell = at[to]; cell < at[to + 1]; cell++) {
      other = Math.min(other, missing.before[cell + to] + missing.behind[cell + to] + missedBits);
      if (cell !== chosen) other = Math.min(other, by(missing, cell));
    }
    const isTold = second - best >= marginBits && other - by(missing, chosen) >= UNMISSED_BITS;
    found[to] = isTold ? first[to] + chosen - at[to] : -1;
  }
  return found;
}

/**
 * For each that left, and each place among those that entered which it can have been: what all that left before it cost at the least if they were
 * among those before that place, and what all behind it do if they were among the others. Its places begin at that of its first cell, and one more
 * for each that left before it; there is one past the last cell.
 */
interface Splits {
  readonly before: Float64Array;
  readonly behind: Float64Array;
}

/** `missedBits`: what it costs that one was missed as it entered. */
function splits(choices: Choices, costs: Float64Array, entered: number, missedBits: number): Splits {
  const before = costsBefore(choices, costs, entered, missedBits);
  const behind = costsBefore(reversed(choices, entered), costs.toReversed(), entered, missedBits).reverse();
  return { before, behind };
}

/** The same packets, and cells, from the last to the first. */
function reversed({ first, end, at }: Choices, entered: number): Choices {
  const cells = at[at.length - 1];
  return {
    first: end.map((one) => entered - one).reverse(),
    end: first.map((one) => entered - one).reverse(),
    at: at.map((one) => cells - one).reverse(),
  };
}

function costsBefore(
  { first, end, at }: Choices,
  costs: Float64Array,
  entered: number,
  missedBits: number,
): Float64Array {
  const before = new Float64Array(costs.length + first.length);
  // by how many entered before: what those that left so far cost, if they were among them
  const least = new Float64Array(entered + 1);
  let known = 0;
  for (let to = 0; to < first.length; to++) {
    for (; known < end[to]; known++) least[known + 1] = least[known];
    let best = Number.POSITIVE_INFINITY;
    for (let from = first[to], place = at[to] + to; from <= end[to]; from++, place++) {
      before[place] = least[from];
      least[from] = Math.min(least[from] + missedBits, best);
      if (from < end[to]) best = Math.min(best, before[place] + costs[place - to]);
    }
  }
  return before;
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
