import { widened } from "./columns.js";
import { NONE } from "./tuples.js";

/** A chunk is one cache line: seven samples, and the number of the chunk filled before it. */
export const CHUNK_BITS = 3;
export const CHUNK_SAMPLES = 7;

/**
 * Lists of numbers that only grow, in chunks of one memory: ten thousands of short ones take no object each, and adding to one
 * touches one cache line. Whoever has a list keeps its newest chunk, and how many numbers there are.
 */
export class Samples {
  chunks = new Float64Array(128 << CHUNK_BITS);
  #end = 0;
  readonly #free: number[] = [];

  /** Adds to the list of `count` samples whose newest chunk is `chunk` (NONE for an empty one); returns its newest chunk then. */
  add(chunk: number, count: number, sample: number): number {
    const place = count % CHUNK_SAMPLES;
    const into = place === 0 ? this.open(chunk) : chunk;
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
    for (let chunk = newest; chunk !== NONE; chunk = this.#before(chunk)) this.#free.push(chunk);
  }

  #before(chunk: number): number {
    return this.chunks[(chunk << CHUNK_BITS) + CHUNK_SAMPLES];
  }

  /** Begins a chunk behind that one. */
  open(before: number): number {
    const chunk = this.#free.pop() ?? this.#end++;
    if ((chunk + 1) << CHUNK_BITS > this.chunks.length)
      this.chunks = widened(this.chunks, new Float64Array(2 * this.chunks.length));
    this.chunks[(chunk << CHUNK_BITS) + CHUNK_SAMPLES] = before;
    return chunk;
  }
}
