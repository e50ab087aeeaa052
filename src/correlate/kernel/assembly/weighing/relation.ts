/** How two packets with equal keys stand to each other, by their translations and their direction; `timing.ts` says what time tells. */
import { areOtherOptions, loweredBy, payloadLengthOf, ttlOf } from "../../../../packets/assembly/headers.js";
import { endOf, isSameEnd, portsOf } from "../../../../packets/assembly/tuples.js";
import { doubleOf, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import {
  haveBothEnds,
  REWRITE_DST,
  REWRITE_DST_PORT,
  REWRITE_SRC,
  REWRITE_SRC_PORT,
} from "../../../../packets/flows/flows.js";
import { HAS_IP_ID, HAS_TCP_NUMBERS, IS_ECHO, IS_HEADLESS, IS_IPV6 } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import * as tuple from "../../../../packets/tuples.js";
import { ALTERED_OPTIONS } from "../../../../packets/results/evidence.js";
import { isGroup } from "../../../../protocols/addresses.js";
import { isIcmp, TCP } from "../../../../protocols/ip-protocols.js";
import { SYN } from "../../../../protocols/tcp.js";
import { wayByTtl } from "../../../../protocols/ttl.js";
import * as words from "../../kernel-words.js";
import { CONFLICT, FORGOTTEN_NS, IMPOSSIBLE, KNOWN, POSSIBLE, QUICK_NS } from "../../relations.js";
import { isNovel } from "./alike.js";
import { isLoweredAsLast, isUnlikeOthers, isUsualWay } from "./habits.js";
import { accountOf, packetOf, passedNs, tupleOf, wayAt, wayOf } from "../places.js";
import { regard, weighTime } from "../timing/timing.js";

/** Of the two that were related last: the flow that they are KNOWN by, or NONE; and whether they travel outbound. */
export let slot = tuple.NONE;
export let isOutbound = false;
/** Whether the translation that they are KNOWN by, or that they CONFLICT with, may be forgotten: nothing used it for so long, or packets contradicted it. */
export let isStale = false;
/** … and one of equal packets of it is not accounted for. */
export let isDoubted = false;
/** Whether neither end is the same on both sides, where no known translation says so. */
let areBothEndsOther = false;

/** Whether they are IMPOSSIBLE by the clocks alone, which nothing vouches for. */
export let isUnvouched = false;

/** Whether they are IMPOSSIBLE as the end that is rewritten says that they went the other way. */
export let isBackward = false;

/** What carries so much, and was not seen before, is told by that. */
const SINGULAR_BYTES = 16;

/**
 * The relation of an inside and an outside packet with equal keys, by their records: IMPOSSIBLE, CONFLICT, POSSIBLE or
 * KNOWN; `mayBeAltered`: their keys may differ, as a router may have changed what is in them, and whether one left before it entered is not asked. Else, on a trusted
 * clock, nothing does, whatever the packet.
 */
export function relate(ground: usize, i: usize, o: usize, mayBeAltered: bool = false): i32 {
  isUnvouched = false;
  isBackward = false;
  isStale = false;
  isDoubted = false;
  areBothEndsOther = false;
  const iNs = passedNs(i);
  const oNs = passedNs(o);
  const gapNs = oNs - iNs;
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  if (gapNs > windowNs || gapNs < -windowNs) return IMPOSSIBLE;
  const slackNs = doubleOf(ground, words.SLACK_NS);
  // an ID that one of both does not go by is that of others, too
  const flags = load<i32>(i, 4 * record.FLAGS_PROTO_TTL) & (load<i32>(o, 4 * record.FLAGS_PROTO_TTL) | ~HAS_IP_ID);
  // without ports, numbers and an ID, all that is left is how long it is
  if ((flags & (IS_HEADLESS | HAS_IP_ID)) === IS_HEADLESS) return IMPOSSIBLE;
  // what keys leave out, as a capture may lack it, tells two apart all the same; of a SYN, a router may change it
  if (!mayBeAltered && areOtherOptions(i, o) && (load<i32>(i, 4 * record.TCP_FLAGS_QUOTE) & SYN) === 0)
    return IMPOSSIBLE;
  const iWay = wayOf(i);
  const oWay = wayOf(o);
  const ofInside = load<i32>(wayAt(ground, iWay));
  const ofOutside = load<i32>(wayAt(ground, oWay));
  const outsideSlot = ofOutside >> tuple.FLOW_SHIFT;
  let relation = POSSIBLE;
  slot = tuple.NONE;
  if (outsideSlot !== tuple.NONE && isOf(ground, outsideSlot, ofInside >> tuple.FLOW_SHIFT, iWay)) {
    const bits = (ofOutside >> tuple.FLOW_BITS_SHIFT) & tuple.FLOW_BITS_MASK;
    if (((iWay ^ oWay ^ bits) & account.IS_FLIPPED) !== 0) return IMPOSSIBLE;
    isOutbound = account.outboundFor(bits, iWay) === 1;
    const isTcp = record.protoIn(flags) === TCP;
    const isOthers = isUnlikeOthers(ground, flags, i, o, isOutbound);
    isDoubted = (load<i32>(tupleOf(ground, iWay), 4 * tuple.FACTS) & tuple.IS_DOUBTED) !== 0;
    isStale = !isTcp && mayBeForgotten(accountOf(ground, outsideSlot), iNs);
    relation = isOthers ? CONFLICT : KNOWN;
    if (!isOthers) slot = outsideSlot;
  } else {
    const changes = rewrite(ground, iWay, oWay);
    turn(ground, i, o, changes, gapNs);
    if (isBackward || !isTranslatable(ground, iWay, changes, flags, loweredBy(i, o))) return IMPOSSIBLE;
    if (!isForwarded(ground, flags, i, o, gapNs)) return IMPOSSIBLE;
    if (((ofInside | ofOutside) & tuple.PROVED) !== 0) {
      relation = CONFLICT;
      isStale =
        record.protoIn(flags) !== TCP &&
        (isForgottenBy(ground, ofInside, iNs) || isForgottenBy(ground, ofOutside, oNs));
    }
  }
  const latencyNs = isOutbound ? gapNs : -gapNs;
  // where nothing vouches for the clocks, they are taken as one for that: what contradicts it is not believed on the word of one packet
  if (!mayBeAltered && latencyNs < -doubleOf(ground, words.CAUSAL_SLACK_NS)) {
    isUnvouched = slackNs === Infinity;
    return IMPOSSIBLE;
  }
  regard(ground, flags, i, o);
  weighTime(ground, slot, isOutbound, isOutbound ? oNs : iNs, latencyNs);
  return relation;
}

/** Whether a flow's translation may have ended by then: nothing used it for so long, or packets contradicted it. */
function mayBeForgotten(flow: usize, timeNs: f64): bool {
  const isSilent = timeNs - load<f64>(flow, 8 * account.USED_NS) > <f64>FORGOTTEN_NS;
  return isSilent || (load<i32>(flow, 4 * account.BITS) & account.IS_CONTRADICTED) !== 0;
}

/** Whether a way, of which this is known, has a translation that may have ended by then. */
function isForgottenBy(ground: usize, known: i32, timeNs: f64): bool {
  return (known & tuple.PROVED) !== 0 && mayBeForgotten(accountOf(ground, known >> tuple.FLOW_SHIFT), timeNs);
}

/** Sets which way two packets went that no known flow has, whose ends differ by these changes (REWRITE_…), and what that says of them. */
function turn(ground: usize, i: usize, o: usize, changes: i32, gapNs: f64): void {
  areBothEndsOther = haveBothEnds(changes);
  const byTtl = wayByTtl(ttlOf(i), ttlOf(o));
  isOutbound = isOutboundBy(ground, gapNs, loweredBy(i, o), byTtl, changes);
  isBackward = isAgainst(isOutbound, byTtl, changes, gapNs);
}

/** Whether two packets that no known flow has may be one that was forwarded, the way that was just set. */
function isForwarded(ground: usize, flags: i32, i: usize, o: usize, gapNs: f64): bool {
  const lowered = loweredBy(i, o);
  // with neither an ID nor TCP numbers, nor much of its own to carry, only a packet that was seen to be forwarded is a candidate, unless
  // this router leaves the TTL
  const isTold = lowered !== 0 || (flags & (HAS_IP_ID | HAS_TCP_NUMBERS)) !== 0 || isSingular(i, o, flags);
  if (!isTold && wordOf(ground, words.LOWERED + (isOutbound ? 1 : 0)) !== 0) return false;
  const isLong = doubleOf(ground, words.SLACK_NS) < Infinity && abs<f64>(gapNs) > QUICK_NS;
  return !isLong || (isOutbound ? lowered >= 0 : lowered <= 0);
}

/** The same of two rows. */
export function relateRows(ground: usize, inside: i32, outside: i32, mayBeAltered: bool = false): i32 {
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  return relate(ground, i, o, mayBeAltered);
}

/** Whether two packets carry so much that was not seen before that it is hardly another's. */
function isSingular(i: usize, o: usize, flags: i32): bool {
  return (flags & IS_ECHO) === 0 && payloadLengthOf(i) >= SINGULAR_BYTES && isNovel(i) && isNovel(o);
}

/**
 * Whether a flow that an outside tuple has is also that of an inside way: its latest one, or one of several. The kernel gives one inside
 * tuple two translations where two first packets race (nf_conntrack_core.c, nf_ct_resolve_clash); an outside one has never two.
 */
function isOf(ground: usize, outsideSlot: i32, insideSlot: i32, iWay: i32): bool {
  if (insideSlot === outsideSlot) return true;
  if (insideSlot === tuple.NONE) return false;
  const flow = accountOf(ground, outsideSlot);
  return load<i32>(flow, 4 * account.INSIDE_TUPLE) === tuple.tupleIn(iWay);
}

/**
 * The clocks tell, where they can; else the TTL (`byTtl` as of `wayByTtl`); else the rewritten end is the inside one. Where a router sets the TTL,
 * or translates the address of a server that is called from inside, the last two disagree: what the TTL was lowered by lately tells, or else the
 * stamps decide between them, as far as they compare at all.
 */
function isOutboundBy(ground: usize, gapNs: f64, lowered: i32, byTtl: i32, changes: i32): bool {
  const slackNs = doubleOf(ground, words.SLACK_NS);
  if (abs<f64>(gapNs) > slackNs) return gapNs > 0;
  const isSource = (changes & REWRITE_SRC) !== 0;
  const isOneEnd = isSource !== ((changes & REWRITE_DST) !== 0);
  if (byTtl === 0) return isOneEnd ? isSource : gapNs >= 0;
  const isOpen = isOneEnd && slackNs < Infinity && isSource !== byTtl > 0;
  return isOpen && !isUsualWay(ground, lowered, byTtl > 0) ? gapNs >= 0 : byTtl > 0;
}

/**
 * Whether the end that is rewritten says that two packets went the other way than their stamps, and the TTL says so too, or is kept, and they are farther apart
 * than one is from the other's copy that was sent again: then they are no twins.
 */
function isAgainst(outbound: bool, byTtl: i32, changes: i32, gapNs: f64): bool {
  const isSource = (changes & REWRITE_SRC) !== 0;
  if (isSource === ((changes & REWRITE_DST) !== 0) || isSource === outbound) return false;
  return byTtl === 0 ? abs<f64>(gapNs) > QUICK_NS : byTtl > 0 !== outbound;
}

/**
 * Whether two packets, just related, keep an end, their TTL is lowered as that of the last pair of their direction, and their options are the same, if the
 * router alters none.
 */
export function isUsual(ground: usize, i: usize, o: usize): bool {
  if (areBothEndsOther) return false;
  if (!isLoweredAsLast(ground, i, o, isOutbound)) return false;
  return !areOtherOptions(i, o) || wordOf(ground, words.ALTERED_IN + ctz(ALTERED_OPTIONS)) > 0;
}

/** Whether a NAT could have turned one into the other: it leaves an end alone, or the evidence can do without that. */
function isTranslatable(ground: usize, iWay: i32, changes: i32, flags: i32, lowered: i32): bool {
  if (isGroup(load<i32>(endOf(wordOf(ground, words.TUPLES), iWay, false)), (flags & IS_IPV6) !== 0)) return false;
  if (!haveBothEnds(changes)) return true;
  if ((flags & HAS_TCP_NUMBERS) !== 0) return true;
  // both ends rewritten: forwarding must show, and the IP ID must be there
  return lowered !== 0 && (flags & HAS_IP_ID) !== 0;
}

/**
 * REWRITE_… bits between the tuples of two ways, each read the way it goes. An ICMP echo has one id: it counts as that of the end whose
 * address was rewritten, or as the source's. Other ICMP messages have none on either side.
 */
export function rewrite(ground: usize, iWay: i32, oWay: i32): i32 {
  let changes = 0;
  const table = wordOf(ground, words.TUPLES);
  if (!isSameEnd(table, iWay, oWay, true)) changes |= REWRITE_SRC;
  if (!isSameEnd(table, iWay, oWay, false)) changes |= REWRITE_DST;
  const inside = tupleOf(ground, iWay);
  const sent = portsOf(inside, iWay);
  const passed = portsOf(tupleOf(ground, oWay), oWay);
  const isOtherSource = record.sourceIn(sent) !== record.sourceIn(passed);
  if (isIcmp(tuple.protoOf(load<i32>(inside, 4 * tuple.KIND)))) {
    if (isOtherSource) changes |= changes === REWRITE_DST ? REWRITE_DST_PORT : REWRITE_SRC_PORT;
    return changes;
  }
  if (isOtherSource) changes |= REWRITE_SRC_PORT;
  if (record.destinationIn(sent) !== record.destinationIn(passed)) changes |= REWRITE_DST_PORT;
  return changes;
}
