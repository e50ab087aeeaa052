import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../src/packets/heap.js";
import { Conversations } from "../../src/packets/conversations.js";
import { BATCH_FRAMES } from "../../src/packets/frames.js";
import { batchIn, IS_ERROR, IS_IPV6, type PacketBatch, TCP, UDP } from "../../src/packets/packets.js";
import { FLAGS_PROTO_TTL, RECORD_BITS, TCP_FLAGS_QUOTE } from "../../src/packets/records.js";
import { INSIDE, OUTSIDE, type Side } from "../../src/packets/sides.js";
import { TupleTable } from "../../src/packets/tuples.js";

interface Packet {
  readonly from: number;
  readonly to: number;
  readonly proto: number;
  readonly isIpv6: boolean;
  /** An ICMP error about such a packet: it goes the other way. */
  readonly isError: boolean;
}

/** Of an end, its address is one of a few, or differs from another in its last word only, which IPv4 does not have. */
const ends = fc.nat(5);
const packets = fc.array(
  fc.record({
    from: ends,
    to: ends,
    proto: fc.constantFrom(TCP, UDP),
    isIpv6: fc.boolean(),
    isError: fc.nat(5).map((n) => n === 0),
  }),
  { maxLength: 40 },
);

function setEnd(end: number, isIpv6: boolean, addresses: Uint32Array, ports: Uint16Array, row: number): void {
  addresses.set([0x0a000000 + (end >> 1), 0, 0, isIpv6 ? end & 1 : 0], 4 * row);
  ports[row] = 1000 + (end % 3);
}

/** Fills a batch; its hashes collide, so that only comparing tells conversations apart. */
function fill(batch: PacketBatch, packets: readonly Packet[]): void {
  batch.count = packets.length;
  batch.era = 0;
  batch.quotes.count = 0;
  for (const [row, { from, to, proto, isIpv6, isError }] of packets.entries()) {
    const r = row << RECORD_BITS;
    batch.records[r + FLAGS_PROTO_TTL] =
      (isIpv6 ? IS_IPV6 : 0) | (isError ? IS_ERROR : 0) | ((isError ? 1 : proto) << 16);
    batch.records[r + TCP_FLAGS_QUOTE] = 0;
    batch.tupleHash[row] = proto;
    setEnd(isError ? 77 : from, isIpv6, batch.src, batch.srcPort, row);
    setEnd(isError ? 78 : to, isIpv6, batch.dst, batch.dstPort, row);
    if (!isError) continue;
    const q = batch.quotes.count++;
    batch.records[r + TCP_FLAGS_QUOTE] = (q + 1) << 8;
    batch.quotes.proto[q] = proto;
    setEnd(from, isIpv6, batch.quotes.src, batch.quotes.srcPort, q);
    setEnd(to, isIpv6, batch.quotes.dst, batch.quotes.dstPort, q);
  }
}

/** The ways of a batch's packets, from one on. */
function waysOf(heap: Heap, table: TupleTable, side: Side, batch: PacketBatch, from = 0): number[] {
  const ways = heap.take(Int32Array, BATCH_FRAMES);
  table.findWays(side, batch, from, ways);
  const found = [...ways.subarray(from, batch.count)];
  heap.give(ways);
  return found;
}

it("that have numbers are the same ones as those that have none, with tuples released between", () => {
  const batches = fc.array(
    fc.record({
      side: fc.constantFrom<Side[]>(INSIDE, OUTSIDE),
      packets,
      released: fc.array(fc.nat(), { maxLength: 8 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(batches, fc.nat(10), (batches, from) => {
      const heap = new Heap();
      const [numbered, plain] = [new TupleTable(heap), new TupleTable(heap)];
      const numbering = [new Conversations(heap), new Conversations(heap)];
      const batch = batchIn(heap);
      for (const { side, packets, released } of batches) {
        fill(batch, packets);
        const first = Math.min(from, packets.length);
        const expected = waysOf(heap, plain, side, batch, first);
        numbering[side].number(batch);
        expect(waysOf(heap, numbered, side, batch, first)).toEqual(expected);
        const tuples = new Set(expected.map((way) => way >> 1));
        for (const pick of released) {
          const tuple = [...tuples][pick % tuples.size];
          if (tuple === undefined) break;
          tuples.delete(tuple);
          for (const table of [numbered, plain]) table.release(tuple);
        }
        // whoever asks again has the ways of what was released found anew
        fill(batch, packets);
        const again = waysOf(heap, plain, side, batch, first);
        numbering[side].number(batch);
        expect(waysOf(heap, numbered, side, batch, first)).toEqual(again);
      }
    }),
    { numRuns: 300 },
  );
});

it("tell which way a packet goes, and an error with what it quotes", () => {
  const heap = new Heap();
  const batch = batchIn(heap);
  const packet = { from: 0, to: 2, proto: TCP, isIpv6: false, isError: false };
  const back = { ...packet, from: 2, to: 0 };
  const error = { ...packet, isError: true };
  fill(batch, [packet, back, error, { ...back, isError: true }, { ...packet, proto: UDP }]);
  new Conversations(heap).number(batch);
  expect([0, 1, 2, 3, 4].map((row) => batch.conversation(row))).toEqual([1, 0, 0, 1, 3]);
});

it("begin again with 0 once there are many, in another era, and are found again", () => {
  const heap = new Heap();
  const table = new TupleTable(heap);
  const numbering = new Conversations(heap);
  const batch = batchIn(heap);
  const ways: number[] = [];
  const eras: number[] = [];
  const conversations = 20 * BATCH_FRAMES;
  // all of them once, then the first ones and the last ones again, the other way
  for (let first = 0; first < conversations + 2 * BATCH_FRAMES; first += BATCH_FRAMES) {
    const isBack = first >= conversations;
    batch.count = BATCH_FRAMES;
    for (let row = 0; row < BATCH_FRAMES; row++) {
      const n = isBack ? (first + row) % conversations : first + row;
      batch.records[(row << RECORD_BITS) + FLAGS_PROTO_TTL] = UDP << 16;
      batch.tupleHash[row] = Math.imul(n, 0x9e3779b1);
      batch.src[4 * row] = isBack ? 1 : 0x0a000000 + n;
      batch.dst[4 * row] = isBack ? 0x0a000000 + n : 1;
      batch.srcPort[row] = isBack ? 53 : 4000;
      batch.dstPort[row] = isBack ? 4000 : 53;
    }
    numbering.number(batch);
    eras.push(batch.era);
    ways.push(...waysOf(heap, table, OUTSIDE, batch));
  }
  expect(new Set(eras).size).toBe(2);
  expect(table.end).toBe(conversations);
  expect(ways.slice(0, conversations)).toEqual(Array.from({ length: conversations }, (_, n) => 2 * n + 1));
  expect(ways.slice(conversations)).toEqual(Array.from({ length: 2 * BATCH_FRAMES }, (_, n) => 2 * n));
});
