/** Takes the packets that make up most of any capture, one after the other. */
import * as folds from "../../../packets/assembly/folds.js";
import * as timeline from "../../../packets/assembly/timeline.js";
import { saw } from "../../../packets/assembly/tuples.js";
import * as column from "../../../packets/batches/columns-words.js";
import { BATCH_FRAMES } from "../../../packets/batches/frames.js";
import { doubleOf, rowAt, setDouble, setWord, wordOf } from "../../../packets/memory/assembly/words.js";
import * as account from "../../../packets/flows/flow-records.js";
import { IS_COPY, IS_ERROR, IS_FRAGMENT, IS_MISTIMED } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import { BY_EXACT, decidedBy } from "../../../packets/results/evidence.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import { AMBIGUOUS } from "../../../packets/fates.js";
import { END } from "../../../packets/timeline-words.js";
import { FLOW_SHIFT, NONE } from "../../../packets/tuples.js";
import { SEEN } from "../../../packets/tuples-words.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import * as entries from "../entries.js";
import * as words from "../kernel-words.js";
import { KNOWN } from "../relations.js";
import { WANTS_LEAVER, WANTS_TWIN } from "../wants.js";
import { isSample } from "./pairing/accounting.js";
import { remember } from "./weighing/alike.js";
import * as buckets from "./filing/buckets.js";
import { awaitInCrowd, confirm, expect, mayComeAgain, pendingUntil } from "./pairing/pending.js";
import { noteEntry } from "./pairing/crossings.js";
import * as lanes from "./filing/lanes.js";
import { note } from "./weighing/openings.js";
import { outsideNs, tellTaken } from "./outside.js";
import {
  accountPair,
  countInstead,
  decided,
  finish,
  flowOf,
  hasLearnt,
  isFoldable,
  isInDoubt,
  isShowing,
  isWatched,
  markAgain,
} from "./pairing/pairing.js";
import { accountOf, lineOf, packetOf, passedNs, recordOf, wayAt } from "./places.js";
import { dueNs, findDue } from "./progress.js";
import * as relation from "./weighing/relation.js";
import { settle, wantedLeft } from "./settling.js";
import { IN_STRETCH, LATER, noteLength, wantsOf } from "./wants.js";

/** The packet that comes next: its side, its record in that side's batch, the way it goes, `macHash` of who sent it and of whom it goes to, and when it passed, nanoseconds on the timeline. */
let side = INSIDE;
let packet: usize = 0;
let way = 0;
let macFrom = 0;
let macTo = 0;
let timeNs: f64 = 0;

/** Takes packets as long as they are ordinary, and says in `ground` how far it came. One that it leaves is as if nobody had looked at it. */
export function takeOrdinary(ground: usize): void {
  setWord(ground, words.LATENCY_COUNT, 0);
  setWord(ground, words.PAIRS, 0);
  setWord(ground, words.COUNTED, 0);
  setWord(ground, words.IS_AT_OTHER, 1);
  findDue(ground);
  while (isNext(ground) && isItsTime(ground) && isOrdinary(ground) && take(ground)) goOn(ground);
  setWord(ground, words.WANTED_COUNT, wantedLeft(ground));
}

/** Whether there is a packet that may be taken. */
function isNext(ground: usize): bool {
  side = doubleOf(ground, words.NEXT_NS + INSIDE) <= doubleOf(ground, words.NEXT_NS + OUTSIDE) ? INSIDE : OUTSIDE;
  const at = wordOf(ground, words.AT + side);
  const row = wordOf(lineOf(ground), END);
  if (
    at === wordOf(ground, words.END + side) ||
    row === wordOf(ground, words.STOP_ROW) ||
    wordOf(ground, words.LATENCY_COUNT) >= entries.MOST_LATENCIES
  ) {
    setWord(ground, words.IS_AT_OTHER, 0);
    return false;
  }
  // tidying may be due
  const isTidyingDue = wordOf(wordOf(ground, words.TUPLES), SEEN) + 1 >= wordOf(ground, words.TIDY_AT);
  if ((row & (words.TIDY_EVERY - 1)) === 0 && isTidyingDue) return false;
  const packets = wordOf(ground, words.PACKETS + side);
  packet = recordOf(packets, at);
  macFrom = load<i32>(<usize>packets + ((<usize>at) << 2), BATCH_FRAMES * column.MAC_FROM);
  macTo = load<i32>(<usize>packets + ((<usize>at) << 2), BATCH_FRAMES * column.MAC_TO);
  way = load<i32>(<usize>wordOf(ground, words.WAYS + side) + ((<usize>at) << 2));
  timeNs = doubleOf(ground, words.NEXT_NS + side);
  return true;
}

