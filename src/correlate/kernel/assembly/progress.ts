/** How far a run is: three places that move along the timeline, beside its `first`, the oldest row that anything needs. */
import { firstBelow } from "../../../packets/assembly/timeline.js";
import { setWord, wordOf } from "../../../packets/memory/assembly/words.js";
import { DECIDED, SHOWN } from "../../../packets/fates.js";
import { END } from "../../../packets/timeline-words.js";
import * as words from "../kernel-words.js";
import { lineOf, packetOf, passedNs } from "./places.js";

/** The first row that is to be decided about once its window is over, or the timeline's end; from now on, it is the one that is due next. */
export function findDue(ground: usize): i32 {
  const line = lineOf(ground);
  const due = firstBelow(line, wordOf(ground, words.DUE), wordOf(line, END), DECIDED);
  setWord(ground, words.DUE, due);
  return due;
}

/** The first row that something may have to be told of, or the timeline's end; from now on, all before it were shown. */
export function findShown(ground: usize): i32 {
  const line = lineOf(ground);
  const shown = firstBelow(line, wordOf(ground, words.SHOWN), wordOf(line, END), SHOWN);
  setWord(ground, words.SHOWN, shown);
  return shown;
}

/** When the row passed that is due next, nanoseconds on the timeline; Infinity where there is none. Precondition: it was found. */
export function dueNs(ground: usize): f64 {
  const due = wordOf(ground, words.DUE);
  return due === wordOf(lineOf(ground), END) ? Infinity : passedNs(packetOf(ground, due));
}
