/**
 * Packets that crossed and are like none before them: time did not choose them. A NAT in one kernel keeps the order of what it forwards: whatever
 * entered before such a packet has left before it, or never will.
 */
import { doubleOf, wordOf } from "../../../packets/memory/assembly/words.js";
import * as words from "../kernel-words.js";

/** Bytes of an entry: when the packet entered, and when it left, as doubles. */
const ENTRY_BYTES_BITS = 4;

/** The entry of those that left about then. */
function entryOf(ground: usize, outbound: i32, leftNs: f64): usize {
  const slot = <i32>((leftNs * words.PASSED_A_WINDOW) / doubleOf(ground, words.WINDOW_NS)) & (words.PASSED_ENTRIES - 1);
  const entry = (outbound << words.PASSED_ENTRIES_BITS) | slot;
  return <usize>wordOf(ground, words.PASSED) + ((<usize>entry) << ENTRY_BYTES_BITS);
}

/** Notes a packet of a direction that is like none before it. */
export function notePassed(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): void {
  const entry = entryOf(ground, outbound, leftNs);
  store<f64>(entry, enteredNs);
  store<f64>(entry, leftNs, 8);
}

/** Whether such a packet entered after a time and left before another one, as far as is known. */
export function hasPassed(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const slackNs = doubleOf(ground, words.CAUSAL_SLACK_NS);
  const first =
    <usize>wordOf(ground, words.PASSED) + ((<usize>(outbound << words.PASSED_ENTRIES_BITS)) << ENTRY_BYTES_BITS);
  for (let number = 0; number < words.PASSED_ENTRIES; number++) {
    const entry = first + ((<usize>number) << ENTRY_BYTES_BITS);
    if (load<f64>(entry) > enteredNs + slackNs && load<f64>(entry, 8) < leftNs - slackNs) return true;
  }
  return false;
}
