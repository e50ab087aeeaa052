import { BATCH_FRAMES } from "../../src/packets/frames.js";
import type { Heap } from "../../src/packets/heap.js";
import { batchIn, IS_IPV6, type PacketBatch } from "../../src/packets/packets.js";
import { DST, FLAGS_PROTO_TTL, PORTS, SRC, TCP_FLAGS_QUOTE } from "../../src/packets/records.js";
import type { Side } from "../../src/packets/sides.js";
import { TupleTable } from "../../src/packets/tuples.js";

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

  constructor(heap: Heap, room?: number) {
    super(heap, room);
    this.#batch = batchIn(heap);
    this.#ways = heap.take(Int32Array, BATCH_FRAMES);
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
