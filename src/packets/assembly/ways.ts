/** `TupleTable.findWays`' loop. */
import { CONVERSATION, RECORD_BITS } from "../records.js";
import { NONE } from "../tuples.js";

/**
 * Finds the ways of the packets `from` … `count`-1, by what is known of the first `numbers` conversations: the way that the first
 * packet of each went. Those it is not known of are listed in `unknown`. Returns how many they are.
 */
export function findWays(records: i32, from: i32, count: i32, known: i32, numbers: i32, ways: i32, unknown: i32): i32 {
  let listed = 0;
  for (let at = from; at < count; at++) {
    const conversation = load<i32>(records + (at << (RECORD_BITS + 2)), 4 * CONVERSATION);
    const number = conversation >> 1;
    const way = number < numbers ? load<i32>(known + (number << 2)) : NONE;
    if (way === NONE) {
      store<i32>(unknown + (listed << 2), at);
      listed++;
      // 1 where the packet goes against the first one of its conversation
    } else store<i32>(ways + (at << 2), way ^ (conversation & 1) ^ 1);
  }
  return listed;
}
