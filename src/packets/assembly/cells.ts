const CELL_BYTES_BITS = 3;

/** Takes out of an index what is filed there under a hash. Precondition: it is. */
export function unfile(cells: usize, mask: i32, hash: i32, id: i32): void {
  let cell = hash & mask;
  while (load<i32>(cells + (cell << CELL_BYTES_BITS), 4) !== id + 1) cell = (cell + 1) & mask;
  clearCell(cells, mask, cell);
}

/** As `clearCell` of hash-index.ts. */
export function clearCell(cells: usize, mask: i32, cell: i32): void {
  let hole = cell;
  for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
    const id = load<i32>(cells + (at << CELL_BYTES_BITS), 4);
    if (id === 0) break;
    const key = load<i32>(cells + (at << CELL_BYTES_BITS));
    if (((at - key) & mask) < ((at - hole) & mask)) continue;
    store<i32>(cells + (hole << CELL_BYTES_BITS), key);
    store<i32>(cells + (hole << CELL_BYTES_BITS), id, 4);
    hole = at;
  }
  store<i32>(cells + (hole << CELL_BYTES_BITS), 0, 4);
}
