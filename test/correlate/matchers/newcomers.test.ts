import { expect, it } from "vitest";
import { Newcomers } from "../../../src/correlate/matchers/newcomers.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { INSIDE } from "../../../src/packets/sides.js";
import { Timeline } from "../../../src/packets/timeline.js";

/** One packet each microsecond. */
function scene() {
  const timeline = new Timeline(new Heap(), 1024);
  const taken: number[] = [];
  const newcomers = new Newcomers(timeline);
  const take = (from: number, untilNs: number) => newcomers.take((row) => taken.push(row), from, untilNs);
  const append = (packets: number): void => {
    for (let more = 0; more < packets; more++) {
      timeline.append(INSIDE, new Int32Array(16), 0, timeline.size * 1000, 0);
    }
  };
  return { timeline, taken, take, append };
}

const rowsTo = (end: number) => Array.from({ length: end - 1 }, (_, at) => at + 1);

it("takes each packet once, as far as it is asked for", () => {
  const { timeline, taken, take, append } = scene();
  append(10);
  take(timeline.after(timeline.first), 4000);
  take(timeline.after(timeline.first), 4000);
  expect(taken).toEqual(rowsTo(5));
  take(timeline.after(timeline.first), 6000);
  expect(taken).toEqual(rowsTo(7));
});

it("takes each packet once where it has come to the captures' end", () => {
  const { timeline, taken, take, append } = scene();
  append(10);
  take(timeline.after(timeline.first), Infinity);
  take(timeline.after(timeline.after(timeline.first)), Infinity);
  expect(taken).toEqual(rowsTo(10));
  append(5);
  take(timeline.after(timeline.first), Infinity);
  expect(taken).toEqual(rowsTo(15));
});
