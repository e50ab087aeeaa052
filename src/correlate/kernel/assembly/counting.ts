/** Pairs whose turn it is to be shown, and of which nobody wants more than to have them counted: when they passed, and how long they took. */
import { byOf, DONE, FOLDED, outboundOf, PAIRED, TURNED, WAITING } from "../../../packets/fates.js";
import { IS_COPY } from "../../../packets/packets.js";
import * as folds from "../../../packets/assembly/folds.js";
import * as timeline from "../../../packets/assembly/timeline.js";
import { FLAGS_PROTO_TTL } from "../../../packets/records.js";
import { count } from "../../../packets/results/assembly/pair-times.js";
import { BY_COVERAGE, BY_FRAGMENTS } from "../../../packets/results/evidence.js";
import { INSIDE } from "../../../packets/sides.js";
import { ROW_MASK } from "../../../packets/timeline-rows.js";
import { END } from "../../../packets/timeline-words.js";
import { setWord, wordOf } from "../../../packets/memory/assembly/words.js";
import * as words from "../kernel-words.js";
import { finish, isWatched } from "./pairing.js";
import { lineOf, packetOf, passedNs } from "./places.js";

/**
 * Counts them in the `PairTimes` whose block is at `times`, and is done with them, up to the first row that something else is to be done for: that waits, or stands for
 * several packets, or has two forms on its side, or is a copy. Returns how many there were.
 */
export function countShown(ground: usize, times: usize): i32 {
  const line = lineOf(ground);
  const end = wordOf(line, END);
  let row = wordOf(ground, words.SHOWN);
  let counted = 0;
  for (; row !== end; row = (row + 1) & ROW_MASK) {
    const state = timeline.stateOf(line, row);
    if (state === PAIRED || state === FOLDED) {
      if (timeline.sideOf(line, row) !== INSIDE) continue;
      if (!isCounted(ground, row, state, times)) break;
      counted++;
    } else if (state === WAITING || state === TURNED || (state === DONE && isCopy(ground, row))) break;
  }
  setWord(ground, words.SHOWN, row);
  return counted;
}

function isCopy(ground: usize, row: i32): bool {
  return (load<i32>(packetOf(ground, row), 4 * FLAGS_PROTO_TTL) & IS_COPY) !== 0;
}

/** Counts the pair of an inside row, if it takes no more than that. Returns whether it did. */
function isCounted(ground: usize, inside: i32, state: i32, times: usize): bool {
  const line = lineOf(ground);
  const how = timeline.howOf(line, inside);
  const by = byOf(how);
  // these may stand for several packets
  if (by === BY_COVERAGE || by === BY_FRAGMENTS) return false;
  const slot = folds.pairedFlow(line, inside);
  // its records are to stay
  if (state === FOLDED && isWatched(ground, slot)) return false;
  const insideNs = folds.pairedNs(line, inside);
  const outside = timeline.lastTwin(line, inside);
  const gapNs = state === FOLDED ? folds.gapNs(line, inside) : passedNs(packetOf(ground, outside)) - insideNs;
  const outbound = outboundOf(how);
  const enteredNs = outbound === 1 ? insideNs : insideNs + gapNs;
  if (!count(times, enteredNs, outbound, outbound === 1 ? gapNs : 0 - gapNs)) return false;
  if (state === FOLDED) folds.leaveFold(line, inside);
  else finish(ground, inside, outside, slot);
  return true;
}
