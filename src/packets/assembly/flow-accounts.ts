import * as account from "../flow-accounts.js";
import { NONE } from "../tuples.js";

/** Takes a flow, without pairs so far, into the place of its account. `flowBits`: IS_FLIPPED and BACKWARD_OUTBOUND. */
export function openAccount(
  flow: usize,
  flowBits: i32,
  id: i32,
  insideTuple: i32,
  outsideTuple: i32,
  rewriteForward: i32,
  rewriteBackward: i32,
): void {
  memory.fill(flow, 0, 1 << (account.RECORD_BITS + 2));
  store<i32>(flow, flowBits, 4 * account.BITS);
  store<i32>(flow, id, 4 * account.ID);
  store<i32>(flow, insideTuple, 4 * account.INSIDE_TUPLE);
  store<i32>(flow, outsideTuple, 4 * account.OUTSIDE_TUPLE);
  store<i32>(flow, rewriteForward | (rewriteBackward << 8), 4 * account.REWRITES);
  store<i32>(flow, NONE, 4 * account.LATENCIES);
  store<i32>(flow, NONE, 4 * (account.LATENCIES + 1));
  store<f64>(flow, Infinity, 8 * account.FIRST_NS);
  store<f64>(flow, -Infinity, 8 * account.LAST_NS);
}
