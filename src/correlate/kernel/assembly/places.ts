/** Where things are in the tables of packets/. */
import { wordOf } from "../../../packets/assembly/words.js";
import * as account from "../../../packets/flow-accounts.js";
import { RECORD_BITS, TIME_NS, WAY } from "../../../packets/records.js";
import { DECIDED, FATE_BITS, ROW_MASK } from "../../../packets/timeline.js";
import { FLOW, TUPLE_BITS } from "../../../packets/tuples.js";
import * as words from "../kernel-words.js";

const RECORD_BYTES_BITS = RECORD_BITS + 2;
const FATE_BYTES_BITS = FATE_BITS + 2;
const ACCOUNT_BYTES_BITS = account.RECORD_BITS + 2;
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

/** What becomes of the packet at a place. */
export function fateOf(fates: usize, place: i32): usize {
  return fates + (place << FATE_BYTES_BITS);
}

/** The account of the flow in a slot. */
export function accountOf(flows: usize, slot: i32): usize {
  return flows + (slot << ACCOUNT_BYTES_BITS);
}

/** The record of a row on the timeline … */
export function packetOf(ground: usize, row: i32): usize {
  const place = placeOf(<usize>wordOf(ground, words.PLACES), row & wordOf(ground, words.ROWS_MASK));
  return recordOf(<usize>wordOf(ground, words.RECORDS), place);
}

/** … which way it goes, and when it passed, nanoseconds. */
export function wayOf(packet: usize): i32 {
  return load<i32>(packet, 4 * WAY);
}

export function passedNs(packet: usize): f64 {
  return load<f64>(packet, 8 * TIME_NS);
}

/** Whether a row of the timeline comes before another one. `first`: the oldest row. */
export function isBefore(first: i32, row: i32, other: i32): bool {
  return ((row - first) & ROW_MASK) < ((other - first) & ROW_MASK);
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
