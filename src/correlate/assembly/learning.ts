/**
 * What `Translations.support` says, by weighing.ts, of the first pair of two conversations over IPv4 that nothing is known of, where it is
 * evidence enough by itself; anything else is left to that.
 */
import { doubleOf, wordOf } from "../../packets/assembly/words.js";
import * as account from "../../packets/flow-accounts.js";
import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../../packets/flows.js";
import { HAS_IP_ID, HAS_PAYLOAD, HAS_TCP_NUMBERS, IS_ECHO, IS_IPV6 } from "../../packets/packets.js";
import * as record from "../../packets/records.js";
import { INSIDE } from "../../packets/sides.js";
import * as tuple from "../../packets/tuples.js";
import * as words from "../fast-path-words.js";
import {
  BOTH_ENDS_PENALTY_BITS,
  FORWARDED_BITS,
  IP_ID_BITS,
  MOST_PAYLOAD_BITS,
  MOST_TIMING_BITS,
  NEUTRAL_GAP_NS,
  SAME_PORTS_BITS,
  TCP_NUMBERS_BITS,
  TTL_BY_ONE_BITS,
  TTL_LOWER_BITS,
} from "../weighing.js";
import { tupleOf } from "./places.js";

/** `Math.log2`. */
declare function log2(x: f64): f64;

/** What the pair that was weighed last says of its flow, as `FlowAccounts.open` puts it, and its REWRITE_… bits both ways. */
export let bits = 0;
export let rewriteForward = 0;
export let rewriteBackward = 0;

/**
 * Whether two packets with equal keys, `gapNs` from the inside one to the outside one, are enough to believe in a translation:
 * evidence of `least` bits.
 */
export function weigh(
  ground: usize,
  inside: usize,
  insideWay: i32,
  outside: usize,
  outsideWay: i32,
  gapNs: f64,
  least: f64,
): bool {
  const tuples = <usize>wordOf(ground, words.TUPLES);
  const i = tupleOf(tuples, insideWay);
  const o = tupleOf(tuples, outsideWay);
  const facts = load<i32>(i, 4 * tuple.FACTS);
  if (!isUnbound(i) || !isUnbound(o) || (facts & tuple.HAS_EVIDENCE) !== 0) return false;
  const flags = load<i32>(inside, 4 * record.FLAGS_PROTO_TTL);
  if ((flags & IS_IPV6) !== 0) return false;
  const isForward = (insideWay & 1) === 1;
  if (isGroup(end(i, !isForward))) return false;

  // what the first packet of a conversation says of it is not noted yet while that is weighed
  const isFirst = load<f64>(i, 8 * tuple.LAST_NS) === -Infinity;
  const isEcho = isFirst ? (flags & IS_ECHO) !== 0 : (facts & tuple.IS_ECHO_ID) !== 0;
  const isFlipped = ((insideWay ^ outsideWay) & 1) === 1;
  rewriteForward = rewrite(i, true, o, !isFlipped, isEcho);
  rewriteBackward = rewrite(i, false, o, isFlipped, isEcho);
  const changes = isForward ? rewriteForward : rewriteBackward;
  const isSourceKept = (changes & (REWRITE_SRC | REWRITE_SRC_PORT)) === 0;
  const isDestinationKept = (changes & (REWRITE_DST | REWRITE_DST_PORT)) === 0;
  const lowered = (flags >>> 24) - (load<i32>(outside, 4 * record.FLAGS_PROTO_TTL) >>> 24);
  const hasNumbers = (flags & HAS_TCP_NUMBERS) !== 0;
  const hasIpId = (flags & HAS_IP_ID) !== 0;
  if (!isSourceKept && !isDestinationKept && !hasNumbers && (lowered === 0 || !hasIpId)) return false;
  // one that may be sent again byte for byte must have come as quickly as is certain to be right
  if (!hasIpId && !isInTime(lowered, gapNs, hasNumbers, doubleOf(ground, words.SURELY_IN_TIME_NS))) return false;

  let evidence = hasIpId ? IP_ID_BITS : 0;
  if (hasNumbers) evidence += TCP_NUMBERS_BITS;
  if ((flags & HAS_PAYLOAD) !== 0) evidence += min(MOST_PAYLOAD_BITS, load<i32>(inside, 4 * record.PAYLOAD_LENGTH));
  if (lowered === 1 || lowered === -1) evidence += TTL_BY_ONE_BITS;
  else if (lowered !== 0) evidence += TTL_LOWER_BITS;
  if ((changes & (REWRITE_SRC_PORT | REWRITE_DST_PORT)) === 0) evidence += SAME_PORTS_BITS;
  if (changes === 0 && lowered !== 0) evidence += FORWARDED_BITS;
  if ((changes & REWRITE_SRC) !== 0 && (changes & REWRITE_DST) !== 0) evidence -= BOTH_ENDS_PENALTY_BITS;
  const timing = min<f64>(MOST_TIMING_BITS, log2(NEUTRAL_GAP_NS / max<f64>(1, abs<f64>(gapNs))));
  if (timing + evidence < least) return false;

  const isOutbound =
    lowered !== 0
      ? lowered > 0
      : ((changes & REWRITE_SRC) !== 0) !== ((changes & REWRITE_DST) !== 0)
        ? (changes & REWRITE_SRC) !== 0
        : gapNs >= 0;
  bits = (isFlipped ? account.IS_FLIPPED : 0) | (isOutbound === isForward ? 0 : 1 << account.BACKWARD_OUTBOUND_BIT);
  return true;
}

