/**
 * Pairs that wait to be shown, for as long as a packet before them waits for its twin: of each, what is to be shown is kept in a fold (`fold-words.ts`) instead
 * of two records and two fates.
 */
import * as fold from "../fold-words.js";
import { hasWideId, IS_ERROR, IS_SELECTED } from "../packets.js";
import {
  FLAGS_PROTO,
  FLAGS_PROTO_TTL,
  FRAME,
  HEAD,
  ID_MASK,
  IP_ID,
  KEY,
  LENGTH,
  LENGTH_MASK,
  PAYLOAD_LENGTH_CLASS,
  SEQ,
  STAMP_NS,
  TCP_FLAGS_MASK,
  TCP_FLAGS_QUOTE,
  TIME_NS,
  TTL_SHIFT,
  WAY,
} from "../records.js";
import { HOW, FLOW, FOLDED, GONE, PAIRED, TWIN } from "../fates.js";
import * as words from "../timeline-words.js";
import { takeNumber } from "../memory/assembly/free-list.js";
import { foldToWrite, giveFold, mayBeOf, takeFold } from "./fold-blocks.js";
import { payloadLengthOf } from "./headers.js";
import {
  fateOf,
  foldOf,
  leaveBehind,
  packetOf,
  restOf,
  setRest,
  setState,
  stateOf,
  wentOutbound,
  withChanges,
} from "./timeline.js";

/** Whether two packets of a pair differ in nothing that is to be shown but in what a fold has of each. */
export function isFoldable(i: usize, o: usize): bool {
  const flags = load<i32>(i, 4 * FLAGS_PROTO_TTL);
  // what an ICMP error quotes is known by its row alone
  if ((flags & IS_ERROR) !== 0 || hasWideId(flags)) return false;
  if (((flags ^ load<i32>(o, 4 * FLAGS_PROTO_TTL)) & FLAGS_PROTO & ~IS_SELECTED) !== 0) return false;
  const iNs = load<f64>(i, 8 * TIME_NS);
  const gapNs = load<f64>(o, 8 * TIME_NS) - iNs;
  return (
    iNs === load<f64>(i, 8 * STAMP_NS) &&
    abs<f64>(gapNs) <= i32.MAX_VALUE &&
    <f64>(<i32>gapNs) === gapNs &&
    load<u16>(i, 4 * IP_ID) === load<u16>(o, 4 * IP_ID) &&
    load<u64>(i, 4 * LENGTH) === load<u64>(o, 4 * LENGTH) &&
    load<u64>(i, 4 * SEQ) === load<u64>(o, 4 * SEQ) &&
    load<u8>(i, 4 * TCP_FLAGS_QUOTE) === load<u8>(o, 4 * TCP_FLAGS_QUOTE)
  );
}

/** Makes a pair of rows that are GONE, of the flow in a slot, FOLDED. Returns its fold, which `fill` is to fill. Precondition: there is room for one. */
export function foldPair(line: usize, inside: i32, outside: i32, slot: i32): usize {
  setRest(line, inside, takeFold(line));
  setState(line, inside, FOLDED);
  setState(line, outside, FOLDED);
  const at = foldOf(line, inside);
  store<i32>(at, outside, 4 * fold.TWIN);
  store<i32>(at, slot, 4 * fold.FLOW);
  return at;
}

