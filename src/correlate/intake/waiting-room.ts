import { batchIn, PacketBatch } from "../../packets/batches/packet-batch.js";
import type { Heap } from "../../packets/memory/heap.js";

/** Room at first: a batch, and what the busiest host captures within the least horizon. In a heap, room that is not used is no memory. */
const FIRST_ROWS = 2 ** 13;

/** Packets that wait for their turn, which is that of their keys; of equal ones, the key that was given first comes first. */
export class WaitingRoom {
  /** Those that wait, and those that left and are not forgotten yet. */
  packets = new PacketBatch(0);
  /** Where the next ones go that are to stay. */
  #spare = new PacketBatch(0);
  readonly #heap: Heap;
  #keys = new Float64Array(0);
  /** How many keys had been given before each. */
  #givenBefore = new Float64Array(0);
  #given = 0;
  #order = new Uint32Array(0);
  /** Whether that is the order in which they stand there. */
  #isSorted = true;
  /** Of these, how many may leave, and how many did. */
  #free = 0;
  #left = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** How many may leave. */
  get free(): number {
    return this.#free - this.#left;
  }

  /** Appends rows `from` … `to`-1 of a batch, their stamps as keys. Returns where they begin. */
  append(batch: PacketBatch, from: number, to: number): number {
    const row = this.packets.count;
    this.#reserve(row + to - from);
    this.packets.appendAll(batch, from, to);
    for (let at = row; at < this.packets.count; at++) this.give(at, this.packets.stampNs(at));
    return row;
  }

  /** Gives a packet a key. */
  give(row: number, key: number): void {
    this.#keys[row] = key;
    this.#givenBefore[row] = this.#given++;
  }

  /** Puts all in order: those may leave whose key is not above `limit`. */
  sort(limit: number): void {
    const { count } = this.packets;
    if (this.#order.length < count) this.#order = new Uint32Array(2 * count);
    const order = this.#order.subarray(0, count);
    const keys = this.#keys;
    const givenBefore = this.#givenBefore;
    const isBefore = (a: number, b: number): boolean =>
      keys[a] < keys[b] || (keys[a] === keys[b] && givenBefore[a] < givenBefore[b]);
    let isSorted = true;
    for (let row = 0; row < count; row++) {
      order[row] = row;
      if (row > 0 && isBefore(row, row - 1)) isSorted = false;
    }
    if (!isSorted) order.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#isSorted = isSorted;
    while (this.#free < count && keys[order[this.#free]] <= limit) this.#free++;
  }

  /** Has as many leave into a batch as may and as it holds. */
  leave(into: PacketBatch): void {
    const to = Math.min(this.#free, this.#left + into.rows);
    if (this.#isSorted) into.appendAll(this.packets, this.#left, to);
    else into.append(this.packets, this.#order.subarray(this.#left, to));
    this.#left = to;
  }

  /** Forgets those that left: rows are numbered anew. */
  forget(): void {
    const left = this.#left;
    this.#free = 0;
    this.#left = 0;
    if (left === 0) return;
    const { packets } = this;
    const order = this.#order.subarray(left, packets.count);
    if (order.length > 0) {
      this.packets = this.#spare.rows < packets.rows ? this.#inPlaceOf(this.#spare, packets.rows) : this.#spare;
      this.#spare = packets;
      this.packets.append(packets, order);
      this.#keys.set(Float64Array.from(order, (row) => this.#keys[row]));
      this.#givenBefore.set(Float64Array.from(order, (row) => this.#givenBefore[row]));
    }
    packets.clear();
  }

  #reserve(rows: number): void {
    if (rows <= this.packets.rows) return;
    const packets = this.#inPlaceOf(this.packets, Math.max(FIRST_ROWS, 2 * rows));
    this.packets = packets;
    this.#keys = widened(this.#keys, packets.rows);
    this.#givenBefore = widened(this.#givenBefore, packets.rows);
  }

  /** A batch with more room, and what another one had, which is given back. */
  #inPlaceOf(batch: PacketBatch, rows: number): PacketBatch {
    const wider = batchIn(this.#heap, rows);
    wider.take(batch);
    if (batch.rows > 0) this.#heap.give(batch.block);
    return wider;
  }
}

function widened(from: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(length);
  to.set(from);
  return to;
}
