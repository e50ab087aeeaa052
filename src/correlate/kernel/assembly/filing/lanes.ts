/**
 * Lanes of a crowd. Where hundreds of packets with one key wait (heartbeats of as many containers), few of them go one way: a lane has those, the
 * one that came last first.
 */
import * as hashIndex from "../../../../packets/memory/assembly/hash-index.js";
import * as timeline from "../../../../packets/assembly/timeline.js";
import { wordOf } from "../../../../packets/memory/assembly/words.js";
import { WAY } from "../../../../packets/records.js";
import { BUCKET, LANE_NEWER, LANE_OLDER } from "../../../../packets/fates.js";
import { NONE } from "../../../../packets/tuples.js";
import * as words from "../../buckets-words.js";

function fateOf(buckets: usize, row: i32): usize {
  return timeline.fateOf(wordOf(buckets, words.LINE), row);
}

function wayOf(buckets: usize, row: i32): i32 {
  return load<i32>(timeline.packetOf(wordOf(buckets, words.LINE), row), 4 * WAY);
}

function hashOf(bucket: i32, way: i32): i32 {
  const hash = bucket * 0x9e3779b1 + way * 0x85ebca6b;
  return hash ^ (hash >>> 15);
}

/** The cell of a lane, or -1 where nobody waits in it. */
function cellOf(buckets: usize, bucket: i32, way: i32): i32 {
  const lanes = <usize>wordOf(buckets, words.LANES);
  const hash = hashOf(bucket, way);
  for (let cell = hashIndex.seek(lanes, hash); cell >= 0; cell = hashIndex.next(lanes, cell, hash)) {
    const row = hashIndex.idAt(lanes, cell);
    if (wayOf(buckets, row) === way && load<i32>(fateOf(buckets, row), 4 * BUCKET) === bucket) return cell;
  }
  return -1;
}

/** Whether there is room for one more. */
export function hasRoom(buckets: usize): bool {
  return hashIndex.hasRoom(wordOf(buckets, words.LANES));
}

/** Who came last of those that wait in the lane of a way, or NONE … */
export function newest(buckets: usize, bucket: i32, way: i32): i32 {
  const cell = cellOf(buckets, bucket, way);
  return cell < 0 ? NONE : hashIndex.idAt(wordOf(buckets, words.LANES), cell);
}

/** … and who came before it. */
export function older(buckets: usize, row: i32): i32 {
  return load<i32>(fateOf(buckets, row), 4 * LANE_OLDER);
}

/** Puts a row of a bucket into its lane. Precondition: there is room. */
export function enter(buckets: usize, bucket: i32, row: i32): void {
  const lanes = <usize>wordOf(buckets, words.LANES);
  const way = wayOf(buckets, row);
  const cell = cellOf(buckets, bucket, way);
  const last = cell < 0 ? NONE : hashIndex.idAt(lanes, cell);
  if (cell < 0) hashIndex.add(lanes, hashOf(bucket, way), row);
  else hashIndex.setIdAt(lanes, cell, row);
  if (last !== NONE) store<i32>(fateOf(buckets, last), row, 4 * LANE_NEWER);
  const fate = fateOf(buckets, row);
  store<i32>(fate, last, 4 * LANE_OLDER);
  store<i32>(fate, NONE, 4 * LANE_NEWER);
}

/** Takes a row of a bucket out of its lane. */
export function leave(buckets: usize, bucket: i32, row: i32): void {
  const lanes = <usize>wordOf(buckets, words.LANES);
  const fate = fateOf(buckets, row);
  const newer = load<i32>(fate, 4 * LANE_NEWER);
  const before = load<i32>(fate, 4 * LANE_OLDER);
  if (before !== NONE) store<i32>(fateOf(buckets, before), newer, 4 * LANE_NEWER);
  if (newer !== NONE) {
    store<i32>(fateOf(buckets, newer), before, 4 * LANE_OLDER);
    return;
  }
  const cell = cellOf(buckets, bucket, wayOf(buckets, row));
  if (before === NONE) hashIndex.removeAt(lanes, cell);
  else hashIndex.setIdAt(lanes, cell, before);
}
