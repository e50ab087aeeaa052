import { deepStrictEqual, strictEqual } from "node:assert";
import { expect, it } from "vitest";
import { Heap } from "../../src/packets/memory/heap.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import {
  ENDED_BY_BOTH,
  HAS_CLASHED,
  IS_ALIVE,
  IS_ECHO_ID,
  LAST_NS,
  NONE,
  TUPLE_BITS,
} from "../../src/packets/tuples.js";
import type { TupleTable } from "../../src/packets/tuple-table.js";
import { NO_MAC } from "../../src/protocols/mac.js";
import { TCP, UDP } from "../../src/protocols/ip-protocols.js";
import {
  bindWay,
  type Conversation,
  type End,
  FilledTable,
  finishWay,
  openTuple,
  proveWay,
} from "../support/tuples.js";

const A: End = { words: [0xac110002, 0, 0, 0], port: 40000 };
const B: End = { words: [0xb465310b, 0, 0, 0], port: 80 };

/** The way of a packet from one end to the other; all under one hash unless told, so that only comparing tells them apart. */
function intern(table: FilledTable, from: End, to: End, of: Partial<Conversation> = {}): number {
  return table.intern({ side: INSIDE, hash: 1, proto: TCP, isIpv6: false, from, to, ...of });
}

function lastNs(table: TupleTable, tuple: number): number {
  const { buffer, byteOffset } = table.records;
  return new Float32Array(buffer, byteOffset)[(tuple << TUPLE_BITS) + LAST_NS];
}

function addressOf(table: TupleTable, tuple: number, isA: boolean): number[] {
  const at = table.address(tuple, isA);
  return [...table.words.subarray(at, at + (table.isIpv6(tuple) ? 4 : 1))];
}

/** A way in two numbers. */
const split = (way: number): { tuple: number; forward: number } => ({ tuple: way >> 1, forward: way & 1 });

it("is one row for both directions, and tells which way a packet went", () => {
  const table = new FilledTable(new Heap());
  const { tuple, forward } = split(intern(table, A, B));
  expect([forward, table.end]).toEqual([1, 1]);
  expect(split(intern(table, B, A))).toEqual({ tuple, forward: 0 });
  expect(split(intern(table, A, B))).toEqual({ tuple, forward: 1 });
  expect(table.end).toBe(1);
  expect(addressOf(table, tuple, true)).toEqual([A.words[0]]);
  expect(addressOf(table, tuple, false)).toEqual([B.words[0]]);
  expect([table.port(tuple, true), table.port(tuple, false), table.proto(tuple)]).toEqual([A.port, B.port, TCP]);
});

it("keeps apart what differs in anything, even under one hash", () => {
  const table = new FilledTable(new Heap());
  const ways = [
    intern(table, A, B),
    intern(table, A, B, { side: OUTSIDE }),
    intern(table, A, B, { proto: UDP }),
    intern(table, A, B, { isIpv6: true }),
    intern(table, { ...A, port: 40001 }, B),
    intern(table, A, { ...B, port: 81 }),
    intern(table, { words: [0xac110003, 0, 0, 0], port: 40000 }, B),
    intern(table, { words: [0xac110002, 0, 0, 1], port: 40000 }, B, { isIpv6: true }),
    // the ports of A and B, swapped without their addresses
    intern(table, { ...A, port: B.port }, { ...B, port: A.port }),
  ];
  expect(new Set(ways.map((way) => way >> 1)).size).toBe(ways.length);
  expect(table.end).toBe(ways.length);
  expect(ways.map((way) => table.sideOf(way >> 1))).toEqual(ways.map((_, n) => (n === 1 ? OUTSIDE : INSIDE)));
});

it("counts a conversation with its first packet, and tells which that is", () => {
  const table = new FilledTable(new Heap());
  const [one, other] = [intern(table, A, B), intern(table, A, { ...B, port: 81 })].map((way) => way >> 1);
  expect([table.size, lastNs(table, one)]).toEqual([0, Number.NEGATIVE_INFINITY]);
  expect([table.saw(2 * one, 0), table.size, lastNs(table, one)]).toEqual([true, 1, 0]);
  expect([table.saw(2 * one + 1, 2.5e18), table.size, lastNs(table, one)]).toEqual([false, 1, Math.fround(2.5e18)]);
  expect([table.saw(2 * other, -7), table.size, lastNs(table, other)]).toEqual([true, 2, -7]);
  expect(lastNs(table, one)).toBe(Math.fround(2.5e18));
});

it("remembers who sent the first packet of each direction", () => {
  const table = new FilledTable(new Heap());
  const [way, other] = [intern(table, A, B), intern(table, A, { ...B, port: 81 })];
  const macs = () => [way, way ^ 1, other, other ^ 1].map((each) => table.mac(each));
  table.saw(way, 0, 5);
  expect(macs()).toEqual([5, NO_MAC, NO_MAC, NO_MAC]);
  for (const mac of [7, 8]) {
    table.saw(way, 1, mac);
    table.saw(way ^ 1, 1, mac);
  }
  expect(macs()).toEqual([5, 7, NO_MAC, NO_MAC]);
  // another conversation in the same row has nothing of it
  table.giveBack([way >> 1]);
  expect(intern(table, A, { ...B, port: 82 })).toBe(way);
  table.saw(way, 2);
  expect(macs()).toEqual([NO_MAC, NO_MAC, NO_MAC, NO_MAC]);
});

