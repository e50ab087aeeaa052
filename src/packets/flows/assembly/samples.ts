/** Lists of whole numbers, in the `Samples` whose block is at `samples`: see `samples-words.ts`. */
import { BEFORE, CHUNK_BITS } from "../samples.js";
import * as words from "../samples-words.js";
import { NONE } from "../../tuples.js";
import { setWord, wordOf } from "../../memory/assembly/words.js";

/** Where a chunk is. */
export function chunkAt(samples: usize, chunk: i32): usize {
  return <usize>wordOf(samples, words.CHUNKS) + ((<usize>chunk) << (CHUNK_BITS + 2));
}

/** Begins a chunk behind that one, and returns its number. Precondition: there is room. */
export function openChunk(samples: usize, before: i32): i32 {
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
  } else rest = load<i32>(chunkAt(samples, rest), 4 * BEFORE);
  setWord(samples, words.REST, rest);
  store<i32>(chunkAt(samples, chunk), before, 4 * BEFORE);
  return chunk;
}
