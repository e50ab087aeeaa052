import { array, assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { assign } from "../../../../src/correlate/matchers/order/assignment.js";
import { runs } from "../../../support/runs.js";

const NEVER = Number.POSITIVE_INFINITY;
const costOf = (latencyNs: number) => Math.abs(latencyNs - 5);

describe("assignment of packets that left to those that entered", () => {
  it("is what trying every way to tell them says", () => {
    const times = array(integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 });
    assert(
      property(times, times, (a, b) => {
        const entered = a.toSorted((x, y) => x - y);
        const left = b.toSorted((x, y) => x - y);
        expect(assign(entered, left, -1, 12, 7, costOf, 8, 11)).toEqual(tried(entered, left));
      }),
      { numRuns: runs(2000) },
    );
  });

  it("tells a stream whose latency is longer than its spacing by all of it", () => {
    const entered = Array.from({ length: 20 }, (_, i) => 3 * i);
    const left = entered.map((timeNs) => timeNs + 5);
    expect(assign(entered, left, 0, 12, 12, costOf, 40, NEVER)).toEqual(Int32Array.from(entered.keys()));
  });

  it("tells which of it was lost if what packets take changes by less than its spacing", () => {
    const entered = Array.from({ length: 20 }, (_, i) => 3 * i);
    const left = entered.slice(0, 19).map((timeNs) => timeNs + 5);
    // the last one, or each of the last ones, may be the one that was lost: 13 of them together are not
    const told = left.map((_, at) => (19 - at >= 14 ? at : -1));
    expect(assign(entered, left, 0, 12, 3, costOf, 40, NEVER)).toEqual(Int32Array.from(told));
    expect(assign(entered, left, 0, 12, 12, costOf, 40, NEVER)).toEqual(new Int32Array(19).fill(-1));
  });

  it("does not tell those that took longer one after the other, where one may be lost, and another one missed", () => {
    const entered = Array.from({ length: 12 }, (_, i) => 5 * i);
    // the third was lost, and one that came behind the eighth was not seen to enter
    const left = entered.flatMap((timeNs, i) => (i === 2 ? [] : i === 7 ? [timeNs + 5, timeNs + 7] : [timeNs + 5]));
    const taken = assign(entered, left, 0, 12, 1, (latency) => (Math.abs(latency - 5) > 1 ? 4 : -4), 0, 16);
    expect(Array.from(taken ?? [])).toEqual([0, 1, -1, -1, -1, -1, -1, -1, 8, 9, 10, 11]);
    const others = assign(entered, left, 0, 12, 1, (latency) => (Math.abs(latency - 5) > 1 ? 4 : -4), 0, NEVER);
    expect(Array.from(others ?? [])).toEqual(Array.from(entered.keys()));
  });

  it("does not tell which of two was lost where time speaks for neither", () => {
    expect(assign([0, 1], [5.5], 0, 12, 12, costOf, 8, NEVER)).toEqual(Int32Array.of(-1));
    expect(assign([0, 10], [5], 0, 12, 12, costOf, 8, NEVER)).toEqual(Int32Array.of(0));
  });

  it("does not tell it by a burst that took what none took before, whichever of them it is", () => {
    // in microseconds: all but the first took 4 to 5, where others took 10 to 20; the fourth was lost
    const entered = [0, 21.1, 34.1, 46.1, 55.3, 67, 78.7];
    const left = [10.6, 26, 39, 60, 71.5, 83.3];
    const found = assign(entered, left, -10, 245, 235, (latency) => (latency < 8 || latency > 60 ? 10 : -4), 40, NEVER);
    expect(found).not.toBeNull();
    expect(found?.[3]).toBe(-1);
  });
});

/** What a pair costs: what follows another one closely tells little beside that. */
function costs(entered: readonly number[], left: readonly number[]): (from: number, to: number) => number {
  const latencies = left.flatMap((leftNs) => entered.map((enteredNs) => leftNs - enteredNs));
  const least = Math.min(...latencies.filter((latency) => latency >= -1 && latency <= 12).map(costOf));
  return (from, to) => {
    const share = from === 0 ? 1 : Math.min(1, (entered[from] - entered[from - 1]) / 7);
    return least + share * (costOf(left[to] - entered[from]) - least);
  };
}

/**
 * All ways in order, one by one: of each that left, what it was in the cheapest one in which none was missed, if every such way in which it was another
 * costs 8 more, and every way in which some may have been missed, for 11 each, and it was not that one, costs 8 more than one in which it was.
 */
function tried(entered: readonly number[], left: readonly number[]): Int32Array | null {
  const ways: { of: number[]; cost: number }[] = [];
  const costAt = costs(entered, left);
  const go = (of: number[], cost: number, next: number) => {
    if (of.length === left.length) {
      ways.push({ of, cost });
      return;
    }
    go([...of, -1], cost + 11, next);
    for (let from = next; from < entered.length; from++) {
      const latency = left[of.length] - entered[from];
      if (latency >= -1 && latency <= 12) go([...of, from], cost + costAt(from, of.length), from + 1);
    }
  };
  go([], 0, 0);
  const told = ways.filter(({ of }) => !of.includes(-1));
  if (told.length === 0) return null;
  const best = told.reduce((a, b) => (b.cost < a.cost ? b : a));
  return Int32Array.from(left, (_, to) => {
    const isIt = ({ of }: { of: number[] }) => of[to] === best.of[to];
    const other = cheapest(told.filter((way) => !isIt(way))) - best.cost;
    const missed = cheapest(ways.filter((way) => !isIt(way))) - cheapest(ways.filter(isIt));
    return other >= 8 && missed >= 8 ? best.of[to] : -1;
  });
}

const cheapest = (ways: readonly { readonly cost: number }[]) => Math.min(...ways.map(({ cost }) => cost));
