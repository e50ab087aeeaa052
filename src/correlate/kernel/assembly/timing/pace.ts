/** What packets take now, in each direction: how long one may be under way, and what time alone can tell of equal ones. */
import { doubleOf, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as words from "../../kernel-words.js";
import { JITTER_NS } from "../../relations.js";

/** Pairs that it takes in a direction to know what its packets take now, and to have a first idea of it. */
const ESTABLISHED_PAIRS = 32;
const EARLY_PAIRS = 8;
/**
 * Where segments are cut, a piece of what is sent again may equal what was lost, and where equal packets are told apart by an IP ID, the
 * router may have numbered them: then the first ones must be as quick, nanoseconds.
 */
export const FIRST_NS = 200_000;
/** A segment is sent again no sooner, if nothing else tells that it was lost (include/net/tcp.h, TCP_RTO_MIN), nanoseconds. */
const RESENT_NS = 200_000_000;
/** Equal packets are apart enough for time to tell them apart before that is known, as long as none took longer, nanoseconds. */
export const APART_NS = 6_000_000;
/** What packets take now is at most twice what the slowest one took lately, and JITTER_NS more; while there are few, four times that. */
const EARLY_FACTOR = 4;
const LEAST_APART_NS = 30_000;
/** What packets took is forgotten within so long, nanoseconds: by then others tell what they take. */
export const FORGET_NS = 1_000_000_000;

/** By how much two stamps may be farther apart than what they stand for, beside so much, nanoseconds. */
function blurNs(ground: usize, besideNs: f64): f64 {
  return besideNs + doubleOf(ground, words.RESOLUTION_NS);
}

/** What the slowest packet of this direction took lately, nanoseconds. */
export function slowestOf(ground: usize, outbound: bool): f64 {
  return doubleOf(ground, words.SLOWEST_NS + (outbound ? 1 : 0));
}

/**
 * Whether the slowest packet of this direction took more than half of the window lately, or nothing has shown since that packets take less: then one
 * that was given up may still be under way.
 */
export function isQueueLong(ground: usize, outbound: bool): bool {
  if (wordOf(ground, words.IS_QUEUE_LONG + (outbound ? 1 : 0)) !== 0) return true;
  return isMostOfWindow(ground, slowestOf(ground, outbound));
}

/** Whether a packet takes more than half of the window. */
export function isMostOfWindow(ground: usize, latencyNs: f64): bool {
  return 2 * latencyNs > doubleOf(ground, words.WINDOW_NS);
}

/**
 * What a packet of this direction takes at the most, by those that crossed lately, nanoseconds; where too few did, the window, or little where captures
 * have segments that may be cut: see FIRST_NS.
 */
export function limitOf(ground: usize, outbound: bool): f64 {
  const mayBeCut = wordOf(ground, words.HAS_LONG_SEGMENTS) !== 0;
  return mayBeCut && !isEstablished(ground, outbound) ? FIRST_NS : wholeLimitOf(ground, outbound);
}

/** The same of one that is no piece of another one: it has no data of TCP. */
export function wholeLimitOf(ground: usize, outbound: bool): f64 {
  const pairs = wordOf(ground, words.PAIRED + (outbound ? 1 : 0));
  const limitNs = 2 * slowestOf(ground, outbound) + blurNs(ground, JITTER_NS);
  if (isEstablished(ground, outbound)) return limitNs;
  return pairs >= EARLY_PAIRS ? EARLY_FACTOR * limitNs : doubleOf(ground, words.WINDOW_NS);
}

/** How much what packets of this direction take may change from one to the next, nanoseconds: at the most as limitOf, less what even the quickest took lately. */
export function swingOf(ground: usize, outbound: bool): f64 {
  return limitOf(ground, outbound) - 2 * doubleOf(ground, words.QUICKEST_NS + (outbound ? 1 : 0));
}

/**
 * What a packet that may be sent again byte for byte takes at the most while it is not known what packets of its direction take, nanoseconds: far
 * more than the few that crossed, or those of the other direction where there are none, and less than what a sender waits before it sends again.
 */
export function earlyLimitOf(ground: usize, outbound: bool): f64 {
  const way = outbound ? 1 : 0;
  const mostNs = min<f64>(RESENT_NS, doubleOf(ground, words.WINDOW_NS) / 2);
  const ownNs = roughLimitOf(ground, way);
  return min<f64>(mostNs, ownNs < Infinity ? ownNs : EARLY_FACTOR * EARLY_FACTOR * roughLimitOf(ground, way ^ 1));
}

/** Far more than the few that crossed in a direction took; Infinity where those are fewer than two. */
function roughLimitOf(ground: usize, way: i32): f64 {
  if (wordOf(ground, words.PAIRED + way) < 2) return Infinity;
  return EARLY_FACTOR * EARLY_FACTOR * (2 * slowestOf(ground, way === 1) + blurNs(ground, JITTER_NS));
}

/**
 * What a packet of this direction takes at the least, by those that crossed lately, nanoseconds: negative only where clocks are a little apart. How
 * they stand may be far from certain; that they do not move from one packet to the next is not. Long after the last one, nothing tells.
 */
export function leastOf(ground: usize, outbound: bool, timeNs: f64): f64 {
  const way = outbound ? 1 : 0;
  if (timeNs - doubleOf(ground, words.PACE_AT_NS + way) > FORGET_NS) return -Infinity;
  return min<f64>(0, doubleOf(ground, words.QUICKEST_NS + way)) - blurNs(ground, JITTER_NS);
}

/** How much longer a packet took than any of its direction before, beyond what the clocks may be off, or their stamps, nanoseconds; Infinity where there was none. */
export function beyondAll(ground: usize, outbound: bool, latencyNs: f64): f64 {
  const longestNs = doubleOf(ground, words.LONGEST_NS + (outbound ? 1 : 0));
  return latencyNs - longestNs - blurNs(ground, doubleOf(ground, words.SLACK_NS));
}

/** Whether no packet of this direction took so long, or none so little; while few crossed, give or take what packets may differ by. The first of all may take anything. */
export function isUnseen(ground: usize, outbound: bool, latencyNs: f64): bool {
  const way = outbound ? 1 : 0;
  if (wordOf(ground, words.PAIRED + way) === 0) return false;
  const marginNs = isNew(ground, outbound) ? blurNs(ground, JITTER_NS) : 0;
  const isLonger = latencyNs > doubleOf(ground, words.LONGEST_NS + way) + marginNs;
  return isLonger || latencyNs < doubleOf(ground, words.SHORTEST_NS + way) - marginNs;
}

/** How much longer packets of this direction took on average, all that crossed, than the quickest lately, nanoseconds; NaN where none crossed. */
export function spreadOf(ground: usize, outbound: bool): f64 {
  const way = outbound ? 1 : 0;
  const meanNs = doubleOf(ground, words.TAKEN_NS + way) / <f64>wordOf(ground, words.PAIRED + way);
  return max<f64>(0, meanNs - doubleOf(ground, words.QUICKEST_NS + way));
}

/** Whether so few packets of a direction have crossed that it is not known what they take. */
export function isNew(ground: usize, outbound: bool): bool {
  return wordOf(ground, words.PAIRED + (outbound ? 1 : 0)) < EARLY_PAIRS;
}

/** Whether enough packets of a direction have crossed to tell what they take now. */
export function isEstablished(ground: usize, outbound: bool): bool {
  return wordOf(ground, words.PAIRED + (outbound ? 1 : 0)) >= ESTABLISHED_PAIRS;
}

/** How far apart equal packets of a direction must be for time to tell them apart, nanoseconds: twice what the slowest took lately. */
export function apartOf(ground: usize, outbound: bool): f64 {
  const apartNs = 2 * slowestOf(ground, outbound) + blurNs(ground, LEAST_APART_NS);
  if (isNew(ground, outbound)) return max<f64>(APART_NS, EARLY_FACTOR * apartNs);
  return isEstablished(ground, outbound) ? apartNs : EARLY_FACTOR * apartNs;
}

/** Equal packets within this time may be each other's, whichever way they go, nanoseconds. */
export function burstNs(ground: usize): f64 {
  let ns: f64 = 0;
  for (let outbound = 0; outbound < 2; outbound++) {
    ns = max<f64>(ns, isEstablished(ground, outbound === 1) ? limitOf(ground, outbound === 1) : FIRST_NS);
  }
  return ns;
}