/** Lets time go by until it comes. Returns false where others have to decide about what is due by then. */
function isItsTime(ground: usize): bool {
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const nowNs = max<f64>(timeNs, doubleOf(ground, words.NOW_NS));
  if (nowNs <= pendingUntil(ground) && nowNs - dueNs(ground) <= windowNs) return true;
  // an ICMP error may tell what became of those that are due, and is taken before
  const isError = (load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ERROR) !== 0;
  if (!isError) {
    confirm(ground, nowNs);
    if (nowNs <= pendingUntil(ground)) settle(ground, nowNs);
    else findDue(ground);
  }
  if (nowNs - dueNs(ground) <= windowNs && (nowNs <= pendingUntil(ground) || isError)) return true;
  setWord(ground, words.IS_AT_OTHER, 0);
  return false;
}

/** Whether it is no packet of those that take more than this. */
function isOrdinary(ground: usize): bool {
  // one that comes so late in its capture may be decided about as it comes
  if (doubleOf(ground, words.NOW_NS) - timeNs > doubleOf(ground, words.WINDOW_NS)) return false;
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  if ((flags & (IS_FRAGMENT | IS_ERROR | IS_COPY | IS_MISTIMED)) !== 0) return false;
  // which packet of two it is may not be decided
  return load<i32>(packet, 4 * record.LENGTH) >>> record.TUNNEL_SHIFT < record.CARRIER;
}

/** Takes it, unless that is for others to do. */
function take(ground: usize): bool {
  // from here on, its record is as it will be on the timeline
  store<f64>(packet, timeNs, 8 * record.TIME_NS);
  store<i32>(packet, way, 4 * record.WAY);
  const key = load<i32>(packet, 4 * record.KEY);
  const waiting = buckets.find(wordOf(ground, words.BUCKETS), key, load<i32>(packet, 4 * record.KEY2));
  if (waiting === NONE) return takeAlone(ground);
  return waiting >= 0 ? takeTwin(ground, waiting) : takeIntoCrowd(ground, ~waiting);
}

/** Takes it where a crowd waits under its key, if it is none that a matcher wants to see for more than its twin. */
function takeIntoCrowd(ground: usize, bucket: i32): bool {
  const waiting = <usize>wordOf(ground, words.BUCKETS);
  if (!buckets.isCrowd(waiting, bucket) || !lanes.hasRoom(waiting)) return false;
  if (wantsOf(ground, packet, side) !== WANTS_TWIN) return false;
  remember(ground, packet, side);
  const row = enter(ground);
  buckets.append(waiting, row, bucket);
  awaitInCrowd(ground, row);
  return true;
}

/** Takes it where nobody waits under its key. */
function takeAlone(ground: usize): bool {
  const wants = wantsOf(ground, packet, side);
  if ((wants & ~IN_STRETCH) !== 0) return false;
  remember(ground, packet, side);
  const row = enter(ground);
  buckets.addAlone(wordOf(ground, words.BUCKETS), row);
  if ((wants & LATER) !== 0) wantLater(ground, row, wants & LATER);
  return true;
}

/** Takes it where one other waits under its key, if that is its twin for certain, or unless an equal one comes. */
function takeTwin(ground: usize, waiting: i32): bool {
  const line = lineOf(ground);
  if (timeline.sideOf(line, waiting) === side || timeline.stateOf(line, waiting) === AMBIGUOUS) return false;
  // what two wait for that are taken for a pair has come
  if (buckets.isPending(wordOf(ground, words.BUCKETS), waiting)) return false;
  if (isShowing(ground) && side === OUTSIDE && timeline.isBefore(line, waiting, wordOf(ground, words.SHOWN)))
    return false;
  remember(ground, packet, side);
  const isInside = side === INSIDE;
  const other = packetOf(ground, waiting);
  const i = isInside ? packet : other;
  const o = isInside ? other : packet;
  if (!isSample(passedNs(o) - passedNs(i))) return false;
  const found = relation.relate(ground, i, o);
  if (isInDoubt(found)) return false;
  if (mayComeAgain(ground, packet)) return takePending(ground, waiting, found);
  const slot = flowOf(ground, found, i, o);
  if (slot === NONE) return false;
  pairWith(ground, waiting, slot, i, o);
  return true;
}

