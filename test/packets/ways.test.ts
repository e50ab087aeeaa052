import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../src/packets/memory/heap.js";
import { BATCH_FRAMES } from "../../src/packets/batches/frames.js";
import { batchIn, type PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { IS_ERROR, IS_IPV6 } from "../../src/packets/packets.js";
import { DST, FLAGS_PROTO_TTL, PORTS, RECORD_BITS, SRC, TCP_FLAGS_QUOTE } from "../../src/packets/records.js";
import { INSIDE, OUTSIDE, type Side } from "../../src/packets/sides.js";
import type { TupleTable } from "../../src/packets/tuple-table.js";
import { TCP, UDP } from "../../src/protocols/ip-protocols.js";
import { runs } from "../support/runs.js";
import { FilledTable } from "../support/tuples.js";

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

/** Four words. */
function addressOf(end: number, isIpv6: boolean): number[] {
  return [0x0a000000 + (end >> 1), 0, 0, isIpv6 ? end & 1 : 0];
}

function portOf(end: number): number {
  return 1000 + (end % 3);
}

/** Fills a batch; its hashes collide, so that only comparing tells conversations apart. */
function fill(batch: PacketBatch, packets: readonly Packet[]): void {
  const { records, src6, dst6, quotes } = batch;
  batch.count = packets.length;
  quotes.count = 0;
  for (const [row, { from, to, proto, isIpv6, isError }] of packets.entries()) {
    const r = row << RECORD_BITS;
    const [src, dst] = (isError ? [77, 78] : [from, to]).map((end) => addressOf(end, isIpv6));
    records[r + FLAGS_PROTO_TTL] = (isIpv6 ? IS_IPV6 : 0) | (isError ? IS_ERROR : 0) | ((isError ? 1 : proto) << 16);
    records[r + TCP_FLAGS_QUOTE] = isError ? (quotes.count + 1) << 8 : 0;
    records[r + SRC] = src[0];
    records[r + DST] = dst[0];
    records[r + PORTS] = isError ? 0 : (portOf(from) << 16) | portOf(to);
    batch.tupleHash[row] = proto;
    // nothing is to be known of IPv4 packets there
    src6.set(isIpv6 ? src : [row, 1, 2, 3], 4 * row);
    dst6.set(isIpv6 ? dst : [4, 5, row, 6], 4 * row);
    if (!isError) continue;
    const q = quotes.count++;
    quotes.proto[q] = proto;
    quotes.src.set(addressOf(from, isIpv6), 4 * q);
    quotes.dst.set(addressOf(to, isIpv6), 4 * q);
    quotes.srcPort[q] = portOf(from);
    quotes.dstPort[q] = portOf(to);
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

/** The same by a map from what a conversation is. */
class PlainTable {
  readonly #tuples = new Map<string, { tuple: number; from: string }>();
  readonly #free: number[] = [];
  #end = 0;

  wayOf(side: Side, { from, to, proto, isIpv6, isError }: Packet): number {
    const [a, b] = [from, to].map((end) => `${end >> 1} ${isIpv6 ? end & 1 : ""} ${end % 3}`);
    const key = [side, proto, isIpv6, ...[a, b].sort()].join();
    let known = this.#tuples.get(key);
    if (known === undefined) {
      known = { tuple: this.#free.pop() ?? this.#end++, from: a };
      this.#tuples.set(key, known);
    }
    return (2 * known.tuple + (known.from === a ? 1 : 0)) ^ (isError ? 1 : 0);
  }

  release(released: number): void {
    for (const [key, { tuple }] of this.#tuples) if (tuple === released) this.#tuples.delete(key);
    this.#free.push(released);
  }
}

it("are those of each packet's conversation, from the first to the last, with tuples released between", () => {
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
      const table = new FilledTable(heap, 16);
      const plain = new PlainTable();
      const batch = batchIn(heap);
      for (const { side, packets, released } of batches) {
        fill(batch, packets);
        const asked = packets.slice(from);
        const expected = asked.map((packet) => plain.wayOf(side, packet));
        expect(waysOf(heap, table, side, batch, Math.min(from, packets.length))).toEqual(expected);
        const tuples = new Set(expected.map((way) => way >> 1));
        const gone: number[] = [];
        for (const pick of released) {
          const tuple = [...tuples][pick % tuples.size];
          if (tuple === undefined) break;
          tuples.delete(tuple);
          gone.push(tuple);
        }
        for (const tuple of gone.sort((a, b) => a - b)) plain.release(tuple);
        table.giveBack(gone);
        // whoever asks again has the ways of what was released found anew
        const again = asked.map((packet) => plain.wayOf(side, packet));
        expect(waysOf(heap, table, side, batch, Math.min(from, packets.length))).toEqual(again);
      }
    }),
    { numRuns: runs(300) },
  );
});