/**
 * Whether anybody has to know of the flow of the pair that was weighed last, of a conversation and another: `Verdicts`, but for one
 * opened from within with the NAT's address of the one before, or `Proxies`, of streams.
 */
export function isNews(ground: usize, conversation: usize, other: usize, side: i32): bool {
  const facts = load<i32>(conversation, 4 * tuple.FACTS) | load<i32>(other, 4 * tuple.FACTS);
  if ((facts & tuple.IS_STREAM) !== 0) return true;
  const isSource = (rewriteForward & REWRITE_SRC) !== 0;
  if (isSource === ((rewriteForward & REWRITE_DST) !== 0)) return false;
  const outside = side === INSIDE ? other : conversation;
  const isA = isSource !== ((bits & account.IS_FLIPPED) !== 0);
  const isOpenedByA = (load<i32>(outside, 4 * tuple.FACTS) & tuple.IS_OPENED_BY_A) !== 0;
  return isOpenedByA !== isA || end(outside, isA) !== wordOf(ground, words.NEWEST_NAT);
}

/** As `Translations.relation` has it, of a packet without IP ID; false as well where that would have to look at other pairs. */
function isInTime(lowered: i32, gapNs: f64, hasNumbers: bool, surelyInTimeNs: f64): bool {
  if (lowered === 0) return hasNumbers && surelyInTimeNs >= 0;
  const latencyNs = lowered > 0 ? gapNs : 0 - gapNs;
  return latencyNs >= 0 && latencyNs <= surelyInTimeNs;
}

/** Whether neither direction of a conversation has a translation. */
function isUnbound(at: usize): bool {
  return load<i32>(at, 4 * tuple.FLOW) === tuple.UNBOUND && load<i32>(at, 4 * (tuple.FLOW + 1)) === tuple.UNBOUND;
}

/** As `isMulticast` of scope.ts, of an IPv4 address. */
function isGroup(address: i32): bool {
  return address >>> 28 === 14 || address === -1;
}

/** As `rewriteBetween` of weighing.ts, of IPv4 tuples. */
function rewrite(a: usize, aForward: bool, b: usize, bForward: bool, isEcho: bool): i32 {
  const portsA = load<i32>(a, 4 * tuple.PORTS);
  const portsB = load<i32>(b, 4 * tuple.PORTS);
  const sent = aForward ? portsA : rotl(portsA, 16);
  const passed = bForward ? portsB : rotl(portsB, 16);
  let changes = 0;
  if (end(a, aForward) !== end(b, bForward)) changes |= REWRITE_SRC;
  if (end(a, !aForward) !== end(b, !bForward)) changes |= REWRITE_DST;
  const isOtherSource = sent >>> 16 !== passed >>> 16;
  if (isEcho) {
    // one id for both ends: it follows the end whose address was rewritten
    if (isOtherSource) changes |= changes === REWRITE_DST ? REWRITE_DST_PORT : REWRITE_SRC_PORT;
    return changes;
  }
  if (isOtherSource) changes |= REWRITE_SRC_PORT;
  if ((sent & 0xffff) !== (passed & 0xffff)) changes |= REWRITE_DST_PORT;
  return changes;
}

/** The address of A, or of B. */
function end(at: usize, isA: bool): i32 {
  return isA ? load<i32>(at, 4 * tuple.ADDRESS_A) : load<i32>(at, 4 * tuple.ADDRESS_B);
}

/** Gives both directions of a conversation a flow. */
export function bind(at: usize, slot: i32, flowBits: i32): void {
  const ofWay = (slot << tuple.FLOW_SHIFT) | (flowBits << tuple.FLOW_BITS_SHIFT);
  store<i32>(at, ofWay, 4 * tuple.FLOW);
  store<i32>(at, ofWay, 4 * (tuple.FLOW + 1));
}
