/**
 * Packets that crossed and are like none before them: time did not choose them. A NAT in one kernel keeps the order of what it forwards: whatever
 * entered before such a packet has left before it, or never will. Queues for each class or flow behind it (tc-prio(8), tc-fq_codel(8)) keep that of a flow.
 */
import { doubleOf, rowAt, setDouble } from "../../../../packets/memory/assembly/words.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { enteredOf, leftOf, setPassage } from "./held.js";

/** Packets that several processors forward may overtake each other by less than this, nanoseconds. */
const PROCESSORS_NS = 1_000_000;
/** Few packets show by how much those of one flow overtake each other. The most of it may be so many times what they show. */
const SELDOM_SEEN: f64 = 4;
/** So long after a packet was overtaken, others may be, nanoseconds. */
const DISORDER_NS: f64 = 60_000_000_000;
/** Odd numbers whose products have their bits far apart. */
const SPREAD: i32 = 0x1e3779b1;
const OTHER_SPREAD: i32 = 0x05ebca77;

/** Which part of time that is: there are PASSED_A_WINDOW in a window. */
function partOf(ground: usize, timeNs: f64): i64 {
  return <i64>((timeNs * entries.PASSED_A_WINDOW) / doubleOf(ground, words.WINDOW_NS));
}

/** The entry of a direction with that number, of as many as there are. */
function entryOf(ground: usize, outbound: i32, number: i32): usize {
  const entry = (outbound << entries.PASSED_ENTRIES_BITS) | (number & (entries.PASSED_ENTRIES - 1));
  return rowAt(ground, words.PASSED, entry, entries.PASSAGE_BITS);
}

/** Notes a packet of a flow, by its slot, and a direction that is like none before it. */
export function notePassed(ground: usize, slot: i32, outbound: i32, enteredNs: f64, leftNs: f64): void {
  const part = partOf(ground, leftNs);
  setPassage(entryOf(ground, outbound, <i32>part), enteredNs, leftNs);
  const own = ownEntryOf(ground, slot, outbound, part);
  const key = ownKeyOf(slot, outbound);
  const isOwn = load<i32>(own, 4 * entries.OWN_PASSED_KEY) === key;
  if (isOwn) noteReordered(ground, outbound, own, enteredNs, leftNs);
  // the last to enter has overtaken most
  if (!isOwn || partOf(ground, leftOf(own)) !== part || enteredNs >= enteredOf(own)) setPassage(own, enteredNs, leftNs);
  store<i32>(own, key, 4 * entries.OWN_PASSED_KEY);
  noteOrder(ground, outbound, enteredNs, leftNs);
}

/** Notes by how much a packet, and the one of its flow that entered last before it was noted, overtook each other, if they did: per-packet balancing does that. Either may be noted first. */
function noteReordered(ground: usize, outbound: i32, own: usize, enteredNs: f64, leftNs: f64): void {
  const soonerNs = enteredOf(own) - enteredNs;
  const laterNs = leftNs - leftOf(own);
  const byNs = min<f64>(abs<f64>(soonerNs), abs<f64>(laterNs));
  if (soonerNs > 0 !== laterNs > 0 || byNs <= doubleOf(ground, words.ORDER_NS)) return;
  const most = words.REORDERED_NS + outbound;
  setDouble(ground, most, max<f64>(doubleOf(ground, most), SELDOM_SEEN * byNs));
}

/** Notes whether a packet that left then had been overtaken by another one, by so much that it is no matter of several processors. */
function noteOrder(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): void {
  const lastNs = doubleOf(ground, words.LAST_ENTERED_NS + outbound);
  const lastLeftNs = doubleOf(ground, words.LAST_LEFT_NS + outbound);
  // of one that was decided late, those behind it tell
  if (leftNs < lastLeftNs) noteOvertaken(ground, outbound, enteredNs, leftNs);
  else if (enteredNs < lastNs - PROCESSORS_NS && leftNs > lastLeftNs + PROCESSORS_NS)
    setOvertaken(ground, outbound, leftNs);
  if (enteredNs < lastNs) return;
  setDouble(ground, words.LAST_ENTERED_NS + outbound, enteredNs);
  setDouble(ground, words.LAST_LEFT_NS + outbound, leftNs);
}

/** Notes it where a packet that entered then at the latest, and left then, was overtaken: whatever it had entered as. */
export function noteOvertaken(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): void {
  if (leftNs - enteredNs <= PROCESSORS_NS) return;
  if (wasPassed(ground, outbound, enteredNs + PROCESSORS_NS, leftNs - PROCESSORS_NS))
    setOvertaken(ground, outbound, leftNs);
}

function setOvertaken(ground: usize, outbound: i32, leftNs: f64): void {
  setDouble(ground, words.OVERTAKEN_NS + outbound, max<f64>(leftNs, doubleOf(ground, words.OVERTAKEN_NS + outbound)));
}

/** Whether packets of a direction that leave then keep their order, as far as is known. */
export function isOrdered(ground: usize, outbound: i32, leftNs: f64): bool {
  return leftNs - doubleOf(ground, words.OVERTAKEN_NS + outbound) > DISORDER_NS;
}

