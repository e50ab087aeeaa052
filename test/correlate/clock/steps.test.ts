import { expect, it } from "vitest";
import { UNBOUNDED } from "../../../src/correlate/clock/bounds.js";
import { STILL, type Stretch } from "../../../src/correlate/clock/clock.js";
import { Steps } from "../../../src/correlate/clock/steps.js";

const NEVER = { sets: 0, setWithinNs: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] } as const;
const SHOWN = { ...NEVER, atLeastNs: 0, atMostNs: 1000 };
const UNTOLD = { ...NEVER, ...UNBOUNDED };

/** Half a second up to a time, in which there is so much to subtract. */
function stretch(untilNs: number, correctionNs: number, rate = 0): Stretch {
  return {
    ...STILL,
    untilNs,
    atNs: untilNs - 250_000_000,
    correctionNs,
    rate,
    firstFrame: 0,
    slackNs: 20_000,
    disorderNs: 0,
    isTrusted: true,
    unboundNs: 0,
  };
}

it("a clock was set no later than what packets show, however late its stamps are that nothing tells of", () => {
  const steps = new Steps();
  steps.take(stretch(5e9, 0), SHOWN);
  steps.take(stretch(8e9, 0), UNTOLD);
  steps.take(stretch(9.8e9, 2.78e9), SHOWN);
  expect(steps.found.listed).toEqual([{ atNs: 5e9, byNs: 2.78e9 }]);
});

it.each([
  [5.5e9, 6e9, 5.5e9],
  [4e9, 4.5e9, 4.5e9],
  [4e9, 6e9, 5e9],
])("a clock was set between the packets that show it, where some do: %d, %d", (fromNs, toNs, atNs) => {
  const steps = new Steps();
  steps.take(stretch(5e9, 0), SHOWN);
  steps.take(stretch(9.8e9, 2.78e9), { ...SHOWN, sets: 1, setWithinNs: [fromNs, toNs] });
  expect(steps.found.listed[0].atNs).toBe(atNs);
});

it("a clock that was set gained nothing in the time that it was set by", () => {
  const steps = new Steps();
  steps.take(stretch(6e9, 0, 25e-6), SHOWN);
  // a second later, by 2.9 s less
  steps.take(stretch(4.1e9, -2.9e9 + 25_000, 25e-6), SHOWN);
  expect(steps.found.listed[0].byNs).toBeCloseTo(-2.9e9, -1);
});

it("what a clock may have gained that is slewed is no step, since packets of both directions last showed it", () => {
  const steps = new Steps();
  steps.take(stretch(600e9, 0), SHOWN);
  steps.take(stretch(609e9, 0), UNTOLD);
  steps.take(stretch(611e9, -5_115_000, -500e-6), SHOWN);
  expect(steps.found.listed).toEqual([]);
});

it("a step is told once it is known to within half of it, and is no later for that", () => {
  const steps = new Steps();
  steps.take(stretch(5e9, 0), SHOWN);
  steps.take({ ...stretch(5.5e9, 60e6), slackNs: 50e6 }, { ...SHOWN, sets: 1, setWithinNs: [5.2e9, 5.3e9] });
  expect(steps.found.listed).toEqual([]);
  steps.take(stretch(6e9, 20e6), { ...SHOWN, sets: 1, setWithinNs: [5.2e9, 5.3e9] });
  expect(steps.found.listed).toEqual([{ atNs: 5.2e9, byNs: 20e6 }]);
});
