import { expect, it } from "vitest";
import { Groups } from "../../../../src/correlate/verdicts/flows/groups.js";
import { Heap } from "../../../../src/packets/memory/heap.js";
import { RECORD_BITS } from "../../../../src/packets/records.js";
import { BY_COVERAGE } from "../../../../src/packets/results/evidence.js";
import { INSIDE, OUTSIDE } from "../../../../src/packets/sides.js";
import { GONE, PAIRED } from "../../../../src/packets/fates.js";
import { Timeline } from "../../../../src/packets/timeline.js";

it("gives back what is known of all that a pair's two packets stand for, but for those themselves", () => {
  const timeline = new Timeline(new Heap(), 16);
  const [whole, ...pieces] = ([INSIDE, OUTSIDE, OUTSIDE, OUTSIDE] as const).map((side) =>
    timeline.append(side, new Int32Array(1 << RECORD_BITS), 0, 0, 0),
  );
  const groups = new Groups(timeline);
  groups.pair([whole], pieces, 0, BY_COVERAGE, 0, true, 0, []);
  for (const rows of [[whole], pieces]) groups.giveBack(rows);
  expect([whole, ...pieces].map((row) => timeline.state(row))).toEqual([PAIRED, PAIRED, GONE, GONE]);
  expect([whole, pieces[0]].map((row) => groups.release(row))).toEqual([1, 3]);
});
