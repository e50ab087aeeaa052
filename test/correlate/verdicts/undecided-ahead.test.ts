import { expect, it } from "vitest";
import { UndecidedAhead } from "../../../src/correlate/verdicts/undecided-ahead.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { INSIDE } from "../../../src/packets/sides.js";
import { Timeline } from "../../../src/packets/timeline.js";

/** One packet each microsecond. */
function scene() {
  const timeline = new Timeline(new Heap(), 1024);
  const taken: number[] = [];
  const ahead = new UndecidedAhead(timeline, (row) => taken.push(row));
  const append = (packets: number): void => {
    for (let more = 0; more < packets; more++) {
      timeline.append(INSIDE, new Int32Array(16), 0, timeline.size * 1000, 0);
    }
  };
  return { timeline, taken, ahead, append };
}

const rowsTo = (end: number) => Array.from({ length: end - 1 }, (_, at) => at + 1);

it("takes each packet once, as far as it is asked to look", () => {
  const { timeline, taken, ahead, append } = scene();
  append(10);
  ahead.look(timeline.first, 4000);
  ahead.look(timeline.first, 4000);
  expect(taken).toEqual(rowsTo(5));
  ahead.look(timeline.first, 6000);
  expect(taken).toEqual(rowsTo(7));
});

it("takes each packet once where it has looked to the captures' end", () => {
  const { timeline, taken, ahead, append } = scene();
  append(10);
  ahead.look(timeline.first, Infinity);
  ahead.look(timeline.after(timeline.first), Infinity);
  expect(taken).toEqual(rowsTo(10));
  append(5);
  ahead.look(timeline.first, Infinity);
  expect(taken).toEqual(rowsTo(15));
});
