/**
 * Which bytes of a flow's TCP streams have crossed the NAT, to tell retransmissions: a segment is one if all of its bytes crossed before, and a SYN if
 * one of its number did, and nothing that follows it: behind that, the ports are used again.
 * Of each direction, the highest MOST_RANGES ranges are kept: the first with its stream, the others, where there are some, in a row of ranges. What is not in them is not known to have crossed.
 */
import { ACK, MOST_WINDOW, SYN } from "../../protocols/tcp.js";
import * as account from "../flows/flow-records.js";
import { rowIn } from "../memory/assembly/words.js";
import { accountOf, HALF_BYTES, has, streamOf, takeGaps } from "../flows/assembly/flow-accounts.js";

/** Where a flow's stream has what is said of one direction, and where that direction's ranges are below the highest; 0 where it has none. */
let direction: usize = 0;
let others: usize = 0;

/**
 * Notes a paired TCP segment of the flow in a slot; most go on where the one before ended, and look at one cache line. Returns whether it is a
 * retransmission. Precondition: there is room for a row of ranges.
 */
export function noteSegment(accounts: usize, slot: i32, forward: i32, seq: i32, bytes: i32, tcpFlags: i32): bool {
  const isSyn = (tcpFlags & SYN) !== 0;
  if (bytes === 0 && !isSyn) return false;
  const flow = accountOf(accounts, slot);
  const bits = load<i32>(flow, 4 * account.BITS);
  const next = streamOf(accounts, slot) + 4 * forward;
  const end = seq + bytes;
  // each time that the numbers enter another quarter of theirs, ranges are looked at that may be too old by then
  const isNext = seq === load<i32>(next, 4 * account.NEXT_SEQ) && (seq ^ end) >>> 30 === 0;
  if (isNext && !isSyn && (bits & (account.HAS_NEXT_SEQ << forward)) !== 0) {
    store<i32>(next, end, 4 * account.NEXT_SEQ);
    return false;
  }
  return noteElsewhere(accounts, slot, forward, seq, bytes, isSyn, (tcpFlags & ACK) === 0);
}

/** The same of a segment that does not go on where the highest range ends. `isOpening`: it is not an answer. */
function noteElsewhere(
  accounts: usize,
  slot: i32,
  forward: i32,
  seq: i32,
  bytes: i32,
  isSyn: bool,
  isOpening: bool,
): bool {
  const has = account.HAS_NEXT_SEQ << forward;
  const flow = accountOf(accounts, slot);
  let bits = load<i32>(flow, 4 * account.BITS);
  look(accounts, slot, forward);
  const next = endOf(0);
  forgetOld();
  // a SYN takes a number of its own, before the data
  const end = seq + bytes + (isSyn ? 1 : 0);
  // an answer may be repeated when data has followed it; who opens with the same number then, begins again
  const isSameStream = isSyn
    ? seq === lowest() && (end === next || !isOpening)
    : <u32>abs<i32>(seq - next) < <u32>MOST_WINDOW;
  if ((bits & has) === 0 || !isSameStream) {
    // the ports are used again
    if (isSyn && isOpening) bits &= ~(3 * account.HAS_NEXT_SEQ);
    store<i32>(flow, bits | has, 4 * account.BITS);
    setFrom(0, seq);
    setEnd(0, end);
    emptyFrom(1);
    return false;
  }
  if (isIn(seq, end)) {
    // RFC 9293 section 3.8.4: a keep-alive has the last number before the next one, and may have a byte there
    const isKeepAlive = bytes === 1 && end === next;
    if (isKeepAlive && !isSyn) return false;
    // RFC 9293 section 3.5: who opened the connection as well accepts it with the number of its SYN
    const begun = (bits >> forward) & (account.HAS_BEGUN | account.HAS_PROGRESS);
    if (isSyn && !isOpening && begun === account.HAS_BEGUN) return false;
    store<i32>(flow, load<i32>(flow, 4 * account.BITS) | account.HAS_RETRANSMISSIONS, 4 * account.BITS);
    return true;
  }
  add(accounts, slot, forward, seq, end);
  forgetOld();
  return false;
}

