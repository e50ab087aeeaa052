/** What the time between two packets with equal keys tells, and what their likes around them leave open. */
import { payloadLengthOf, spanOf } from "../../../../packets/assembly/headers.js";
import { pairsOf } from "../../../../packets/flows/assembly/flow-accounts.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { doubleOf, wordOf } from "../../../../packets/memory/assembly/words.js";
import { HAS_IP_ID, isAgain } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { INSIDE, OUTSIDE } from "../../../../packets/sides.js";
import * as tuple from "../../../../packets/tuples.js";
import { TCP } from "../../../../protocols/ip-protocols.js";
import * as words from "../../kernel-words.js";
import { COINCIDENCE_PAIRS, JITTER_NS, QUICK_NS, UNVOUCHED_SLACK_NS } from "../../relations.js";
import { isSaidAgain, sinceNs } from "../weighing/alike.js";
import {
  APART_NS,
  apartOf,
  earlyLimitOf,
  FIRST_NS,
  isEstablished,
  isNew,
  isQueueLong,
  isUnseen,
  leastOf,
  limitOf,
  slowestOf,
  wholeLimitOf,
} from "./pace.js";
import * as passed from "./passed.js";
import { accountOf, tupleOf, wayOf } from "../places.js";

/** Of the two that were weighed last: whether packets of their way repeat themselves, or may be sent again byte for byte, so that time alone tells them apart … */
export let isRepeatable = false;
/** … whether the time between them is not what packets take now: longer, or, by clocks that are not certain, far shorter … */
export let isLate = false;
/** … whether it is longer than all lately took … */
export let isSlowest = false;
/** … and whether equal ones follow each other so closely that what one took may be what another did. */
export let isClose = false;
/** Whether what left may be a piece of a segment that has the same bytes, and others: one was sent again of the other. */
export let mayBePiece = false;
/** An equal one that leaves within this time may be meant as well, nanoseconds. */
export let soonNs: f64 = 0;
/** Whether it is longer than all lately took, and not far less than equal ones are apart. */
export let mayBeChance = false;
/** Whether what entered says again what its way said before the window, and what left is the first to say it: what was said first was lost, or comes out yet. */
export let isRepeat = false;
/** Whether it was so quick that what left may be an equal one that was not seen to enter, if what entered before these two is still under way: see `passed.ts`. */
export let isAhead = false;
/** Whether either may be one of two that were sent as one, of which captures missed another one each: even with an IP ID, its equal may come. */
export let mayBeTwo = false;
/** Whether equal ones may have been missed, another one of them by each capture, or have waited for longer than the window. */
export let mayHide = false;

/** The records of the two that are weighed, the inside one first, and the flags that count for both … */
let i: usize = 0;
let o: usize = 0;
let flags = 0;
/** … whether an IP ID tells each from what is sent again, and whether anything vouches for the clocks … */
let hasId = false;
let isTrusted = false;
/** … how long before one of them its like passed, the nearer of both, and before the one that entered, nanoseconds, 0 for never … */
let likeNs: f64 = 0;
let enteredLikeNs: f64 = 0;
/** … whether what entered, and what left, says what was said before … */
let enteredAgain = false;
let leftAgain = false;
/** … and whether packets of their conversation, which have no ID, follow each other closely. */
let isBurst = false;

/** Equal packets that are so many times farther apart than two stamps seldom come to be that near to each other by chance. */
const SELDOM = 64;

/** Takes the two that are to be weighed: their records, and the flags that count for both. */
export function regard(ground: usize, counting: i32, inside: usize, outside: usize): void {
  const iWay = wayOf(inside);
  const oWay = wayOf(outside);
  i = inside;
  o = outside;
  flags = counting;
  hasId = (flags & HAS_IP_ID) !== 0;
  isRepeatable = !hasId || isRepeating(ground, iWay) || isRepeating(ground, oWay);
  isBurst = !hasId && isBursting(tupleOf(ground, iWay), tupleOf(ground, oWay));
}

