/** Decides about packets whose window is over and that no matcher wants: in most captures, most of them. */
import { leave, sideOf, stateOf } from "../../../packets/assembly/timeline.js";
import { doubleOf, rowAt, setWord, wordOf } from "../../../packets/memory/assembly/words.js";
import { IS_ERROR } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import { WAITING } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import * as entries from "../entries.js";
import * as words from "../kernel-words.js";
import * as buckets from "./filing/buckets.js";
import { isShowing } from "./pairing/pairing.js";
import { lineOf, packetOf } from "./places.js";
import { dueNs, findDue } from "./progress.js";
import { wantsOf } from "./wants.js";

/** A packet has no twin: it is judged, unless it takes more than a verdict. Returns whether it was. */
declare function judge(row: i32): bool;

/**
 * Decides about the packets whose window is over by `nowNs`, up to the first one that takes more than a verdict: one that others
 * with its key wait for, or that another matcher may find the twin of, or an ICMP error, which may tell what became of others. Returns
 * that one, or NONE.
 */
export function settle(ground: usize, nowNs: f64): i32 {
  let due = findDue(ground);
  while (nowNs - dueNs(ground) > doubleOf(ground, words.WINDOW_NS)) {
    if (!isJudged(ground, due)) return due;
    buckets.remove(wordOf(ground, words.BUCKETS), due);
    // nobody asks for it any more
    leave(lineOf(ground), due, NONE, 0);
    due = findDue(ground);
  }
  return NONE;
}

/** Has a row judged, if it takes no more than that. Returns whether it was. */
function isJudged(ground: usize, row: i32): bool {
  // pairs are shown one after the other
  if (isShowing(ground)) return false;
  if (stateOf(lineOf(ground), row) !== WAITING || !buckets.isAlone(wordOf(ground, words.BUCKETS), row)) return false;
  if ((load<i32>(packetOf(ground, row), 4 * record.FLAGS_PROTO_TTL) & IS_ERROR) !== 0) return false;
  setWord(ground, words.WANTED_COUNT, wantedLeft(ground));
  return judge(row);
}

/** Leaves, of the packets that matchers are to see later, those that wait for a twin and are still wanted. Returns how many they are. */
export function wantedLeft(ground: usize): i32 {
  const line = lineOf(ground);
  const count = wordOf(ground, words.WANTED_COUNT);
  let left = 0;
  for (let entry = 0; entry < count; entry++) {
    const at = rowAt(ground, words.WANTED, entry, entries.WANTED_BITS);
    const row = load<i32>(at, 4 * entries.WANTED_ROW);
    if (stateOf(line, row) !== WAITING) continue;
    const packet = packetOf(ground, row);
    const wants = load<i32>(at, 4 * entries.WANTED_FOR) & wantsOf(ground, packet, sideOf(line, row));
    if (wants === 0) continue;
    const into = rowAt(ground, words.WANTED, left++, entries.WANTED_BITS);
    store<i32>(into, row, 4 * entries.WANTED_ROW);
    store<i32>(into, wants, 4 * entries.WANTED_FOR);
  }
  return left;
}
