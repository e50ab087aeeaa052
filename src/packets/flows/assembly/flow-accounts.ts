/** What happens to the flows in the `FlowAccounts` whose block is at `accounts`: see `flow-accounts-words.ts`. */
import * as account from "../flow-records.js";
import * as words from "../flow-accounts-words.js";
import { takeNumber, takeRow } from "../../memory/assembly/free-list.js";
import { rowAt, setWord, wordOf } from "../../memory/assembly/words.js";

/** Bytes of the half of a row of ranges that is one direction's; the forward one's is the second. */
export const HALF_BYTES = 4 << account.HALF_BITS;

/** The account of the flow in a slot. */
export function accountOf(accounts: usize, slot: i32): usize {
  return rowAt(accounts, words.RECORDS, slot, account.RECORD_BITS);
}

/** Whether one of these is so of a flow. */
export function has(flow: usize, bits: i32): bool {
  return (load<i32>(flow, 4 * account.BITS) & bits) !== 0;
}

/** A row of ranges. */
function gapsOf(accounts: usize, row: i32): usize {
  return rowAt(accounts, words.GAPS, row, account.GAPS_BITS);
}

/** Where the TCP stream of a flow is, which it has from now on. */
export function streamOf(accounts: usize, slot: i32): usize {
  const stream = rowAt(accounts, words.STREAMS, slot, account.STREAM_BITS);
  const flow = accountOf(accounts, slot);
  const bits = load<i32>(flow, 4 * account.BITS);
  if ((bits & account.HAS_STREAM) === 0) {
    store<i32>(flow, bits | account.HAS_STREAM, 4 * account.BITS);
    memory.fill(stream, 0, 4 << account.STREAM_BITS);
  }
  return stream;
}

/** The row of ranges of a flow that has a stream, which it has from now on: all of them are empty at first. Precondition: there is room. */
export function takeGaps(accounts: usize, slot: i32): usize {
  const flow = accountOf(accounts, slot);
  const stream = streamOf(accounts, slot);
  const bits = load<i32>(flow, 4 * account.BITS);
  if ((bits & account.HAS_GAPS) !== 0) return gapsOf(accounts, load<i32>(stream, 4 * account.FROM_SEQ));
  const number = takeRow(accounts, words.GAPS, account.GAPS_BITS, words.GAPS_FREE, words.GAPS_END);
  const row = gapsOf(accounts, number);
  memory.fill(row, 0, 4 << account.GAPS_BITS);
  for (let forward = 0; forward < 2; forward++)
    store<i32>(
      row + forward * HALF_BYTES,
      load<i32>(stream + 4 * forward, 4 * account.FROM_SEQ),
      4 * account.HIGHEST_FROM,
    );
  store<i32>(stream, number, 4 * account.FROM_SEQ);
  store<i32>(flow, bits | account.HAS_GAPS, 4 * account.BITS);
  return row;
}

/** How many pairs of a flow went outbound, or inbound. */
export function pairsOf(flow: usize, outbound: i32): i32 {
  const half = flow + ((<usize>outbound) << 1);
  const more = has(flow, account.HAS_DIGESTS) ? load<u16>(half, 4 * account.MORE_PAIRS) : 0;
  return ((<i32>more) << 16) | <i32>load<u16>(half, 4 * account.PAIRS);
}

/** Counts a pair. */
export function countPair(flow: usize, outbound: i32): void {
  const half = flow + ((<usize>outbound) << 1);
  const count = load<u16>(half, 4 * account.PAIRS) + 1;
  store<u16>(half, count, 4 * account.PAIRS);
  // by then there have long been digests
  if (count === 0) store<u16>(half, load<u16>(half, 4 * account.MORE_PAIRS) + 1, 4 * account.MORE_PAIRS);
}

/** Adds to the bytes of a flow. */
export function addBytes(flow: usize, bytes: i32): void {
  const sum = load<u32>(flow, 4 * account.BYTES) + bytes;
  store<u32>(flow, sum, 4 * account.BYTES);
  if (sum < <u32>bytes) store<i32>(flow, load<i32>(flow, 4 * account.MORE_BYTES) + 1, 4 * account.MORE_BYTES);
}

/**
 * Takes a flow, without pairs so far, and returns its slot. `flowBits`: IS_FLIPPED and BACKWARD_OUTBOUND. Precondition: there is room.
 */
export function open(
  accounts: usize,
  flowBits: i32,
  insideTuple: i32,
  outsideTuple: i32,
  rewriteForward: i32,
  rewriteBackward: i32,
): i32 {
  const slot = takeNumber(accounts, words.FREE, words.FREE_COUNT, words.END);
  const flow = accountOf(accounts, slot);
  const id = wordOf(accounts, words.LEARNT) + 1;
  setWord(accounts, words.LEARNT, id);
  store<i32>(wordOf(accounts, words.NEWEST) + 4 * (id & ((1 << words.NEWEST_BITS) - 1)), slot);
  memory.fill(flow, 0, 4 << account.RECORD_BITS);
  store<i32>(flow, flowBits | account.rewrittenBy(rewriteForward, rewriteBackward), 4 * account.BITS);
  store<i32>(flow, id, 4 * account.ID);
  store<i32>(flow, insideTuple, 4 * account.INSIDE_TUPLE);
  store<i32>(flow, outsideTuple, 4 * account.OUTSIDE_TUPLE);
  store<f64>(flow, Infinity, 8 * account.FIRST_NS);
  store<f64>(flow, -Infinity, 8 * account.USED_NS);
  return slot;
}
