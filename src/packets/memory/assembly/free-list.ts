/** Numbers of rows, slots and places that are given back and used again. */
import { NONE } from "../../tuples.js";
import { rowAt, setWord, wordOf } from "./words.js";

/**
 * A number that nobody uses: the one that was given back last, or else the first that never was handed out. By their words in the block: where
 * those that were given back are listed, how many they are, and the first that never was.
 */
export function takeNumber(block: usize, free: i32, freeCount: i32, end: i32): i32 {
  const count = wordOf(block, freeCount) - 1;
  if (count >= 0) {
    setWord(block, freeCount, count);
    return load<i32>(rowAt(block, free, count, 0));
  }
  const number = wordOf(block, end);
  setWord(block, end, number + 1);
  return number;
}

/** Gives a number back. */
export function giveNumber(block: usize, free: i32, freeCount: i32, number: i32): void {
  const count = wordOf(block, freeCount);
  store<i32>(rowAt(block, free, count, 0), number);
  setWord(block, freeCount, count + 1);
}

/**
 * The same of rows of 2^bits words, where the first word of one that was given back says which one was before it, or NONE. By their words in the block: where
 * the rows begin, the one that was given back last, and the first that never was handed out.
 */
export function takeRow(block: usize, rows: i32, bits: i32, free: i32, end: i32): i32 {
  const last = wordOf(block, free);
  if (last !== NONE) {
    setWord(block, free, load<i32>(rowAt(block, rows, last, bits)));
    return last;
  }
  const row = wordOf(block, end);
  setWord(block, end, row + 1);
  return row;
}

/** Gives such a row back. */
export function giveRow(block: usize, rows: i32, bits: i32, free: i32, row: i32): void {
  store<i32>(rowAt(block, rows, row, bits), wordOf(block, free));
  setWord(block, free, row);
}
