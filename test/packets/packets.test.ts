import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Column } from "../../src/packets/memory/columns.js";
import { BATCH_BYTES, PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { IS_DF, IS_IPV6, IS_SELECTED } from "../../src/packets/packets.js";
import { BATCH_FRAMES } from "../../src/packets/batches/frames.js";
import { CARRIED, FLAGS_PROTO_TTL, FRAME, KEY, RECORD_BITS, TCP_FLAGS_QUOTE } from "../../src/packets/records.js";

const ROWS = 8;
const ROW_BYTES = BATCH_BYTES / BATCH_FRAMES;

/** A batch whose memory is full of these bytes, each as often as it takes. */
function filled(bytes: Uint8Array): PacketBatch {
  const memory = new Uint8Array(ROWS * ROW_BYTES);
  for (let at = 0; at < memory.length; at += bytes.length) memory.set(bytes.subarray(0, memory.length - at), at);
  return new PacketBatch(ROWS, memory);
}

/** Everything there is of a row. */
function rowOf(batch: PacketBatch, row: number): unknown[] {
  return [
    ...batch.records.subarray(row << RECORD_BITS, (row + 1) << RECORD_BITS),
    // an IPv4 packet has none in the other columns
    ...batch.address(row, true),
    ...batch.address(row, false),
    batch.tupleHash[row],
    batch.macFrom[row],
    batch.macTo[row],
    batch.srcPort(row),
    batch.dstPort(row),
    batch.stampNs(row),
    batch.key(row),
    batch.quote(row),
  ];
}

function columnsOf(batch: PacketBatch): Column[] {
  const { count: _, ...quoted } = batch.quotes;
  const { count: __, ...carriers } = batch.outers;
  const { count: ___, ...others } = batch.rowless;
  return [
    batch.records,
    batch.src6,
    batch.dst6,
    batch.tupleHash,
    batch.macFrom,
    batch.macTo,
    ...[quoted, carriers, others].flatMap((of) => Object.values(of)),
    batch.outer,
  ];
}

function rowsOf(batch: PacketBatch): unknown[][] {
  return Array.from({ length: batch.count }, (_, row) => rowOf(batch, row));
}

function quotesOf({ quotes }: PacketBatch): unknown[][] {
  return Array.from({ length: quotes.count }, (_, q) => [
    ...quotes.src.subarray(4 * q, 4 * q + 4),
    ...quotes.dst.subarray(4 * q, 4 * q + 4),
    quotes.proto[q],
    quotes.srcPort[q],
    quotes.dstPort[q],
    quotes.ipId[q],
    quotes.length[q],
    quotes.seq[q],
  ]);
}

/** Makes so many quotes, each with other numbers. */
function quote(batch: PacketBatch, count: number, seed: number): void {
  const { quotes } = batch;
  for (let n = 0; n < count; n++) {
    const q = quotes.count++;
    const value = seed + 10 * n;
    quotes.src.fill(value, 4 * q, 4 * q + 4);
    quotes.dst.fill(value + 1, 4 * q, 4 * q + 4);
    quotes.proto[q] = value + 2;
    quotes.srcPort[q] = value + 3;
    quotes.dstPort[q] = value + 4;
    quotes.ipId[q] = value + 5;
    quotes.length[q] = value + 6;
    quotes.seq[q] = value + 7;
  }
}

it("a copy has all rows and quotes, whatever becomes of the batch", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(bytes, bytes, fc.nat(ROWS), fc.nat(ROWS), (before, after, count, errors) => {
      const quotes = Math.min(count, errors);
      const batch = filled(before);
      batch.count = count;
      batch.reachedNs = 1234;
      quote(batch, quotes, 7);
      const rows = rowsOf(batch);
      const quoted = quotesOf(batch);
      expect([rows.length, quoted.length]).toEqual([count, quotes]);

      const copy = batch.copy();
      const other = filled(after);
      batch.records.set(other.records);
      for (const name of ["src6", "dst6", "tupleHash"] as const) batch[name].set(other[name]);
      batch.count = ROWS;
      batch.reachedNs = 99;
      batch.quotes.count = 0;
      quote(batch, ROWS, 3);

      expect([copy.count, copy.reachedNs]).toEqual([count, 1234]);
      expect(rowsOf(copy)).toEqual(rows);
      expect(quotesOf(copy)).toEqual(quoted);
    }),
  );
});

