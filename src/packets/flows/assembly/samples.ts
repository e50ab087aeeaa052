/** Lists of samples, in the `Samples` whose block is at `samples`: see `samples-words.ts`. */
import * as words from "../samples-words.js";
import { NONE } from "../../tuples.js";
import { giveNumber } from "../../memory/assembly/free-list.js";
import { rowAt, setWord, wordOf } from "../../memory/assembly/words.js";
import { latencyIn, outboundIn, sampleOf } from "../flow-records.js";

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

/** Copies the `count` samples of a list. */
export function copy(samples: usize, newest: i32, to: usize, count: i32): void {
  const unitNs = wordOf(samples, words.UNIT_NS);
  let left = count;
  for (
    let chunk = newest;
    chunk !== NONE;
    chunk = load<i32>(chunkAt(samples, chunk), 4 * words.BEFORE) >> words.BEFORE_SHIFT
  ) {
    const from = chunkAt(samples, chunk);
    let value = 0;
    // backwards: the highest bits of a number come first then
    for (let at = (load<i32>(from, 4 * words.BEFORE) & words.FILLED_MASK) - 1; at >= 0; at--) {
      const byte = <i32>load<u8>(from + at);
      value = byte < words.MORE_BYTES ? byte : (value << 7) | (byte - words.MORE_BYTES);
      if (byte < words.MORE_BYTES) left--;
      store<i32>(to + 4 * left, value);
    }
  }
  if (unitNs > 1) for (let at = 0; at < count; at++) store<i32>(to + 4 * at, unpacked(load<i32>(to + 4 * at), unitNs));
}

/** Takes the memory of a list back, as it is: to look at its chunks one after the other would be a cache miss each. */
export function drop(samples: usize, newest: i32): void {
  giveNumber(samples, words.DROPPED, words.DROPPED_COUNT, newest);
}

/** What is kept of a sample where there is a unit: the sample in units, or as it is and 1 in the lowest bit … */
function packed(sample: i32, unitNs: i32): i32 {
  const latencyNs = latencyIn(sample);
  const units = latencyNs / unitNs;
  return units * unitNs === latencyNs ? sampleOf(units, outboundIn(sample)) << 1 : (sample << 1) | 1;
}

/** … and the sample, by that. */
function unpacked(value: i32, unitNs: i32): i32 {
  const kept = value >> 1;
  return (value & 1) === 0 ? sampleOf(latencyIn(kept) * unitNs, outboundIn(kept)) : kept;
}

/** Where a chunk is. */
function chunkAt(samples: usize, chunk: i32): usize {
  return rowAt(samples, words.CHUNKS, chunk, words.CHUNK_BITS);
}

/** Begins a chunk behind that one, and returns its number. */
function openChunk(samples: usize, before: i32): i32 {
  let rest = wordOf(samples, words.REST);
  const dropped = wordOf(samples, words.DROPPED_COUNT);
  if (rest === NONE && dropped > 0) {
    setWord(samples, words.DROPPED_COUNT, dropped - 1);
    rest = load<i32>(rowAt(samples, words.DROPPED, dropped - 1, 0));
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
