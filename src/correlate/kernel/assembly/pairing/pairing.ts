/** What makes a pair of two packets with equal keys: that they are certain, their flow, and whoever has to know of it. */
import { headerChanges, loweredBy } from "../../../../packets/assembly/headers.js";
import * as folds from "../../../../packets/assembly/folds.js";
import * as timeline from "../../../../packets/assembly/timeline.js";
import { isUntranslated } from "../../../../packets/assembly/tuples.js";
import { setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { HAS_TCP_NUMBERS, IS_ERROR } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { count } from "../../../../packets/results/assembly/pair-times.js";
import {
  BY_QUOTED,
  EVIDENCE_IP_ID,
  decidedBy,
  foundBy,
  evidenceBy,
  alteredBy,
  outboundOf,
  IS_RETRANSMISSION,
} from "../../../../packets/results/evidence.js";
import { INSIDE, OUTSIDE } from "../../../../packets/sides.js";
import * as fates from "../../../../packets/fates.js";
import { ROW_MASK } from "../../../../packets/row-words.js";
import { END } from "../../../../packets/timeline-words.js";
import * as tuple from "../../../../packets/tuples.js";
import * as words from "../../kernel-words.js";
import { CONFLICT, KNOWN, LEARN_BITS } from "../../relations.js";
import {
  accountFor,
  accountSegment,
  alteredOf,
  countAltered,
  countIntact,
  countLowered,
  listPair,
  noteFirst,
} from "./accounting.js";
import { isNovel } from "../weighing/alike.js";
import { noteCrossing } from "./crossings.js";
import { evidenceOf } from "../weighing/evidence.js";
import { concernsOthers, headerBits, learn, timingBits } from "../weighing/learning.js";
import { accountOf, lineOf, packetOf, passedNs, tupleOf, wayAt, wayOf } from "../places.js";
import * as relation from "../weighing/relation.js";
import * as timing from "../timing/timing.js";

/** A flow was learnt that others have to know of. */
declare function learnt(slot: i32): void;

/** Whether something speaks against two packets, just related as `found`, or others like them may be meant. */
export function isInDoubt(found: i32): bool {
  if (found <= CONFLICT || timing.isClose || timing.mayBePiece || relation.isStale || timing.isRepeat) return true;
  return timing.isRepeatable && (timing.isLate || timing.isAhead || relation.isDoubted);
}

/** Whether the flow that `flowOf` found last was learnt by it. */
export let hasLearnt = false;

/**
 * The flow, by its slot, of two packets that were just related. It is learnt where they say enough for that. NONE where it is not certain by
 * them alone, or where somebody else has to see the pair.
 */
export function flowOf(ground: usize, found: i32, i: usize, o: usize): i32 {
  hasLearnt = false;
  const iWay = wayOf(i);
  if (found === KNOWN) {
    // a flow's first pair tells of more than itself; what has been proved had a pair, which is known without its account
    const flow = accountOf(ground, relation.slot);
    const isProved = (load<i32>(wayAt(ground, iWay)) & tuple.PROVED) !== 0;
    return isProved || hasPairs(flow) ? relation.slot : tuple.NONE;
  }
  if (!isLearntAtOnce(ground, i, o)) return tuple.NONE;
  hasLearnt = true;
  return learn(ground, iWay, wayOf(o));
}

/** How two packets with equal keys were paired, with what their key stands for, and what the router altered. `how`: by what, and in which direction (`decidedBy`). */
export function decided(i: usize, o: usize, how: i32): i32 {
  const flags = load<i32>(i, 4 * record.FLAGS_PROTO_TTL);
  const found = (flags & IS_ERROR) !== 0 ? foundBy(how, BY_QUOTED) : how;
  return found | decidedBy(0, evidenceOf(record.protoIn(flags), flags), 0, alteredOf(i, o));
}

/** Is done with two rows that were paired, of the flow in a slot, and were shown, or need not be; of a flow that is watched, their records stay. */
export function finish(ground: usize, inside: i32, outside: i32, slot: i32): void {
  const at = lineOf(ground);
  if (isWatched(ground, slot)) {
    timeline.setState(at, inside, fates.SHOWN);
    timeline.setState(at, outside, fates.SHOWN);
  } else {
    timeline.release(at, inside);
    timeline.release(at, outside);
  }
}

/** Is done with two rows that were paired, of the flow in a slot: their pair need not be shown, or not yet. Precondition: there is room for a fold. */
export function putAway(ground: usize, inside: i32, outside: i32, slot: i32): void {
  const at = lineOf(ground);
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  const how = timeline.howOf(at, inside);
  const outbound = outboundOf(how);
  const willShow = isShowing(ground) && !countInstead(ground, outbound, i, o);
  if (!willShow) return finish(ground, inside, outside, slot);
  if (!isFoldable(ground, slot, outbound, i, o)) return;
  timeline.release(at, inside);
  timeline.release(at, outside);
  folds.fill(folds.foldPair(at, inside, outside, slot), i, o, how);
}

/** Whether pairs wait until their turn comes in the order of time. */
export function isShowing(ground: usize): bool {
  return wordOf(ground, words.IS_SHOWING) !== 0;
}

/** Counts a pair of two packets, when it entered and how long it took, where nobody wants to be told more of it. Returns whether it did. */
export function countInstead(ground: usize, outbound: i32, i: usize, o: usize): bool {
  if (!countPair(ground, outbound, passedNs(i), passedNs(o) - passedNs(i))) return false;
  setWord(ground, words.COUNTED, wordOf(ground, words.COUNTED) + 1);
  return true;
}

/** The same of a pair that is FOLDED already, by its inside row; then it is GONE. */
export function countFolded(ground: usize, inside: i32): bool {
  const at = lineOf(ground);
  if (isWatched(ground, folds.pairedFlow(at, inside))) return false;
  const outbound = timeline.wentOutbound(at, inside);
  if (!countPair(ground, outbound, folds.foldedNs(at, inside), folds.foldedGapNs(at, inside))) return false;
  folds.dropPair(at, inside);
  setWord(ground, words.COUNTED_FOLDS, wordOf(ground, words.COUNTED_FOLDS) + 1);
  return true;
}

/** Counts a pair that passed the inside then, and the outside so much later. */
function countPair(ground: usize, outbound: i32, insideNs: f64, gapNs: f64): bool {
  const times = wordOf(ground, words.TIMES);
  if (times === 0) return false;
  return outbound === 1 ? count(times, insideNs, outbound, gapNs) : count(times, insideNs + gapNs, outbound, -gapNs);
}

/** Whether of a pair, by its records, no more is needed than a fold has; of a flow that is watched, they stay. */
export function isFoldable(ground: usize, slot: i32, outbound: i32, i: usize, o: usize): bool {
  if (isWatched(ground, slot) || !folds.isFoldable(i, o)) return false;
  const flow = accountOf(ground, slot);
  return wayOf(i) === insideWay(flow, outbound) && wayOf(o) === outsideWay(flow, outbound);
}

/** Brings a pair back that is FOLDED, to be shown, by its inside row. Precondition: there are places for two. */
export function unfold(ground: usize, inside: i32): void {
  const at = lineOf(ground);
  const flow = accountOf(ground, folds.pairedFlow(at, inside));
  const outbound = timeline.wentOutbound(at, inside);
  folds.unfoldPair(at, inside, insideWay(flow, outbound), outsideWay(flow, outbound));
}

/** Which way an inside row goes that is paired, FOLDED or not. */
function pairedWay(ground: usize, inside: i32): i32 {
  const at = lineOf(ground);
  if (timeline.stateOf(at, inside) !== fates.FOLDED) return wayOf(packetOf(ground, inside));
  return insideWay(accountOf(ground, folds.pairedFlow(at, inside)), timeline.wentOutbound(at, inside));
}

/** The way of a flow's packets on the inside that go outbound (1) or inbound (0) … */
function insideWay(flow: usize, outbound: i32): i32 {
  const forward = account.forwardFor(load<i32>(flow, 4 * account.BITS), outbound);
  return tuple.wayOfTuple(load<i32>(flow, 4 * account.INSIDE_TUPLE), forward);
}

/** … and on the outside. */
function outsideWay(flow: usize, outbound: i32): i32 {
  const bits = load<i32>(flow, 4 * account.BITS);
  const forward = account.forwardOn(bits, account.forwardFor(bits, outbound), OUTSIDE);
  return tuple.wayOfTuple(load<i32>(flow, 4 * account.OUTSIDE_TUPLE), forward);
}

/** Whether the records of a flow's packets are to stay once they were paired. */
export function isWatched(ground: usize, slot: i32): bool {
  return (load<i32>(accountOf(ground, slot), 4 * account.BITS) & account.IS_WATCHED) !== 0;
}

/** Notes that the pair of an inside row is a retransmission, as far as was decided by then. */
export function noteAgain(ground: usize, inside: i32): void {
  const at = lineOf(ground);
  const flow = accountOf(ground, folds.pairedFlow(at, inside));
  listPair(ground, words.AGAIN, packetOf(ground, inside), packetOf(ground, timeline.lastTwin(at, inside)), flow);
  markAgain(ground, inside);
}

/**
 * Marks a retransmission, the pair of an inside row all of whose bytes had crossed, as far as was decided by then. Of several that have the same bytes,
 * those that passed later are the retransmissions, in whichever order they were decided.
 */
export function markAgain(ground: usize, inside: i32): void {
  const how = timeline.howAt(lineOf(ground), laterOf(ground, inside));
  store<i32>(how, load<i32>(how) | IS_RETRANSMISSION);
}

/** The pair behind an inside row that has bytes of its alone, and is not known to be a retransmission: the row of that, or itself where there is none. */
function laterOf(ground: usize, inside: i32): i32 {
  const at = lineOf(ground);
  const slot = folds.pairedFlow(at, inside);
  const lastNs = load<f64>(accountOf(ground, slot), 8 * account.USED_NS);
  const way = pairedWay(ground, inside);
  const end = wordOf(at, END);
  for (let row = (inside + 1) & ROW_MASK; row !== end; row = (row + 1) & ROW_MASK) {
    // it is not shown before the earlier one
    const state = timeline.stateOf(at, row);
    if ((state !== fates.PAIRED && state !== fates.FOLDED) || timeline.sideOf(at, row) !== INSIDE) continue;
    if (!folds.mayBePairOf(at, row, slot)) continue;
    if (folds.pairedNs(at, row) > lastNs) break;
    if (!isWithin(at, row, inside) || pairedWay(ground, row) !== way) continue;
    if ((timeline.howOf(at, row) & IS_RETRANSMISSION) === 0) return row;
  }
  return inside;
}

/** Whether a TCP segment, of an inside row that is paired, has bytes, and none that another one has not. */
function isWithin(at: usize, row: i32, other: i32): bool {
  const bytes = folds.pairedBytes(at, row);
  const ahead = folds.pairedSeq(at, row) - folds.pairedSeq(at, other);
  return bytes > 0 && ahead >= 0 && ahead + bytes <= folds.pairedBytes(at, other);
}

/**
 * Accounts for a pair of equal keys, and proves its ways. `iRow`: its inside row, whose record may be gone by then; `i`, `o`: the records of both.
 * Returns whether it is a retransmission.
 */
export function accountPair(ground: usize, slot: i32, outbound: i32, iRow: i32, i: usize, o: usize): bool {
  const iWay = wayOf(i);
  const oWay = wayOf(o);
  setWord(ground, words.PAIRS, wordOf(ground, words.PAIRS) + 1);
  prove(ground, iWay);
  prove(ground, oWay);
  const flow = accountOf(ground, slot);
  noteFirst(ground, flow, i, o);
  if (hasLearnt && concernsOthers(ground, i, iWay, oWay)) learnt(slot);
  const gapNs = passedNs(o) - passedNs(i);
  countIntact(ground, outbound, i);
  countAltered(ground, flow, i, o, alteredOf(i, o) | headerChanges(i, o, outbound));
  accountFor(ground, slot, outbound, i, passedNs(i), outbound === 1 ? gapNs : -gapNs);
  countLowered(ground, outbound, loweredBy(i, o));
  const isAgain = accountSegment(ground, slot, tuple.forwardIn(iWay), i, passedNs(i));
  if (isAgain) listPair(ground, words.AGAIN, i, o, flow);
  noteCrossing(ground, outbound === 1 ? i : o, slot, outbound, iRow);
  return isAgain;
}

/**
 * Accounts for a pair of rows of the flow in a slot, which others are told of with its first pair, and proves its ways; `crossed`: the row of the
 * bytes that did. Returns whether it is a TCP retransmission.
 */
export function accountForRows(
  ground: usize,
  inside: i32,
  outside: i32,
  slot: i32,
  isOutbound: bool,
  latencyNs: f64,
  crossed: i32,
): bool {
  const outbound = i32(isOutbound);
  const flow = accountOf(ground, slot);
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  noteFirst(ground, flow, i, o);
  if (!hasPairs(flow)) learnt(slot);
  prove(ground, wayOf(i));
  prove(ground, wayOf(o));
  const how = timeline.howOf(lineOf(ground), inside);
  const altered = alteredBy(how);
  const isOneId = altered === 0 && (evidenceBy(how) & EVIDENCE_IP_ID) !== 0;
  // pieces of a segment have keys of their own: that they have the IP ID of the whole tells as much of the router
  if (load<u64>(i, 4 * record.KEY) === load<u64>(o, 4 * record.KEY) || isOneId) countIntact(ground, outbound, i);
  countAltered(ground, flow, i, o, altered);
  const packet = packetOf(ground, crossed);
  accountFor(ground, slot, outbound, packet, passedNs(i), latencyNs);
  countLowered(ground, outbound, loweredBy(i, o));
  return accountSegment(ground, slot, tuple.forwardIn(wayOf(i)), packet, passedNs(i));
}

/**
 * Whether two packets, just related as POSSIBLE, are enough by themselves to believe in a translation: the first of conversations that
 * nothing is known of, in time, with content that was not seen before them.
 */
function isLearntAtOnce(ground: usize, i: usize, o: usize): bool {
  const inside = tupleOf(ground, wayOf(i));
  if (!isUntranslated(inside) || !isUntranslated(tupleOf(ground, wayOf(o)))) return false;
  if (timing.isLate || (load<i32>(inside, 4 * tuple.FACTS) & tuple.HAS_EVIDENCE) !== 0) return false;
  const hasNumbers = (load<i32>(i, 4 * record.FLAGS_PROTO_TTL) & HAS_TCP_NUMBERS) !== 0;
  if (!hasNumbers && !(isNovel(i) && isNovel(o))) return false;
  return headerBits(ground, i, o) + timingBits(ground, i, o) >= LEARN_BITS;
}

/** Notes of a way that a pair has proved its translation. */
function prove(ground: usize, way: i32): void {
  const at = wayAt(ground, way);
  store<i32>(at, load<i32>(at) | tuple.PROVED);
}

/** Whether a flow had a pair, by its account. */
function hasPairs(flow: usize): bool {
  return load<f64>(flow, 8 * account.FIRST_NS) !== Infinity;
}
