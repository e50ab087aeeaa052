/** Flows by their ids, and by how many pairs they have: a radix sort, as there may be many and V8 has not made anything fast by then. */
import { ID, RECORD_BITS } from "../flow-records.js";
import { DIGIT_BITS, DIGITS, END } from "../flow-accounts-words.js";
import { accountOf, pairsOf } from "./flow-accounts.js";
import { rowIn, wordOf } from "../../memory/assembly/words.js";

/** Whether the slots that are in use are in the order of the ids of their flows. */
export function areByIds(accounts: usize): bool {
  let before = 0;
  for (let slot = 0; slot < wordOf(accounts, END); slot++) {
    const id = load<i32>(accountOf(accounts, slot), 4 * ID);
    if (id !== 0 && id < before) return false;
    before = max(before, id);
  }
  return true;
}

/** Lists the slots from `from` to `end`-1 that are in use, by the ids of their flows, and returns how many there are. `lists`: two of so many slots each, and a word for each value of a digit. */
export function byId(lists: usize, from: i32, end: i32, flows: usize): i32 {
  let count = 0;
  for (let slot = from; slot < end; slot++)
    if (load<i32>(rowIn(flows, slot, RECORD_BITS), 4 * ID) !== 0) store<i32>(lists + (count++ << 2), slot);
  sort(lists, count, flows, false);
  return count;
}

/** Orders a list of `count` slots by their pairs, those with the most first; of equals, by their ids. `lists`: that one, and as above. */
export function byPairs(lists: usize, count: i32, flows: usize): void {
  sort(lists, count, flows, false);
  sort(lists, count, flows, true);
}

/** Orders the first of two lists; what has the same key stays in its order. */
function sort(lists: usize, count: i32, flows: usize, isByPairs: bool): void {
  if (isInOrder(lists, count, flows, isByPairs)) return;
  const counts = lists + (count << 3);
  let source = lists;
  let target = lists + (count << 2);
  for (let shift = 0; shift < 3 * DIGIT_BITS; shift += DIGIT_BITS) {
    memory.fill(counts, 0, DIGITS << 2);
    for (let at = 0; at < count; at++) {
      const counted = countOf(counts, keyOf(load<i32>(source + (at << 2)), flows, isByPairs), shift);
      store<i32>(counted, load<i32>(counted) + 1);
    }
    // a digit that is the same in all of them
    if (load<i32>(countOf(counts, keyOf(load<i32>(source), flows, isByPairs), shift)) === count) continue;
    // where the first of each digit goes
    let sum = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const those = load<i32>(counts + (digit << 2));
      store<i32>(counts + (digit << 2), sum);
      sum += those;
    }
    for (let at = 0; at < count; at++) {
      const slot = load<i32>(source + (at << 2));
      const place = countOf(counts, keyOf(slot, flows, isByPairs), shift);
      store<i32>(target + (load<i32>(place) << 2), slot);
      store<i32>(place, load<i32>(place) + 1);
    }
    const sorted = target;
    target = source;
    source = sorted;
  }
  if (source !== lists) memory.copy(lists, source, count << 2);
}

function isInOrder(list: usize, count: i32, flows: usize, isByPairs: bool): bool {
  let before: u32 = 0;
  for (let at = 0; at < count; at++) {
    const key = keyOf(load<i32>(list + (at << 2)), flows, isByPairs);
    if (key < before) return false;
    before = key;
  }
  return true;
}

function countOf(counts: usize, key: u32, shift: i32): usize {
  return counts + (((key >>> shift) & (DIGITS - 1)) << 2);
}

function keyOf(slot: i32, flows: usize, isByPairs: bool): u32 {
  const flow = rowIn(flows, slot, RECORD_BITS);
  return isByPairs ? ~(pairsOf(flow, 0) + pairsOf(flow, 1)) : load<i32>(flow, 4 * ID);
}
