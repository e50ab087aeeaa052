/**
 * The kernel's steps, as the rest of the program takes them: of rows on the timeline. Those that need nothing done around them are methods of
 * `Kernel` by these names.
 */
import { pairedFlow } from "../../../packets/assembly/folds.js";
import * as timeline from "../../../packets/assembly/timeline.js";
import {
  IS_AHEAD,
  IS_BACKWARD,
  IS_CLOSE,
  IS_LATE,
  IS_RELATED_OUTBOUND,
  IS_REPEAT,
  IS_REPEATABLE,
  IS_STALE,
  IS_UNVOUCHED,
  IS_USUAL,
  MAY_BE_CHANCE,
  MAY_BE_PIECE,
  MAY_HIDE,
} from "../relations.js";
import { noteUntold } from "./pairing/accounting.js";
import * as alike from "./weighing/alike.js";
import * as crossings from "./pairing/crossings.js";
import * as evidence from "./weighing/evidence.js";
import * as held from "./timing/held.js";
import * as ids from "./weighing/id-bits.js";
import * as learning from "./weighing/learning.js";
import * as holders from "./weighing/holders.js";
import * as openings from "./weighing/openings.js";
import * as pairing from "./pairing/pairing.js";
import * as passed from "./timing/passed.js";
import { lineOf, packetOf, passedNs, wayOf } from "./places.js";
import * as relation from "./weighing/relation.js";
import * as timing from "./timing/timing.js";
import * as wants from "./wants.js";

export { takeOrdinary } from "./loop.js";
export { outsideNs } from "./outside.js";
export { isNew, isQueueLong, limitOf as limitNs, swingOf as swingNs } from "./timing/pace.js";
export { accountForRows, noteAgain, unfold } from "./pairing/pairing.js";
export { awaitEqual, awaitInCrowd, confirm } from "./pairing/pending.js";
export { findDue, findShown } from "./progress.js";
export { rewrite } from "./weighing/relation.js";
export { settle } from "./settling.js";

/** The relation of two rows with equal keys, with the bits of relations.ts that are so of them. */
export function relateRows(ground: usize, inside: i32, outside: i32, mayBeAltered: bool): i32 {
  const found = relation.relateRows(ground, inside, outside, mayBeAltered);
  return (
    found |
    (timing.isLate ? IS_LATE : 0) |
    (timing.isRepeatable ? IS_REPEATABLE : 0) |
    (timing.isClose ? IS_CLOSE : 0) |
    (timing.mayHide ? MAY_HIDE : 0) |
    (relation.isUnvouched ? IS_UNVOUCHED : 0) |
    (relation.isBackward ? IS_BACKWARD : 0) |
    (relation.isStale ? IS_STALE : 0) |
    (timing.mayBePiece ? MAY_BE_PIECE : 0) |
    (timing.mayBeChance ? MAY_BE_CHANCE : 0) |
    (timing.isRepeat ? IS_REPEAT : 0) |
    (timing.isAhead ? IS_AHEAD : 0) |
    (relation.isOutbound ? IS_RELATED_OUTBOUND : 0) |
    (relation.isUsual(ground, packetOf(ground, inside), packetOf(ground, outside)) ? IS_USUAL : 0)
  );
}

/** The flow that the rows related last are KNOWN by, or NONE. */
export function slotRelated(_ground: usize): i32 {
  return relation.slot;
}

/** Notes that a row may have been held up: it entered, and the other one left that is all that is like it. */
export function noteHeld(ground: usize, entered: i32, left: i32, isOutbound: bool): void {
  held.noteHeld(ground, i32(isOutbound), passedNs(packetOf(ground, entered)), passedNs(packetOf(ground, left)));
}

/** Notes how far two rows are apart that are left undecided and are all that either may be: the clocks may be off by that, where no packet tells. */
export function noteUndecided(ground: usize, entered: i32, left: i32, isOutbound: bool): void {
  const enteredNs = passedNs(packetOf(ground, entered));
  const leftNs = passedNs(packetOf(ground, left));
  noteUntold(ground, i32(isOutbound), isOutbound ? leftNs : enteredNs, leftNs - enteredNs);
}

