import { deepStrictEqual } from "node:assert";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../src/packets/memory/heap.js";
import { KEY, RECORD_BITS } from "../../src/packets/records.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { AMBIGUOUS, DONE, GONE, SHOWN, WAITING } from "../../src/packets/fates.js";
import { ALTERED, BY, EVIDENCE } from "../../src/packets/results/evidence.js";
import { Timeline } from "../../src/packets/timeline.js";
import { ROW_MASK, SECTION_ROWS } from "../../src/packets/row-words.js";
import { NONE } from "../../src/packets/tuples.js";
import { runs } from "../support/runs.js";

/** Somewhere in a batch, so that it matters where a record begins. */
const rows = new Int32Array(3 << RECORD_BITS);
const FROM = 1 << RECORD_BITS;

function push(timeline: Timeline, value: number): number {
  rows[FROM + KEY] = value;
  const row = timeline.append(value % 2 === 0 ? INSIDE : OUTSIDE, rows, FROM, value * 1000.5, 2 * value + 1);
  timeline.setTwin(row, value);
  return row;
}

function expectHeld(timeline: Timeline, values: readonly number[]): void {
  expect(timeline.size).toBe(values.length);
  let row = timeline.first;
  const held = values.map(() => {
    const at = row;
    row = timeline.after(row);
    return [timeline.key(at), timeline.timeNs(at), timeline.tuple(at), timeline.twin(at), timeline.sideOf(at)];
  });
  expect(row).toBe(timeline.end);
  deepStrictEqual(
    held,
    values.map((value) => [value, value * 1000.5, value, value, value % 2]),
  );
}

it("gives a new row no state, twin or bucket", () => {
  const timeline = new Timeline(new Heap(), 1024);
  timeline.setState(push(timeline, 0), AMBIGUOUS);
  timeline.fates.fill(9);
  timeline.drop();
  for (let more = 1; more < SECTION_ROWS; more++) {
    push(timeline, more);
    timeline.drop();
  }
  const again = timeline.append(INSIDE, rows, FROM, 0, 0);
  expect(timeline.sections[1]).toBe(timeline.sections[0]);
  expect([timeline.state(again), timeline.twin(again), timeline.bucket(again)]).toEqual([WAITING, NONE, NONE]);
});

it("is a queue that keeps all it holds, wherever it stands when it grows", () => {
  const moves = fc.array(fc.record({ push: fc.nat(30_000), drop: fc.nat(30_000) }), { maxLength: 12 });
  fc.assert(
    fc.property(moves, (moves) => {
      const timeline = new Timeline(new Heap(), 1024);
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
        const row = timeline.first + held.indexOf(one);
        expect([timeline.key(row), timeline.twin(row)]).toEqual([one, one]);
      }
    }),
    { numRuns: runs(15) },
  );
});

it("stays as small as what it holds", () => {
  const timeline = new Timeline(new Heap(), 1024);
  for (let value = 0; value < 200_000; value++) {
    push(timeline, value);
    if (value >= 4000) timeline.drop();
  }
  // two sections, and those that there are not
  expect(new Set(timeline.sections).size).toBe(3);
});

it("has as many sections as its rows stand in", () => {
  for (const [first, sections] of [
    [0, 2],
    [1, 3],
    [SECTION_ROWS - 1, 3],
    [SECTION_ROWS, 2],
  ]) {
    const timeline = timelineFrom(first);
    const values = Array.from({ length: 2 * SECTION_ROWS }, (_, at) => at);
    for (const value of values) push(timeline, value);
    expect(new Set(timeline.sections).size).toBe(sections + 1);
    expectHeld(timeline, values);
  }
});

it("makes room in advance, and appends that many rows without another array", () => {
  const timeline = new Timeline(new Heap(), 1024);
  for (let value = 0; value < 5000; value++) {
    push(timeline, value);
    if (value >= 1000) timeline.drop();
  }
  const held = Array.from({ length: 1000 }, (_, at) => 4000 + at);
  timeline.reserve(9000);
  expectHeld(timeline, held);
  const { records, fates } = timeline;
  for (let value = 5000; value < 14_000; value++) held.push(timeline.key(push(timeline, value)));
  expect(timeline.records).toBe(records);
  expect(timeline.fates).toBe(fates);
  expectHeld(timeline, held);
});

it("keeps of a released packet its side, and of all others everything", () => {
  const moves = fc.array(fc.record({ pushes: fc.nat(3000), drops: fc.nat(2000), releases: fc.array(fc.nat()) }), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(moves, (moves) => {
      const timeline = new Timeline(new Heap(), 1024);
      const held: { row: number; value: number; isReleased: boolean }[] = [];
      let value = 0;
      for (const { pushes, drops, releases } of moves) {
        for (let more = 0; more < pushes; more++, value++)
          held.push({ row: push(timeline, value), value, isReleased: false });
        const dropped = held.splice(0, drops).map(({ row }) => row);
        const firsts = dropped.map(() => {
          const { first } = timeline;
          timeline.drop();
          return first;
        });
        expect(firsts).toEqual(dropped);
        for (const release of releases) {
          const one = held[release % held.length];
          if (one === undefined) continue;
          timeline.release(one.row);
          one.isReleased = true;
        }
        const kept = held.map(({ row, isReleased }) => [
          timeline.state(row),
          timeline.side(row),
          ...(isReleased ? [] : [timeline.key(row), timeline.twin(row)]),
        ]);
        deepStrictEqual(
          kept,
          held.map(({ value, isReleased }) => (isReleased ? [GONE, value % 2] : [WAITING, value % 2, value, value])),
        );
      }
    }),
    { numRuns: runs(25) },
  );
});