/** Keeps in a fold what is to be shown of a pair: `i` and `o` are its records, which are foldable; `how` as `pair` has it. */
export function fill(at: usize, i: usize, o: usize, how: i32): void {
  const gapNs = load<f64>(o, 8 * TIME_NS) - load<f64>(i, 8 * TIME_NS);
  const flags = load<i32>(i, 4 * FLAGS_PROTO_TTL);
  const outsideFlags = load<i32>(o, 4 * FLAGS_PROTO_TTL);
  const id = load<i32>(i, 4 * IP_ID) & ID_MASK;
  const tcpFlags = (load<i32>(i, 4 * TCP_FLAGS_QUOTE) & TCP_FLAGS_MASK) << fold.TCP_FLAGS_SHIFT;
  const raised = (outsideFlags & ~FLAGS_PROTO) - (flags & ~FLAGS_PROTO);
  const insideNs = load<f64>(i, 8 * STAMP_NS);
  setWide(at, fold.STAMP_LOW, fold.STAMP_HIGH, <i64>insideNs);
  setWide(at, fold.AHEAD_LOW, fold.AHEAD_HIGH, <i64>load<f64>(o, 8 * STAMP_NS) - <i64>(insideNs + gapNs));
  store<i32>(at, <i32>gapNs, 4 * fold.GAP_NS);
  store<i32>(at, load<i32>(i, 4 * FRAME), 4 * fold.INSIDE_FRAME);
  store<i32>(at, load<i32>(o, 4 * FRAME), 4 * fold.OUTSIDE_FRAME);
  store<i32>(at, rotl<i32>(flags | (outsideFlags & IS_SELECTED), fold.FLAGS_PROTO_SHIFT), 4 * fold.TTL_FLAGS_PROTO);
  store<i32>(at, load<i32>(i, 4 * LENGTH), 4 * fold.LENGTH);
  store<i32>(at, load<i32>(i, 4 * PAYLOAD_LENGTH_CLASS) - load<i32>(i, 4 * LENGTH), 4 * fold.HEADERS);
  store<u64>(at, load<u64>(i, 4 * SEQ), 4 * fold.NUMBERS);
  store<i32>(at, withChanges(how, i, o), 4 * fold.HOW);
  store<i32>(at, id | tcpFlags | raised, 4 * fold.ID_TCP_FLAGS_TTL);
}

/** Makes a pair PAIRED again that is FOLDED, by its inside row, with what is to be shown of both packets. Precondition: there are places for two. */
export function unfoldPair(line: usize, inside: i32, insideWay: i32, outsideWay: i32): void {
  const number = restOf(line, inside);
  const at = foldToWrite(line, number);
  const outside = load<i32>(at, 4 * fold.TWIN);
  const rest = load<i32>(at, 4 * fold.ID_TCP_FLAGS_TTL);
  const insideNs = <f64>wide(at, fold.STAMP_LOW, fold.STAMP_HIGH);
  const outsideNs = insideNs + <f64>load<i32>(at, 4 * fold.GAP_NS);
  const flags = rotl<i32>(load<i32>(at, 4 * fold.TTL_FLAGS_PROTO), TTL_SHIFT);
  const outsideFlags = flags + (rest & ~FLAGS_PROTO);
  spread(line, inside, at, flags, insideWay, load<i32>(at, 4 * fold.INSIDE_FRAME), insideNs, insideNs);
  spread(
    line,
    outside,
    at,
    outsideFlags,
    outsideWay,
    load<i32>(at, 4 * fold.OUTSIDE_FRAME),
    <f64>(<i64>outsideNs + wide(at, fold.AHEAD_LOW, fold.AHEAD_HIGH)),
    outsideNs,
  );
  const fate = fateOf(line, inside);
  store<i32>(fate, outside, 4 * TWIN);
  store<i32>(fateOf(line, outside), inside, 4 * TWIN);
  store<i32>(fate, load<i32>(at, 4 * fold.FLOW), 4 * FLOW);
  store<i32>(fate, load<i32>(at, 4 * fold.HOW), 4 * HOW);
  giveFold(line, number);
}

