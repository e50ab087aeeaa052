/** Decides about packets whose window is over and that no matcher wants: in most captures, most of them. */
import { unfile } from "../../../packets/assembly/cells.js";
import { doubleOf, setWord, wordOf } from "../../../packets/assembly/words.js";
import { IS_ERROR } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import * as line from "../../../packets/timeline.js";
import { ALONE } from "../buckets.js";
import * as words from "../kernel-words.js";
import { fateOf, firstUndecided, placeOf, recordOf, timeNsOf } from "./places.js";
import { wantsOf } from "./wants.js";

/** A packet has no twin: it is judged, unless it takes more than a verdict. Returns whether it was. */
declare function judge(row: i32): bool;

const WANTED_BYTES_BITS = words.WANTED_BITS + 2;

/**
 * Decides about the packets whose window is over by `nowNs`, up to the first one that takes more than a verdict: one that others
 * with its key wait for, or that another matcher may find the twin of, or an ICMP error, which may tell what became of others. Goes on
 * from DUE, and leaves there how far it came.
 */
export function settle(ground: usize, nowNs: f64): void {
  // pairs are shown one after the other
  if (wordOf(ground, words.IS_SHOWING) !== 0) return;
  const states = <usize>wordOf(ground, words.STATES);
  const places = <usize>wordOf(ground, words.PLACES);
  const mask = wordOf(ground, words.ROWS_MASK);
  const records = <usize>wordOf(ground, words.RECORDS);
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const end = wordOf(ground, words.ROW);
  let due = wordOf(ground, words.DUE);
  while (due !== end) {
    const at = due & mask;
    const place = placeOf(places, at);
    const packet = recordOf(records, place);
    if (nowNs - timeNsOf(records, place) <= windowNs) break;
    if (
      load<u8>(states + at) !== line.WAITING ||
      load<i32>(fateOf(<usize>wordOf(ground, words.FATES), place), 4 * line.BUCKET) !== ALONE ||
      (load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ERROR) !== 0
    )
      break;
    setWord(ground, words.WANTED_COUNT, wantedLeft(ground));
    if (!judge(due)) break;
    unfile(wordOf(ground, words.CELLS), wordOf(ground, words.CELLS_MASK), load<i32>(packet, 4 * record.KEY), due);
    setWord(ground, words.FILED, wordOf(ground, words.FILED) - 1);
    // nobody asks for it any more
    store<u8>(states + at, line.GONE);
    const free = wordOf(ground, words.FREE_PLACE_COUNT);
    store<i32>(<usize>wordOf(ground, words.FREE_PLACES) + (free << 2), place);
    setWord(ground, words.FREE_PLACE_COUNT, free + 1);
    due = firstUndecided(states, mask, due, end);
  }
  setWord(ground, words.DUE, due);
}

/** Leaves, of the packets that matchers are to see later, those that wait for a twin and are still wanted. Returns how many they are. */
export function wantedLeft(ground: usize): i32 {
  const states = <usize>wordOf(ground, words.STATES);
  const sides = <usize>wordOf(ground, words.SIDES);
  const places = <usize>wordOf(ground, words.PLACES);
  const mask = wordOf(ground, words.ROWS_MASK);
  const records = <usize>wordOf(ground, words.RECORDS);
  const list = <usize>wordOf(ground, words.WANTED);
  const count = wordOf(ground, words.WANTED_COUNT);
  let left = 0;
  for (let entry = 0; entry < count; entry++) {
    const at = list + (entry << WANTED_BYTES_BITS);
    const row = load<i32>(at);
    if (load<u8>(states + (row & mask)) !== line.WAITING) continue;
    const packet = recordOf(records, placeOf(places, row & mask));
    const way = load<i32>(packet, 4 * record.WAY);
    const wants = load<i32>(at, 4) & wantsOf(ground, packet, way, load<u8>(sides + (row & mask)));
    if (wants === 0) continue;
    const into = list + (left++ << WANTED_BYTES_BITS);
    store<i32>(into, row);
    store<i32>(into, wants, 4);
  }
  return left;
}
