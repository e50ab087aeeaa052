import { deepStrictEqual, strictEqual } from "node:assert";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type * as filing from "../../../src/correlate/kernel/assembly/filing/buckets.js";
import code from "../../../src/correlate/kernel/assembly/filing/buckets.wasm";
import { Buckets } from "../../../src/correlate/kernel/buckets.js";
import { ALONE } from "../../../src/correlate/kernel/buckets-words.js";
import { Heap } from "../../../src/packets/memory/heap.js";
import { KEY, KEY2, RECORD_BITS } from "../../../src/packets/records.js";
import { INSIDE, OUTSIDE, type Side } from "../../../src/packets/sides.js";
import { Timeline } from "../../../src/packets/timeline.js";
import { NONE } from "../../../src/packets/tuples.js";
import { runs } from "../../support/runs.js";

interface Keys {
  readonly key: number;
  readonly key2: number;
}

/** Keys that meet: equal ones, equal in one half only, or in the low bits of it, which say where the index looks first. */
const keys: fc.Arbitrary<Keys> = fc.oneof(
  fc.record({ key: fc.constantFrom(0, -1), key2: fc.constantFrom(0, 1, -1) }),
  fc.record({ key: fc.nat(3).map((high) => (high << 30) | 1023), key2: fc.nat(1) }),
);

const sides = fc.constantFrom<Side[]>(INSIDE, OUTSIDE);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("add" as const), side: sides, keys }),
    fc.record({ kind: fc.constant("remove" as const), pick: fc.nat() }),
  ),
  { maxLength: 100, size: "max" },
);

function push(timeline: Timeline, side: Side, { key, key2 }: Keys): number {
  const record = new Int32Array(1 << RECORD_BITS);
  record[KEY] = key;
  record[KEY2] = key2;
  return timeline.append(side, record, 0, 0, 0);
}

/** A side's packets in a bucket, from the oldest on, as the neighbours name each other. */
function listOf(timeline: Timeline, buckets: Buckets, bucket: number, side: Side): number[] {
  const rows: number[] = [];
  let before = NONE;
  for (let row = buckets.oldest(bucket, side); row !== NONE; row = timeline.next(row)) {
    strictEqual(timeline.previous(row), before);
    rows.push(row);
    before = row;
  }
  return rows;
}

function expectFiled(timeline: Timeline, buckets: Buckets, groups: ReadonlyMap<string, readonly number[]>): void {
  let filed = 0;
  const taken = new Set<number>();
  for (const rows of groups.values()) {
    if (rows.length === 0) continue;
    filed++;
    const [bucket] = new Set(rows.map((row) => timeline.bucket(row)));
    for (const row of rows) strictEqual(timeline.bucket(row), bucket);
    if (bucket === ALONE) {
      strictEqual(rows.length, 1);
      continue;
    }
    strictEqual(taken.has(bucket), false);
    taken.add(bucket);
    for (const side of [INSIDE, OUTSIDE] as const) {
      const expected = rows.filter((row) => timeline.sideOf(row) === side);
      deepStrictEqual(listOf(timeline, buckets, bucket, side), expected);
      strictEqual(buckets.count(bucket, side), expected.length);
    }
  }
  expect(buckets.index.size).toBe(filed);
}

it("hold the packets that wait by all of their keys, a list a side, whoever leaves first", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const heap = new Heap();
      const timeline = new Timeline(heap, 1024);
      const buckets = new Buckets(heap, timeline);
      const groups = new Map<string, number[]>();
      const waiting: number[] = [];
      for (const step of steps) {
        if (step.kind === "add") {
          const row = push(timeline, step.side, step.keys);
          strictEqual(timeline.bucket(row), NONE);
          buckets.add(row);
          const group = groups.get(JSON.stringify(step.keys)) ?? [];
          groups.set(JSON.stringify(step.keys), group);
          group.push(row);
          waiting.push(row);
          // nobody waits with it: then it takes no bucket
          strictEqual(timeline.bucket(row) === ALONE, group.length === 1);
        } else if (waiting.length > 0) {
          const [row] = waiting.splice(step.pick % waiting.length, 1);
          buckets.remove(row);
          strictEqual(timeline.bucket(row), NONE);
          for (const group of groups.values()) if (group.includes(row)) group.splice(group.indexOf(row), 1);
        }
        expectFiled(timeline, buckets, groups);
      }
      expect(buckets.index.size).toBeLessThanOrEqual(waiting.length);
    }),
    { numRuns: runs(100) },
  );
});

it("grow, and forget what is in none of them any more", () => {
  const heap = new Heap();
  const timeline = new Timeline(heap, 1024);
  const buckets = new Buckets(heap, timeline);
  const groups = new Map<string, number[]>();
  // three a key: one bucket a key
  for (let n = 0; n < 3000; n++) {
    const keys = { key: Math.imul(n % 1000, 0x9e3779b1), key2: n % 2 };
    const row = push(timeline, n % 3 === 0 ? OUTSIDE : INSIDE, keys);
    buckets.add(row);
    const group = groups.get(JSON.stringify(keys)) ?? [];
    groups.set(JSON.stringify(keys), group);
    group.push(row);
  }
  expectFiled(timeline, buckets, groups);
  const opened = new Set([...groups.values()].map(([row]) => timeline.bucket(row)));
  for (const [keys, rows] of groups) {
    for (const row of rows) buckets.remove(row);
    groups.delete(keys);
  }
  expect(buckets.index.size).toBe(0);
  // buckets that were closed are opened again, empty
  for (let again = 0; again < 2; again++) {
    const row = push(timeline, INSIDE, { key: 5, key2: 5 });
    buckets.add(row);
    groups.set("5", [...(groups.get("5") ?? []), row]);
  }
  expectFiled(timeline, buckets, groups);
  expect(opened).toContain(timeline.bucket(groups.get("5")![0]));
});

it.each([0, 1])("of two that are taken for a pair, one that is taken out leaves the other one alone: %d", (out) => {
  const heap = new Heap();
  const timeline = new Timeline(heap, 1024);
  const buckets = new Buckets(heap, timeline);
  const steps = heap.load<typeof filing>(new WebAssembly.Module(code));
  const keys = { key: 5, key2: 6 };
  const rows = [push(timeline, INSIDE, keys), push(timeline, OUTSIDE, keys)];
  buckets.add(rows[0]);
  steps.setPending(buckets.block, rows[0], rows[1]);
  buckets.remove(rows[out]);
  expect([timeline.bucket(rows[out]), timeline.bucket(rows[1 - out])]).toEqual([NONE, ALONE]);
  const equal = push(timeline, INSIDE, keys);
  buckets.add(equal);
  expectFiled(timeline, buckets, new Map([["of both", [rows[1 - out], equal]]]));
});
