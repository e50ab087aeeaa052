import type { Heap } from "./heap.js";
import { NONE } from "./tuples.js";

/** A chunk is one cache line: seven samples, and the number of the chunk filled before it. */
export const CHUNK_BITS = 3;
export const CHUNK_SAMPLES = 7;
/** Where in a chunk the other one's number is. */
export const BEFORE = 7;

/**
 * Lists of numbers that only grow, in chunks of one memory: ten thousands of short ones take no object each, and adding to one
 * touches one cache line. Whoever has a list keeps its newest chunk, and how many numbers there are.
 */
export class Samples {
  chunks: Float64Array;
  /** The chunks used so far are below it. */
  end = 0;
  /** One that was given back, which names the next such as the one before it; or NONE. */
  free = NONE;
  readonly #heap: Heap;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.chunks = heap.take(Float64Array, 128 << CHUNK_BITS);
  }

  /** Adds to the list of `count` samples whose newest chunk is `chunk` (NONE for an empty one); returns its newest chunk then. */
  add(chunk: number, count: number, sample: number): number {
    const place = count % CHUNK_SAMPLES;
    const into = place === 0 ? this.#open(chunk) : chunk;
    this.chunks[(into << CHUNK_BITS) + place] = sample;
    return into;
  }

  /** Copies the samples of a list, in no certain order, to the beginning of `to`. */
  copy(newest: number, count: number, to: Float64Array): void {
    let chunk = newest;
    for (let left = count; left > 0; chunk = this.#before(chunk)) {
      const from = chunk << CHUNK_BITS;
      const filled = ((left - 1) % CHUNK_SAMPLES) + 1;
      for (let at = from; at < from + filled; at++) to[--left] = this.chunks[at];
    }
  }

  /** Takes the memory of a list back. */
  drop(newest: number): void {
    if (newest === NONE) return;
    let oldest = newest;
    while (this.#before(oldest) !== NONE) oldest = this.#before(oldest);
    this.chunks[(oldest << CHUNK_BITS) + BEFORE] = this.free;
    this.free = newest;
  }

  /** Makes room for so many chunks more: until they are in use, `chunks` stays what it is. */
  reserve(chunks: number): void {
    while ((this.end + chunks) << CHUNK_BITS > this.chunks.length)
      this.chunks = this.#heap.doubled(Float64Array, this.chunks);
  }

  #before(chunk: number): number {
    return this.chunks[(chunk << CHUNK_BITS) + BEFORE];
  }

  /** Begins a chunk behind that one. */
  #open(before: number): number {
    const chunk = this.#take();
    this.chunks[(chunk << CHUNK_BITS) + BEFORE] = before;
    return chunk;
  }

  #take(): number {
    const chunk = this.free;
    if (chunk === NONE) {
      this.reserve(1);
      return this.end++;
    }
    this.free = this.#before(chunk);
    return chunk;
  }
}
