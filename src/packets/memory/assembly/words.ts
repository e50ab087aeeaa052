/** The words and doubles of a block that TypeScript and AssemblyScript pass to each other, by their numbers. */

export function wordOf(block: usize, word: i32): i32 {
  return load<i32>(block + ((<usize>word) << 2));
}

export function setWord(block: usize, word: i32, value: i32): void {
  store<i32>(block + ((<usize>word) << 2), value);
}

/** Where a row of a table begins: the word `rows` of the block says where the first one does, and each takes 2^bits words. */
export function rowAt(block: usize, rows: i32, row: i32, bits: i32): usize {
  return rowIn(wordOf(block, rows), row, bits);
}

/** The same of a table that begins there. */
export function rowIn(rows: usize, row: i32, bits: i32): usize {
  return rows + ((<usize>row) << (bits + 2));
}

export function doubleOf(block: usize, double: i32): f64 {
  return load<f64>(block + ((<usize>double) << 3));
}

export function setDouble(block: usize, double: i32, value: f64): void {
  store<f64>(block + ((<usize>double) << 3), value);
}
