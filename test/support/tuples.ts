import { BATCH_FRAMES } from "../../src/packets/batches/frames.js";
import type { Heap } from "../../src/packets/memory/heap.js";
import { batchIn, type PacketBatch } from "../../src/packets/batches/packet-batch.js";
import { IS_IPV6 } from "../../src/packets/packets.js";
import { DST, FLAGS_PROTO_TTL, PORTS, SRC, TCP_FLAGS_QUOTE } from "../../src/packets/records.js";
import type { Side } from "../../src/packets/sides.js";
import {
  ENDED_BY_B,
  ENDED_BY_BOTH,
  FACTS,
  BOUND,
  FLOW_BITS_SHIFT,
  FLOW_SHIFT,
  IS_OPENED_BY_A,
  IS_OPENER_KNOWN,
  PROVED,
  TUPLE_BITS,
} from "../../src/packets/tuples.js";
import { TupleTable } from "../../src/packets/tuple-table.js";

export interface End {
  /** Four words of an address. */
  readonly words: ArrayLike<number>;
  readonly port: number;
}

export interface Conversation {
  readonly side: Side;
  readonly hash: number;
  readonly proto: number;
  readonly isIpv6: boolean;
  readonly from: End;
  readonly to: End;
}

/** A table that is asked for the way of one packet after the other. */
export class FilledTable extends TupleTable {
  readonly #batch: PacketBatch;
  readonly #ways: Int32Array;
  readonly #heap: Heap;

  constructor(heap: Heap, room?: number) {
    super(heap, room);
    this.#heap = heap;
    this.#batch = batchIn(heap);
    this.#ways = heap.take(Int32Array, BATCH_FRAMES);
  }

  /** Gives some tuples back. */
  giveBack(tuples: readonly number[]): void {
    this.#heap.lend(Uint8Array, this.end, (marks) => {
      marks.fill(0);
      for (const tuple of tuples) marks[tuple] = 1;
      this.release(marks);
    });
  }

  intern({ side, hash, proto, isIpv6, from, to }: Conversation): number {
    const batch = this.#batch;
    batch.count = 1;
    batch.records[FLAGS_PROTO_TTL] = (isIpv6 ? IS_IPV6 : 0) | (proto << 16);
    batch.records[TCP_FLAGS_QUOTE] = 0;
    batch.tupleHash[0] = hash;
    batch.records[SRC] = from.words[0];
    batch.records[DST] = to.words[0];
    batch.records[PORTS] = (from.port << 16) | to.port;
    batch.src6.set(from.words);
    batch.dst6.set(to.words);
    this.findWays(side, batch, 0, this.#ways);
    return this.#ways[0];
  }
}

/** Gives a way a flow that no pair has proved. `bits`: as `forwardOn` and `outboundFor` take them. */
export function bindWay({ records }: TupleTable, way: number, slot: number, bits: number): void {
  records[flowOf(way)] = (slot << FLOW_SHIFT) | (bits << FLOW_BITS_SHIFT);
}

export function proveWay({ records }: TupleTable, way: number): void {
  records[flowOf(way)] |= PROVED;
}

/** Has a conversation been opened by A or B, for certain or not. */
export function openTuple({ records }: TupleTable, tuple: number, isByA: boolean, isKnown: boolean): void {
  const at = (tuple << TUPLE_BITS) + FACTS;
  records[at] &= ~(ENDED_BY_BOTH | IS_OPENED_BY_A | IS_OPENER_KNOWN);
  records[at] |= (isByA ? IS_OPENED_BY_A : 0) | (isKnown ? IS_OPENER_KNOWN : 0);
}

/** Has who sent a TCP packet this way send no more, or neither of them. */
export function finishWay({ records }: TupleTable, way: number, isByBoth: boolean): void {
  records[((way >> 1) << TUPLE_BITS) + FACTS] |= isByBoth ? ENDED_BY_BOTH : ENDED_BY_B << (way & 1);
}

function flowOf(way: number): number {
  return ((way >> 1) << TUPLE_BITS) + BOUND + (way & 1);
}