/** Looks at a direction of a flow from now on. */
function look(accounts: usize, slot: i32, forward: i32): void {
  const stream = streamOf(accounts, slot);
  const hasGaps = has(accountOf(accounts, slot), account.HAS_GAPS);
  direction = stream + 4 * forward;
  others = hasGaps ? takeGaps(accounts, slot) + forward * HALF_BYTES : 0;
}

/** Whether one of the ranges has all of these bytes. */
function isIn(from: i32, end: i32): bool {
  for (let n = 0; n < account.MOST_RANGES && !isEmpty(n); n++)
    if (from - fromOf(n) >= 0 && endOf(n) - end >= 0) return true;
  return false;
}

/** Adds a range, one with those that it overlaps or touches. Where there is no room, the lowest is forgotten. */
function add(accounts: usize, slot: i32, forward: i32, from: i32, end: i32): void {
  let kept = 0;
  for (let n = 0; n < account.MOST_RANGES && !isEmpty(n); n++) {
    const itsFrom = fromOf(n);
    const itsEnd = endOf(n);
    if (from - itsEnd <= 0 && itsFrom - end <= 0) {
      if (itsFrom - from < 0) from = itsFrom;
      if (itsEnd - end > 0) end = itsEnd;
      continue;
    }
    setFrom(kept, itsFrom);
    setEnd(kept++, itsEnd);
  }
  if (kept > 0 && others === 0) {
    takeGaps(accounts, slot);
    look(accounts, slot, forward);
  }
  let place = 0;
  while (place < kept && fromOf(place) - from > 0) place++;
  const rest = min(kept, account.MOST_RANGES - 1);
  for (let n = rest; n > place; n--) {
    setFrom(n, fromOf(n - 1));
    setEnd(n, endOf(n - 1));
  }
  if (place < account.MOST_RANGES) {
    setFrom(place, from);
    setEnd(place, end);
  }
  emptyFrom(kept + 1);
}

/** Forgets what lies so far back that its numbers may soon be used again. Numbers that are left can be compared by their difference. */
function forgetOld(): void {
  const oldest = endOf(0) - MOST_WINDOW;
  for (let n = 0; n < account.MOST_RANGES && !isEmpty(n); n++) {
    // the highest may have grown by half of all numbers since
    if (<u32>(endOf(0) - fromOf(n)) <= <u32>MOST_WINDOW) continue;
    if (endOf(n) - oldest > 0) setFrom(n, oldest);
    else emptyFrom(n);
  }
}

function lowest(): i32 {
  let n = 0;
  while (n + 1 < account.MOST_RANGES && !isEmpty(n + 1)) n++;
  return fromOf(n);
}

/** Whether there is no range of that number; the highest is 0. */
function isEmpty(n: i32): bool {
  return n > 0 && others === 0 ? true : fromOf(n) === endOf(n);
}

/** Forgets the ranges from that number on, which is not the highest's. */
function emptyFrom(first: i32): void {
  if (others === 0) return;
  for (let n = first; n < account.MOST_RANGES; n++) store<i64>(rangeAt(n), 0);
}

/** Where a range is that is not the highest. */
function rangeAt(n: i32): usize {
  return rowIn(others, n - 1, account.RANGE_BITS);
}

/** Where it is noted where a range begins. */
function fromAt(n: i32): usize {
  if (n > 0) return rangeAt(n) + 4 * account.RANGE_FROM;
  return others === 0 ? direction + 4 * account.FROM_SEQ : others + 4 * account.HIGHEST_FROM;
}

function fromOf(n: i32): i32 {
  return load<i32>(fromAt(n));
}

function setFrom(n: i32, from: i32): void {
  store<i32>(fromAt(n), from);
}

function endOf(n: i32): i32 {
  return n === 0 ? load<i32>(direction, 4 * account.NEXT_SEQ) : load<i32>(rangeAt(n), 4 * account.RANGE_END);
}

function setEnd(n: i32, end: i32): void {
  if (n === 0) store<i32>(direction, end, 4 * account.NEXT_SEQ);
  else store<i32>(rangeAt(n), end, 4 * account.RANGE_END);
}
