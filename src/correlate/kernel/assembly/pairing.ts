/** What makes a pair of two packets with equal keys: that they are certain, their flow, and whoever has to know of it. */
import { wordOf } from "../../../packets/assembly/words.js";
import * as account from "../../../packets/flow-accounts.js";
import { HAS_TCP_NUMBERS } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import { BY_EXACT } from "../../../packets/results.js";
import * as line from "../../../packets/timeline.js";
import * as tuple from "../../../packets/tuples.js";
import * as words from "../kernel-words.js";
import { CONFLICT, KNOWN, LEARN_BITS } from "../relations.js";
import { accountFor, alteredOf, countIntact, noteFirst } from "./accounting.js";
import { isNovel } from "./alike.js";
import { noteCrossing } from "./crossings.js";
import { evidenceOf } from "./evidence.js";
import { concernsOthers, headerBits, learn, timingBits } from "./learning.js";
import { accountOf, packetOf, passedNs, tupleOf, wayAt, wayOf } from "./places.js";
import * as relation from "./relation.js";

/** A flow was learnt that others have to know of. */
declare function learnt(slot: i32): void;

/** Whether something speaks against two packets, just related as `found`, or others like them may be meant. */
export function isInDoubt(found: i32): bool {
  return found <= CONFLICT || relation.isClose || (relation.isLate && relation.isRepeatable);
}

/** Whether the flow that `flowOf` found last was learnt by it. */
export let hasLearnt = false;

/**
 * The flow, by its slot, of two packets that were just related. It is learnt where they say enough for that. NONE where it is not certain by
 * them alone, or where somebody else has to see the pair.
 */
export function flowOf(ground: usize, found: i32, i: usize, iWay: i32, o: usize, oWay: i32, gapNs: f64): i32 {
  hasLearnt = false;
  if (found === KNOWN) {
    // a flow's first pair tells of more than itself; what has been proved had a pair, which is known without its account
    const flow = accountOf(<usize>wordOf(ground, words.FLOWS), relation.slot);
    const isProved = (load<i32>(wayAt(<usize>wordOf(ground, words.TUPLES), iWay)) & tuple.PROVED) !== 0;
    return isProved || hasPairs(flow) ? relation.slot : tuple.NONE;
  }
  if (!isLearntAtOnce(ground, i, iWay, o, oWay, gapNs)) return tuple.NONE;
  hasLearnt = true;
  return learn(ground, i, iWay, oWay);
}

/** Makes two packets each other's twins: two rows, each with where its fate is. */
export function bindTwins(fate: usize, row: i32, otherFate: usize, otherRow: i32): void {
  store<i32>(fate, tuple.NONE, 4 * line.BUCKET);
  store<i32>(otherFate, tuple.NONE, 4 * line.BUCKET);
  store<i32>(fate, otherRow, 4 * line.TWIN);
  store<i32>(otherFate, row, 4 * line.TWIN);
}

/** Notes with an inside packet how it was paired. */
export function noteHow(insideFate: usize, slot: i32, packet: usize, outbound: i32, altered: i32): void {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const evidence = evidenceOf((flags >>> 16) & 0xff, flags);
  store<i32>(insideFate, slot, 4 * line.FLOW);
  store<i32>(insideFate, line.decidedBy(BY_EXACT, evidence, outbound, altered), 4 * line.BY_EVIDENCE_OUTBOUND);
}

/** Notes with an inside packet that it is a retransmission. */
export function noteAgain(insideFate: usize): void {
  const by = load<i32>(insideFate, 4 * line.BY_EVIDENCE_OUTBOUND);
  store<i32>(insideFate, by | line.IS_RETRANSMISSION, 4 * line.BY_EVIDENCE_OUTBOUND);
}

/**
 * Accounts for a pair of equal keys. `iRow` is its inside row; its record, its way and its time follow, then those of the outside row. Returns
 * whether it is a retransmission.
 */
