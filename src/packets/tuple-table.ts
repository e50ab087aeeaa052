import { addressText } from "./address.js";
import type * as steps from "./assembly/tuples.js";
import code from "./assembly/tuples.wasm";
import type { PacketBatch } from "./batches/packet-batch.js";
import { RowCounts } from "./flows/row-counts.js";
import { sameAddress } from "./memory/columns.js";
import { ROOM_FLOWS, type Heap } from "./memory/heap.js";
import type { Steps } from "./memory/steps.js";
import { NO_MAC } from "../protocols/mac.js";
import { destinationIn, sourceIn } from "./records.js";
import { INSIDE, OUTSIDE, type Side } from "./sides.js";
import {
  ADDRESS_A,
  ADDRESS_B,
  BOUND,
  ENDED_BY_BOTH,
  FACTS,
  FLOW_SHIFT,
  forwardIn,
  HAS_FULL_TTL,
  HAS_OTHER_TTL,
  HAS_UNMATCHED,
  IS_ANSWERED,
  isFromA,
  isOfIpv6,
  isOfTunnel,
  IS_OPENED_BY_A,
  IS_OPENER_KNOWN,
  KIND,
  PORTS,
  protoOf,
  PROVED,
  sideOf,
  TUPLE_BITS,
  tupleIn,
  UNBOUND,
  WIDE_B,
  WIDE_BITS,
} from "./tuples.js";
import * as words from "./tuples-words.js";

/** Those that there is room for before tables grow for the first time. */
export const FIRST_TUPLES = 2 ** 16;
const ROOM_TUPLES = 2 * ROOM_FLOWS;
/** So full, a cache line mostly has all cells that are looked at; filling more of them anew takes time, and fewer take memory. */
const MOST_FILLED = 0.75;
const CELLS_GROW_BY = 1.25;

const module = new WebAssembly.Module(code);

/**
 * The conversations seen on each side: a protocol and two endpoints, the same row for both directions. Endpoint A is the
 * sender of the first packet seen; a packet from A to B is `forward`.
 *
 * Rows are taken by `findWays` and given back by `release`, so the table is as large as the conversations alive at once.
 */
export class TupleTable {
  records: Int32Array;
  /** All memory of the heap, for the addresses in it: see `address`. */
  words: Uint32Array;
  /** Where its block is, which WebAssembly goes by: see `tuples-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  readonly #steps: Steps<typeof steps>;
  /** By tuple, what few have, as memory that nothing is written to is none: addresses over IPv6 … */
  #wide: Int32Array;
  /** By way: `macHash` of who sent its first packet, on Ethernet … */
  #macs: Int32Array;
  /** … and how many packets found no twin while no flow of theirs was known. */
  readonly #unmatched: RowCounts;
  #free: Int32Array;
  #cells: Int32Array;
  readonly #heap: Heap;

