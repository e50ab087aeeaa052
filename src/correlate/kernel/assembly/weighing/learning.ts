/** What speaks for two packets with equal keys being twins before their translation is known, and what is noted once it is believed. */
import { open } from "../../../../packets/flows/assembly/flow-accounts.js";
import { loweredBy, payloadLengthOf } from "../../../../packets/assembly/headers.js";
import { endOf } from "../../../../packets/assembly/tuples.js";
import { doubleOf, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { SIZE } from "../../../../packets/memory/hash-index-words.js";
import {
  haveBothEnds,
  REWRITE_DST,
  REWRITE_DST_PORT,
  REWRITE_SRC,
  REWRITE_SRC_PORT,
} from "../../../../packets/flows/flows.js";
import {
  HAS_IP_ID,
  HAS_PAYLOAD,
  HAS_TCP_NUMBERS,
  IS_ECHO,
  IS_ERROR,
  IS_FRAGMENT,
  IS_IPV6,
} from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import * as tuple from "../../../../packets/tuples.js";
import { isTtlSet } from "../../../../protocols/ttl.js";
import * as words from "../../kernel-words.js";
import {
  HELD_PORT_BITS,
  MOST_NOVEL_BITS,
  MOST_PAYLOAD_BITS,
  MOST_TIMING_BITS,
  NOVEL_BYTE_BITS,
  TCP_NUMBERS_BITS,
  TTL_BY_ONE_BITS,
  TTL_LOWER_BITS,
  UNLIKE_BITS,
} from "../../weights.js";
import { isNovel, isOfClones } from "./alike.js";
import { isSettingTtl, isUnlikeOthers } from "./habits.js";
import { isHeldByAnother } from "./holders.js";
import { idBits } from "./id-bits.js";
import { isKnown, isStrange, noteKind } from "./kinds.js";
import { beyondAll, spreadOf } from "../timing/pace.js";
import { accountOf, passedNs, tupleOf, wayAt, wayOf } from "../places.js";
import { isOutbound, rewrite } from "./relation.js";

/** `Math.log2`. */
declare function log2(x: f64): f64;

/** Numbers that another conversation has, too, as those of a flood: whoever sends it gives them to all. */
const SHARED_NUMBERS_BITS = 8;
const QUOTE_BITS = 8;
/** A router sets TTLs, but seldom, unless it does so with all. */
const TTL_SET_BITS = -32;
/** A NAT keeps a port wherever it is free (nf_nat_core.c, get_unique_tuple). */
const SAME_PORTS_BITS = 6;
/** Both ends the same on both sides, and the TTL lowered: plain forwarding hardly looks otherwise. */
const FORWARDED_BITS = 8;
/** With both ends rewritten nothing of addresses and ports speaks for the pair; and a scan sends one number to many ports. */
const BOTH_ENDS_BITS = -16;
/** A translation unlike those known; one that only its time speaks for is not believed: clocks tell strangers when to send, too. */
const STRANGE_BITS = -16;
const NEVER_BITS = -1024;
const LEAST_TIMING_BITS = -8;
/** A stranger every so often is reckoned with at least, nanoseconds. */
const SPARSE_NS = 62_500_000;
/** Agents of one kind send at the same second on many hosts: within so many nanoseconds, twins are as likely as such strangers. */
const IN_STEP_NS = 250_000;

/**
 * What headers and payload of two packets with equal keys say for their being twins, in bits. `isTurned`: both were seen on one side, where the second
 * has the numbers of the first.
 */
export function headerBits(ground: usize, i: usize, o: usize, isTurned: bool = false): f64 {
  const iWay = wayOf(i);
  const oWay = wayOf(o);
  const flags = flagsOf(i, o);
  const payload = payloadLengthOf(i);
  let bits = 0;
  if ((flags & HAS_TCP_NUMBERS) !== 0)
    bits +=
      isNovel(i) && (isNovel(o) || isTurned) && !isOfClones(ground, isOutbound ? i : o)
        ? TCP_NUMBERS_BITS
        : SHARED_NUMBERS_BITS;
  if ((flags & HAS_IP_ID) !== 0) bits += idBits(i);
  if ((flags & IS_ERROR) !== 0) bits += QUOTE_BITS;
  if ((flags & HAS_PAYLOAD) !== 0)
    bits += isNews(i, o) ? min(MOST_NOVEL_BITS, NOVEL_BYTE_BITS * payload) : min(MOST_PAYLOAD_BITS, payload);
  bits += unlikeBits(ground, i, o);
  const lowered = isOutbound ? loweredBy(i, o) : -loweredBy(i, o);
  if (lowered === 1) bits += TTL_BY_ONE_BITS;
  else if (isTtlSet(lowered, 0)) bits += isSettingTtl(ground, isOutbound) ? 0 : TTL_SET_BITS;
  else if (lowered > 1) bits += TTL_LOWER_BITS;
  const changes = rewrite(ground, iWay, oWay);
  if (isStrange(ground, changes, iWay, oWay)) bits += isToldByTime(ground, i, o) ? NEVER_BITS : STRANGE_BITS;
  if ((changes & (REWRITE_SRC_PORT | REWRITE_DST_PORT)) === 0) bits += SAME_PORTS_BITS;
  if (changes === 0 && lowered !== 0) bits += FORWARDED_BITS;
  if (haveBothEnds(changes)) bits += BOTH_ENDS_BITS;
  if (isHeldByAnother(ground, iWay, oWay)) bits += HELD_PORT_BITS;
  return bits;
}

/**
 * What a further pair of a way says beside the time: a payload that was not seen before agrees anew, if no counter makes it, and what contradicts one pair
 * contradicts each.
 */
export function newsBits(ground: usize, i: usize, o: usize): f64 {
  const iWay = wayOf(i);
  const oWay = wayOf(o);
  if (isHeldByAnother(ground, iWay, oWay)) return HELD_PORT_BITS;
  const against = unlikeBits(ground, i, o);
  if (isNews(i, o)) return against + MOST_NOVEL_BITS / 2;
  const isKnownKind = !isToldByTime(ground, i, o) || !isStrange(ground, rewrite(ground, iWay, oWay), iWay, oWay);
  return isKnownKind ? against : NEVER_BITS;
}

/** What it says against two packets that this router did something else to all others. */
function unlikeBits(ground: usize, i: usize, o: usize): i32 {
  return isUnlikeOthers(ground, flagsOf(i, o), i, o, isOutbound) ? UNLIKE_BITS : 0;
}

/**
 * Whether nothing but their time tells two packets of conversations not known yet from others: what known ones say is not remembered, nor what
 * fragments carry (`alike.ts`).
 */
function isToldByTime(ground: usize, i: usize, o: usize): bool {
  if (!saysNothingOwn(i, o)) return false;
  const flags = load<i32>(i, 4 * record.FLAGS_PROTO_TTL) | load<i32>(o, 4 * record.FLAGS_PROTO_TTL);
  if ((flags & IS_FRAGMENT) !== 0) return false;
  return isUnbound(ground, wayOf(i)) && isUnbound(ground, wayOf(o));
}

/** Whether two packets have neither numbers nor an ID, and carry what was said before. */
export function saysNothingOwn(i: usize, o: usize): bool {
  return (flagsOf(i, o) & (HAS_TCP_NUMBERS | HAS_IP_ID | IS_ERROR)) === 0 && !isNewlySaid(i, o);
}

/** Whether no flow of a way is known. */
function isUnbound(ground: usize, way: i32): bool {
  return load<i32>(wayAt(ground, way)) === tuple.UNBOUND;
}

/**
 * Whether two that only their time tells may be of strangers in step: one that was forwarded shows that by its TTL, and has an address that the NAT
 * has given, or its own.
 */
function mayBeInStep(ground: usize, i: usize, o: usize): bool {
  if (!isToldByTime(ground, i, o)) return false;
  if ((isOutbound ? loweredBy(i, o) : -loweredBy(i, o)) !== 1) return true;
  const iWay = wayOf(i);
  const oWay = wayOf(o);
  const changes = rewrite(ground, iWay, oWay);
  return changes !== 0 && !isKnown(ground, changes, iWay, oWay);
}

/** The flags of two packets; an ID that one of both does not go by is that of others, too. */
function flagsOf(i: usize, o: usize): i32 {
  return load<i32>(i, 4 * record.FLAGS_PROTO_TTL) & (load<i32>(o, 4 * record.FLAGS_PROTO_TTL) | ~HAS_IP_ID);
}

/** Whether two packets carry something that was not seen before. Pings look alike, whoever sends them: theirs is no news. */
function isNews(i: usize, o: usize): bool {
  return (load<i32>(i, 4 * record.FLAGS_PROTO_TTL) & IS_ECHO) === 0 && isNewlySaid(i, o);
}

/** Of a segment, its numbers say it. */
function isNewlySaid(i: usize, o: usize): bool {
  const flags = load<i32>(i, 4 * record.FLAGS_PROTO_TTL);
  return (flags & (HAS_PAYLOAD | HAS_TCP_NUMBERS)) === HAS_PAYLOAD && isNovel(i) && isNovel(o);
}

/**
 * What the gap between the stamps of a candidate pair says for it, in bits: how many of those that wait for a twin would be stamped so
 * near to one of them by chance; of two that say what hosts say again and again, how seldom strangers do so at once. Negative where that speaks
 * against it. What takes longer than all before counts less.
 */
export function timingBits(ground: usize, i: usize, o: usize): f64 {
  const gapNs = passedNs(o) - passedNs(i);
  const waiting = <f64>wordOf(wordOf(ground, words.INDEX), SIZE);
  const leastNs = mayBeInStep(ground, i, o) ? IN_STEP_NS : SPARSE_NS;
  const apartNs = min<f64>(leastNs, doubleOf(ground, words.WINDOW_NS) / max<f64>(1, waiting));
  const bits = log2(apartNs / max<f64>(1, abs<f64>(gapNs)));
  const tookNs = isOutbound ? gapNs : -gapNs;
  return min<f64>(MOST_TIMING_BITS, max<f64>(LEAST_TIMING_BITS, bits)) - seldomBits(ground, i, o, tookNs);
}

/**
 * How seldom a packet takes so much longer than all of its direction before, in bits: as if what packets take fell off as it does on average (an exponential
 * tail), but no more seldom than one of those that crossed and this one (Laplace's rule of succession), as tails may be longer. As seldom as that is what says
 * nothing of its own: another packet may be meant, of which nothing but the time tells.
 */
function seldomBits(ground: usize, i: usize, o: usize, tookNs: f64): f64 {
  const pairs = <f64>wordOf(ground, words.PAIRED + i32(isOutbound));
  const beyondNs = beyondAll(ground, isOutbound, tookNs);
  if (pairs === 0 || !(beyondNs > 0)) return 0;
  const mostBits = log2(pairs + 1);
  return saysNothingOwn(i, o) ? mostBits : min<f64>(mostBits, (Math.LOG2E * beyondNs) / spreadOf(ground, isOutbound));
}

/** REWRITE_… bits of the flow that was learnt last, of what is forward on the inside. */
let rewriteForward = 0;
let flowBits = 0;

/**
 * Believes in the translation of a pair: opens its flow, and gives it the two ways, and their opposites where no pair has proved those
 * of another. Precondition: the pair was related last, and there is room for the flow. Returns its slot.
 */
export function learn(ground: usize, iWay: i32, oWay: i32): i32 {
  const isFlipped = tuple.isFromA(iWay ^ oWay);
  const isForward = tuple.isFromA(iWay);
  rewriteForward = rewrite(ground, iWay | 1, isFlipped ? oWay & ~1 : oWay | 1);
  const rewriteBackward = rewrite(ground, iWay & ~1, isFlipped ? oWay | 1 : oWay & ~1);
  noteKind(ground, isForward ? rewriteForward : rewriteBackward, iWay, oWay);
  flowBits = (isFlipped ? account.IS_FLIPPED : 0) | (isOutbound === isForward ? 0 : 1 << account.BACKWARD_OUTBOUND_BIT);
  const accounts = <usize>wordOf(ground, words.ACCOUNTS);
  const before = load<i32>(wayAt(ground, iWay)) >> tuple.FLOW_SHIFT;
  const isSame = before !== tuple.NONE && isOf(accountOf(ground, before), tuple.tupleIn(iWay), tuple.tupleIn(oWay));
  const slot = isSame
    ? before
    : open(accounts, flowBits, tuple.tupleIn(iWay), tuple.tupleIn(oWay), rewriteForward, rewriteBackward);
  if (before !== tuple.NONE && !isSame) {
    setOneOfSeveral(accountOf(ground, before));
    setOneOfSeveral(accountOf(ground, slot));
  }
  const proved = load<i32>(wayAt(ground, iWay ^ 1)) & tuple.PROVED;
  bind(ground, iWay, slot);
  bind(ground, oWay, slot);
  // the other direction is taken to be the reverse of this one: of an inside tuple, which may have several translations, whatever it had before …
  bind(ground, iWay ^ 1, slot, proved);
  // … of an outside one, until a pair shows otherwise
  if ((load<i32>(wayAt(ground, oWay ^ 1)) & tuple.PROVED) === 0) bind(ground, oWay ^ 1, slot);
  return slot;
}

/** Whether a flow is the one that is being learnt: so far, the outside way had another one, and only its opposite this. */
function isOf(flow: usize, inside: i32, outside: i32): bool {
  const bits = account.IS_FLIPPED | (1 << account.BACKWARD_OUTBOUND_BIT);
  return (
    load<i32>(flow, 4 * account.INSIDE_TUPLE) === inside &&
    load<i32>(flow, 4 * account.OUTSIDE_TUPLE) === outside &&
    (load<i32>(flow, 4 * account.BITS) & bits) === flowBits
  );
}

function setOneOfSeveral(flow: usize): void {
  store<i32>(flow, load<i32>(flow, 4 * account.BITS) | account.IS_ONE_OF_SEVERAL, 4 * account.BITS);
}

/** Gives a way the flow that is being learnt; `proved`: PROVED where a pair of that way has proved one. */
function bind(ground: usize, way: i32, slot: i32, proved: i32 = 0): void {
  store<i32>(wayAt(ground, way), (slot << tuple.FLOW_SHIFT) | (flowBits << tuple.FLOW_BITS_SHIFT) | proved);
}

/**
 * Whether anybody has to know of the flow that was learnt last, between these two ways: all of them, where that is asked for; else `Verdicts`, but for
 * one opened from within with the NAT's address of the one before, or `Proxies`, of streams.
 */
export function concernsOthers(ground: usize, packet: usize, iWay: i32, oWay: i32): bool {
  if (wordOf(ground, words.TELLS_ALL) !== 0) return true;
  const outside = tupleOf(ground, oWay);
  const facts = load<i32>(tupleOf(ground, iWay), 4 * tuple.FACTS) | load<i32>(outside, 4 * tuple.FACTS);
  if ((facts & tuple.IS_STREAM) !== 0) return true;
  const isSource = (rewriteForward & REWRITE_SRC) !== 0;
  if (isSource === ((rewriteForward & REWRITE_DST) !== 0)) return false;
  if ((load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_IPV6) !== 0) return true;
  const isA = isSource !== ((flowBits & account.IS_FLIPPED) !== 0);
  const isOpenedByA = (load<i32>(outside, 4 * tuple.FACTS) & tuple.IS_OPENED_BY_A) !== 0;
  return (
    isOpenedByA !== isA ||
    load<i32>(endOf(wordOf(ground, words.TUPLES), oWay | 1, isA)) !== wordOf(ground, words.NEWEST_NAT)
  );
}
