import { expect, it } from "vitest";
import { TCP, UDP } from "../../src/packets/packets.js";
import { NONE, TupleTable } from "../../src/packets/tuples.js";

interface End {
  readonly words: readonly number[];
  readonly port: number;
}

const A: End = { words: [0xac110002, 0, 0, 0], port: 40000 };
const B: End = { words: [0xb465310b, 0, 0, 0], port: 80 };

/** The tuple of a packet from one end to the other; all under one hash unless told, so that only comparing tells them apart. */
function intern(
  table: TupleTable,
  from: End,
  to: End,
  of: { hash?: number; proto?: number; isIpv6?: 0 | 1 } = {},
): number {
  const src = Uint32Array.of(9, 9, 9, 9, ...from.words);
  const dst = Uint32Array.of(9, 9, 9, 9, ...to.words);
  return table.intern(of.hash ?? 1, of.proto ?? TCP, of.isIpv6 ?? 0, src, dst, 4, from.port, to.port);
}

it("is one row for both directions, and tells which way a packet went", () => {
  const table = new TupleTable();
  const tuple = intern(table, A, B);
  expect([table.wasNew, table.wentForward]).toEqual([true, 1]);
  expect(intern(table, B, A)).toBe(tuple);
  expect([table.wasNew, table.wentForward]).toEqual([false, 0]);
  expect(intern(table, A, B)).toBe(tuple);
  expect([table.wasNew, table.wentForward]).toEqual([false, 1]);
  expect(table.size).toBe(1);
  expect([...table.addressA.subarray(4 * tuple, 4 * tuple + 4)]).toEqual(A.words);
  expect([...table.addressB.subarray(4 * tuple, 4 * tuple + 4)]).toEqual(B.words);
  expect([table.portA[tuple], table.portB[tuple], table.proto[tuple]]).toEqual([A.port, B.port, TCP]);
});

it("keeps apart what differs in anything, even under one hash", () => {
  const table = new TupleTable();
  const tuples = [
    intern(table, A, B),
    intern(table, A, B, { proto: UDP }),
    intern(table, A, B, { isIpv6: 1 }),
    intern(table, { ...A, port: 40001 }, B),
    intern(table, A, { ...B, port: 81 }),
    intern(table, { words: [0xac110003, 0, 0, 0], port: 40000 }, B),
    intern(table, { words: [0xac110002, 0, 0, 1], port: 40000 }, B, { isIpv6: 1 }),
    // the ports of A and B, swapped without their addresses
    intern(table, { ...A, port: B.port }, { ...B, port: A.port }),
  ];
  expect(new Set(tuples).size).toBe(tuples.length);
  expect(table.size).toBe(tuples.length);
});

it("takes a packet from an end to itself as forward", () => {
  const table = new TupleTable();
  const tuple = intern(table, A, A);
  expect(intern(table, A, A)).toBe(tuple);
  expect(table.wentForward).toBe(1);
});

it("hands a released row out again, with nothing left in it", () => {
  const table = new TupleTable();
  const tuple = intern(table, A, B);
  table.bind(tuple, 1, 7);
  table.prove(tuple, 1);
  table.unmatched[tuple] = 3;
  table.openedByA[tuple] = 0;
  table.isEcho[tuple] = 1;
  table.saw(tuple, 5);
  expect(table.lastNs(tuple)).toBe(5);
  table.release(tuple);
  expect([table.size, table.isAlive(tuple)]).toEqual([0, false]);
  expect(intern(table, B, A)).toBe(tuple);
  expect([table.wasNew, table.wentForward, table.isAlive(tuple)]).toEqual([true, 1, true]);
  expect([table.flow(tuple, 1), table.isProved(tuple, 1), table.unmatched[tuple]]).toEqual([NONE, false, 0]);
  expect([table.openedByA[tuple], table.isEcho[tuple], table.lastNs(tuple)]).toEqual([1, 0, 0]);
  expect(table.end).toBe(1);
});

const end = (n: number): End => ({ words: [n, n + 1, n + 2, n + 3], port: n % 65_536 });

it("grows, and keeps every conversation findable and without a flow", () => {
  const table = new TupleTable();
  const tuples = Array.from({ length: 1000 }, (_, n) => intern(table, end(n), B, { hash: n % 300, isIpv6: 1 }));
  for (const [n, tuple] of tuples.entries()) {
    expect(intern(table, B, end(n), { hash: n % 300, isIpv6: 1 })).toBe(tuple);
    expect([table.flow(tuple, 0), table.flow(tuple, 1)]).toEqual([NONE, NONE]);
  }
  expect([table.size, table.end]).toEqual([1000, 1000]);
});
