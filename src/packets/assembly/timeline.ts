/** `Timeline.firstBelow`'s loop. */
import { ROW_MASK } from "../timeline.js";

/** Rows that are looked at at once. */
const LANES = 16;

/** The first row from `from` on whose state is below `least`; `end` where there is none before it. */
export function firstBelow(states: usize, mask: i32, from: i32, end: i32, least: i32): i32 {
  const bound = i8x16.splat(<i8>least);
  let row = from;
  while (row !== end) {
    const at = row & mask;
    if (((end - row) & ROW_MASK) >= LANES && at + LANES <= mask + 1) {
      const below = i8x16.bitmask(i8x16.lt_u(v128.load(states + at), bound));
      if (below !== 0) return row + ctz(below);
      row = (row + LANES) & ROW_MASK;
    } else {
      if (<i32>load<u8>(states + at) < least) return row;
      row = (row + 1) & ROW_MASK;
    }
  }
  return end;
}
