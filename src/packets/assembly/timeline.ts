/** What happens to rows of the `Timeline` whose block is at `line`: see `timeline-words.ts`. */
import { alteredToo, outboundOf } from "../results/evidence.js";
import * as fates from "../fates.js";
import * as fold from "../fold-words.js";
import { RECORD_BITS, WAY } from "../records.js";
import { INSIDE } from "../sides.js";
import * as rows from "../row-words.js";
import * as words from "../timeline-words.js";
import { NONE, tupleIn } from "../tuples.js";
import { giveNumber, takeNumber } from "../memory/assembly/free-list.js";
import { foldAt, foldToWrite } from "./fold-blocks.js";
import { areOtherOptions, headerChanges } from "./headers.js";
import { rowAt, setWord, wordOf } from "../memory/assembly/words.js";

/** Rows that are looked at at once. */
const LANES = 4;

/** What is left of a row that had no twin, or one too far away. */
const NOTHING = 0;

/** Where a row's word is. */
function wordAt(line: usize, row: i32): usize {
  const section = load<u32>(rowAt(line, words.SECTIONS, row >> rows.SECTION_BITS, 0));
  return section + ((<usize>(row & rows.SECTION_MASK)) << 2);
}

export function stateOf(line: usize, row: i32): i32 {
  return rows.stateIn(load<i32>(wordAt(line, row)));
}

export function setState(line: usize, row: i32, state: i32): void {
  const at = wordAt(line, row);
  store<i32>(at, rows.withState(load<i32>(at), state));
}

export function sideOf(line: usize, row: i32): i32 {
  return rows.sideIn(load<i32>(wordAt(line, row)));
}

/** The number of a row's place, or of its fold, or what is left of it … */
export function restOf(line: usize, row: i32): i32 {
  return rows.restIn(load<i32>(wordAt(line, row)));
}

/** … which is that from now on. */
export function setRest(line: usize, row: i32, rest: i32): void {
  const at = wordAt(line, row);
  store<i32>(at, rows.withRest(load<i32>(at), rest));
}

/** What is left of a packet of a pair that is GONE: how far away its twin is, and whether they went outbound (1). */
function goneOf(row: i32, twin: i32, outbound: i32): i32 {
  const bits = 32 - rows.ROW_BITS;
  const away = ((twin - row) << bits) >> bits;
  return twin === NONE || abs<i32>(away) >= rows.MOST_AWAY ? NOTHING : rows.leftOf(away, outbound);
}

/** Where the record of a row is … */
export function packetOf(line: usize, row: i32): usize {
  return rowAt(line, words.RECORDS, placeOf(line, row), RECORD_BITS);
}

/** … and what becomes of it. */
export function fateOf(line: usize, row: i32): usize {
  return rowAt(line, words.FATES, placeOf(line, row), fates.FATE_BITS);
}

/** The number of the place of a row that has one. */
function placeOf(line: usize, row: i32): i32 {
  assert(stateOf(line, row) < fates.GONE && stateOf(line, row) !== fates.FOLDED, "a place that was given away");
  return restOf(line, row);
}

/** Whether a row, once appended, has not been given back yet. */
export function isHeld(line: usize, row: i32): bool {
  return isBefore(line, row, wordOf(line, words.END));
}

/** Whether a row comes before another one; both are held. */
export function isBefore(line: usize, row: i32, other: i32): bool {
  return rows.isOlder(wordOf(line, words.FIRST), row, other);
}

/**
 * Appends a packet of a side, whose record is copied, with its way and its time on the timeline, and returns its row: WAITING, without a twin, not filed. `macFrom`, `macTo` as its batch has them.
 * Precondition: there is room.
 */
export function append(line: usize, side: i32, packet: usize, macFrom: i32, macTo: i32): i32 {
  const place = takeNumber(line, words.FREE, words.FREE_COUNT, words.PLACES_END);
  const row = appendRow(line, fates.WAITING, side, place);
  const record = packetOf(line, row);
  v128.store(record, v128.load(packet));
  v128.store(record, v128.load(packet, 16), 16);
  v128.store(record, v128.load(packet, 32), 32);
  v128.store(record, v128.load(packet, 48), 48);
  const fate = fateOf(line, row);
  store<i32>(fate, NONE, 4 * fates.BUCKET);
  store<i32>(fate, NONE, 4 * fates.TWIN);
  store<i32>(fate, macFrom, 4 * fates.MAC_FROM);
  store<i32>(fate, macTo, 4 * fates.MAC_TO);
  return row;
}