export function accountPair(
  ground: usize,
  slot: i32,
  outbound: i32,
  iRow: i32,
  i: usize,
  iWay: i32,
  iNs: f64,
  o: usize,
  oWay: i32,
  oNs: f64,
): bool {
  if (hasLearnt && concernsOthers(ground, i, iWay, oWay)) learnt(slot);
  const latencyNs = outbound === 1 ? oNs - iNs : iNs - oNs;
  if (!hasPairs(accountOf(<usize>wordOf(ground, words.FLOWS), slot))) noteFirst(ground, slot, i, o);
  countIntact(ground, outbound, i, alteredOf(i, o));
  const isAgain = accountFor(ground, slot, outbound, iWay & 1, i, iNs, latencyNs, relation.loweredBy(i, o));
  if (outbound === 1) noteCrossing(ground, i, iWay, iNs, slot, outbound, iRow);
  else noteCrossing(ground, o, oWay, oNs, slot, outbound, iRow);
  return isAgain;
}

/**
 * Accounts for a pair of rows of the flow in a slot, which others are told of with its first pair, and proves its ways; `crossed`: the row of the
 * bytes that did. Returns whether it is a TCP retransmission.
 */
export function accountForRows(
  ground: usize,
  inside: i32,
  outside: i32,
  slot: i32,
  outbound: i32,
  latencyNs: f64,
  crossed: i32,
): bool {
  const flow = accountOf(<usize>wordOf(ground, words.FLOWS), slot);
  const i = packetOf(ground, inside);
  const tuples = <usize>wordOf(ground, words.TUPLES);
  const o = packetOf(ground, outside);
  if (!hasPairs(flow)) {
    noteFirst(ground, slot, i, o);
    learnt(slot);
  }
  const lowered = relation.loweredBy(i, o);
  prove(wayAt(tuples, wayOf(i)));
  prove(wayAt(tuples, wayOf(o)));
  if (load<u64>(i, 4 * record.KEY) === load<u64>(o, 4 * record.KEY)) countIntact(ground, outbound, i, alteredOf(i, o));
  const packet = packetOf(ground, crossed);
  return accountFor(ground, slot, outbound, wayOf(i) & 1, packet, passedNs(i), latencyNs, lowered);
}

/**
 * Whether two packets, just related as POSSIBLE, are enough by themselves to believe in a translation: the first of conversations that
 * nothing is known of, in time, with content that was not seen before them.
 */
function isLearntAtOnce(ground: usize, i: usize, iWay: i32, o: usize, oWay: i32, gapNs: f64): bool {
  const tuples = <usize>wordOf(ground, words.TUPLES);
  const inside = tupleOf(tuples, iWay);
  if (!isUnbound(inside) || !isUnbound(tupleOf(tuples, oWay))) return false;
  if (relation.isLate || (load<i32>(inside, 4 * tuple.FACTS) & tuple.HAS_EVIDENCE) !== 0) return false;
  const hasNumbers = (load<i32>(i, 4 * record.FLAGS_PROTO_TTL) & HAS_TCP_NUMBERS) !== 0;
  if (!hasNumbers && !(isNovel(i) && isNovel(o))) return false;
  return headerBits(ground, i, iWay, o, oWay) + timingBits(ground, gapNs) >= LEARN_BITS;
}

/** Whether neither direction of a conversation has a translation. */
function isUnbound(at: usize): bool {
  return load<i32>(at, 4 * tuple.FLOW) === tuple.UNBOUND && load<i32>(at, 4 * (tuple.FLOW + 1)) === tuple.UNBOUND;
}

/** Notes of a way that a pair has proved its translation. */
export function prove(at: usize): void {
  store<i32>(at, load<i32>(at) | tuple.PROVED);
}

/** Whether a flow had a pair, by its account. */
function hasPairs(flow: usize): bool {
  return (load<i32>(flow, 4 * account.PAIRS) | load<i32>(flow, 4 * (account.PAIRS + 1))) !== 0;
}
