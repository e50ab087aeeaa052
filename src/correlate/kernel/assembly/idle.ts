/** `Idle`'s loops. A mark is a byte. */
import { accountOf } from "../../../packets/flows/assembly/flow-accounts.js";
import { pairedFlow } from "../../../packets/assembly/folds.js";
import { foldAt, isPacked } from "../../../packets/assembly/fold-blocks.js";
import { packetOf, restOf, sideOf, stateOf } from "../../../packets/assembly/timeline.js";
import { isUntranslated, tupleOf } from "../../../packets/assembly/tuples.js";
import { wordOf } from "../../../packets/memory/assembly/words.js";
import { FLOW, FOLDS_BITS } from "../../../packets/fold-words.js";
import * as account from "../../../packets/flows/flow-records.js";
import { INSIDE } from "../../../packets/sides.js";
import { FOLDED, GONE, PAIRED, SHOWN } from "../../../packets/fates.js";
import { ROW_MASK } from "../../../packets/row-words.js";
import { BLOCKS_END, END, FIRST } from "../../../packets/timeline-words.js";
import * as tuple from "../../../packets/tuples.js";
import { wayOf } from "./places.js";

/**
 * Marks the tuples whose last packet came more than `idleNs` before `nowNs`, more than `endedNs` where they are over, and more than `unansweredNs`
 * where only one end has sent something.
 */
export function markSilent(
  marks: usize,
  table: usize,
  end: i32,
  nowNs: f64,
  idleNs: f64,
  endedNs: f64,
  unansweredNs: f64,
): void {
  for (let number = 0; number < end; number++) {
    const at = tupleOf(table, 2 * number);
    const facts = load<i32>(at, 4 * tuple.FACTS);
    const isOver = (facts & tuple.ENDED_BY_BOTH) === tuple.ENDED_BY_BOTH;
    const mostNs = isOver ? endedNs : (facts & tuple.IS_ANSWERED) !== 0 ? idleNs : unansweredNs;
    store<u8>(marks + number, nowNs - <f64>load<f32>(at, 4 * tuple.LAST_NS) > mostNs ? 1 : 0);
  }
}

/** Of the packets on the timeline, takes the marks of their tuples away, and marks the flows of pairs. */
export function markHeld(marks: usize, flowMarks: usize, line: usize, accounts: usize): void {
  const end = wordOf(line, END);
  for (let row = wordOf(line, FIRST); row !== end; row = (row + 1) & ROW_MASK) {
    const state = stateOf(line, row);
    const isPairs = sideOf(line, row) === INSIDE && (state === PAIRED || state === FOLDED || state === SHOWN);
    if (state === FOLDED) {
      if (isPairs && !isPacked(line, restOf(line, row) >> FOLDS_BITS))
        markFolded(marks, flowMarks, accounts, pairedFlow(line, row));
    } else if (isPairs) store<u8>(flowMarks + pairedFlow(line, row), 1);
    if (state !== GONE && state !== FOLDED) store<u8>(marks + tuple.tupleIn(wayOf(packetOf(line, row))), 0);
  }
  for (let block = 0; block < wordOf(line, BLOCKS_END); block++) {
    if (!isPacked(line, block)) continue;
    for (let fold = block << FOLDS_BITS; fold < (block + 1) << FOLDS_BITS; fold++)
      markFolded(marks, flowMarks, accounts, load<i32>(foldAt(line, fold), 4 * FLOW));
  }
}

/** Marks the flow of a pair that is FOLDED, if it is not NONE, and takes the marks of its tuples away. */
function markFolded(marks: usize, flowMarks: usize, accounts: usize, slot: i32): void {
  if (slot === tuple.NONE) return;
  const flow = accountOf(accounts, slot);
  store<u8>(flowMarks + slot, 1);
  store<u8>(marks + load<i32>(flow, 4 * account.INSIDE_TUPLE), 0);
  store<u8>(marks + load<i32>(flow, 4 * account.OUTSIDE_TUPLE), 0);
}

/** Lists the flows, by their slots, both of whose tuples are marked, and which still have them. Returns how many they are. */
export function listFlows(list: usize, marks: usize, accounts: usize, end: i32): i32 {
  let count = 0;
  for (let slot = 0; slot < end; slot++) {
    const flow = accountOf(accounts, slot);
    if (load<i32>(flow, 4 * account.ID) === 0) continue;
    if ((load<i32>(flow, 4 * account.BITS) & account.IS_RETIRED) !== 0) continue;
    if (load<u8>(marks + load<i32>(flow, 4 * account.INSIDE_TUPLE)) === 0) continue;
    if (load<u8>(marks + load<i32>(flow, 4 * account.OUTSIDE_TUPLE)) === 0) continue;
    store<i32>(list + (count << 2), slot);
    count++;
  }
  return count;
}

/** Takes the marks away of tuples that a flow has, or that are none. */
export function keepUntranslated(marks: usize, table: usize, end: i32): void {
  for (let number = 0; number < end; number++) {
    const at = tupleOf(table, 2 * number);
    if ((load<i32>(at, 4 * tuple.FACTS) & tuple.IS_ALIVE) === 0 || !isUntranslated(at)) store<u8>(marks + number, 0);
  }
}
