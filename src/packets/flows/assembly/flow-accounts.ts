/** What happens to the flows in the `FlowAccounts` whose block is at `accounts`: see `flow-accounts-words.ts`. */
import * as account from "../flow-records.js";
import * as words from "../flow-accounts-words.js";
import { takeNumber } from "../../memory/assembly/free-list.js";
import { setWord, wordOf } from "../../memory/assembly/words.js";

const ACCOUNT_BYTES_BITS = account.RECORD_BITS + 2;
const STREAM_BYTES_BITS = account.STREAM_BITS + 2;

/** The account of the flow in a slot. */
export function accountOf(accounts: usize, slot: i32): usize {
  return <usize>wordOf(accounts, words.RECORDS) + ((<usize>slot) << ACCOUNT_BYTES_BITS);
}

/** A row of ranges. */
function gapsOf(accounts: usize, row: i32): usize {
  return <usize>wordOf(accounts, words.GAPS) + ((<usize>row) << (account.GAPS_BITS + 2));
}

/** Where the TCP stream of a flow is, which it has from now on. */
export function streamOf(accounts: usize, slot: i32): usize {
  const stream = <usize>wordOf(accounts, words.STREAMS) + ((<usize>slot) << STREAM_BYTES_BITS);
  const flow = accountOf(accounts, slot);
  const bits = load<i32>(flow, 4 * account.BITS);
  if ((bits & account.HAS_STREAM) === 0) {
    store<i32>(flow, bits | account.HAS_STREAM, 4 * account.BITS);
    memory.fill(stream, 0, 1 << STREAM_BYTES_BITS);
  }
  return stream;
}

/** The row of ranges of a flow that has a stream, which it has from now on: all of them are empty at first. Precondition: there is room. */
export function takeGaps(accounts: usize, slot: i32): usize {
  const flow = accountOf(accounts, slot);
  const stream = streamOf(accounts, slot);
  const bits = load<i32>(flow, 4 * account.BITS);
  if ((bits & account.HAS_GAPS) !== 0) return gapsOf(accounts, load<i32>(stream, 4 * account.FROM_SEQ));
  let number = wordOf(accounts, words.GAPS_FREE);
  if (number !== 0) setWord(accounts, words.GAPS_FREE, load<i32>(gapsOf(accounts, number), 4 * account.NEXT_FREE));
  else {
    number = wordOf(accounts, words.GAPS_END);
    setWord(accounts, words.GAPS_END, number + 1);
  }
  const row = gapsOf(accounts, number);
  memory.fill(row, 0, 1 << (account.GAPS_BITS + 2));
  for (let forward = 0; forward < 2; forward++)
    store<i32>(
      row + (forward << (account.GAPS_BITS + 1)),
      load<i32>(stream + (forward << 2), 4 * account.FROM_SEQ),
      4 * account.HIGHEST_FROM,
    );
  store<i32>(stream, number, 4 * account.FROM_SEQ);
  store<i32>(flow, bits | account.HAS_GAPS, 4 * account.BITS);
  return row;
}

/** How many pairs of a flow went outbound, or inbound. */
export function pairsOf(flow: usize, outbound: i32): i32 {
  const half = flow + ((<usize>outbound) << 1);
  const more =
    (load<i32>(flow, 4 * account.BITS) & account.HAS_DIGESTS) === 0 ? 0 : load<u16>(half, 4 * account.MORE_PAIRS);
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
  memory.fill(flow, 0, 1 << ACCOUNT_BYTES_BITS);
  store<i32>(flow, flowBits | account.rewrittenBy(rewriteForward, rewriteBackward), 4 * account.BITS);
  store<i32>(flow, id, 4 * account.ID);
  store<i32>(flow, insideTuple, 4 * account.INSIDE_TUPLE);
  store<i32>(flow, outsideTuple, 4 * account.OUTSIDE_TUPLE);
  store<f64>(flow, Infinity, 8 * account.FIRST_NS);
  store<f64>(flow, -Infinity, 8 * account.USED_NS);
  return slot;
}
