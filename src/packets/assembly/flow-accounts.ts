/** What happens to the flows in the `FlowAccounts` whose block is at `accounts`: see `flow-accounts-words.ts`. */
import * as account from "../flow-accounts.js";
import * as words from "../flow-accounts-words.js";
import { NONE } from "../tuples.js";
import { takeNumber } from "./free-list.js";
import { setWord, wordOf } from "./words.js";

const ACCOUNT_BYTES_BITS = account.RECORD_BITS + 2;

/** The account of the flow in a slot. */
export function accountOf(accounts: usize, slot: i32): usize {
  return <usize>wordOf(accounts, words.RECORDS) + ((<usize>slot) << ACCOUNT_BYTES_BITS);
}

/** A row of ranges. */
export function gapsOf(accounts: usize, row: i32): usize {
  return <usize>wordOf(accounts, words.GAPS) + ((<usize>row) << (account.GAPS_BITS + 2));
}

/** Takes a row of ranges, all of them empty, and returns its number. Precondition: there is room. */
export function openGaps(accounts: usize): i32 {
  let row = wordOf(accounts, words.GAPS_FREE);
  if (row !== 0) setWord(accounts, words.GAPS_FREE, load<i32>(gapsOf(accounts, row), 4 * account.NEXT_FREE));
  else {
    row = wordOf(accounts, words.GAPS_END);
    setWord(accounts, words.GAPS_END, row + 1);
  }
  memory.fill(gapsOf(accounts, row), 0, 1 << (account.GAPS_BITS + 2));
  return row;
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
  memory.fill(flow, 0, 1 << ACCOUNT_BYTES_BITS);
  store<i32>(flow, flowBits | account.rewrittenBy(rewriteForward, rewriteBackward), 4 * account.BITS);
  store<i32>(flow, id, 4 * account.ID);
  store<i32>(flow, insideTuple, 4 * account.INSIDE_TUPLE);
  store<i32>(flow, outsideTuple, 4 * account.OUTSIDE_TUPLE);
  store<i32>(flow, NONE, 4 * account.LATENCIES);
  store<i32>(flow, NONE, 4 * (account.LATENCIES + 1));
  store<f64>(flow, Infinity, 8 * account.FIRST_NS);
  store<f64>(flow, -Infinity, 8 * account.LAST_NS);
  return slot;
}