/** Appends a packet that nothing is to be known of but its side, and its twin, as of `leave`. Returns its row. */
export function appendGone(line: usize, side: i32, twin: i32, outbound: i32): i32 {
  return appendRow(line, fates.GONE, side, goneOf(wordOf(line, words.END), twin, outbound));
}

function appendRow(line: usize, state: i32, side: i32, rest: i32): i32 {
  const row = wordOf(line, words.END);
  store<i32>(wordAt(line, row), rows.rowWord(state, side, rest));
  setWord(line, words.END, (row + 1) & rows.ROW_MASK);
  return row;
}

/** Makes two packets each other's twins; both are PAIRED. `slot`: of their flow; `how`: as `decidedBy` has it, but for their IP headers. */
export function pair(line: usize, inside: i32, outside: i32, slot: i32, how: i32): void {
  setState(line, inside, fates.PAIRED);
  setState(line, outside, fates.PAIRED);
  const fate = fateOf(line, inside);
  store<i32>(fate, outside, 4 * fates.TWIN);
  store<i32>(fateOf(line, outside), inside, 4 * fates.TWIN);
  store<i32>(fate, slot, 4 * fates.FLOW);
  noteHow(line, inside, outside, how);
}

/** Makes two packets of one side the two forms of one: the first is TURNED, and the second a MEMBER of it. `how` as `pair` has it. */
export function turn(line: usize, before: i32, after: i32, how: i32): void {
  setState(line, before, fates.TURNED);
  setState(line, after, fates.MEMBER);
  store<i32>(fateOf(line, before), after, 4 * fates.TWIN);
  noteHow(line, before, after, how);
}

/** Notes with the first row of a pair how it was decided, and what differs in the IP headers of both. */
function noteHow(line: usize, row: i32, other: i32, how: i32): void {
  const whole = withChanges(how, packetOf(line, row), packetOf(line, other));
  store<i32>(fateOf(line, row), whole, 4 * fates.HOW);
}

/** How a pair was decided, with what differs in the IP headers of its packets. */
export function withChanges(how: i32, i: usize, o: usize): i32 {
  return alteredToo(how, headerChanges(i, o, outboundOf(how)));
}

/** Where it is noted, and can be changed, what decided about the pair of an inside row, FOLDED or not … */
export function howAt(line: usize, inside: i32): usize {
  if (stateOf(line, inside) !== fates.FOLDED) return fateOf(line, inside) + 4 * fates.HOW;
  return foldToWrite(line, restOf(line, inside)) + 4 * fold.HOW;
}

/** … and what that is, as `decidedBy` has it. */
export function howOf(line: usize, inside: i32): i32 {
  if (stateOf(line, inside) !== fates.FOLDED) return load<i32>(howAt(line, inside));
  return load<i32>(foldOf(line, inside), 4 * fold.HOW);
}

/** Gives back what is known of a packet but for its side and its twin: it is GONE. Precondition: it was not. */
export function release(line: usize, row: i32): void {
  const state = stateOf(line, row);
  const isPaired = state === fates.PAIRED || state === fates.SHOWN;
  if (isPaired) leave(line, row, load<i32>(fateOf(line, row), 4 * fates.TWIN), wentOutbound(line, row));
  else leave(line, row, NONE, 0);
}

/** The same, where it is known which twin the packet has, or NONE, and whether they went outbound (1). */
export function leave(line: usize, row: i32, twin: i32, outbound: i32): void {
  giveNumber(line, words.FREE, words.FREE_COUNT, restOf(line, row));
  leaveBehind(line, row, twin, outbound);
}

/** Makes a row GONE whose record and fate were given back. */
export function leaveBehind(line: usize, row: i32, twin: i32, outbound: i32): void {
  setState(line, row, fates.GONE);
  setRest(line, row, goneOf(row, twin, outbound));
}

