/** One field of all rows of a table. */
export type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** Whether two addresses are the same, word by word; `at…` are the indices of their first words. */
export function sameAddress(a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  return a[atA] === b[atB] && a[atA + 1] === b[atB + 1] && a[atA + 2] === b[atB + 2] && a[atA + 3] === b[atB + 3];
}

/** Copies so many rows of columns into those that have room for `rows`. */
export function takeAll(from: readonly Column[], count: number, to: readonly Column[], rows: number): void {
  if (count === 0) return;
  for (const [n, column] of to.entries()) column.set(from[n].subarray(0, (column.length / rows) * count));
}

/** The same of a single one. */
export function copyRow(from: readonly Column[], row: number, to: readonly Column[], at: number, rows: number): void {
  for (let n = 0; n < to.length; n++) {
    const width = to[n].length / rows;
    for (let word = 0; word < width; word++) to[n][width * at + word] = from[n][width * row + word];
  }
}