it("has a flow, and its proof, for each direction", () => {
  const table = new FilledTable(new Heap());
  const [way, other] = [intern(table, A, B), intern(table, A, { ...B, port: 81 })];
  const told = () => [way, way ^ 1, other, other ^ 1].map((each) => [table.flow(each), table.isProved(each)] as const);
  bindWay(table, way, 7, 0);
  bindWay(table, way ^ 1, 8, 0);
  proveWay(table, way ^ 1);
  expect(told()).toEqual([
    [7, false],
    [8, true],
    [NONE, false],
    [NONE, false],
  ]);
  expect([table.isUntranslated(way >> 1), table.isUntranslated(other >> 1)]).toEqual([false, true]);
  proveWay(table, way);
  table.unbind(way ^ 1);
  expect(told()).toEqual([
    [7, true],
    [NONE, false],
    [NONE, false],
    [NONE, false],
  ]);
  table.unbind(way);
  expect(table.isUntranslated(way >> 1)).toBe(true);
});

it("takes a packet from an end to itself as forward", () => {
  const table = new FilledTable(new Heap());
  const way = intern(table, A, A);
  expect(intern(table, A, A)).toBe(way);
  expect(split(way).forward).toBe(1);
});

it("hands a released row out again, with nothing left in it", () => {
  const table = new FilledTable(new Heap());
  const way = intern(table, A, B, { side: OUTSIDE });
  const { tuple } = split(way);
  for (const each of [way, way ^ 1]) {
    bindWay(table, each, 7, 0);
    proveWay(table, each);
  }
  table.noteUnmatched(tuple, false);
  openTuple(table, tuple, false, true);
  table.set(tuple, IS_ECHO_ID, true);
  finishWay(table, way, true);
  table.set(tuple, HAS_CLASHED, true);
  table.saw(way, 5);
  expect([table.size, lastNs(table, tuple)]).toEqual([1, 5]);
  table.giveBack([tuple]);
  expect([table.size, table.has(tuple, IS_ALIVE)]).toEqual([0, false]);
  expect(split(intern(table, B, A))).toEqual({ tuple, forward: 1 });
  expect([table.has(tuple, IS_ALIVE), table.sideOf(tuple)]).toEqual([true, INSIDE]);
  for (const each of [way, way ^ 1]) expect([table.flow(each), table.isProved(each)]).toEqual([NONE, false]);
  expect([table.unmatched(tuple), table.has(tuple, ENDED_BY_BOTH), table.has(tuple, HAS_CLASHED)]).toEqual([
    0,
    false,
    false,
  ]);
  expect([table.isOpenedByA(tuple), table.has(tuple, IS_ECHO_ID)]).toEqual([true, false]);
  expect([table.size, lastNs(table, tuple), table.saw(way, 6)]).toEqual([0, Number.NEGATIVE_INFINITY, true]);
  expect(table.end).toBe(1);
});

const end = (n: number): End => ({ words: [n, n + 1, n + 2, n + 3], port: n % 65_536 });

it("grows, and keeps every conversation findable and without a flow", () => {
  const table = new FilledTable(new Heap(), 256);
  const ways = Array.from({ length: 1000 }, (_, n) => intern(table, end(n), B, { hash: n % 300, isIpv6: true }));
  for (const [n, way] of ways.entries()) {
    strictEqual(intern(table, B, end(n), { hash: n % 300, isIpv6: true }), way ^ 1);
    deepStrictEqual([table.flow(way), table.flow(way ^ 1)], [NONE, NONE]);
    strictEqual(table.saw(way, n), true);
    deepStrictEqual(addressOf(table, way >> 1, true), end(n).words);
    deepStrictEqual(addressOf(table, way >> 1, false), B.words);
  }
  expect([table.size, table.end]).toEqual([1000, 1000]);
});

it("finds conversations by any hash when there are so many that they are out of the caches, and when some were given back", () => {
  const table = new FilledTable(new Heap());
  const wayOf = (n: number): number => intern(table, end(n), B, { hash: Math.imul(n, 0x9e3779b1) });
  const count = 200_000;
  for (let n = 0; n < count; n++) wayOf(n);
  expect(table.end).toBe(count);
  table.giveBack(Array.from({ length: count / 2 }, (_, n) => 2 * n));
  for (let n = 1; n < count; n += 2) strictEqual(wayOf(n), 2 * n + 1);
  expect(table.end).toBe(count);
});

it("counts packets without a twin, however many", () => {
  const table = new FilledTable(new Heap());
  const { tuple } = split(intern(table, A, B));
  const { tuple: other } = split(intern(table, A, { ...B, port: 81 }));
  for (let n = 0; n < 1000; n++) table.noteUnmatched(tuple, false);
  table.noteUnmatched(other, false);
  table.noteUnmatched(other, true);
  expect([table.unmatched(tuple), table.unmatched(other)]).toEqual([1000, 1]);
  table.giveBack([tuple]);
  expect(split(intern(table, A, B)).tuple).toBe(tuple);
  for (let n = 0; n < 255; n++) table.noteUnmatched(tuple, false);
  expect(table.unmatched(tuple)).toBe(255);
});
