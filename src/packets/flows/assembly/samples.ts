/** Lists of samples, in the `Samples` whose block is at `samples`: see `samples-words.ts`. */
import * as words from "../samples-words.js";
import { NONE } from "../../tuples.js";
import { setWord, wordOf } from "../../memory/assembly/words.js";

/** Adds a sample to the list that has this newest chunk, or NONE. Returns its newest chunk. Precondition: there is room for one chunk more. */
export function add(samples: usize, newest: i32, sample: i32): i32 {
  const unitNs = wordOf(samples, words.UNIT_NS);
  const value: u32 = unitNs > 1 ? packed(sample, unitNs) : sample;
  const bytes = <i32>((38 - clz<u32>(value | 1)) / 7);
  let chunk = newest;
  let filled =
    chunk === NONE ? words.CHUNK_BYTES : load<i32>(chunkAt(samples, chunk), 4 * words.BEFORE) & words.FILLED_MASK;
  if (filled + bytes > words.CHUNK_BYTES) {
    chunk = openChunk(samples, newest);
    filled = 0;
  }
  const tail = chunkAt(samples, chunk) + 4 * words.BEFORE;
  store<i32>(tail, load<i32>(tail) + bytes);
  let at = chunkAt(samples, chunk) + filled;
  let rest = value;
  for (; rest >= <u32>words.MORE_BYTES; rest >>>= 7) store<u8>(at++, rest | words.MORE_BYTES);
  store<u8>(at, rest);
  return chunk;
}

/** What is kept of a sample where there is a unit: the latency in units and its direction, or the sample as it is and 1 in the lowest bit. */
function packed(sample: i32, unitNs: i32): i32 {
  const latencyNs = sample >> 1;
  const units = latencyNs / unitNs;
  return units * unitNs === latencyNs ? (units << 2) | ((sample & 1) << 1) : (sample << 1) | 1;
}

/** Where a chunk is. */
function chunkAt(samples: usize, chunk: i32): usize {
  return <usize>wordOf(samples, words.CHUNKS) + ((<usize>chunk) << (words.CHUNK_BITS + 2));
}

/** Begins a chunk behind that one, and returns its number. */
function openChunk(samples: usize, before: i32): i32 {
  let rest = wordOf(samples, words.REST);
  const dropped = wordOf(samples, words.DROPPED_COUNT);
  if (rest === NONE && dropped > 0) {
    setWord(samples, words.DROPPED_COUNT, dropped - 1);
    rest = load<i32>(<usize>wordOf(samples, words.DROPPED) + ((<usize>(dropped - 1)) << 2));
  }
  let chunk = rest;
  if (rest === NONE) {
    chunk = wordOf(samples, words.END);
    setWord(samples, words.END, chunk + 1);
  } else rest = load<i32>(chunkAt(samples, rest), 4 * words.BEFORE) >> words.BEFORE_SHIFT;
  setWord(samples, words.REST, rest);
  store<i32>(chunkAt(samples, chunk), before << words.BEFORE_SHIFT, 4 * words.BEFORE);
  return chunk;
}
