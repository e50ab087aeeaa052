/**
 * Packets that crossed and are like none before them: time did not choose them. A NAT in one kernel keeps the order of what it forwards: whatever
 * entered before such a packet has left before it, or never will.
 */
import { doubleOf, rowAt } from "../../../packets/memory/assembly/words.js";
import * as words from "../kernel-words.js";

/** Packets that several processors forward may overtake each other by less than this, nanoseconds. */
const PROCESSORS_NS = 1_000_000;
/** Odd numbers whose products have their bits far apart. */
const SPREAD: i32 = 0x1e3779b1;
const OTHER_SPREAD: i32 = 0x05ebca77;

/** Which part of time that is: there are PASSED_A_WINDOW in a window. */
function partOf(ground: usize, timeNs: f64): i64 {
  return <i64>((timeNs * words.PASSED_A_WINDOW) / doubleOf(ground, words.WINDOW_NS));
}

/** The entry of a direction with that number, of as many as there are. */
function entryOf(ground: usize, outbound: i32, number: i32): usize {
  const entry = (outbound << words.PASSED_ENTRIES_BITS) | (number & (words.PASSED_ENTRIES - 1));
  return rowAt(ground, words.PASSED, entry, words.PASSED_BITS);
}

/** Notes a packet of a flow, by its slot, and a direction that is like none before it. */
export function notePassed(ground: usize, slot: i32, outbound: i32, enteredNs: f64, leftNs: f64): void {
  const part = partOf(ground, leftNs);
  setTimes(entryOf(ground, outbound, <i32>part), enteredNs, leftNs);
  const own = ownEntryOf(ground, slot, outbound, part);
  setTimes(own, enteredNs, leftNs);
  store<i32>(own, (slot << 1) | outbound, 4 * words.OWN_PASSED_KEY);
}

function setTimes(entry: usize, enteredNs: f64, leftNs: f64): void {
  store<f64>(entry, enteredNs);
  store<f64>(entry, leftNs, 8);
}

/** Whether such a packet entered after a time and left before another one, as far as is known. */
export function hasPassed(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const slackNs = doubleOf(ground, words.CAUSAL_SLACK_NS);
  for (let number = 0; number < words.PASSED_ENTRIES; number++) {
    const entry = entryOf(ground, outbound, number);
    if (load<f64>(entry) > enteredNs + slackNs && load<f64>(entry, 8) < leftNs - slackNs) return true;
  }
  return false;
}

/**
 * Whether a packet of a direction that entered and left at these times, as nothing but time tells, and such a packet would have overtaken each other, by so
 * much that it is no matter of several processors, as far as is known.
 */
export function isOutOfOrder(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const tookNs = leftNs - enteredNs;
  for (let number = 0; number < words.PASSED_ENTRIES; number++) {
    const entry = entryOf(ground, outbound, number);
    const otherNs = load<f64>(entry);
    const otherLeftNs = load<f64>(entry, 8);
    if (abs<f64>(otherLeftNs - otherNs - tookNs) <= PROCESSORS_NS) continue;
    if (otherNs > enteredNs ? otherLeftNs < leftNs : otherLeftNs > leftNs) return true;
  }
  return false;
}

/** The entry of those of a flow, by its slot, that left in that part of time. */
function ownEntryOf(ground: usize, slot: i32, outbound: i32, part: i64): usize {
  const hash =
    ((((slot << 1) | outbound) * SPREAD) ^ (<i32>part * OTHER_SPREAD)) >>> (32 - words.OWN_PASSED_ENTRIES_BITS);
  return rowAt(ground, words.OWN_PASSED, hash, words.OWN_PASSED_BITS);
}

/**
 * Whether a packet of the same flow and direction, by the flow's slot, entered behind one that entered then and left long before it did, by a
 * quarter of what that took, as far as is known: networks may reorder a little.
 */
export function isOvertaken(ground: usize, slot: i32, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const slackNs = doubleOf(ground, words.CAUSAL_SLACK_NS);
  const marginNs = (leftNs - enteredNs) / 4;
  const last = partOf(ground, leftNs);
  const first = max<i64>(partOf(ground, enteredNs), last - words.PASSED_ENTRIES);
  for (let part = first; part <= last; part++) {
    const entry = ownEntryOf(ground, slot, outbound, part);
    if (load<i32>(entry, 4 * words.OWN_PASSED_KEY) !== ((slot << 1) | outbound)) continue;
    if (load<f64>(entry) > enteredNs + slackNs && load<f64>(entry, 8) < leftNs - marginNs) return true;
  }
  return false;
}
