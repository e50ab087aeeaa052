/** How far a run is: three places that move along the timeline, beside its `first`, the oldest row that anything needs. */
import { firstBelow, sideOf, stateOf } from "../../../packets/assembly/timeline.js";
import { setWord, wordOf } from "../../../packets/memory/assembly/words.js";
import { DECIDED, FOLDED, SHOWN } from "../../../packets/fates.js";
import { INSIDE } from "../../../packets/sides.js";
import { ROW_MASK } from "../../../packets/row-words.js";
import { END } from "../../../packets/timeline-words.js";
import * as words from "../kernel-words.js";
import { countFolded } from "./pairing/pairing.js";
import { lineOf, packetOf, passedNs } from "./places.js";

/** The first row that is to be decided about once its window is over, or the timeline's end; from now on, it is the one that is due next. */
export function findDue(ground: usize): i32 {
  const line = lineOf(ground);
  const due = firstBelow(line, wordOf(ground, words.DUE), wordOf(line, END), DECIDED);
  setWord(ground, words.DUE, due);
  return due;
}

/**
 * The first row that may have to be told of, or the timeline's end; from now on, all before it were shown. It counts pairs on the way that nobody wants to be told
 * of.
 */
export function findShown(ground: usize): i32 {
  const line = lineOf(ground);
  const end = wordOf(line, END);
  setWord(ground, words.COUNTED_FOLDS, 0);
  let row = firstBelow(line, wordOf(ground, words.SHOWN), end, SHOWN);
  while (row !== end && isCounted(ground, row)) row = firstBelow(line, (row + 1) & ROW_MASK, end, SHOWN);
  setWord(ground, words.SHOWN, row);
  return row;
}

/** Whether a row is of a pair that waited to be shown, and is counted instead: with its inside row, which others may come before. */
function isCounted(ground: usize, row: i32): bool {
  const line = lineOf(ground);
  if (wordOf(ground, words.TIMES) === 0 || stateOf(line, row) !== FOLDED) return false;
  return sideOf(line, row) !== INSIDE || countFolded(ground, row);
}

/** When the row passed that is due next, nanoseconds on the timeline; Infinity where there is none. Precondition: it was found. */
export function dueNs(ground: usize): f64 {
  const due = wordOf(ground, words.DUE);
  return due === wordOf(lineOf(ground), END) ? Infinity : passedNs(packetOf(ground, due));
}
