import { expect, it } from "vitest";
import { Doubles } from "../../../src/correlate/clock/doubles.js";
import { NUMBERS, type Twin } from "../../../src/correlate/clock/twins.js";
import { NEVER, type Progress, UNLIMITED } from "../../../src/correlate/intake/disorder.js";

const SEEN: Progress = { reachedNs: 1, packets: 1 };
const END = [UNLIMITED, UNLIMITED] as const;

function twin(copiedAt: [Progress, Progress], repeatedAt: [Progress, Progress] = [NEVER, NEVER]): Twin {
  return {
    insideNs: 0,
    outsideNs: 0,
    direction: 1,
    byEnds: 1,
    outsideFrame: 1,
    by: NUMBERS,
    seenAt: [SEEN, SEEN],
    repeatedAt,
    copiedAt,
    entries: [0, 0],
  };
}

const single = twin([NEVER, NEVER]);
const onBoth = twin([SEEN, SEEN]);
const onOne = twin([SEEN, NEVER]);

it("believes the twin of what a mirror shows twice on its own side", () => {
  expect(new Doubles().proving([single, onOne, onOne], END)).toEqual([single, onOne, onOne]);
});

it("believes no twin that is there twice on one side alone, where packets are sent twice", () => {
  expect(new Doubles().proving([single, onBoth, onBoth, onOne], END)).toEqual([single, onBoth, onBoth]);
});

it("takes what is there twice on both sides as sent twice, though one of them is not marked", () => {
  const unmarked = twin([SEEN, NEVER], [NEVER, SEEN]);
  expect(new Doubles().proving([unmarked, unmarked, onOne, single], END)).toEqual([single]);
});

it("remembers what the twins before told", () => {
  const doubles = new Doubles();
  doubles.proving([onBoth, onBoth, onBoth], END);
  expect(doubles.proving([onOne], END)).toEqual([]);
});

it.each([
  ["may deceive where a side misses some of what is sent twice", [onBoth, onBoth, onOne], true],
  ["do not where none misses any", [onBoth, onBoth], false],
  ["do not where mirrors show packets twice", [onBoth, onOne, onOne], false],
])("twins %s", (_, twins, mayDeceive) => {
  const doubles = new Doubles();
  doubles.proving(twins, END);
  expect(doubles.mayDeceive).toBe(mayDeceive);
});
