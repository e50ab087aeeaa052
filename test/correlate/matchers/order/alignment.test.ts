import { describe, expect, it } from "vitest";
import { runsOf } from "../../../../src/correlate/matchers/order/alignment.js";

/** Some times, of which reading more than so often is an error: a loop that never ends fails instead. */
function readable(times: readonly number[], reads: number): readonly number[] {
  let left = reads;
  return new Proxy(times, {
    get: (target, name) => {
      if (left-- === 0) throw new Error(`read more than ${reads} times`);
      return Reflect.get(target, name) as unknown;
    },
  });
}

describe("runsOf", () => {
  it("parts what enters later than the limit, and leaves later than the slack", () => {
    expect(runsOf([0, 10, 1000], [5, 15, 1005], 1, 100)).toEqual([
      { entered: 0, enteredEnd: 2, left: 0, leftEnd: 2 },
      { entered: 2, enteredEnd: 3, left: 2, leftEnd: 3 },
    ]);
  });

  it("leaves out what did not leave, and what did not enter", () => {
    expect(runsOf([0, 1000], [1005, 2000], 1, 100)).toEqual([{ entered: 1, enteredEnd: 2, left: 0, leftEnd: 1 }]);
  });

  it("takes all for one run where the clock may have been set by anything", () => {
    const [entered, left] = [
      [0, 1e9],
      [5, 1e12],
    ].map((times) => readable(times, 100));
    const whole = { entered: 0, enteredEnd: 2, left: 0, leftEnd: 2 };
    expect(runsOf(entered, left, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toEqual([whole]);
  });
});