/** Pairs it with one that waits, of the flow in a slot; the two were just related. `i`, `o`: the inside packet and the outside one. */
function pairWith(ground: usize, waiting: i32, slot: i32, i: usize, o: usize): void {
  const line = lineOf(ground);
  const outbound = relation.isOutbound ? 1 : 0;
  const willShow = isShowing(ground) && !countInstead(ground, outbound, i, o);
  // of a pair that is done with, no record is needed any more
  const isFolded = willShow && isFoldable(ground, slot, outbound, i, o);
  const isKept = willShow ? !isFolded : isWatched(ground, slot);
  meet(ground);
  if (!hasLearnt) noteEntry(ground, packet, side);
  buckets.remove(wordOf(ground, words.BUCKETS), waiting);
  const row = isKept ? append(ground) : timeline.appendGone(line, side, waiting, outbound);
  const inside = side === INSIDE ? row : waiting;
  const outside = side === INSIDE ? waiting : row;
  if (isKept) timeline.pair(line, inside, outside, slot, foundExactly(i, o, outbound));
  else timeline.leave(line, waiting, row, outbound);
  if (isFolded) folds.fill(folds.foldPair(line, inside, outside, slot), i, o, foundExactly(i, o, outbound));
  const isAgain = accountPair(ground, slot, outbound, inside, i, o);
  if ((isKept || isFolded) && isAgain) markAgain(ground, inside);
  if (isKept && !willShow) finish(ground, inside, outside, slot);
  findDue(ground);
}

/** What is said of how two packets were paired that no other is like. */
function foundExactly(i: usize, o: usize, outbound: i32): i32 {
  return decided(i, o, decidedBy(BY_EXACT, 0, outbound, 0));
}

/** Has it wait for an equal one, with the one that would be its twin; the two were just related as `found`. */
function takePending(ground: usize, waiting: i32, found: i32): bool {
  // of a segment that nothing is known of, others have to know
  const proto = record.protoIn(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL));
  if (found !== KNOWN && proto === TCP) return false;
  const row = enter(ground);
  expect(ground, row, timeNs);
  buckets.setPending(wordOf(ground, words.BUCKETS), waiting, row);
  return true;
}

/** Notes when it came, and what it says of its conversation. */
function meet(ground: usize): void {
  if (timeNs > doubleOf(ground, words.NOW_NS)) setDouble(ground, words.NOW_NS, timeNs);
  note(ground, packet, saw(wordOf(ground, words.TUPLES), way, timeNs, macFrom));
  noteLength(ground, packet);
}

/** Notes it, which waits from now on, and appends it. */
function enter(ground: usize): i32 {
  meet(ground);
  noteEntry(ground, packet, side);
  return append(ground);
}

function append(ground: usize): i32 {
  return timeline.append(lineOf(ground), side, packet, macFrom, macTo);
}

/** Finds out when the one behind it comes. */
function goOn(ground: usize): void {
  const at = wordOf(ground, words.AT + side) + 1;
  setWord(ground, words.AT + side, at);
  const isLast = at === wordOf(ground, words.END + side);
  const next = packet + record.RECORD_BYTES;
  let nextNs = isLast ? doubleOf(ground, words.REACHED_NS + side) : load<f64>(next, 8 * record.STAMP_NS);
  if (side === OUTSIDE) {
    tellTaken(ground, load<f64>(packet, 8 * record.STAMP_NS), frameOf(packet));
    nextNs = outsideNs(ground, nextNs, isLast ? 0 : frameOf(next));
  }
  setDouble(ground, words.NEXT_NS + side, nextNs);
}

function frameOf(packet: usize): u32 {
  return load<u32>(packet, 4 * record.FRAME);
}

/** Lists a row that waits with those that matchers are to see later. */
function wantLater(ground: usize, row: i32, wants: i32): void {
  const count = wordOf(ground, words.WANTED_COUNT);
  const entry = rowAt(ground, words.WANTED, count, entries.WANTED_BITS);
  store<i32>(entry, row, 4 * entries.WANTED_ROW);
  store<i32>(entry, wants, 4 * entries.WANTED_FOR);
  setWord(ground, words.WANTED_COUNT, count + 1);
  if ((wants & WANTS_LEAVER) === 0) return;
  // whether it was changed on its way, the packets behind it tell: their records are kept from now on
  const flow = accountOf(ground, load<i32>(wayAt(ground, way)) >> FLOW_SHIFT);
  store<i32>(flow, account.watchedBits(load<i32>(flow, 4 * account.BITS)), 4 * account.BITS);
}
