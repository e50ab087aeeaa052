import { ROOM_FLOWS, type Heap } from "../memory/heap.js";
import * as words from "./samples-words.js";
import { NONE } from "../tuples.js";

/** A chunk is half a cache line: 7 samples, and the number of the chunk filled before it. */
export const CHUNK_BITS = 3;
export const CHUNK_SAMPLES = 7;
/** Where in a chunk the other one's number is. */
export const BEFORE = 7;
const FIRST_CHUNKS = 2 ** 12;
/**
 * Lists of whole numbers (-2^31 … 2^31-1) that only grow, in chunks of one memory: ten thousands of short ones take no object each,
 * and adding to one touches one cache line. Whoever has a list keeps its newest chunk, and how many numbers there are.
 */
export class Samples {
  /** Where its block is, which WebAssembly goes by: see `samples-words.ts`. */
  readonly block: number;
  readonly #words: Int32Array;
  #chunks: Int32Array;
  #dropped: Int32Array;
  readonly #heap: Heap;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#chunks = heap.take(Int32Array, FIRST_CHUNKS << CHUNK_BITS, (2 * ROOM_FLOWS) << CHUNK_BITS);
    this.#dropped = heap.take(Int32Array, FIRST_CHUNKS, 2 * ROOM_FLOWS);
    this.#words = heap.take(Int32Array, words.WORDS);
    this.block = this.#words.byteOffset;
    this.#words[words.REST] = NONE;
    this.#locate();
  }

  /** Copies the samples of a list, in no certain order, to `to`, which is as long. */
  copy(newest: number, to: Int32Array): void {
    let chunk = newest;
    for (let left = to.length; left > 0; chunk = this.#before(chunk)) {
      const from = chunk << CHUNK_BITS;
      const filled = ((left - 1) % CHUNK_SAMPLES) + 1;
      for (let at = from; at < from + filled; at++) to[--left] = this.#chunks[at];
    }
  }

  /** Takes the memory of a list back, as it is: to look at its chunks one after the other would be a cache miss each. */
  drop(newest: number): void {
    if (newest !== NONE) this.#dropped[this.#words[words.DROPPED_COUNT]++] = newest;
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

  #before(chunk: number): number {
    return this.#chunks[(chunk << CHUNK_BITS) + BEFORE];
  }
}