/** Sets what is said above of the two that are regarded. `slot`: of the flow that both are KNOWN by, or NONE; `leftNs`: when the one that leaves did. */
export function weighTime(ground: usize, slot: i32, outbound: bool, leftNs: f64, latencyNs: f64): void {
  const limitNs = mayBeCut(ground) ? limitOf(ground, outbound) : wholeLimitOf(ground, outbound);
  isTrusted = doubleOf(ground, words.SLACK_NS) < Infinity;
  // where nothing vouches for the clocks, what packets took so far was measured by them all the same
  isLate = (isTrusted || isEstablished(ground, outbound)) && latencyNs > limitNs;
  isSlowest = latencyNs > slowestOf(ground, outbound) && !isNew(ground, outbound);
  if (isTrusted && latencyNs < leastOf(ground, outbound, leftNs) && !isNew(ground, outbound)) isLate = true;
  // of a flow, what seems to be overtaken was lost, and sent again as it was: by an IP ID that senders give to many, too
  const isSlow = latencyNs > QUICK_NS && slot !== tuple.NONE;
  if (isSlow && passed.isOvertaken(ground, slot, i32(outbound), leftNs - latencyNs, leftNs)) {
    isLate = true;
    isRepeatable = true;
  }
  isClose = false;
  mayHide = false;
  mayBeChance = false;
  mayBePiece = false;
  isRepeat = false;
  isAhead = false;
  // an equal one of another host is forwarded beside it
  soonNs = limitNs;
  if (isRepeatable) weighLikes(ground, slot, outbound, leftNs, latencyNs);
  const way = i32(outbound);
  mayBeTwo = wordOf(ground, words.MAY_BE_SENT_TWICE + way) !== 0 && mayBeMissing(ground, way, leftNs);
  // the time between two of which captures missed another one each is seldom one that packets take
  if (mayBeTwo && isUnseen(ground, outbound, latencyNs)) {
    isRepeatable = true;
    isLate = true;
    mayHide = true;
  }
}

/** Sets what is said above of equal packets of two that are repeatable. */
function weighLikes(ground: usize, slot: i32, outbound: bool, leftNs: f64, latencyNs: f64): void {
  const entered = outbound ? i : o;
  const left = outbound ? o : i;
  enteredLikeNs = sinceNs(entered);
  const leftLikeNs = sinceNs(left);
  likeNs = enteredLikeNs === 0 ? leftLikeNs : leftLikeNs === 0 ? enteredLikeNs : min<f64>(enteredLikeNs, leftLikeNs);
  enteredAgain = isToldAgain(entered);
  leftAgain = isToldAgain(left);
  if (mayBeCut(ground)) {
    const isResent = wasResent(i) || wasResent(o);
    mayBePiece = latencyNs > FIRST_NS || (isResent && hasLongSegments(ground, slot));
  }
  if (isLateAmongFirst(ground, outbound, latencyNs)) isLate = true;
  weighNext(ground, outbound, leftNs, latencyNs);
  isRepeat = isSaidByAnother(ground, latencyNs);
  const way = i32(outbound);
  isAhead = isTrusted && mayBeMissing(ground, way, leftNs) && passed.isAhead(ground, way, leftNs - latencyNs, leftNs);
  weighHidden(ground, slot, outbound, leftNs, latencyNs);
}

/** Whether it is longer than is believed of the first packets of a direction. */
function isLateAmongFirst(ground: usize, outbound: bool, latencyNs: f64): bool {
  // few do not tell what packets take, where what is sent again has no ID, and one capture missed a packet: both may have missed another copy
  const mayBeCopies = !hasId && wordOf(ground, words.UNSURE) + wordOf(ground, words.UNSURE + 1) > 0;
  if (!isNew(ground, outbound) && (!mayBeCopies || isEstablished(ground, outbound))) return false;
  const isFirst = hasId && isTrusted && likeNs === 0;
  return isFirst ? latencyNs > FIRST_NS : abs<f64>(latencyNs) > earlyLimitOf(ground, outbound);
}

