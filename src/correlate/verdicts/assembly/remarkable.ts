/** Which flows there is nothing to find of: of most. */
import { destinationIn, sourceIn } from "../../../packets/records.js";
import { pairsOf } from "../../../packets/flows/assembly/flow-accounts.js";
import * as account from "../../../packets/flows/flow-records.js";
import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../../../packets/flows/flows.js";
import { rowIn } from "../../../packets/memory/assembly/words.js";
import * as tuple from "../../../packets/tuples.js";
import { isPrivate } from "../../../protocols/addresses.js";
import { BYTES_MASK, SEEN } from "../remarkable-words.js";

/** Knuth's multiplicative hash: 2^32 over the golden ratio. */
const SCATTER: i32 = 0x9e3779b1;

/**
 * Leaves, of `count` slots at `slots`, those of flows that finders have to look at, and returns how many they are. `seen`: twice
 * SEEN words that are kept from call to call, for addresses that are hidden, and for what is answered at those that stand for them.
 * `requests`: the words of `Requests`.
 */
export function remarkable(slots: usize, count: i32, flows: usize, tuples: usize, seen: usize, requests: usize): i32 {
  let left = 0;
  for (let at = 0; at < count; at++) {
    const slot = load<i32>(slots + (at << 2));
    const isAsked = (load<i32>(requests + (slot << 2)) & BYTES_MASK) !== 0;
    if (!isAsked && isOrdinary(rowIn(flows, slot, account.RECORD_BITS), tuples, seen)) continue;
    store<i32>(slots + (left++ << 2), slot);
  }
  return left;
}

/**
 * Over IPv4, both ways seen, one translation, nothing sent again, unreachable or without a twin, its initiator's port kept, its inside address known to be hidden in that way, and
 * traffic like it known to be answered at the address that stands for it; or hiding nobody, not from a public address, and known to call there from its network.
 */
function isOrdinary(flow: usize, tuples: usize, seen: usize): bool {
  const inside = rowIn(tuples, load<i32>(flow, 4 * account.INSIDE_TUPLE), tuple.TUPLE_BITS);
  const outside = rowIn(tuples, load<i32>(flow, 4 * account.OUTSIDE_TUPLE), tuple.TUPLE_BITS);
  const kind = load<i32>(inside, 4 * tuple.KIND);
  const kinds = kind | load<i32>(outside, 4 * tuple.KIND);
  if ((kinds & (tuple.HAS_UNMATCHED | tuple.HAS_AMBIGUOUS | tuple.IS_OF_IPV6)) !== 0) return false;
  const bits = load<i32>(flow, 4 * account.BITS);
  if (
    (bits & (account.HAS_RETRANSMISSIONS | account.IS_ONE_OF_SEVERAL)) !== 0 ||
    (bits & (account.HAS_UNREACHABLE | (account.HAS_UNREACHABLE << 1))) !== 0 ||
    pairsOf(flow, 0) === 0 ||
    pairsOf(flow, 1) === 0
  )
    return false;

  // of the initiator's packets
  const facts = load<i32>(inside, 4 * tuple.FACTS);
  if ((facts & tuple.IS_OPENER_KNOWN) === 0 || (bits & account.IS_TAKEN_UP) !== 0) return false;
  const forward = (facts & tuple.IS_OPENED_BY_A) !== 0 ? 1 : 0;
  // a reset may be all that came back
  const isOver = (facts & tuple.ENDED_BY_BOTH) === tuple.ENDED_BY_BOTH;
  if (isOver && (bits & (account.HAS_PROGRESS << (1 - forward))) === 0) return false;
  const rewrite = account.rewriteOf(bits, forward);
  const isFromInside = account.outboundFor(bits, forward) === 1;
  if (rewrite === 0) return !isFromInside;
  if (isFromInside && (rewrite & (REWRITE_SRC_PORT | REWRITE_DST_PORT)) !== 0) return false;
  if (!isFromInside && (rewrite & REWRITE_SRC) !== 0) return false;
  const isA = isFromInside === (forward === 1);
  const address = addressOf(inside, isA);
  const isOpenerA = isA !== ((bits & account.IS_FLIPPED) !== 0);
  if ((rewrite & (isFromInside ? REWRITE_SRC : REWRITE_DST)) === 0) {
    if (!isFromInside) return true;
    const call = addressOf(outside, !isOpenerA) ^ ((address >>> 8) * SCATTER);
    return isPrivate(address, false) && isSeen(seen + ((<usize>SEEN) << 2), call);
  }
  const isBoth = (rewrite & REWRITE_SRC) !== 0 && (rewrite & REWRITE_DST) !== 0;
  const isHiddenSeen = isSeen(seen, isBoth ? address ^ SCATTER : address);
  if (!isFromInside) return isHiddenSeen;
  const ports = load<i32>(outside, 4 * tuple.PORTS);
  const port = (facts & tuple.IS_ECHO_ID) !== 0 ? 0 : isOpenerA ? destinationIn(ports) : sourceIn(ports);
  const what = ((tuple.protoOf(kind) << 16) | port) * SCATTER;
  return isSeen(seen + ((<usize>SEEN) << 2), addressOf(outside, isOpenerA) ^ what) && isHiddenSeen;
}

function addressOf(conversation: usize, isA: bool): i32 {
  return isA ? load<i32>(conversation, 4 * tuple.ADDRESS_A) : load<i32>(conversation, 4 * tuple.ADDRESS_B);
}

/** Whether an address, or another word, was asked for lately; it was from now on. Never 0.0.0.0, as places are 0 at first. */
function isSeen(seen: usize, word: i32): bool {
  const place = seen + (((word ^ (word >>> 10) ^ (word >>> 20)) & (SEEN - 1)) << 2);
  if (load<i32>(place) === word) return word !== 0;
  store<i32>(place, word);
  return false;
}