/** Gives one of the packets of a fold a place and a record; what follows it is its own. */
function spread(line: usize, row: i32, at: usize, flags: i32, way: i32, frame: i32, stampNs: f64, timeNs: f64): void {
  const rest = load<i32>(at, 4 * fold.ID_TCP_FLAGS_TTL);
  setRest(line, row, takeNumber(line, words.FREE, words.FREE_COUNT, words.PLACES_END));
  setState(line, row, PAIRED);
  const packet = packetOf(line, row);
  store<f64>(packet, stampNs, 8 * STAMP_NS);
  store<f64>(packet, timeNs, 8 * TIME_NS);
  store<u64>(packet, 0, 4 * KEY);
  store<i32>(packet, way, 4 * WAY);
  store<i32>(packet, flags, 4 * FLAGS_PROTO_TTL);
  store<i32>(packet, frame, 4 * FRAME);
  store<i32>(packet, rest & ID_MASK, 4 * IP_ID);
  store<i32>(packet, load<i32>(at, 4 * fold.LENGTH), 4 * LENGTH);
  store<i32>(packet, lengthsOf(at), 4 * PAYLOAD_LENGTH_CLASS);
  store<u64>(packet, load<u64>(at, 4 * fold.NUMBERS), 4 * SEQ);
  store<i32>(packet, 0, 4 * HEAD);
  store<i32>(packet, (rest >>> fold.TCP_FLAGS_SHIFT) & TCP_FLAGS_MASK, 4 * TCP_FLAGS_QUOTE);
}

/** Gives back a pair that is FOLDED, by its inside row: it need not be shown. */
export function dropPair(line: usize, inside: i32): void {
  const number = restOf(line, inside);
  const outside = load<i32>(foldToWrite(line, number), 4 * fold.TWIN);
  const outbound = wentOutbound(line, inside);
  giveFold(line, number);
  leaveBehind(line, inside, outside, outbound);
  // what is left of it is there since it is FOLDED
  setState(line, outside, GONE);
}

/** Whether an inside row that is paired, FOLDED or not, may be of the flow in a slot: this is known for less than which flow it is of. */
export function mayBePairOf(line: usize, inside: i32, slot: i32): bool {
  return stateOf(line, inside) !== FOLDED || mayBeOf(line, restOf(line, inside), slot);
}

/** The slot of the flow of an inside row that is paired, FOLDED or not … */
export function pairedFlow(line: usize, inside: i32): i32 {
  if (stateOf(line, inside) === FOLDED) return load<i32>(foldOf(line, inside), 4 * fold.FLOW);
  return load<i32>(fateOf(line, inside), 4 * FLOW);
}

/** … when it passed on the inside, and how much later on the outside, nanoseconds, of one that is FOLDED … */
export function foldedNs(line: usize, inside: i32): f64 {
  return <f64>wide(foldOf(line, inside), fold.STAMP_LOW, fold.STAMP_HIGH);
}
export function foldedGapNs(line: usize, inside: i32): f64 {
  return <f64>load<i32>(foldOf(line, inside), 4 * fold.GAP_NS);
}

/** … when it passed … */
export function pairedNs(line: usize, inside: i32): f64 {
  if (stateOf(line, inside) === FOLDED) return foldedNs(line, inside);
  return load<f64>(packetOf(line, inside), 8 * TIME_NS);
}

/** … its sequence number … */
export function pairedSeq(line: usize, inside: i32): i32 {
  if (stateOf(line, inside) === FOLDED) return load<i32>(foldOf(line, inside), 4 * fold.NUMBERS);
  return load<i32>(packetOf(line, inside), 4 * SEQ);
}

/** … and how many bytes of payload it has. */
export function pairedBytes(line: usize, inside: i32): i32 {
  if (stateOf(line, inside) !== FOLDED) return payloadLengthOf(packetOf(line, inside));
  return lengthsOf(foldOf(line, inside)) & LENGTH_MASK;
}

/** PAYLOAD_LENGTH_CLASS of a fold's packets. */
function lengthsOf(at: usize): i32 {
  return load<i32>(at, 4 * fold.LENGTH) + load<i32>(at, 4 * fold.HEADERS);
}

/** A number of 64 bits, by the words of its halves … */
function wide(at: usize, low: usize, high: usize): i64 {
  return ((<i64>load<i32>(at + 4 * high)) << 32) | <i64>load<u32>(at + 4 * low);
}

/** … of which it is made. */
function setWide(at: usize, low: usize, high: usize, value: i64): void {
  store<i32>(at + 4 * low, <i32>value);
  store<i32>(at + 4 * high, <i32>(value >> 32));
}