/** Sets how soon an equal one may be meant as well, and whether one that passed before may be. */
function weighNext(ground: usize, outbound: bool, leftNs: f64, latencyNs: f64): void {
  const way = i32(outbound);
  // What takes half as long as equal ones are apart may as well be the next one's. A stamp tells no more than its unit, and order tells nothing where it is not kept.
  const stampNs = max<f64>(doubleOf(ground, words.RESOLUTION_NS), doubleOf(ground, words.DOUBT_NS));
  const blurNs = max<f64>(stampNs, doubleOf(ground, words.REORDERED_NS + way));
  const leastNs = max<f64>(max<f64>(doubleOf(ground, words.SLACK_NS), latencyNs), blurNs);
  // … or, until so many crossed that captures are known to miss hardly any, a quarter: the next one, and the twin of this, may be missed
  const apartNs = max<f64>(apartOf(ground, outbound), (isBurst && !isProven(ground, way) ? 4 : 2) * leastNs);
  // where nothing vouches for the clocks, nothing is known of what is soon: the slack has no end
  soonNs = isEarly(ground, outbound) ? 2 * leastNs + JITTER_NS : apartNs;
  isClose = likeNs !== 0 && (!isTrusted || apartNs > likeNs);
  // where nothing does, the clock may have been set: what seems to have taken so long may be the next one's
  if (!isTrusted && latencyNs > limitOf(ground, outbound)) isClose = true;
  // one that seems to leave before it enters may be an equal one that was not seen to enter: its own may be yet to come
  if (latencyNs < -UNVOUCHED_SLACK_NS) isClose = true;
  if (isUnwatched(ground, outbound ? INSIDE : OUTSIDE, leftNs, latencyNs)) isClose = true;
}

/** Whether what left is the first to say what was said before the window. */
function isSaidByAnother(ground: usize, latencyNs: f64): bool {
  // what is known of it is rounded down to an eighth
  const wasGivenUp = enteredLikeNs === 0 || 1.125 * enteredLikeNs + latencyNs >= doubleOf(ground, words.WINDOW_NS);
  // the chance that the first one comes out within JITTER_NS of the second one's entry is one in ten thousand
  return wasGivenUp && latencyNs > JITTER_NS && enteredAgain && !leftAgain;
}

/** Sets whether both may be what is left of two equal packets, of which each capture missed another one, or of which one is under way for long. */
function weighHidden(ground: usize, slot: i32, outbound: bool, leftNs: f64, latencyNs: f64): void {
  const way = i32(outbound);
  // captures that miss packets may each have missed another one of two, and those left look like a pair, one that took longer than others
  const isUnsure = isMissing(ground, way);
  const isBegun = haveBegun(ground, way, leftNs);
  const isUnknown = isUnsure || !isBegun;
  const seldomNs = SELDOM * latencyNs;
  // … but then equal ones must come as close to each other as that, and of many, none did
  const isApart = areApart(ground, slot, way);
  const isSlow = !hasId && isSlowest && likeNs < seldomNs && !isApart;
  mayBeChance = isSlow && likeNs !== 0;
  // how far the first of its kind and its like are apart, one that is yet to come tells
  const isFirst = isEarly(ground, outbound) && !hasId && latencyNs > FIRST_NS;
  if ((isUnknown && isSlow) || isFirst) soonNs = max<f64>(soonNs, seldomNs);
  const isAgainSaid = enteredAgain || leftAgain;
  // stamps coarser than equal ones are apart do not tell two of which each capture missed another one, even if few are seen that close
  const isCoarse = doubleOf(ground, words.RESOLUTION_NS) > UNVOUCHED_SLACK_NS && !isApart;
  const mayBeSeveral = (isBurst || isCoarse) && !isOnce(isAgainSaid);
  mayHide =
    (isUnsure && mayBeSeveral) ||
    (isUnknown && mayBeChance) ||
    (isAgainSaid && mayBeAnothers(ground, outbound, latencyNs));
  // what captures miss, those behind it show
  if (mayHide || (isCoarse && mayBeSeveral && !isBegun)) isClose = true;
}

