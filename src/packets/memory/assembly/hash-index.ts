/** What is done with the `HashIndex` whose block is at `index`: see `hash-index-words.ts`. */
import * as words from "../hash-index-words.js";
import { rowAt, setWord, wordOf } from "./words.js";

function cellAt(index: usize, cell: i32): usize {
  return rowAt(index, words.CELLS, cell, words.CELL_BITS);
}

/** The id in a cell. */
export function idAt(index: usize, cell: i32): i32 {
  return load<i32>(cellAt(index, cell), 4 * words.ID) - 1;
}

/** The first cell with this hash, or -1 … */
export function seek(index: usize, hash: i32): i32 {
  return scan(index, hash & wordOf(index, words.MASK), hash);
}

/** … and the next one behind a cell. */
export function next(index: usize, cell: i32, hash: i32): i32 {
  return scan(index, (cell + 1) & wordOf(index, words.MASK), hash);
}

function scan(index: usize, from: i32, hash: i32): i32 {
  const mask = wordOf(index, words.MASK);
  let cell = from;
  let at = cellAt(index, cell);
  while (load<i32>(at, 4 * words.ID) !== 0) {
    if (load<i32>(at, 4 * words.HASH) === hash) return cell;
    cell = (cell + 1) & mask;
    at = cellAt(index, cell);
  }
  return -1;
}

/** Adds an id. Precondition: there is room. */
export function add(index: usize, hash: i32, id: i32): void {
  const mask = wordOf(index, words.MASK);
  let cell = hash & mask;
  while (load<i32>(cellAt(index, cell), 4 * words.ID) !== 0) cell = (cell + 1) & mask;
  store<i32>(cellAt(index, cell), hash, 4 * words.HASH);
  store<i32>(cellAt(index, cell), id + 1, 4 * words.ID);
  setWord(index, words.SIZE, wordOf(index, words.SIZE) + 1);
}

/**
 * Files anew what is in the first `cells` cells, of which there are twice as many now, and the others are empty. Precondition: one of the first is empty, too.
 *
 * It goes along each run from its beginning, so that an id comes to stand no further from its home than it did: never behind one that is still to be filed
 * anew. Those of one hash stay in their order.
 */
export function spread(index: usize, cells: i32): void {
  const mask = cells - 1;
  let empty = 0;
  while (load<i32>(cellAt(index, empty), 4 * words.ID) !== 0) empty++;
  setWord(index, words.SIZE, 0);
  for (let past = 1; past <= mask; past++) {
    const at = cellAt(index, (empty + past) & mask);
    const stored = load<i32>(at, 4 * words.ID);
    if (stored === 0) continue;
    store<i32>(at, 0, 4 * words.ID);
    add(index, load<i32>(at, 4 * words.HASH), stored - 1);
  }
}

/** Puts another id of the same hash into a cell. */
export function setIdAt(index: usize, cell: i32, id: i32): void {
  store<i32>(cellAt(index, cell), id + 1, 4 * words.ID);
}

/** Whether there is room for one more. */
export function hasRoom(index: usize): bool {
  return 2 * (wordOf(index, words.SIZE) + 1) <= wordOf(index, words.MASK) + 1;
}

/** Removes the id filed under this hash; nothing happens if it is not there. */
export function remove(index: usize, hash: i32, id: i32): void {
  let cell = seek(index, hash);
  while (cell >= 0 && idAt(index, cell) !== id) cell = next(index, cell, hash);
  if (cell >= 0) removeAt(index, cell);
}

/** Empties a cell and moves up every later cell of the run that may stand nearer to its home. */
export function removeAt(index: usize, cell: i32): void {
  const mask = wordOf(index, words.MASK);
  let hole = cell;
  for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
    const stored = load<i32>(cellAt(index, at), 4 * words.ID);
    if (stored === 0) break;
    const hash = load<i32>(cellAt(index, at), 4 * words.HASH);
    if (((at - hash) & mask) < ((at - hole) & mask)) continue;
    store<i32>(cellAt(index, hole), hash, 4 * words.HASH);
    store<i32>(cellAt(index, hole), stored, 4 * words.ID);
    hole = at;
  }
  store<i32>(cellAt(index, hole), 0, 4 * words.ID);
  setWord(index, words.SIZE, wordOf(index, words.SIZE) - 1);
}
