import code from "./assembly/conversations.wasm";
import { HEAD_BYTES_BITS, MOST_CONVERSATIONS, TAIL_BYTES_BITS } from "./conversation-records.js";
import { BATCH_FRAMES } from "./frames.js";
import type { Heap } from "./heap.js";
import type { PacketBatch } from "./packets.js";

/** Half of them stay empty, so that what is looked for is in one of the first. */
const CELLS = 2 * MOST_CONVERSATIONS;

const module = new WebAssembly.Module(code);

/**
 * Numbers the conversations of a source, in the order they come: a protocol and two endpoints, whichever way a packet goes.
 * Looking a conversation up takes as long as decoding a packet, once there are ten thousands: a source may do it on a thread
 * of its own. Whoever has the numbers needs no more than an array.
 *
 * It forgets nothing and asks nobody; once it has MOST_CONVERSATIONS it begins with 0 again, in another era.
 */
export class Conversations {
  #era = 1;
  #count = 0;
  readonly #cells: Int32Array;
  readonly #heads: Uint8Array;
  readonly #tails: Uint8Array;
  readonly #number: (
    batch: number,
    rows: number,
    heads: number,
    tails: number,
    count: number,
    cells: number,
    mask: number,
  ) => number;

  constructor(heap: Heap) {
    this.#cells = heap.take(Int32Array, CELLS);
    this.#heads = heap.take(Uint8Array, MOST_CONVERSATIONS << HEAD_BYTES_BITS);
    this.#tails = heap.take(Uint8Array, MOST_CONVERSATIONS << TAIL_BYTES_BITS);
    this.#number = new WebAssembly.Instance(module, { env: { memory: heap.memory } }).exports["number"];
  }

  /**
   * Numbers the packets of a batch in the heap, which says how. An ICMP error belongs to the conversation of the packet it
   * quotes.
   */
  number(batch: PacketBatch): void {
    if (this.#count + BATCH_FRAMES > MOST_CONVERSATIONS) this.#begin();
    batch.era = this.#era;
    this.#count = this.#number(
      batch.records.byteOffset,
      batch.count,
      this.#heads.byteOffset,
      this.#tails.byteOffset,
      this.#count,
      this.#cells.byteOffset,
      CELLS - 1,
    );
  }

  #begin(): void {
    this.#era++;
    this.#count = 0;
    this.#cells.fill(0);
  }
}
