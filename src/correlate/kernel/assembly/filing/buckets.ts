/** Who waits under which key, in the `Buckets` whose block is at `buckets`: see `buckets-words.ts`. */
import * as hashIndex from "../../../../packets/memory/assembly/hash-index.js";
import * as timeline from "../../../../packets/assembly/timeline.js";
import { rowAt, setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import { KEY, KEY2, WAY } from "../../../../packets/records.js";
import { BUCKET, NEXT, PREVIOUS, TWIN } from "../../../../packets/fates.js";
import { NONE } from "../../../../packets/tuples.js";
import * as words from "../../buckets-words.js";
import * as lanes from "./lanes.js";

function bucketAt(buckets: usize, number: i32): usize {
  return rowAt(buckets, words.BUCKETS, number, words.BUCKET_BITS);
}

/** Where a bucket has its list of the side of a row. */
function listOf(buckets: usize, number: i32, row: i32): usize {
  return bucketAt(buckets, number) + (timeline.sideOf(wordOf(buckets, words.LINE), row) << 2);
}

function packetOf(buckets: usize, row: i32): usize {
  return timeline.packetOf(wordOf(buckets, words.LINE), row);
}

function fateOf(buckets: usize, row: i32): usize {
  return timeline.fateOf(wordOf(buckets, words.LINE), row);
}

/** Who waits under a key, both halves: a row, the complement of a bucket's number, or NONE. */
export function find(buckets: usize, key: i32, key2: i32): i32 {
  const index = <usize>wordOf(buckets, words.INDEX);
  for (let cell = hashIndex.seek(index, key); cell >= 0; cell = hashIndex.next(index, cell, key)) {
    const id = hashIndex.idAt(index, cell);
    const itsKey2 =
      id < 0 ? load<i32>(bucketAt(buckets, ~id), 4 * words.KEY2) : load<i32>(packetOf(buckets, id), 4 * KEY2);
    if (itsKey2 === key2) return id;
  }
  return NONE;
}

/** Whether a row waits alone under its key. */
export function isAlone(buckets: usize, row: i32): bool {
  return load<i32>(fateOf(buckets, row), 4 * BUCKET) === words.ALONE;
}

/** Whether it is taken for another one's twin unless an equal one comes … */
export function isPending(buckets: usize, row: i32): bool {
  return load<i32>(fateOf(buckets, row), 4 * BUCKET) === words.PENDING;
}

/** … and which one's. */
export function pendingWith(buckets: usize, row: i32): i32 {
  return load<i32>(fateOf(buckets, row), 4 * NEXT);
}

/** Files a row: ALONE where nobody waits under its key, else behind the others of its side. Precondition: there is room for a bucket. */
export function add(buckets: usize, row: i32): void {
  const packet = packetOf(buckets, row);
  const found = find(buckets, load<i32>(packet, 4 * KEY), load<i32>(packet, 4 * KEY2));
  if (found === NONE) addAlone(buckets, row);
  else append(buckets, row, found < 0 ? ~found : open(buckets, found));
}

/** Files a row under whose key nobody waits. */
export function addAlone(buckets: usize, row: i32): void {
  hashIndex.add(wordOf(buckets, words.INDEX), load<i32>(packetOf(buckets, row), 4 * KEY), row);
  store<i32>(fateOf(buckets, row), words.ALONE, 4 * BUCKET);
}

/** Takes a row out of the index, or out of its bucket, if it is filed; the last one out closes the bucket. */
export function remove(buckets: usize, row: i32): void {
  const fate = fateOf(buckets, row);
  const number = load<i32>(fate, 4 * BUCKET);
  if (number === NONE) return;
  const index = <usize>wordOf(buckets, words.INDEX);
  const key = load<i32>(packetOf(buckets, row), 4 * KEY);
  if (number >= 0) leave(buckets, number, row, key);
  store<i32>(fate, NONE, 4 * BUCKET);
  if (number === words.ALONE) hashIndex.remove(index, key, row);
  else if (number === words.PENDING) {
    const other = pendingWith(buckets, row);
    hashIndex.remove(index, key, filedOf(buckets, row));
    addAlone(buckets, other);
  }
}

/** Whether a row waits in a crowd … */
export function isInCrowd(buckets: usize, row: i32): bool {
  const number = bucketOf(buckets, row);
  return number >= 0 && isCrowd(buckets, number);
}

/** … and whether a bucket is one. */
export function isCrowd(buckets: usize, number: i32): bool {
  return load<i32>(bucketAt(buckets, number), 4 * words.IS_CROWD) !== 0;
}

/** The bucket that a row waits in; or ALONE, PENDING, or NONE. */
export function bucketOf(buckets: usize, row: i32): i32 {
  return load<i32>(fateOf(buckets, row), 4 * BUCKET);
}

/** How many of both sides wait in a bucket. */
export function countOf(buckets: usize, number: i32): i32 {
  const at = bucketAt(buckets, number);
  return load<i32>(at, 4 * words.COUNT) + load<i32>(at, 4 * (words.COUNT + 1));
}

/** Who came last of those in a row's crowd that go its way. */
export function newestOf(buckets: usize, row: i32): i32 {
  return lanes.newest(buckets, bucketOf(buckets, row), load<i32>(packetOf(buckets, row), 4 * WAY));
}

/** Has all that wait in a bucket enter their lanes. */
function makeCrowd(buckets: usize, number: i32): void {
  const at = bucketAt(buckets, number);
  store<i32>(at, 1, 4 * words.IS_CROWD);
  for (let side = 0; side < 2; side++) {
    let row = load<i32>(at + (side << 2), 4 * words.OLDEST);
    for (; row !== NONE; row = load<i32>(fateOf(buckets, row), 4 * NEXT)) lanes.enter(buckets, number, row);
  }
}

/** Takes a row out of its bucket. */
function leave(buckets: usize, number: i32, row: i32, key: i32): void {
  const fate = fateOf(buckets, row);
  const list = listOf(buckets, number, row);
  if (isCrowd(buckets, number)) lanes.leave(buckets, number, row);
  const before = load<i32>(fate, 4 * PREVIOUS);
  const behind = load<i32>(fate, 4 * NEXT);
  if (before === NONE) store<i32>(list, behind, 4 * words.OLDEST);
  else store<i32>(fateOf(buckets, before), behind, 4 * NEXT);
  if (behind === NONE) store<i32>(list, before, 4 * words.NEWEST);
  else store<i32>(fateOf(buckets, behind), before, 4 * PREVIOUS);
  store<i32>(list, load<i32>(list, 4 * words.COUNT) - 1, 4 * words.COUNT);
  const at = bucketAt(buckets, number);
  // of both sides
  if (load<u64>(at, 4 * words.COUNT) !== 0) return;
  hashIndex.remove(wordOf(buckets, words.INDEX), key, ~number);
  store<i32>(at, wordOf(buckets, words.FREE), 4 * words.OLDEST);
  setWord(buckets, words.FREE, number);
}

/** Has two rows be PENDING: one that is ALONE, and one that is not filed. Whatever was noted of their twins so far is forgotten. */
export function setPending(buckets: usize, filed: i32, row: i32): void {
  setOnePending(fateOf(buckets, filed), row);
  setOnePending(fateOf(buckets, row), filed);
}

function setOnePending(fate: usize, otherRow: i32): void {
  store<i32>(fate, words.PENDING, 4 * BUCKET);
  store<i32>(fate, otherRow, 4 * NEXT);
  store<i32>(fate, NONE, 4 * TWIN);
}

/** Takes two that are PENDING out of the index; `row` is one of them. */
export function removeBoth(buckets: usize, row: i32): void {
  const key = load<i32>(packetOf(buckets, row), 4 * KEY);
  hashIndex.remove(wordOf(buckets, words.INDEX), key, filedOf(buckets, row));
  store<i32>(fateOf(buckets, pendingWith(buckets, row)), NONE, 4 * BUCKET);
  store<i32>(fateOf(buckets, row), NONE, 4 * BUCKET);
}

/** Puts two that are PENDING into a bucket; `row` is one of them. Precondition: there is room for it. */
export function part(buckets: usize, row: i32): void {
  open(buckets, filedOf(buckets, row));
}

/** Of two that are PENDING, the one that stands in the index: the older one. */
function filedOf(buckets: usize, row: i32): i32 {
  const other = pendingWith(buckets, row);
  return timeline.isBefore(wordOf(buckets, words.LINE), row, other) ? row : other;
}

/** Makes a bucket for a row that was ALONE, or PENDING and stands in the index: then for both. */
function open(buckets: usize, row: i32): i32 {
  const packet = packetOf(buckets, row);
  const other = isPending(buckets, row) ? pendingWith(buckets, row) : NONE;
  const number = take(buckets);
  const at = bucketAt(buckets, number);
  for (let side = 0; side < 2; side++) {
    store<i32>(at + (side << 2), NONE, 4 * words.OLDEST);
    store<i32>(at + (side << 2), NONE, 4 * words.NEWEST);
    store<i32>(at + (side << 2), 0, 4 * words.COUNT);
  }
  store<i32>(at, load<i32>(packet, 4 * KEY2), 4 * words.KEY2);
  store<i32>(at, 0, 4 * words.IS_CROWD);
  const index = <usize>wordOf(buckets, words.INDEX);
  hashIndex.remove(index, load<i32>(packet, 4 * KEY), row);
  hashIndex.add(index, load<i32>(packet, 4 * KEY), ~number);
  append(buckets, row, number);
  if (other !== NONE) append(buckets, other, number);
  return number;
}

/** Files a row in a bucket. Precondition: there is room in the lanes, if it is a crowd, or becomes one. */
export function append(buckets: usize, row: i32, number: i32): void {
  const fate = fateOf(buckets, row);
  const list = listOf(buckets, number, row);
  const before = load<i32>(list, 4 * words.NEWEST);
  store<i32>(fate, number, 4 * BUCKET);
  store<i32>(fate, before, 4 * PREVIOUS);
  store<i32>(fate, NONE, 4 * NEXT);
  if (before === NONE) store<i32>(list, row, 4 * words.OLDEST);
  else store<i32>(fateOf(buckets, before), row, 4 * NEXT);
  store<i32>(list, row, 4 * words.NEWEST);
  const count = load<i32>(list, 4 * words.COUNT) + 1;
  store<i32>(list, count, 4 * words.COUNT);
  if (isCrowd(buckets, number)) lanes.enter(buckets, number, row);
  else if (count > words.CROWD) makeCrowd(buckets, number);
}

function take(buckets: usize): i32 {
  const free = wordOf(buckets, words.FREE);
  if (free === NONE) {
    const number = wordOf(buckets, words.END);
    setWord(buckets, words.END, number + 1);
    return number;
  }
  setWord(buckets, words.FREE, load<i32>(bucketAt(buckets, free), 4 * words.OLDEST));
  return free;
}
