/** Where things are in the tables of packets/ that the kernel works on. */
import * as accounts from "../../../packets/flows/assembly/flow-accounts.js";
import * as timeline from "../../../packets/assembly/timeline.js";
import * as tuples from "../../../packets/assembly/tuples.js";
import { rowIn, wordOf } from "../../../packets/memory/assembly/words.js";
import { RECORD_BITS, TIME_NS, WAY } from "../../../packets/records.js";
import * as words from "../kernel-words.js";

/** The block of the timeline. */
export function lineOf(ground: usize): usize {
  return wordOf(ground, words.LINE);
}

/** The record of a row on the timeline … */
export function packetOf(ground: usize, row: i32): usize {
  return timeline.packetOf(lineOf(ground), row);
}

/** … which way it goes, and when it passed, nanoseconds. */
export function wayOf(packet: usize): i32 {
  return load<i32>(packet, 4 * WAY);
}

export function passedNs(packet: usize): f64 {
  return load<f64>(packet, 8 * TIME_NS);
}

/** Where the record with this number is, of those that begin there. */
export function recordOf(records: usize, number: i32): usize {
  return rowIn(records, number, RECORD_BITS);
}

/** The account of the flow in a slot. */
export function accountOf(ground: usize, slot: i32): usize {
  return accounts.accountOf(wordOf(ground, words.ACCOUNTS), slot);
}

/** The tuple of a way, and the word of it that has the way's flow. */
export function tupleOf(ground: usize, way: i32): usize {
  return tuples.tupleOf(wordOf(ground, words.TUPLES), way);
}

export function wayAt(ground: usize, way: i32): usize {
  return tuples.wayAt(wordOf(ground, words.TUPLES), way);
}