/** Whether of many packets of a flow's direction, no equal ones came close to each other. */
function areApart(ground: usize, slot: i32, way: i32): bool {
  return !isBurst && slot !== tuple.NONE && pairsOf(accountOf(ground, slot), way) >= COINCIDENCE_PAIRS;
}

/** Whether it is known by then what captures miss of packets that go in a direction: it is once the first windows are over, and many crossed. */
function haveBegun(ground: usize, way: i32, timeNs: f64): bool {
  return isProven(ground, way) && timeNs > 2 * doubleOf(ground, words.WINDOW_NS);
}

/** Whether captures miss packets that go in a direction, or it is not known yet. */
function mayBeMissing(ground: usize, way: i32, timeNs: f64): bool {
  return isMissing(ground, way) || !haveBegun(ground, way, timeNs);
}

/** Whether captures are known to miss packets that go in a direction. */
function isMissing(ground: usize, way: i32): bool {
  return wordOf(ground, words.PAIRED + way) < wordOf(ground, words.UNSURE + way);
}

/** Whether it is a segment that takes sequence numbers and is not sent again: it has no equal one beside it. */
function isOnce(isAgainSaid: bool): bool {
  return record.protoIn(flags) === TCP && spanOf(i) > 0 && !isAgainSaid;
}

/** Whether what says the same as one before it may be the twin of that one. */
function mayBeAnothers(ground: usize, outbound: bool, latencyNs: f64): bool {
  // one that was given up may come out yet, and look like what was sent again, or like an acknowledgement that says the same
  if (isQueueLong(ground, outbound)) return true;
  // … and while it is not known what packets take, nothing tells which of the segments it is
  return record.protoIn(flags) === TCP && isNew(ground, outbound) && latencyNs > FIRST_NS;
}

/** Whether so many crossed in a direction that captures are known to miss hardly any. */
function isProven(ground: usize, way: i32): bool {
  return wordOf(ground, words.PAIRED + way) >= COINCIDENCE_PAIRS;
}

/** Whether clocks are trusted, and it is not known what packets of a direction take. */
function isEarly(ground: usize, outbound: bool): bool {
  return isTrusted && isNew(ground, outbound);
}

/**
 * Whether a packet that took so long and left then may be an equal one, sent again since the capture of the side that it entered by had ended.
 */
export function isUnwatched(ground: usize, enteredSide: i32, leftNs: f64, latencyNs: f64): bool {
  return leftNs - doubleOf(ground, words.ENDED_NS + enteredSide) > max<f64>(APART_NS, latencyNs / 2);
}

/** Whether a packet was sent again, or says what one of its way has said before. */
export function isToldAgain(packet: usize): bool {
  return wasResent(packet) || isSaidAgain(packet);
}

/** Whether a packet was sent again. */
function wasResent(packet: usize): bool {
  return isAgain(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL));
}

/** Whether packets of a way repeat themselves. */
function isRepeating(ground: usize, way: i32): bool {
  return (load<i32>(tupleOf(ground, way), 4 * tuple.FACTS) & (tuple.IS_REPEATING << tuple.forwardIn(way))) !== 0;
}

/** Whether both are TCP segments with data, where captures have such as are longer than what a wire takes: what is sent again of one may be cut otherwise. */
function mayBeCut(ground: usize): bool {
  const hasLong = wordOf(ground, words.HAS_LONG_SEGMENTS) !== 0;
  return hasLong && record.protoIn(flags) === TCP && payloadLengthOf(i) > 0;
}

/** Whether the flow in a slot has TCP segments longer than what a wire takes; there may be none in it. */
function hasLongSegments(ground: usize, slot: i32): bool {
  return (
    slot !== tuple.NONE && (load<i32>(accountOf(ground, slot), 4 * account.BITS) & account.HAS_LONG_SEGMENTS) !== 0
  );
}

/** Whether equal packets of the conversation of two follow each other closely. */
function isBursting(a: usize, b: usize): bool {
  return ((load<i32>(a, 4 * tuple.FACTS) | load<i32>(b, 4 * tuple.FACTS)) & tuple.IS_BURSTING) !== 0;
}
