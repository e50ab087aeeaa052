/** The kernel's steps, as the rest of the program takes them: of rows on the timeline. */
import * as timeline from "../../../packets/assembly/timeline.js";
import {
  IS_CLOSE,
  IS_LATE,
  IS_RELATED_OUTBOUND,
  IS_REPEATABLE,
  IS_STALE,
  IS_UNVOUCHED,
  IS_USUAL,
  MAY_BE_CHANCE,
  MAY_BE_PIECE,
  MAY_HIDE,
} from "../relations.js";
import { isNovel, remember, sinceNs } from "./alike.js";
import { noteCrossing, noteEntry } from "./crossings.js";
import { noteHeld, overtakes, wasHeldUp } from "./held.js";
import { headerBits, learn, newsBits, timingBits } from "./learning.js";
import { note } from "./openings.js";
import * as pace from "./pace.js";
import { hasPassed, isOutOfOrder, isOvertaken } from "./passed.js";
import { lineOf, packetOf, passedNs, wayOf } from "./places.js";
import * as relation from "./relation.js";
import { noteLength, wantsOf } from "./wants.js";

export { evidenceOf } from "./evidence.js";
export { run } from "./loop.js";
export { outsideNs } from "./outside.js";
export { accountForRows, bind, finish, noteAgain, putAway, unfold } from "./pairing.js";
export { awaitInCrowd } from "./pending.js";
export { awaitEqual, confirm } from "./pending.js";
export { findDue } from "./progress.js";
export { rewrite } from "./relation.js";
export { settle } from "./settling.js";

/** The relation of two rows with equal keys, with the bits of relations.ts that are so of them. */
export function relate(ground: usize, inside: i32, outside: i32, mayBeAltered: bool): i32 {
  const found = relation.relateRows(ground, inside, outside, mayBeAltered);
  return (
    found |
    (relation.isLate ? IS_LATE : 0) |
    (relation.isRepeatable ? IS_REPEATABLE : 0) |
    (relation.isClose ? IS_CLOSE : 0) |
    (relation.mayHide ? MAY_HIDE : 0) |
    (relation.isUnvouched ? IS_UNVOUCHED : 0) |
    (relation.isStale ? IS_STALE : 0) |
    (relation.mayBePiece ? MAY_BE_PIECE : 0) |
    (relation.mayBeChance ? MAY_BE_CHANCE : 0) |
    (relation.isOutbound ? IS_RELATED_OUTBOUND : 0) |
    (relation.isUsual(ground, packetOf(ground, inside), packetOf(ground, outside)) ? IS_USUAL : 0)
  );
}

/** Notes that a row that entered may have been held up until another one left. */
export function noteHeldRow(ground: usize, entered: i32, left: i32, outbound: i32): void {
  noteHeld(ground, outbound, passedNs(packetOf(ground, entered)), passedNs(packetOf(ground, left)));
}

/** Whether a row that entered, if it was the one that left, overtook one that was held up, or one that time does not choose overtook it. */
export function overtakesRow(ground: usize, entered: i32, left: i32, outbound: i32): i32 {
  const enteredNs = passedNs(packetOf(ground, entered));
  const leftNs = passedNs(packetOf(ground, left));
  return overtakes(ground, outbound, enteredNs, leftNs) || isOutOfOrder(ground, outbound, enteredNs, leftNs) ? 1 : 0;
}

/** Whether a packet that is like none before it entered after a time and left before a row did. */
export function hasPassedRow(ground: usize, enteredNs: f64, left: i32, outbound: i32): i32 {
  return hasPassed(ground, outbound, enteredNs, passedNs(packetOf(ground, left))) ? 1 : 0;
}

/** Whether a row that entered, if it was the one that left, was overtaken by one of its flow, by that slot. */
export function isOvertakenRow(ground: usize, slot: i32, entered: i32, left: i32, outbound: i32): i32 {
  return isOvertaken(ground, slot, outbound, passedNs(packetOf(ground, entered)), passedNs(packetOf(ground, left)))
    ? 1
    : 0;
}