/**
 * Whether such a packet entered after a time and left before another one, as far as is known; of its flow, by its slot, where others may overtake it: of
 * none, then, if that is not known.
 */
export function hasPassed(ground: usize, slot: i32, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const slackNs = doubleOf(ground, words.CAUSAL_SLACK_NS);
  if (!isOrdered(ground, outbound, leftNs))
    return hasOwnPassed(ground, slot, outbound, enteredNs, leftNs, leftNs - slackNs);
  return wasPassed(ground, outbound, enteredNs + slackNs, leftNs - slackNs);
}

/**
 * Whether a packet of a direction that entered and left at these times was so much quicker than the last such packet that it overtook whatever entered between
 * the two, and has not left. Where packets overtake each other, or none such has crossed, nothing tells.
 */
export function isAhead(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const lastNs = doubleOf(ground, words.LAST_ENTERED_NS + outbound);
  const lastTookNs = doubleOf(ground, words.LAST_LEFT_NS + outbound) - lastNs;
  const isTold = lastNs > -Infinity && isOrdered(ground, outbound, leftNs);
  return isTold && lastTookNs - (leftNs - enteredNs) > PROCESSORS_NS;
}

/** Whether such a packet has left that entered behind one of a flow, by its slot, that entered then; one of that flow, where others may overtake it. */
export function hasLaterLeft(ground: usize, slot: i32, outbound: i32, enteredNs: f64): bool {
  if (isOrdered(ground, outbound, enteredNs)) return doubleOf(ground, words.LAST_ENTERED_NS + outbound) > enteredNs;
  const untilNs = enteredNs + 2 * doubleOf(ground, words.WINDOW_NS);
  return hasOwnPassed(ground, slot, outbound, enteredNs, untilNs, Infinity);
}

/**
 * Whether any packet that crossed entered behind one that entered then, be others like it or not, and may not overtake it: none, where packets do not keep
 * their order. A queue may prefer small ones, of the same flow as well.
 */
export function hasLaterCrossed(ground: usize, outbound: i32, enteredNs: f64): bool {
  return isOrdered(ground, outbound, enteredNs) && doubleOf(ground, words.CROSSED_NS + outbound) > enteredNs;
}

/** Whether such a packet entered after a time and left before another one, as far as is known. */
function wasPassed(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  for (let number = 0; number < entries.PASSED_ENTRIES; number++) {
    const entry = entryOf(ground, outbound, number);
    if (enteredOf(entry) > enteredNs && leftOf(entry) < leftNs) return true;
  }
  return false;
}

/**
 * Whether a packet of a direction that entered and left at these times, as nothing but time tells, and such a packet would have overtaken each other, by so
 * much that it is no matter of several processors, as far as is known.
 */
export function isOutOfOrder(ground: usize, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  const tookNs = leftNs - enteredNs;
  for (let number = 0; number < entries.PASSED_ENTRIES; number++) {
    const entry = entryOf(ground, outbound, number);
    const otherNs = enteredOf(entry);
    const otherLeftNs = leftOf(entry);
    if (abs<f64>(otherLeftNs - otherNs - tookNs) <= PROCESSORS_NS) continue;
    if (otherNs > enteredNs ? otherLeftNs < leftNs : otherLeftNs > leftNs) return true;
  }
  return false;
}

/** A flow, by its slot, and a direction in one number, which is not 0: entries that nothing was noted in have that. */
function ownKeyOf(slot: i32, outbound: i32): i32 {
  return ((slot << 1) | outbound) + 1;
}

/** The entry of those of a flow, by its slot, that left in that part of time. */
function ownEntryOf(ground: usize, slot: i32, outbound: i32, part: i64): usize {
  const hash =
    ((ownKeyOf(slot, outbound) * SPREAD) ^ (<i32>part * OTHER_SPREAD)) >>> (32 - entries.OWN_PASSED_ENTRIES_BITS);
  return rowAt(ground, words.OWN_PASSED, hash, entries.OWN_PASSED_BITS);
}

/**
 * Whether a packet of the same flow and direction, by the flow's slot, entered behind one that entered then and left long before it did, by a
 * quarter of what that took, as far as is known: networks may reorder a little.
 */
export function isOvertaken(ground: usize, slot: i32, outbound: i32, enteredNs: f64, leftNs: f64): bool {
  return hasOwnPassed(ground, slot, outbound, enteredNs, leftNs, leftNs - (leftNs - enteredNs) / 4);
}

/** Whether one of a flow, by its slot, entered behind one that entered and left then, and left before a time. A capture shows those of a flow in their order. */
function hasOwnPassed(ground: usize, slot: i32, outbound: i32, enteredNs: f64, leftNs: f64, beforeNs: f64): bool {
  const last = partOf(ground, leftNs);
  const first = max<i64>(partOf(ground, enteredNs), last - entries.PASSED_ENTRIES);
  for (let part = first; part <= last; part++) {
    const entry = ownEntryOf(ground, slot, outbound, part);
    if (load<i32>(entry, 4 * entries.OWN_PASSED_KEY) !== ownKeyOf(slot, outbound)) continue;
    if (enteredOf(entry) > enteredNs && leftOf(entry) < beforeNs) return true;
  }
  return false;
}