/** Where it is kept, to be read, of an inside row that is FOLDED what is to be shown of its pair. */
export function foldOf(line: usize, inside: i32): usize {
  return foldAt(line, restOf(line, inside));
}

/** 1 where a pair went outbound, by either of its packets, which is GONE, FOLDED or paired; else 0. */
export function wentOutbound(line: usize, row: i32): i32 {
  if (isLeft(line, row)) return rows.outboundLeft(restOf(line, row));
  if (sideOf(line, row) === INSIDE) return outboundOf(howOf(line, row));
  return wentOutbound(line, load<i32>(fateOf(line, row), 4 * fates.TWIN));
}

/** The row of the twin of a packet that is GONE, FOLDED or paired; NONE where it had none. */
export function lastTwin(line: usize, row: i32): i32 {
  if (isLeft(line, row)) {
    const away = rows.awayLeft(restOf(line, row));
    return away === 0 ? NONE : (row + away) & rows.ROW_MASK;
  }
  const state = stateOf(line, row);
  if (state === fates.FOLDED) return load<i32>(foldOf(line, row), 4 * fold.TWIN);
  return state === fates.PAIRED || state === fates.SHOWN ? load<i32>(fateOf(line, row), 4 * fates.TWIN) : NONE;
}

/** Whether all that is left of a row is what `goneOf` has. */
function isLeft(line: usize, row: i32): bool {
  const state = stateOf(line, row);
  return state === fates.GONE || (state === fates.FOLDED && sideOf(line, row) !== INSIDE);
}

/** As `areOtherOptions` has it, of two rows. */
export function haveOtherOptions(line: usize, row: i32, other: i32): bool {
  return areOtherOptions(packetOf(line, row), packetOf(line, other));
}

/** The first row from `from` on whose state is below `least`; `end` where there is none before it. */
export function firstBelow(line: usize, from: i32, end: i32, least: i32): i32 {
  return firstWordBelow(line, from, end, rows.leastIn(least));
}

/** The first row from `from` on whose word is below `least`; `end` where there is none before it. */
function firstWordBelow(line: usize, from: i32, end: i32, least: u32): i32 {
  const bound = i32x4.splat(least);
  let row = from;
  while (row !== end) {
    const at = wordAt(line, row);
    if (((end - row) & rows.ROW_MASK) >= LANES && (row & rows.SECTION_MASK) + LANES <= rows.SECTION_ROWS) {
      const below = i32x4.bitmask(i32x4.lt_u(v128.load(at), bound));
      if (below !== 0) return row + ctz(below);
      row = (row + LANES) & rows.ROW_MASK;
    } else {
      if (load<u32>(at) < least) return row;
      row = (row + 1) & rows.ROW_MASK;
    }
  }
  return end;
}

/**
 * Gives back the oldest rows, up to `end`, that nothing needs any more. Stops at one that something is noted of elsewhere: returns whether it
 * did, and that row is the oldest one then.
 */
export function dropDone(line: usize, end: i32): bool {
  // of a row that is GONE, nothing is to be done where nothing is noted of it: no word is above its
  const left = rows.rowWord(fates.GONE, 0, 0);
  let row = firstWordBelow(line, wordOf(line, words.FIRST), end, left);
  while (row !== end && stateOf(line, row) >= fates.DONE && !isNoted(line, row)) {
    release(line, row);
    row = firstWordBelow(line, (row + 1) & rows.ROW_MASK, end, left);
  }
  setWord(line, words.FIRST, row);
  return row !== end && stateOf(line, row) >= fates.DONE;
}

/** Whether something is noted of a packet elsewhere, which is to be forgotten with it. */
function isNoted(line: usize, row: i32): bool {
  return rows.isNotedIn(load<i32>(wordAt(line, row)));
}

/** The first row from `from` on that waits, of a side and a tuple; `end` where there is none before it. */
export function firstWaitingOf(line: usize, side: i32, tuple: i32, from: i32, end: i32): i32 {
  let row = from;
  for (; row !== end; row = (row + 1) & rows.ROW_MASK) {
    row = firstBelow(line, row, end, fates.AMBIGUOUS);
    if (row === end) return end;
    if (sideOf(line, row) === side && tupleIn(load<i32>(packetOf(line, row), 4 * WAY)) === tuple) return row;
  }
  return end;
}