/** Whether a row that entered, if it was the one that left, was held up together with another packet. */
export function wasHeldUpRow(ground: usize, entered: i32, left: i32, outbound: i32): i32 {
  return wasHeldUp(ground, outbound, passedNs(packetOf(ground, entered)), passedNs(packetOf(ground, left))) ? 1 : 0;
}

/** Whether a row that left may be an equal one of the row that entered, sent again since the capture of that had ended. */
export function isUnwatched(ground: usize, entered: i32, left: i32): i32 {
  const leftNs = passedNs(packetOf(ground, left));
  const latencyNs = leftNs - passedNs(packetOf(ground, entered));
  const side = timeline.sideOf(lineOf(ground), entered);
  return relation.isUnwatched(ground, side, leftNs, latencyNs) ? 1 : 0;
}

/** The flow that the rows related last are KNOWN by, or NONE. */
export function knownSlot(): i32 {
  return relation.slot;
}

/** What a packet of a direction takes at the most, by those that crossed lately, nanoseconds. */
export function limitNs(ground: usize, outbound: i32): f64 {
  return pace.limitOf(ground, outbound === 1);
}

/** How much what packets of a direction take may change from one to the next, nanoseconds. */
export function swingNs(ground: usize, outbound: i32): f64 {
  return pace.swingOf(ground, outbound === 1);
}

/** Whether so few packets of a direction have crossed that it is not known what they take. */
export function isNew(ground: usize, outbound: i32): i32 {
  return pace.isNew(ground, outbound === 1) ? 1 : 0;
}

/** Whether nothing that carries the same passed on either side within the window before these rows. */
export function areNovel(ground: usize, inside: i32, outside: i32): i32 {
  return isNovel(packetOf(ground, inside)) && isNovel(packetOf(ground, outside)) ? 1 : 0;
}

/** What there is in a row that a matcher wants to see when it comes: WANTS_… bits. */
export function wantsOfRow(ground: usize, row: i32): i32 {
  const packet = packetOf(ground, row);
  return wantsOf(ground, packet, wayOf(packet), timeline.sideOf(lineOf(ground), row));
}

/** How long before a row an equal packet of its way passed, nanoseconds; 0 where none did within the window. */
export function sinceNsOf(ground: usize, row: i32): f64 {
  return sinceNs(packetOf(ground, row));
}

/** What speaks for the rows related last being twins, in bits: all of it, or what is news where a pair of their way has spoken before. */
export function weigh(ground: usize, inside: i32, outside: i32, hasSpoken: i32): f64 {
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  const bits = timingBits(ground, i, wayOf(i), o, wayOf(o), passedNs(o) - passedNs(i));
  if (hasSpoken === 1) return bits + newsBits(ground, i, wayOf(i), o, wayOf(o));
  const line = lineOf(ground);
  const isTurned = timeline.sideOf(line, inside) === timeline.sideOf(line, outside);
  return bits + headerBits(ground, i, wayOf(i), o, wayOf(o), isTurned);
}

/** Believes in the translation of the rows related last. Returns the slot of its flow. */
export function believe(ground: usize, inside: i32, outside: i32): i32 {
  return learn(ground, wayOf(packetOf(ground, inside)), wayOf(packetOf(ground, outside)));
}

/** Notes what a row that was just appended says of its conversation, and whether others are like it. The packet is no ICMP error. */
export function noteRow(ground: usize, row: i32, side: i32, isFirst: i32): void {
  const packet = packetOf(ground, row);
  const way = wayOf(packet);
  note(ground, packet, way, isFirst === 1);
  noteLength(ground, packet, way);
  noteEntry(ground, packet, way, side);
  remember(ground, packet, way, side, passedNs(packet));
}

/** Notes that a row crossed, the one that entered, of a pair of the flow in a slot; `inside`: the pair's inside row. */
export function noteRowCrossing(ground: usize, row: i32, slot: i32, outbound: i32, inside: i32): void {
  const packet = packetOf(ground, row);
  noteCrossing(ground, packet, wayOf(packet), passedNs(packet), slot, outbound, inside);
}
