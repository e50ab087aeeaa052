import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { HAS_IP_ID, IS_IPV6, IS_SELECTED } from "../../packets/packets.js";
import { sameAddress } from "../../packets/memory/columns.js";
import type { Heap } from "../../packets/memory/heap.js";
import {
  DST,
  FLAGS_PROTO,
  FLAGS_PROTO_TTL,
  FRAME,
  IP_ID,
  KEY,
  KEY2,
  PORTS,
  RECORD_BITS,
  SRC,
  ttlIn,
} from "../../packets/records.js";

/** No frame. */
export const NONE = 0;

/** Packets remembered: as many as come within COPY_NS, at a power of two. */
export const REMEMBERED = 4096;

/** Words of a record that copies have in common; the ID's with what keys leave out: the TCP options. */
const IN_COMMON = [KEY, KEY2, SRC, DST, PORTS, IP_ID] as const;
/** Words of both addresses over IPv6. */
const ADDRESSES = 8;
/** But for what a filter selects, which may ask for a tag that the copy has not, and for whether their ID, which is compared, was a sender's only one by then. */
const FLAGS_AND_PROTO = FLAGS_PROTO & ~(IS_SELECTED | HAS_IP_ID);

/** The packets that came just before, by slots. */
export class SeenPackets {
  readonly #records: Int32Array;
  readonly #addresses: Uint32Array;
  /** How often each came, one just after the other. */
  readonly timesOf: Int32Array;
  readonly timesNs: Float64Array;
  /** The frame that was marked as a copy of each, and has no identity; NONE where there is none. */
  readonly marked: Uint32Array;
  /** `macHash` of who sent them. */
  readonly macs: Int32Array;

  constructor(heap: Heap) {
    this.#records = heap.take(Int32Array, REMEMBERED << RECORD_BITS);
    this.timesOf = heap.take(Int32Array, REMEMBERED);
    this.marked = heap.take(Uint32Array, REMEMBERED);
    this.#addresses = heap.take(Uint32Array, REMEMBERED * ADDRESSES);
    this.macs = heap.take(Int32Array, REMEMBERED);
    this.timesNs = heap.take(Float64Array, REMEMBERED).fill(Number.NEGATIVE_INFINITY);
  }

  /** Has none of them have come. */
  forget(): void {
    this.timesNs.fill(Number.NEGATIVE_INFINITY);
  }

  keyOf(slot: number): number {
    return this.#records[(slot << RECORD_BITS) + KEY];
  }

  frameOf(slot: number): number {
    return this.#records[(slot << RECORD_BITS) + FRAME];
  }

  ttlOf(slot: number): number {
    return ttlIn(this.#records[(slot << RECORD_BITS) + FLAGS_PROTO_TTL]);
  }

  /** Whether a packet is as the one in a slot was, but for its TTL. */
  isSame(slot: number, { records, src6, dst6 }: PacketBatch, row: number): boolean {
    const r = row << RECORD_BITS;
    const seen = this.#records;
    const at = slot << RECORD_BITS;
    for (const word of IN_COMMON) if (seen[at + word] !== records[r + word]) return false;
    if (((seen[at + FLAGS_PROTO_TTL] ^ records[r + FLAGS_PROTO_TTL]) & FLAGS_AND_PROTO) !== 0) return false;
    if ((records[r + FLAGS_PROTO_TTL] & IS_IPV6) === 0) return true;
    const addresses = slot * ADDRESSES;
    return (
      sameAddress(this.#addresses, addresses, src6, 4 * row) &&
      sameAddress(this.#addresses, addresses + ADDRESSES / 2, dst6, 4 * row)
    );
  }

  /** Puts a packet into a slot, which has come so often. */
  remember(slot: number, batch: PacketBatch, row: number, times: number): void {
    const { records, src6, dst6 } = batch;
    const r = row << RECORD_BITS;
    for (let word = 0; word < 1 << RECORD_BITS; word++) this.#records[(slot << RECORD_BITS) + word] = records[r + word];
    if ((records[r + FLAGS_PROTO_TTL] & IS_IPV6) !== 0) {
      this.#addresses.set(src6.subarray(4 * row, 4 * row + 4), slot * ADDRESSES);
      this.#addresses.set(dst6.subarray(4 * row, 4 * row + 4), slot * ADDRESSES + ADDRESSES / 2);
    }
    this.timesOf[slot] = times;
    if (times === 1) this.marked[slot] = NONE;
    this.macs[slot] = batch.macFrom[row];
    this.timesNs[slot] = batch.stampNs(row);
  }
}