/** A timeline that was gone along up to this row. */
function timelineFrom(row: number): Timeline {
  return new Timeline(new Heap(), 1024, row);
}

it("finds no row whose state is just not low enough, be it the first that there ever was", () => {
  const timeline = timelineFrom(0);
  for (let more = 0; more < 3; more++) timeline.setState(push(timeline, 0), AMBIGUOUS);
  timeline.setState(timeline.after(timeline.first), WAITING);
  const { first, end } = timeline;
  expect(timeline.firstBelow(first, end, AMBIGUOUS)).toBe(timeline.after(first));
});

it("finds the first row whose state is low enough, wherever a section ends, or row numbers wrap", () => {
  const states = fc.array(fc.nat(GONE), { maxLength: 200 });
  fc.assert(
    fc.property(states, fc.nat(300), fc.nat(GONE + 1), fc.nat(200), (states, before, least, from) => {
      const timeline = timelineFrom((before % 2 === 0 ? ROW_MASK : SECTION_ROWS) - before);
      for (const state of states) timeline.setState(push(timeline, 0), state);
      const at = Math.min(from, states.length);
      const found = states.findIndex((state, place) => place >= at && state < least);
      const row = (place: number): number => timeline.before(timeline.first, -place);
      expect(timeline.firstBelow(row(at), timeline.end, least)).toBe(row(found < 0 ? states.length : found));
    }),
    { numRuns: runs(300) },
  );
});

it("takes as much memory for records as there are packets not released", () => {
  const timeline = new Timeline(new Heap(), 1024);
  const before = timeline.records.length;
  const lone = push(timeline, 7);
  for (let value = 0; value < 100_000; value++) timeline.release(push(timeline, value));
  expect(timeline.size).toBe(100_001);
  expect(timeline.records.length).toBe(before);
  expect(timeline.key(lone)).toBe(7);
});

it("wraps its row numbers at 2^30, growing or not", () => {
  for (const rows of [100, 40_000]) {
    const timeline = timelineFrom(0x3fff_fff0);
    const values = Array.from({ length: rows }, (_, at) => at);
    for (const value of values) push(timeline, value);
    expectHeld(timeline, values);
    expect(timeline.end).toBe(rows - 16);
    const [before, behind] = [0x3fff_ffff, 0];
    expect(timeline.after(before)).toBe(behind);
    expect(timeline.before(behind, 1)).toBe(before);
    expect([timeline.isBefore(before, behind), timeline.isBefore(behind, before)]).toEqual([true, false]);
    for (let less = 0; less < 50; less++) timeline.drop();
    expectHeld(timeline, values.slice(50));
  }
});

it("keeps all that is told of a pair, whatever its numbers are", () => {
  const timeline = new Timeline(new Heap(), 1024);
  const inside = push(timeline, 0);
  const outside = push(timeline, 1);
  const [lastBy, allEvidence, allAltered] = [BY.length - 1, 2 ** EVIDENCE.length - 1, 2 ** ALTERED.length - 1];
  for (const [slot, by, evidence, isOutbound, altered] of [
    [0, 0, 0, false, 0],
    [70_000, lastBy, 0, true, 0],
    [1, 0, allEvidence, false, 0],
    [2, 0, 0, false, allAltered],
    [3, lastBy, allEvidence, true, allAltered],
  ] as const) {
    timeline.pair(inside, outside, slot, by, evidence, isOutbound, altered);
    expect([timeline.twin(inside), timeline.twin(outside)]).toEqual([outside, inside]);
    expect([timeline.isPaired(inside), timeline.isPaired(outside)]).toEqual([true, true]);
    expect([
      timeline.flow(inside),
      timeline.by(inside),
      timeline.evidence(inside),
      timeline.isOutbound(inside),
      timeline.altered(inside),
      timeline.isRetransmission(inside),
    ]).toEqual([slot, by, evidence, isOutbound, altered, false]);
  }
});

it("gives back what nothing needs any more, up to what does, and tells of each that anything is noted of, while it is held", () => {
  const kinds = fc.record({
    // most are GONE, so that whole lanes of them are passed
    state: fc.oneof({ weight: 12, arbitrary: fc.constant(GONE) }, fc.constantFrom(DONE, SHOWN, AMBIGUOUS)),
    isNoted: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
  const parts = fc.record({
    first: fc.nat(2 * SECTION_ROWS),
    kinds: fc.array(kinds, { maxLength: 200 }),
    upTo: fc.nat(200),
  });
  fc.assert(
    fc.property(parts, ({ first, kinds, upTo }) => {
      const timeline = new Timeline(new Heap(), 1024, first);
      const rows = kinds.map(({ state, isNoted }, value) => {
        const row = push(timeline, value);
        if (isNoted) timeline.note(row);
        if (state === GONE) timeline.release(row);
        else timeline.setState(row, state);
        return row;
      });
      const asked = Math.min(upTo, rows.length);
      const needed = kinds.findIndex(({ state }) => state === AMBIGUOUS);
      const left = needed === -1 ? asked : Math.min(asked, needed);
      const told: number[] = [];
      timeline.dropDone(rows[asked] ?? timeline.end, (row) => {
        expect(timeline.isHeld(row)).toBe(true);
        told.push(row);
      });
      expect(timeline.first).toBe(rows[left] ?? timeline.end);
      expect(told).toEqual(rows.slice(0, left).filter((_, at) => kinds[at].isNoted));
    }),
    { numRuns: runs(300) },
  );
});