/** Whether a row that entered, if it was the one that left, overtook one that was held up, or one that time does not choose overtook it. */
export function overtakes(ground: usize, entered: i32, left: i32, isOutbound: bool): bool {
  const enteredNs = passedNs(packetOf(ground, entered));
  const leftNs = passedNs(packetOf(ground, left));
  return (
    held.overtakes(ground, i32(isOutbound), enteredNs, leftNs) ||
    passed.isOutOfOrder(ground, i32(isOutbound), enteredNs, leftNs)
  );
}

/** Whether a packet that is like none before it entered after a time, nanoseconds, and left before a row of a flow, by its slot, did: see `passed.ts`. */
export function hasPassed(ground: usize, slot: i32, enteredNs: f64, left: i32, isOutbound: bool): bool {
  return passed.hasPassed(ground, slot, i32(isOutbound), enteredNs, passedNs(packetOf(ground, left)));
}

/** Notes it where a packet that entered then at the latest, and left then, was overtaken: see `passed.ts`. */
export function noteOvertaken(ground: usize, enteredNs: f64, leftNs: f64, isOutbound: bool): void {
  passed.noteOvertaken(ground, i32(isOutbound), enteredNs, leftNs);
}

/** Whether a packet has left that entered behind one of a flow, by its slot, that entered then, and may not overtake it: see `passed.ts`. */
export function hasLaterLeft(ground: usize, slot: i32, enteredNs: f64, isOutbound: bool): bool {
  return passed.hasLaterLeft(ground, slot, i32(isOutbound), enteredNs);
}

/** Whether any has that entered behind one that entered then, be others like it or not, and may not overtake it: see `passed.ts`. */
export function hasLaterCrossed(ground: usize, enteredNs: f64, isOutbound: bool): bool {
  return passed.hasLaterCrossed(ground, i32(isOutbound), enteredNs);
}

/** Whether a row that entered, if it was the one that left, was overtaken by one of its flow, by that slot: see `passed.ts`. */
export function isOvertaken(ground: usize, slot: i32, entered: i32, left: i32, isOutbound: bool): bool {
  const enteredNs = passedNs(packetOf(ground, entered));
  return passed.isOvertaken(ground, slot, i32(isOutbound), enteredNs, passedNs(packetOf(ground, left)));
}

/** Whether a row that entered, if it was the one that left, was held up together with another packet. */
export function wasHeldUp(ground: usize, entered: i32, left: i32, isOutbound: bool): bool {
  const enteredNs = passedNs(packetOf(ground, entered));
  return held.wasHeldUp(ground, i32(isOutbound), enteredNs, passedNs(packetOf(ground, left)));
}

/** Whether a row that entered, if it was the one that left, took as long as a packet that was held up near it. */
export function tookAsLong(ground: usize, entered: i32, left: i32, isOutbound: bool): bool {
  const enteredNs = passedNs(packetOf(ground, entered));
  return held.tookAsLong(ground, i32(isOutbound), enteredNs, passedNs(packetOf(ground, left)));
}

/** Whether a row that left may be an equal one of the row that entered, sent again since the capture of that had ended. */
export function isUnwatched(ground: usize, entered: i32, left: i32): bool {
  const leftNs = passedNs(packetOf(ground, left));
  const latencyNs = leftNs - passedNs(packetOf(ground, entered));
  return timing.isUnwatched(ground, timeline.sideOf(lineOf(ground), entered), leftNs, latencyNs);
}

/** Whether nothing that carries the same passed on either side within the window before these rows. */
export function areNovel(ground: usize, inside: i32, outside: i32): bool {
  return alike.isNovel(packetOf(ground, inside)) && alike.isNovel(packetOf(ground, outside));
}

/** Whether an inside row and an outside one have neither numbers nor an ID, and carry what was said before. */
export function saysNothingOwn(ground: usize, inside: i32, outside: i32): bool {
  return learning.saysNothingOwn(packetOf(ground, inside), packetOf(ground, outside));
}

