import * as fc from "fast-check";
import { expect, it } from "vitest";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { Timeline, WAITING } from "../../src/packets/timeline.js";
import { NONE } from "../../src/packets/tuples.js";

function push(timeline: Timeline, value: number): number {
  const row = timeline.append();
  const at = row & timeline.mask;
  timeline.side[at] = value % 2 === 0 ? INSIDE : OUTSIDE;
  timeline.timeNs[at] = value * 1000.5;
  timeline.key[at] = value;
  timeline.flow[at] = value;
  return row;
}

function expectHeld(timeline: Timeline, values: readonly number[]): void {
  expect(timeline.size).toBe(values.length);
  let row = timeline.first;
  for (const value of values) {
    const at = row & timeline.mask;
    expect([timeline.key[at], timeline.timeNs[at], timeline.flow[at]]).toEqual([value, value * 1000.5, value]);
    expect(timeline.sideOf(row)).toBe(value % 2);
    row = timeline.after(row);
  }
  expect(row).toBe(timeline.end);
}

it("gives a new row no state, twin or bucket", () => {
  const timeline = new Timeline();
  const at = timeline.append() & timeline.mask;
  timeline.state[at] = 3;
  timeline.twin[at] = 9;
  timeline.bucket[at] = 9;
  timeline.drop();
  for (let more = 0; more < timeline.mask; more++) {
    timeline.append();
    timeline.drop();
  }
  const again = timeline.append() & timeline.mask;
  expect(again).toBe(at);
  expect([timeline.state[again], timeline.twin[again], timeline.bucket[again]]).toEqual([WAITING, NONE, NONE]);
});

it("is a queue that keeps all it holds, wherever it stands when it grows", () => {
  const moves = fc.array(fc.record({ push: fc.nat(3000), drop: fc.nat(3000) }), { maxLength: 12 });
  fc.assert(
    fc.property(moves, (moves) => {
      const timeline = new Timeline();
      const held: number[] = [];
      let value = 0;
      for (const { push: pushes, drop } of moves) {
        for (let more = 0; more < pushes; more++, value++) {
          push(timeline, value);
          held.push(value);
        }
        const drops = Math.min(drop, held.length);
        held.splice(0, drops);
        for (let less = 0; less < drops; less++) timeline.drop();
      }
      expect(timeline.size).toBe(held.length);
      const sample = held.filter((_, at) => at % 97 === 0 || at === held.length - 1);
      for (const one of sample) {
        const at = (timeline.first + held.indexOf(one)) & timeline.mask;
        expect(timeline.key[at]).toBe(one);
      }
    }),
    { numRuns: 25 },
  );
});

it("stays as small as what it holds", () => {
  const timeline = new Timeline();
  for (let value = 0; value < 100_000; value++) {
    push(timeline, value);
    if (value >= 4000) timeline.drop();
  }
  expect(timeline.mask).toBe(4095);
});

it("grows when full, with the ring turned or not", () => {
  for (const turned of [0, 1, 4095, 5000]) {
    const timeline = new Timeline();
    for (let value = 0; value < turned; value++) {
      push(timeline, value);
      timeline.drop();
    }
    const values = Array.from({ length: 9000 }, (_, at) => at);
    for (const value of values) push(timeline, value);
    expect(timeline.mask).toBe(16_383);
    expectHeld(timeline, values);
  }
});

it("wraps its row numbers at 2^31, growing or not", () => {
  for (const rows of [100, 9000]) {
    const timeline = new Timeline();
    timeline.first = 0x7fff_fff0;
    timeline.end = 0x7fff_fff0;
    const values = Array.from({ length: rows }, (_, at) => at);
    for (const value of values) push(timeline, value);
    expectHeld(timeline, values);
    expect(timeline.end).toBe(rows - 16);
    const [before, behind] = [0x7fff_ffff, 0];
    expect(timeline.after(before)).toBe(behind);
    expect([timeline.isBefore(before, behind), timeline.isBefore(behind, before)]).toEqual([true, false]);
    for (let less = 0; less < 50; less++) timeline.drop();
    expectHeld(timeline, values.slice(50));
  }
});
