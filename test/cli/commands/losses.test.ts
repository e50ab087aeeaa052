import { expect, it } from "vitest";
import { askedAtAnotherTime } from "../../../src/cli/commands/losses.js";

const BEGINS_NS = 1_790_000_000_000_000_000n;
const MINUTE_NS = 60_000_000_000n;

it.each([
  [[], undefined],
  [[-1n], undefined],
  [[-2n], "2 minutes older than the captures"],
  [[-60n * 5n], "5 hours older"],
  [[-60n * 24n * 3n], "3 days older"],
  // the last one of them was asked in time
  [[-60n * 24n * 3n, 1n], undefined],
  [[60n * 24n], undefined],
  [[60n * 25n], "25 hours younger than the captures"],
  [[60n * 25n, -3n], undefined],
])("says where the host was asked at another time: %s minutes from the beginning", (minutes, said) => {
  const texts = askedAtAnotherTime(
    minutes.map((each) => BEGINS_NS + each * MINUTE_NS),
    BEGINS_NS,
  );
  expect(texts.length).toBe(said === undefined ? 0 : 1);
  expect(texts.join()).toContain(said ?? "");
});