/** Whether a row was sent again, or says what one of its way has said before. */
export function isToldAgain(ground: usize, row: i32): bool {
  return timing.isToldAgain(packetOf(ground, row));
}

/** What there is in a row that a matcher wants to see when it comes: WANTS_… bits. */
export function wantsOf(ground: usize, row: i32): i32 {
  const packet = packetOf(ground, row);
  return wants.wantsOf(ground, packet, timeline.sideOf(lineOf(ground), row));
}

/** How long before a row an equal packet of its way passed, nanoseconds; 0 where none did within the window. */
export function sinceNs(ground: usize, row: i32): f64 {
  return alike.sinceNs(packetOf(ground, row));
}

/** What the IP ID says for a row and its twin, in bits: see `id-bits.ts`. */
export function idBits(ground: usize, row: i32): i32 {
  return ids.idBits(packetOf(ground, row));
}

/** Whether the port that two rows would have been given is another one's: see `holders.ts`. */
export function isHeldByAnother(ground: usize, inside: i32, outside: i32): bool {
  return holders.isHeldByAnother(ground, wayOf(packetOf(ground, inside)), wayOf(packetOf(ground, outside)));
}

/** What speaks for the rows related last being twins, in bits: all of it, or what is news where a pair of their way has spoken before. */
export function weigh(ground: usize, inside: i32, outside: i32, hasSpoken: bool): f64 {
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  const bits = learning.timingBits(ground, i, o);
  if (hasSpoken) return bits + learning.newsBits(ground, i, o);
  const line = lineOf(ground);
  const isTurned = timeline.sideOf(line, inside) === timeline.sideOf(line, outside);
  return bits + learning.headerBits(ground, i, o, isTurned);
}

/** Believes in the translation of the rows related last. Returns the slot of its flow. */
export function believe(ground: usize, inside: i32, outside: i32): i32 {
  return learning.learn(ground, wayOf(packetOf(ground, inside)), wayOf(packetOf(ground, outside)));
}

/** Notes what a row that was just appended says of its conversation, and whether others are like it. The packet is no ICMP error. */
export function note(ground: usize, row: i32, side: i32, isFirst: bool): void {
  const packet = packetOf(ground, row);
  openings.note(ground, packet, isFirst);
  wants.noteLength(ground, packet);
  crossings.noteEntry(ground, packet, side);
  alike.remember(ground, packet, side);
}

/** Notes that a row crossed, the one that entered, of a pair of the flow in a slot; `inside`: the pair's inside row. */
export function noteCrossing(ground: usize, row: i32, slot: i32, isOutbound: bool, inside: i32): void {
  crossings.noteCrossing(ground, packetOf(ground, row), slot, i32(isOutbound), inside);
}

/**
 * Makes two rows with equal keys each other's twins, of the flow in a slot. `how`: by what they were found, by which evidence beside what the key
 * stands for, and in which direction they travel (`decidedBy`).
 */
export function bind(ground: usize, inside: i32, outside: i32, slot: i32, how: i32): void {
  const decided = pairing.decided(packetOf(ground, inside), packetOf(ground, outside), how);
  timeline.pair(lineOf(ground), inside, outside, slot, decided);
}

/** Is done with two rows that were paired, and were shown, or need not be: their records stay where others of their flow may have to look at them. */
export function finish(ground: usize, inside: i32, outside: i32): void {
  pairing.finish(ground, inside, outside, pairedFlow(lineOf(ground), inside));
}

/** Is done with two rows that were paired: their pair need not be shown, or not yet. Precondition: there is room for a fold. */
export function fold(ground: usize, inside: i32, outside: i32): void {
  pairing.putAway(ground, inside, outside, pairedFlow(lineOf(ground), inside));
}

/** The evidence (EVIDENCE_…) that a key of this protocol, with these flags of its packet, stands for. */
export function evidenceOf(_ground: usize, proto: i32, flags: i32): i32 {
  return evidence.evidenceOf(proto, flags);
}