  /** `tuples`: for how many at first. */
  constructor(heap: Heap, tuples: number = FIRST_TUPLES) {
    this.#heap = heap;
    this.#steps = heap.load<typeof steps>(module);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#cells = heap.take(Int32Array, 2 * tuples, 2 * ROOM_TUPLES);
    this.#free = heap.take(Int32Array, tuples, ROOM_TUPLES);
    this.#unmatched = new RowCounts(heap, tuples, ROOM_TUPLES);
    this.#macs = heap.take(Int32Array, 2 * tuples, 2 * ROOM_TUPLES);
    this.records = heap.take(Int32Array, tuples << TUPLE_BITS, ROOM_TUPLES << TUPLE_BITS);
    this.#wide = heap.take(Int32Array, tuples << WIDE_BITS, ROOM_TUPLES << WIDE_BITS);
    this.words = new Uint32Array(this.#wide.buffer);
    this.#locate();
  }

  /** Rows handed out so far: every tuple is below it. */
  get end(): number {
    return this.#words[words.END];
  }

  /** How many tuples have had a packet. */
  get size(): number {
    return this.#words[words.SEEN];
  }

  /**
   * The flow of the packets that go this way, or NONE while their translation is not known. Each direction may have its own:
   * br_netfilter shows a DNATed container's packets after, their answers before the DNAT.
   */
  flow(way: number): number {
    return this.records[flowOf(way)] >> FLOW_SHIFT;
  }

  /** Whether a pair has proved that flow; if not, it is only what the other direction suggests. */
  isProved(way: number): boolean {
    return (this.records[flowOf(way)] & PROVED) !== 0;
  }

  /** Takes a direction's flow away. */
  unbind(way: number): void {
    this.records[flowOf(way)] = UNBOUND;
  }

  /** Whether neither direction has a known translation. */
  isUntranslated(tuple: number): boolean {
    return this.#steps.isUntranslated(this.records.byteOffset + (tuple << (TUPLE_BITS + 2))) !== 0;
  }

  /**
   * Notes a packet of this way, its time, nanoseconds on the timeline, and `macHash` of who sent its frame. Returns whether it is its tuple's first.
   */
  saw(way: number, timeNs: number, mac: number = NO_MAC): boolean {
    return this.#steps.saw(this.block, way, timeNs, mac) !== 0;
  }

  /** `macHash` of who sent the first packet that went this way; NO_MAC where none did yet, or nothing tells. */
  mac(way: number): number {
    return this.#macs[way];
  }

  proto(tuple: number): number {
    return protoOf(this.#kind(tuple));
  }

  /** Whether two have another IP version each. */
  areAcrossVersions(tuple: number, other: number): boolean {
    return this.isIpv6(tuple) !== this.isIpv6(other);
  }

  isIpv6(tuple: number): boolean {
    return isOfIpv6(this.#kind(tuple));
  }

  /** The side that its packets were seen on. */
  sideOf(tuple: number): Side {
    return sideOf(this.#kind(tuple)) === INSIDE ? INSIDE : OUTSIDE;
  }

  /** Whether its packets came in a tunnel. */
  isTunneled(tuple: number): boolean {
    return isOfTunnel(this.#kind(tuple));
  }

  #kind(tuple: number): number {
    return this.records[(tuple << TUPLE_BITS) + KIND];
  }

  /** Where A's address, or B's, begins in `words`: one word over IPv4, else four. */
  address(tuple: number, isA: boolean): number {
    if (this.isIpv6(tuple)) return this.#wide.byteOffset / 4 + (tuple << WIDE_BITS) + (isA ? 0 : WIDE_B);
    return this.records.byteOffset / 4 + (tuple << TUPLE_BITS) + (isA ? ADDRESS_A : ADDRESS_B);
  }

  /** Whether two tuples have the same address, each A's or B's. */
  isSameAddress(tuple: number, isA: boolean, other: number, isOthersA: boolean): boolean {
    const isIpv6 = this.isIpv6(tuple);
    if (isIpv6 !== this.isIpv6(other)) return false;
    const [one, two] = [this.address(tuple, isA), this.address(other, isOthersA)];
    return isIpv6 ? sameAddress(this.words, one, this.words, two) : this.words[one] === this.words[two];
  }

  /** A's address, or B's, as `addressText` has it. */
  addressText(tuple: number, isA: boolean): string {
    return addressText(this.isIpv6(tuple), this.words, this.address(tuple, isA));
  }

  /** A's port, or B's; of an ICMP echo, A's is its id. */
  port(tuple: number, isA: boolean): number {
    const ports = this.records[(tuple << TUPLE_BITS) + PORTS];
    return isA ? sourceIn(ports) : destinationIn(ports);
  }

  /** Whether a fact is so of it: one of the bits from HAS_UNMATCHED on. */
  has(tuple: number, fact: number): boolean {
    return (this.records[(tuple << TUPLE_BITS) + FACTS] & fact) !== 0;
  }

  set(tuple: number, fact: number, isSo: boolean): void {
    const at = (tuple << TUPLE_BITS) + FACTS;
    if (isSo) this.records[at] |= fact;
    else this.records[at] &= ~fact;
  }

  /** Whether A opened the conversation, or B did; a guess where `isOpenerKnown` is false. */
  isOpenedByA(tuple: number): boolean {
    return this.has(tuple, IS_OPENED_BY_A);
  }

  isOpenerKnown(tuple: number): boolean {
    return this.has(tuple, IS_OPENER_KNOWN);
  }

  /** Whether both ends of a TCP conversation send no more. */
  isOver(tuple: number): boolean {
    return (this.records[(tuple << TUPLE_BITS) + FACTS] & ENDED_BY_BOTH) === ENDED_BY_BOTH;
  }

  /** How many packets without a twin had no known flow, or are of the linked one that it belongs to by now. */
  unmatched(tuple: number): number {
    return this.has(tuple, HAS_UNMATCHED) ? this.#unmatched.of(tuple) : 0;
  }

  /** Notes a packet without a twin, which has a known flow or not. */
  noteUnmatched(tuple: number, hasFlow: boolean): void {
    const count = this.unmatched(tuple);
    this.#unmatched.set(tuple, hasFlow ? count : count + 1);
    this.set(tuple, HAS_UNMATCHED, true);
  }

  /** Counts none of those any more: what is said of them from now on names a flow. */
  clearUnmatched(tuple: number): void {
    this.#unmatched.set(tuple, 0);
  }

  /** Notes that a packet went this way with a TTL that hosts begin with, or with another one. */
  noteTtl(way: number, isFull: boolean): void {
    this.set(tupleIn(way), (isFull ? HAS_FULL_TTL : HAS_OTHER_TTL) << forwardIn(way), true);
  }

  /** Whether a packet is noted that went this way with a TTL that hosts begin with … */
  hasFullTtl(way: number): boolean {
    return this.has(tupleIn(way), HAS_FULL_TTL << forwardIn(way));
  }

  /** … or with another one. */
  hasOtherTtl(way: number): boolean {
    return this.has(tupleIn(way), HAS_OTHER_TTL << forwardIn(way));
  }

  /** Whether a packet went this way: A's was the first one. */
  wasSeen(way: number): boolean {
    return isFromA(way) || this.has(tupleIn(way), IS_ANSWERED);
  }

  /** Whether a packet that went this way is noted with either. */
  isHeard(way: number): boolean {
    return this.hasFullTtl(way) || this.hasOtherTtl(way);
  }

  /** Whether all that are noted that went this way had such a TTL … */
  hasFullTtlOnly(way: number): boolean {
    return this.hasFullTtl(way) && !this.hasOtherTtl(way);
  }

  /** … or another one. Neither, where none are. */
  hasOtherTtlOnly(way: number): boolean {
    return this.hasOtherTtl(way) && !this.hasFullTtl(way);
  }

  /**
   * The ways that the packets of a side's batch go, from the one in row `from` on, into the same rows of `ways`; tuples that are new are
   * made. An ICMP error goes against the packet it quotes. Both are in the table's heap, and have room for BATCH_FRAMES rows.
   * `count`: where they end, if not with the batch.
   */
  findWays(side: Side, batch: PacketBatch, from: number, ways: Int32Array, count: number = batch.count): void {
    this.#reserve(count - from);
    this.#steps.findWays(this.block, side, batch.records.byteOffset, from, count, ways.byteOffset);
  }

  /** Gives the rows back that are marked with 1, in the same heap. Precondition: no packet on the timeline names one, and all are in use. */
  release(marks: Uint8Array): void {
    this.#steps.release(this.block, marks.byteOffset);
  }

  /** Says in its block where the rows are. */
  #locate(): void {
    this.#words[words.RECORDS] = this.records.byteOffset;
    this.#words[words.WIDE] = this.#wide.byteOffset;
    this.#words[words.MACS] = this.#macs.byteOffset;
    this.#words[words.FREE] = this.#free.byteOffset;
    this.#words[words.CELLS] = this.#cells.byteOffset;
    this.#words[words.CELL_COUNT] = this.#cells.length;
  }

  /** Makes room for so many tuples more. */
  #reserve(tuples: number): void {
    while (this.end + tuples > this.#free.length) this.#grow();
    const used = this.end - this.#words[words.FREE_COUNT] + tuples;
    if (used > MOST_FILLED * this.#cells.length) {
      this.#cells = this.#heap.lengthened(Int32Array, this.#cells, Math.ceil((CELLS_GROW_BY * used) / MOST_FILLED));
      this.#locate();
      this.#steps.file(this.block);
    }
  }

  #grow(): void {
    const heap = this.#heap;
    this.#free = heap.doubled(Int32Array, this.#free);
    this.#unmatched.grow();
    this.#macs = heap.doubled(Int32Array, this.#macs);
    this.records = heap.doubled(Int32Array, this.records);
    this.#wide = heap.doubled(Int32Array, this.#wide);
    this.words = new Uint32Array(this.#wide.buffer);
    this.#locate();
  }
}

/** Where the word of a way is. */
function flowOf(way: number): number {
  return (tupleIn(way) << TUPLE_BITS) + BOUND + forwardIn(way);
}
