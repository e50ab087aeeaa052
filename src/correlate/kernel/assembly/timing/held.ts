/**
 * Packets that were held up: they took longer than packets of their direction did until then. A NAT in one kernel keeps the order of what it
 * forwards: what entered behind such a packet and seems to have left before it, as nothing but time tells, may be late as well.
 */
import { doubleOf, rowAt, setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { JITTER_NS } from "../../relations.js";

function heldAt(ground: usize, outbound: i32, number: i32): usize {
  const entry = (outbound << entries.HELD_ENTRIES_BITS) | (number & (entries.HELD_ENTRIES - 1));
  return rowAt(ground, words.HELD, entry, entries.PASSAGE_BITS);
}

/** When the packet of an entry that is or begins as a passage entered, and when it left. */
export function enteredOf(entry: usize): f64 {
  return load<f64>(entry, 8 * entries.ENTERED_NS);
}

export function leftOf(entry: usize): f64 {
  return load<f64>(entry, 8 * entries.LEFT_NS);
}

export function setPassage(entry: usize, enteredNs: f64, leftNs: f64): void {
  store<f64>(entry, enteredNs, 8 * entries.ENTERED_NS);
  store<f64>(entry, leftNs, 8 * entries.LEFT_NS);
}

/** Notes a packet of a direction that was held up. */
export function noteHeld(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): void {
  const count = wordOf(ground, words.HELD_COUNT + outbound);
  setPassage(heldAt(ground, outbound, count), enteredNs, leftNs);
  setWord(ground, words.HELD_COUNT + outbound, count + 1);
}

/** Whether a packet of a direction that entered and left at these times would have overtaken one that was held up. */
export function overtakes(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const slackNs = doubleOf(ground, words.CAUSAL_SLACK_NS);
  const count = wordOf(ground, words.HELD_COUNT + outbound);
  for (let number = max<i32>(0, count - entries.HELD_ENTRIES); number < count; number++) {
    const entry = heldAt(ground, outbound, number);
    if (enteredOf(entry) < enteredNs - slackNs && leftOf(entry) > leftNs + slackNs) return true;
  }
  return false;
}

/**
 * Whether a packet of a direction that entered and left at these times would have been held up together with another one, for half as long at the
 * least: that entered behind it and left behind it, or entered before it and left right before it.
 */
export function wasHeldUp(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const slackNs = doubleOf(ground, words.CAUSAL_SLACK_NS);
  const count = wordOf(ground, words.HELD_COUNT + outbound);
  for (let number = max<i32>(0, count - entries.HELD_ENTRIES); number < count; number++) {
    const entry = heldAt(ground, outbound, number);
    const from = enteredOf(entry);
    const restNs = leftOf(entry) - leftNs;
    const isInOrder = from < enteredNs - slackNs ? restNs >= -JITTER_NS && restNs <= slackNs : restNs >= -slackNs;
    if (isInOrder && 2 * (leftNs - from) >= leftNs - enteredNs) return true;
  }
  return false;
}

/**
 * Whether a packet of a direction that entered and left at these times took as long as one that was held up within a window of it did: what all take may
 * have changed, for as long as nothing that is like no other shows the contrary.
 */
export function tookAsLong(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const count = wordOf(ground, words.HELD_COUNT + outbound);
  for (let number = max<i32>(0, count - entries.HELD_ENTRIES); number < count; number++) {
    const entry = heldAt(ground, outbound, number);
    const from = enteredOf(entry);
    if (abs(from - enteredNs) <= windowNs && abs(leftOf(entry) - from - (leftNs - enteredNs)) <= JITTER_NS) return true;
  }
  return false;
}
