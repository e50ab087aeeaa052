/**
 * Which bytes of a flow's TCP streams have crossed the NAT, to tell retransmissions: a segment is one if all of its bytes crossed before.
 * Of each direction, the highest RANGES ranges are kept. What is not in them is not known to have crossed.
 */
import { ACK, MOST_WINDOW, SYN } from "../../protocols/tcp.js";
import * as account from "../flow-accounts.js";

const RANGE_BYTES_BITS = 3;

/**
 * Notes a paired TCP segment of the flow whose record is at `flow`; most go on where the one before ended, and look at one cache line.
 * Returns whether it is a retransmission.
 */
export function noteSegment(flow: usize, forward: i32, seq: i32, bytes: i32, tcpFlags: i32): bool {
  const isSyn = (tcpFlags & SYN) !== 0;
  if (bytes === 0 && !isSyn) return false;
  const bits = load<i32>(flow, 4 * account.BITS);
  const next = flow + (forward << 2);
  const end = seq + bytes;
  // each time that the numbers enter another quarter of theirs, ranges are looked at that may be too old by then
  const isNext = seq === load<i32>(next, 4 * account.NEXT_SEQ) && (seq ^ end) >>> 30 === 0;
  if (isNext && !isSyn && (bits & (account.HAS_NEXT_SEQ << forward)) !== 0) {
    store<i32>(next, end, 4 * account.NEXT_SEQ);
    return false;
  }
  return noteElsewhere(flow, forward, seq, bytes, isSyn, (tcpFlags & ACK) === 0);
}

/** The same of a segment that does not go on where the highest range ends. `isOpening`: it is not an answer. */
function noteElsewhere(flow: usize, forward: i32, seq: i32, bytes: i32, isSyn: bool, isOpening: bool): bool {
  const has = account.HAS_NEXT_SEQ << forward;
  let bits = load<i32>(flow, 4 * account.BITS);
  const ranges = flow + 4 * account.SEEN + (forward << (RANGE_BYTES_BITS + account.RANGES_BITS));
  const next = load<i32>(flow + (forward << 2), 4 * account.NEXT_SEQ);
  setEnd(ranges, 0, next);
  forgetOld(ranges);
  // a SYN takes a number of its own, before the data
  const end = seq + bytes + (isSyn ? 1 : 0);
  let isRetransmission = false;
  const isSameStream = isSyn ? seq === lowest(ranges) : <u32>abs<i32>(seq - next) < <u32>MOST_WINDOW;
  if ((bits & has) === 0 || !isSameStream) {
    // the ports are used again
    if (isSyn && isOpening) bits &= ~(3 * account.HAS_NEXT_SEQ);
    memory.fill(ranges, 0, 1 << (RANGE_BYTES_BITS + account.RANGES_BITS));
    store<i32>(flow, bits | has, 4 * account.BITS);
    setFrom(ranges, 0, seq);
    setEnd(ranges, 0, end);
  } else if (isIn(ranges, seq, end)) {
    // RFC 9293 section 3.8.4: a keep-alive has the last number before the next one, and may have a byte there
    const isKeepAlive = bytes === 1 && end === next;
    isRetransmission = bytes > 0 && !isKeepAlive;
    if (isRetransmission)
      store<i32>(flow, load<i32>(flow, 4 * account.RETRANSMISSIONS) + 1, 4 * account.RETRANSMISSIONS);
  } else {
    add(ranges, seq, end);
    forgetOld(ranges);
  }
  store<i32>(flow + (forward << 2), endOf(ranges, 0), 4 * account.NEXT_SEQ);
  return isRetransmission;
}

/** Whether one of the ranges has all of these bytes. */
function isIn(ranges: usize, from: i32, end: i32): bool {
  for (let n = 0; n < account.RANGES && !isEmpty(ranges, n); n++)
    if (from - fromOf(ranges, n) >= 0 && endOf(ranges, n) - end >= 0) return true;
  return false;
}

/** Adds a range, one with those that it overlaps or touches. Where there is no room, the lowest is forgotten. */
function add(ranges: usize, from: i32, end: i32): void {
  let kept = 0;
  for (let n = 0; n < account.RANGES && !isEmpty(ranges, n); n++) {
    const itsFrom = fromOf(ranges, n);
    const itsEnd = endOf(ranges, n);
    if (from - itsEnd <= 0 && itsFrom - end <= 0) {
      if (itsFrom - from < 0) from = itsFrom;
      if (itsEnd - end > 0) end = itsEnd;
      continue;
    }
    setFrom(ranges, kept, itsFrom);
    setEnd(ranges, kept++, itsEnd);
  }
  let place = 0;
  while (place < kept && fromOf(ranges, place) - from > 0) place++;
  const rest = min(kept, account.RANGES - 1);
  for (let n = rest; n > place; n--) {
    setFrom(ranges, n, fromOf(ranges, n - 1));
    setEnd(ranges, n, endOf(ranges, n - 1));
  }
  if (place < account.RANGES) {
    setFrom(ranges, place, from);
    setEnd(ranges, place, end);
  }
  for (let n = kept + 1; n < account.RANGES; n++) empty(ranges, n);
}

/** Forgets what lies so far back that its numbers may soon be used again. Numbers that are left can be compared by their difference. */
function forgetOld(ranges: usize): void {
  const oldest = endOf(ranges, 0) - MOST_WINDOW;
  for (let n = 0; n < account.RANGES && !isEmpty(ranges, n); n++) {
    // the highest may have grown by half of all numbers since
    if (<u32>(endOf(ranges, 0) - fromOf(ranges, n)) <= <u32>MOST_WINDOW) continue;
    if (endOf(ranges, n) - oldest > 0) setFrom(ranges, n, oldest);
    else empty(ranges, n);
  }
}

function lowest(ranges: usize): i32 {
  let n = 0;
  while (n + 1 < account.RANGES && !isEmpty(ranges, n + 1)) n++;
  return fromOf(ranges, n);
}

function isEmpty(ranges: usize, n: i32): bool {
  return fromOf(ranges, n) === endOf(ranges, n);
}

function empty(ranges: usize, n: i32): void {
  store<i64>(ranges + (n << RANGE_BYTES_BITS), 0);
}

function fromOf(ranges: usize, n: i32): i32 {
  return load<i32>(ranges + (n << RANGE_BYTES_BITS));
}

function setFrom(ranges: usize, n: i32, from: i32): void {
  store<i32>(ranges + (n << RANGE_BYTES_BITS), from);
}

function endOf(ranges: usize, n: i32): i32 {
  return load<i32>(ranges + (n << RANGE_BYTES_BITS), 4);
}

function setEnd(ranges: usize, n: i32, end: i32): void {
  store<i32>(ranges + (n << RANGE_BYTES_BITS), end, 4);
}
