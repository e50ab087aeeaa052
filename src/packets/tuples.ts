import { addressText } from "./address.js";
import code from "./assembly/tuples.wasm";
import { sameAddress } from "./memory/columns.js";
import { ROOM_FLOWS, type Heap } from "./memory/heap.js";
import type { PacketBatch } from "./batches/packet-batch.js";
import { RowCounts } from "./flows/row-counts.js";
import { NO_MAC } from "../protocols/mac.js";
import { field, flag, same, sizeBits, word } from "./memory/layout.js";
import { destinationIn, sourceIn } from "./records.js";
import { INSIDE, OUTSIDE, type Side } from "./sides.js";
import * as words from "./tuples-words.js";

/** What a tuple's columns hold where there is nothing to say. */
export const NONE = -1;
/** Whether an end of a tuple is its A, for both of them. */
export const ENDS = [true, false] as const;

/** Words of a tuple's record, half a cache line: the ports of its first packet, as a packet's record has them. */
export const TUPLE_BITS = sizeBits();
export const PORTS = word();
/** What it is: the protocol, whether its packets are of IPv6, their side, and whether they came in a tunnel … */
export const KIND = word();
const [, PROTO_MASK] = field(8);
export const [IPV6_SHIFT] = field(1);
export const [SIDE_SHIFT] = field(1);
export const [TUNNEL_SHIFT] = field(1);
/** … and above that in the same word, what is so of it. */
export const FACTS = same(KIND);
/** Some of its packets found no twin: how many of those had no known flow, is counted beside the records … */
export const HAS_UNMATCHED = flag();
/** … and some may have one, and nothing tells which. */
export const HAS_AMBIGUOUS = flag();
/** B has sent something as well. */
export const IS_ANSWERED = flag();
/** Of equal packets of it, one is not accounted for: those behind it may be late, all of them. */
export const IS_DOUBTED = flag();
/** Packets of it were dropped, and whether that matters is not known yet: what else crosses of it is looked at. */
export const HAS_OPEN_DROPS = flag();
/** It is not given back. */
export const IS_ALIVE = flag();
/** The ports are an ICMP echo id. */
export const IS_ECHO_ID = flag();
/** A opened the conversation, not B; as far as is known: see IS_OPENER_KNOWN. */
export const IS_OPENED_BY_A = flag();
/** TCP: B has sent FIN, and A has, at 1 bit more; or one of them RST, which is both. */
export const ENDED_BY_B = flag(2);
export const ENDED_BY_BOTH = 3 * ENDED_BY_B;
/** Some evidence for a translation of an inside tuple has been gathered, not enough by now. */
export const HAS_EVIDENCE = flag();
/** Its first packet was dropped, as another flow took the port at that time: see `Clashes`. */
export const HAS_CLASHED = flag();
/** It may be one of the two connections of a proxied stream. */
export const IS_STREAM = flag();
/** B has sent a packet with a TTL that hosts begin with, and A has, at 1 bit more … */
const HAS_FULL_TTL = flag(2);
/** Equal packets of it followed each other within what packets take. */
export const IS_BURSTING = flag();
/** What goes from B to A repeats itself, and at 1 bit more, what goes the other way: packets that only their ID or time tells apart. */
export const IS_REPEATING = flag(2);
/** A packet said who opened the conversation, or its ports do. */
export const IS_OPENER_KNOWN = flag();
/** … or with another one: it was lowered on its way. The same two bits. */
const HAS_OTHER_TTL = flag(2);
/** All that is compared of a tuple beside addresses and ports: the bits of KIND below these. */
export const KIND_MASK = HAS_UNMATCHED - 1;
/** The addresses over IPv4, or their first words: over IPv6, both are in a row of their own. */
export const ADDRESS_A = word();
export const ADDRESS_B = word();
/** Two words, one a direction: at BOUND + forward, whether a pair has proved it, what `bind` was told, and the flow. */
export const BOUND = word(2);
export const PROVED = flag();
export const [FLOW_BITS_SHIFT, FLOW_BITS_MASK] = field(2);
export const [FLOW_SHIFT] = field(29);
/** NONE for a flow, and nothing else. */
export const UNBOUND = NONE << FLOW_SHIFT;
/** A float, which is exact enough to tell what has been silent for seconds: the time of the last packet. */
export const LAST_NS = word();
/** What it is filed under. */
export const HASH = word();

