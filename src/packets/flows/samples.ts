import { ROOM_FLOWS, type Heap } from "../memory/heap.js";
import * as words from "./samples-words.js";
import { NONE } from "../tuples.js";

const FIRST_CHUNKS = 2 ** 12;

/**
 * Lists of samples, as `sampleOf` has them, that only grow, in chunks of one memory: ten thousands of short ones take no object each,
 * and adding to one touches one cache line. Most latencies are small and positive, and take two or three bytes; where stamps are in microseconds, one.
 * Whoever has a list keeps its newest chunk, and how many samples there are.
 */
export class Samples {
  /** Where its block is, which WebAssembly goes by: see `samples-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  #chunks: Int32Array;
  #dropped: Int32Array;
  readonly #heap: Heap;

  /** `unitNs`: what most latencies are multiples of, nanoseconds. */
  constructor(heap: Heap, unitNs: number) {
    this.#heap = heap;
    this.#chunks = heap.take(Int32Array, FIRST_CHUNKS << words.CHUNK_BITS, (2 * ROOM_FLOWS) << words.CHUNK_BITS);
    this.#dropped = heap.take(Int32Array, FIRST_CHUNKS, 2 * ROOM_FLOWS);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#words[words.REST] = NONE;
    this.#words[words.UNIT_NS] = unitNs;
    this.#locate();
  }

  /** Makes room for so many chunks more. */
  reserve(chunks: number): void {
    while (this.#words[words.END] + chunks > this.#dropped.length) {
      this.#chunks = this.#heap.doubled(Int32Array, this.#chunks);
      this.#dropped = this.#heap.doubled(Int32Array, this.#dropped);
      this.#locate();
    }
  }

  /** Says in its block where they are. */
  #locate(): void {
    this.#words[words.CHUNKS] = this.#chunks.byteOffset;
    this.#words[words.DROPPED] = this.#dropped.byteOffset;
  }
}
