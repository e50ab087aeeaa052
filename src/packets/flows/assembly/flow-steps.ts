/** What TypeScript asks of the `FlowAccounts` whose block is at `accounts`, and has it do. */
import * as account from "../flow-records.js";
import * as words from "../flow-accounts-words.js";
import { giveNumber, giveRow } from "../../memory/assembly/free-list.js";
import { wordOf } from "../../memory/assembly/words.js";
import * as flows from "./flow-accounts.js";
import * as samples from "./samples.js";

export { areByIds, byId, byPairs } from "./flow-order.js";
export { noteSegment } from "../../assembly/seen.js";

/** How many pairs of a flow went outbound, or inbound. */
export function pairsThatWent(accounts: usize, slot: i32, isOutbound: bool): i32 {
  return flows.pairsOf(flows.accountOf(accounts, slot), i32(isOutbound));
}

/** IP bytes of its pairs. */
export function bytesOf(accounts: usize, slot: i32): f64 {
  const flow = flows.accountOf(accounts, slot);
  const more = flows.has(flow, account.HAS_DIGESTS) ? load<i32>(flow, 4 * account.MORE_BYTES) : 0;
  return 4294967296.0 * <f64>more + <f64>load<u32>(flow, 4 * account.BYTES);
}

export function addBytesOf(accounts: usize, slot: i32, bytes: i32): void {
  flows.addBytes(flows.accountOf(accounts, slot), bytes);
}

/** What a flow's stream has in one of the words that there are two of; 0 where it has no stream. */
export function streamWord(accounts: usize, slot: i32, forward: i32, word: i32): f64 {
  if (!flows.has(flows.accountOf(accounts, slot), account.HAS_STREAM)) return 0;
  return <f64>load<u32>(flows.streamOf(accounts, slot) + 4 * (word + forward));
}

/** The number of the first byte, or SYN, that crossed that way, where all that followed it did as well; -1 where some did not. */
export function firstSeq(accounts: usize, slot: i32, forward: i32): f64 {
  if (!flows.has(flows.accountOf(accounts, slot), account.HAS_GAPS))
    return streamWord(accounts, slot, forward, account.FROM_SEQ);
  const half = flows.takeGaps(accounts, slot) + forward * flows.HALF_BYTES;
  const isUnbroken = load<i32>(half, 4 * account.RANGE_FROM) === load<i32>(half, 4 * account.RANGE_END);
  return isUnbroken ? <f64>load<u32>(half, 4 * account.HIGHEST_FROM) : -1;
}

/** Lets a flow go that has no digests any more: its slot may be used again. */
export function close(accounts: usize, slot: i32): void {
  const flow = flows.accountOf(accounts, slot);
  if (!flows.has(flow, account.HAS_DIGESTS))
    dropSamples(accounts, flow, flows.pairsOf(flow, 0) + flows.pairsOf(flow, 1));
  if (flows.has(flow, account.HAS_GAPS)) {
    const gaps = load<i32>(flows.streamOf(accounts, slot), 4 * account.FROM_SEQ);
    giveRow(accounts, words.GAPS, account.GAPS_BITS, words.GAPS_FREE, gaps);
  }
  store<i32>(flow, 0, 4 * account.ID);
  giveNumber(accounts, words.FREE, words.FREE_COUNT, slot);
}

/** Where the digest of a flow's latencies is; 0 where they are kept one by one. */
export function digestOf(accounts: usize, slot: i32, outbound: i32): i32 {
  const flow = flows.accountOf(accounts, slot);
  return flows.has(flow, account.HAS_DIGESTS) ? load<i32>(flow + 4 * outbound, 4 * account.LATENCIES) : 0;
}

/** Has a flow have digests from now on, instead of the `count` latencies of both directions that it has kept. */
export function keepDigests(accounts: usize, slot: i32, count: i32, inbound: i32, outbound: i32): void {
  const flow = flows.accountOf(accounts, slot);
  dropSamples(accounts, flow, count);
  store<i32>(flow, inbound, 4 * account.LATENCIES);
  store<i32>(flow, outbound, 4 * (account.LATENCIES + 1));
  store<i32>(flow, 0, 4 * account.MORE_PAIRS);
  store<i32>(flow, 0, 4 * account.MORE_BYTES);
  store<i32>(flow, load<i32>(flow, 4 * account.BITS) | account.HAS_DIGESTS, 4 * account.BITS);
}

/** Lists the latencies that a flow keeps, `count` of both directions, and returns how many are of this one. `list`: has room for all. */
export function listLatencies(accounts: usize, slot: i32, outbound: i32, count: i32, list: usize): i32 {
  const latencies = flows.accountOf(accounts, slot) + 4 * account.LATENCIES;
  const inRecord = account.keptInRecord(count);
  memory.copy(list, latencies, 4 * inRecord);
  if (count > inRecord)
    samples.copy(
      wordOf(accounts, words.SAMPLES),
      load<i32>(latencies + 4 * inRecord),
      list + 4 * inRecord,
      count - inRecord,
    );
  let listed = 0;
  for (let at = 0; at < count; at++) {
    const sample = load<i32>(list + 4 * at);
    if (account.outboundIn(sample) === outbound) store<i32>(list + 4 * listed++, account.latencyIn(sample));
  }
  return listed;
}

/** Gives back what a flow with so many latencies has beside its record. */
function dropSamples(accounts: usize, flow: usize, count: i32): void {
  const inRecord = account.keptInRecord(count);
  if (count > inRecord)
    samples.drop(wordOf(accounts, words.SAMPLES), load<i32>(flow + 4 * inRecord, 4 * account.LATENCIES));
}