/** Of a row that a tuple over IPv6 has beside that: A's address, and where B's begins. */
export const WIDE_BITS = sizeBits();
word(4);
export const WIDE_B = word(4);
/** The protocol, of KIND. */
export function protoOf(kind: number): number {
  return kind & PROTO_MASK;
}
/**
 * A tuple is found by its hash in a cell of one word, or in the next ones, up to an empty one, which is 0: so many of the lowest bits of the hash, and
 * above them its number and 1 more, for which 25 bits suffice: so many do not fit the memory. Those of any other hash are mostly passed over without a
 * look at their tuples.
 */
export const TAG_BITS = 7;
/** Those that there is room for before tables grow for the first time. */
export const FIRST_TUPLES = 2 ** 16;
const ROOM_TUPLES = 2 * ROOM_FLOWS;
/** So full, a cache line mostly has all cells that are looked at; filling more of them anew takes time, and fewer take memory. */
const MOST_FILLED = 0.75;
const CELLS_GROW_BY = 1.25;

const module = new WebAssembly.Module(code);

/** A tuple and a direction in one number, a *way*: twice the tuple, and 1 more where it leads from the tuple's A to its B. The opposite way is `way ^ 1`. */
export function wayOfTuple(tuple: number, forward: number): number {
  return (tuple << 1) | forward;
}
export function tupleIn(way: number): number {
  return way >> 1;
}
export function forwardIn(way: number): number {
  return way & 1;
}
export function isFromA(way: number): boolean {
  return forwardIn(way) === 1;
}

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
  readonly #steps: WebAssembly.Instance["exports"];
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
    this.#steps = heap.load(module);
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
    return this.#steps["isUntranslated"](this.records.byteOffset + (tuple << (TUPLE_BITS + 2))) !== 0;
  }

  /**
   * Notes a packet of this way, its time, nanoseconds on the timeline, and `macHash` of who sent its frame. Returns whether it is its tuple's first.
   */
  saw(way: number, timeNs: number, mac: number = NO_MAC): boolean {
    return this.#steps["saw"](this.block, way, timeNs, mac) !== 0;
  }

  /** `macHash` of who sent the first packet that went this way; NO_MAC where none did yet, or nothing tells. */
  mac(way: number): number {
    return this.#macs[way];
  }

  proto(tuple: number): number {
    return protoOf(this.records[(tuple << TUPLE_BITS) + KIND]);
  }

  /** Whether two have another IP version each. */
  areAcrossVersions(tuple: number, other: number): boolean {
    return this.isIpv6(tuple) !== this.isIpv6(other);
  }

  isIpv6(tuple: number): boolean {
    return ((this.records[(tuple << TUPLE_BITS) + KIND] >> IPV6_SHIFT) & 1) === 1;
  }

  /** The side that its packets were seen on. */
  sideOf(tuple: number): Side {
    return ((this.records[(tuple << TUPLE_BITS) + KIND] >> SIDE_SHIFT) & 1) === INSIDE ? INSIDE : OUTSIDE;
  }

  /** Whether its packets came in a tunnel. */
  isTunneled(tuple: number): boolean {
    return ((this.records[(tuple << TUPLE_BITS) + KIND] >> TUNNEL_SHIFT) & 1) === 1;
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
    this.#steps["findWays"](this.block, side, batch.records.byteOffset, from, count, ways.byteOffset);
  }

  /** Gives the rows back that are marked with 1, in the same heap. Precondition: no packet on the timeline names one, and all are in use. */
  release(marks: Uint8Array): void {
    this.#steps["release"](this.block, marks.byteOffset);
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
      this.#steps["file"](this.block);
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