/** What a row says, with what it quotes, wherever that stands. */
function saidBy(batch: PacketBatch, row: number): unknown[] {
  const { tupleHash } = batch;
  const numbers = [batch.stampNs(row), batch.key(row), batch.frame(row), batch.tcpFlags(row), tupleHash[row]];
  return [...numbers, batch.address(row, true), batch.address(row, false), quotesOf(batch)[batch.quote(row)]];
}

function rowsSaid(batch: PacketBatch): unknown[][] {
  return Array.from({ length: batch.count }, (_, row) => saidBy(batch, row));
}

it("appends rows of another one in any order, each with its quote", () => {
  const rows = fc.array(fc.nat(ROWS - 1), { minLength: 1, maxLength: ROWS / 4 });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), rows, rows, (bytes, before, after) => {
      const batch = filled(bytes);
      batch.count = ROWS;
      quote(batch, ROWS, 7);
      for (let row = 0; row < ROWS; row++)
        batch.records[(row << RECORD_BITS) + TCP_FLAGS_QUOTE] = row | (row % 2 === 0 ? (row + 1) << 8 : 0);
      const taker = new PacketBatch(ROWS);
      for (const some of [before, after]) taker.append(batch, Uint32Array.from(some));
      expect(taker.count).toBe(before.length + after.length);
      for (const [at, row] of [...before, ...after].entries()) expect(saidBy(taker, at)).toEqual(saidBy(batch, row));
      const other = new PacketBatch(ROWS);
      other.appendAll(batch, 0, 3);
      other.appendAll(taker, 1, taker.count);
      const rows = [0, 1, 2].map((row) => saidBy(batch, row)).concat(rowsSaid(taker).slice(1));
      expect(rowsSaid(other)).toEqual(rows);
    }),
  );
});

it("takes what carried rows with them, and puts it in their place", () => {
  const batch = filled(Uint8Array.of(0));
  batch.count = ROWS;
  for (let row = 1; row < ROWS; row += 2) {
    const outer = batch.outers.count++;
    batch.outer[row] = outer;
    batch.setTunnel(row, CARRIED);
    batch.records[(row << RECORD_BITS) + FRAME] = 100 + row;
    batch.records[(row << RECORD_BITS) + FLAGS_PROTO_TTL] = IS_SELECTED | IS_IPV6;
    batch.outers.records[(outer << RECORD_BITS) + KEY] = 200 + row;
    batch.outers.records[(outer << RECORD_BITS) + FLAGS_PROTO_TTL] = IS_DF;
    batch.outers.src6[4 * outer + 3] = 300 + row;
    batch.outers.tupleHash[outer] = 400 + row;
    batch.outers.id[outer] = 500 + row;
  }
  const appended = new PacketBatch(ROWS);
  appended.append(batch, Uint32Array.of(3, 0, 7));
  const all = new PacketBatch(ROWS);
  all.appendAll(appended, 0, 1);
  all.appendAll(appended.copy(), 1, 3);
  expect([all.count, all.outers.count]).toEqual([3, 2]);
  expect([all.tunnel(0), all.tunnel(1), all.tunnel(2)]).toEqual([CARRIED, 0, CARRIED]);
  expect([all.outer[0], all.outer[2]].map((outer) => all.outers.id[outer])).toEqual([503, 507]);
  all.close(2);
  expect([all.tunnel(2), all.key(2), all.frame(2), all.tupleHash[2], all.src6[11]]).toEqual([0, 207, 107, 407, 307]);
  expect(all.flags(2)).toBe(IS_SELECTED | IS_DF);
});

it("has its rows in one memory, which two batches may share, each field in a place of its own", () => {
  const memory = new Uint8Array(new SharedArrayBuffer(ROWS * ROW_BYTES));
  const [here, there] = [new PacketBatch(ROWS, memory), new PacketBatch(ROWS, memory)];
  const written = columnsOf(here);
  for (const [n, column] of written.entries()) column.forEach((_, at) => (column[at] = 10 * n + at));
  const read = columnsOf(there);
  for (const [n, column] of read.entries()) expect([...column]).toEqual(Array.from(column, (_, at) => 10 * n + at));
  expect(read.map(({ byteLength }) => byteLength).reduce((sum, bytes) => sum + bytes)).toBe(memory.byteLength);
});
