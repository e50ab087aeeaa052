/** `Idle`'s loops. A mark is a byte. */
import * as account from "../../../packets/flow-accounts.js";
import { INSIDE } from "../../../packets/sides.js";
import * as line from "../../../packets/timeline.js";
import * as tuple from "../../../packets/tuples.js";
import { accountOf, fateOf, placeOf, recordOf, wayOf } from "./places.js";

const TUPLE_BYTES_BITS = tuple.TUPLE_BITS + 2;

/** Marks the tuples whose last packet came more than `idleNs` before `nowNs`, or more than `endedNs` where they are over. */
export function markSilent(marks: usize, tuples: usize, end: i32, nowNs: f64, idleNs: f64, endedNs: f64): void {
  for (let number = 0; number < end; number++) {
    const at = tuples + (number << TUPLE_BYTES_BITS);
    const facts = load<i32>(at, 4 * tuple.FACTS);
    const isOver = (facts & tuple.ENDED_BY_BOTH) === tuple.ENDED_BY_BOTH;
    const lastNs = load<f64>(at, 8 * tuple.LAST_NS);
    store<u8>(marks + number, nowNs - lastNs > (isOver ? endedNs : idleNs) ? 1 : 0);
  }
}

/** Of the packets on the timeline, takes the marks of their tuples away, and marks the flows of pairs. */
export function markHeld(
  marks: usize,
  flowMarks: usize,
  first: i32,
  end: i32,
  mask: i32,
  states: usize,
  sides: usize,
  places: usize,
  records: usize,
  fates: usize,
): void {
  for (let row = first; row !== end; row = (row + 1) & line.ROW_MASK) {
    const at = row & mask;
    const state = <i32>load<u8>(states + at);
    if (state === line.GONE) continue;
    const place = placeOf(places, at);
    const way = wayOf(recordOf(records, place));
    store<u8>(marks + (way >> 1), 0);
    if ((state === line.PAIRED || state === line.SHOWN) && <i32>load<u8>(sides + at) === INSIDE)
      store<u8>(flowMarks + load<i32>(fateOf(fates, place), 4 * line.FLOW), 1);
  }
}

/** Lists the flows, by their slots, both of whose tuples are marked, and which still have them. Returns how many they are. */
export function listFlows(list: usize, marks: usize, flows: usize, end: i32): i32 {
  let count = 0;
  for (let slot = 0; slot < end; slot++) {
    const flow = accountOf(flows, slot);
    if (load<i32>(flow, 4 * account.ID) === 0) continue;
    if ((load<i32>(flow, 4 * account.BITS) & account.IS_RETIRED) !== 0) continue;
    if (load<u8>(marks + load<i32>(flow, 4 * account.INSIDE_TUPLE)) === 0) continue;
    if (load<u8>(marks + load<i32>(flow, 4 * account.OUTSIDE_TUPLE)) === 0) continue;
    store<i32>(list + (count << 2), slot);
    count++;
  }
  return count;
}

/** Lists the marked tuples that no flow has. Returns how many they are. */
export function listTuples(list: usize, marks: usize, tuples: usize, end: i32): i32 {
  let count = 0;
  for (let number = 0; number < end; number++) {
    if (load<u8>(marks + number) === 0) continue;
    const at = tuples + (number << TUPLE_BYTES_BITS);
    if ((load<i32>(at, 4 * tuple.FACTS) & tuple.IS_ALIVE) === 0) continue;
    if (load<i32>(at, 4 * tuple.FLOW) >> tuple.FLOW_SHIFT !== tuple.NONE) continue;
    if (load<i32>(at, 4 * (tuple.FLOW + 1)) >> tuple.FLOW_SHIFT !== tuple.NONE) continue;
    store<i32>(list + (count << 2), number);
    count++;
  }
  return count;
}
