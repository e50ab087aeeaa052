/** Where things are in the tables of packets/. */
import { RECORD_BITS, TIME_NS } from "../../../packets/records.js";
import { DECIDED, ROW_MASK } from "../../../packets/timeline.js";
import { FLOW, TUPLE_BITS } from "../../../packets/tuples.js";

const RECORD_BYTES_BITS = RECORD_BITS + 2;
const TUPLE_BYTES_BITS = TUPLE_BITS + 2;

/** At which place the record of a row is: `at` is the row's number in the ring. */
export function placeOf(places: usize, at: i32): i32 {
  return load<i32>(places + (at << 2));
}

export function recordOf(records: usize, place: i32): usize {
  return records + (place << RECORD_BYTES_BITS);
}

export function timeNsOf(records: usize, place: i32): f64 {
  return load<f64>(recordOf(records, place), 8 * TIME_NS);
}

/** The tuple of a way. */
export function tupleOf(tuples: usize, way: i32): usize {
  return tuples + ((way >> 1) << TUPLE_BYTES_BITS);
}

/** The word of its record that has a way's flow. */
export function wayAt(tuples: usize, way: i32): usize {
  return tupleOf(tuples, way) + ((way & 1) << 2) + 4 * FLOW;
}

/** The first row from `from` on that is to be decided about, or `end`. */
export function firstUndecided(states: usize, mask: i32, from: i32, end: i32): i32 {
  let row = from;
  while (row !== end && <i32>load<u8>(states + (row & mask)) >= DECIDED) row = (row + 1) & ROW_MASK;
  return row;
}
