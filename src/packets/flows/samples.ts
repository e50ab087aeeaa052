import { sampleOf } from "./flow-records.js";
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
  /** The same memory. */
  #bytes!: Uint8Array;
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

  /** Copies the samples of a list to `to`, which is as long. */
  copy(newest: number, to: Int32Array): void {
    let left = to.length;
    for (let chunk = newest; chunk !== NONE; chunk = this.#tail(chunk) >> words.BEFORE_SHIFT) {
      const from = chunk << (words.CHUNK_BITS + 2);
      // backwards: the highest bits of a number come first then
      for (let at = from + (this.#tail(chunk) & words.FILLED_MASK) - 1; at >= from; at--) {
        const byte = this.#bytes[at];
        if (byte < words.MORE_BYTES) to[--left] = byte;
        else to[left] = (to[left] << 7) | (byte - words.MORE_BYTES);
      }
    }
    const unitNs = this.#words[words.UNIT_NS];
    if (unitNs > 1) for (let at = 0; at < to.length; at++) to[at] = unpacked(to[at], unitNs);
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
    const { buffer, byteOffset, byteLength } = this.#chunks;
    this.#bytes = new Uint8Array(buffer, byteOffset, byteLength);
    this.#words[words.CHUNKS] = byteOffset;
    this.#words[words.DROPPED] = this.#dropped.byteOffset;
  }

  #tail(chunk: number): number {
    return this.#chunks[(chunk << words.CHUNK_BITS) + words.BEFORE];
  }
}

/** A sample by what is kept of it where there is a unit: see `packed` in `assembly/samples.ts`. */
function unpacked(number: number, unitNs: number): number {
  const isMultiple = (number & 1) === 0;
  return isMultiple ? sampleOf((number >> 2) * unitNs, (number >> 1) & 1) : number >> 1;
}
