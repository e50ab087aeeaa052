import { describe, expect, it } from "vitest";
import { Unclear } from "../../../../src/correlate/verdicts/impacts/unclear.js";

describe("packets of which nothing tells whether they got through", () => {
  it("are known by the last one that was told of", () => {
    const unclear = new Unclear();
    unclear.note(["a", "b"], 5, 0);
    expect([unclear.isBehind("a", 4), unclear.isBehind("b", 5), unclear.isBehind("c", 0)]).toEqual([
      true,
      false,
      false,
    ]);
    unclear.note(["a"], 3, 0);
    expect(unclear.isBehind("a", 4)).toBe(false);
  });

  it("are forgotten once all that passed before them is judged, however many there are", () => {
    const unclear = new Unclear();
    for (let n = 0; n < 10_000; n++) unclear.note([`copy ${n}`, `way ${n}`], n, n - 10);
    expect(unclear.size).toBeLessThan(150);
    expect(unclear.isBehind("copy 9989", 9988)).toBe(true);
    expect(unclear.isBehind("copy 9000", 8999)).toBe(false);
  });

  it("are remembered where alike ones keep coming", () => {
    const unclear = new Unclear();
    for (let n = 0; n < 1000; n++) unclear.note(["a", `copy ${n}`], n, n - 10);
    expect(unclear.isBehind("a", 998)).toBe(true);
    expect(unclear.isBehind("copy 500", 499)).toBe(false);
  });
});
