/** What a pair adds to its flow, and to what is known of all pairs. */
import { areOtherOptions, payloadLengthOf } from "../../../../packets/assembly/headers.js";
import { addBytes, countPair, pairsOf, streamOf } from "../../../../packets/flows/assembly/flow-accounts.js";
import { addIn, bucketOf } from "../../../../packets/flows/assembly/latency.js";
import * as samples from "../../../../packets/flows/assembly/samples.js";
import { noteSegment } from "../../../../packets/assembly/seen.js";
import { doubleOf, rowAt, setDouble, setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as account from "../../../../packets/flows/flow-records.js";
import { SAMPLES } from "../../../../packets/flows/flow-accounts-words.js";
import { EXACT_SAMPLES } from "../../../../packets/flows/latency-words.js";
import { HAS_TCP_NUMBERS, IS_ERROR, identityOf, isAgain } from "../../../../packets/packets.js";
import * as record from "../../../../packets/records.js";
import { INSIDE, OUTSIDE } from "../../../../packets/sides.js";
import { MOST_LISTED } from "../../../../packets/results/few.js";
import { ALTERED_OPTIONS } from "../../../../packets/results/evidence.js";
import * as tuple from "../../../../packets/tuples.js";
import { isIcmp, TCP } from "../../../../protocols/ip-protocols.js";
import { ACK, FIN, RST, SYN } from "../../../../protocols/tcp.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { noteHeld } from "../timing/held.js";
import { FORGET_NS, isMostOfWindow, limitOf } from "../timing/pace.js";
import { isOrdered, notePassed } from "../timing/passed.js";
import { accountOf, passedNs, tupleOf, wayOf } from "../places.js";
import { noteShown } from "./shown-twice.js";

/**
 * Accounts for a pair of the flow in a slot. `packet`: the record of one of both; `pairNs`: the inside stamp; `latencyNs`: in its direction of travel.
 */
export function accountFor(ground: usize, slot: i32, outbound: i32, packet: usize, pairNs: f64, latencyNs: f64): void {
  const flow = accountOf(ground, slot);
  if (pairNs < load<f64>(flow, 8 * account.FIRST_NS)) store<f64>(flow, pairNs, 8 * account.FIRST_NS);
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const isLatest = pairNs >= load<f64>(flow, 8 * account.USED_NS);
  if (isLatest && (flags & IS_ERROR) === 0) store<f64>(flow, pairNs, 8 * account.USED_NS);
  const length = load<i32>(packet, 4 * record.LENGTH) & record.LENGTH_MASK;
  addBytes(flow, length);
  setWord(ground, words.PAIRED + outbound, wordOf(ground, words.PAIRED + outbound) + 1);
  countLatency(ground, slot, outbound, flow, latencyNs);
  countPair(flow, outbound);
  const leftNs = outbound === 1 ? pairNs + latencyNs : pairNs;
  notePace(ground, outbound, pairNs, leftNs, latencyNs);
  noteUntold(ground, outbound, outbound === 1 ? leftNs : pairNs - latencyNs, latencyNs);
  const crossed = words.CROSSED_NS + outbound;
  setDouble(ground, crossed, max<f64>(doubleOf(ground, crossed), leftNs - latencyNs));
  if (!isAgain(flags)) notePassed(ground, slot, outbound, leftNs - latencyNs, leftNs);
  // where nothing vouches for the clocks, latencies are as they seem to be
  const slackNs = doubleOf(ground, words.SLACK_NS);
  const isLong = isMostOfWindow(ground, slackNs < Infinity ? latencyNs + slackNs : latencyNs);
  // where packets overtake each other, one that was quick tells nothing of what others wait behind
  if (isLong || (!isAgain(flags) && isOrdered(ground, outbound, leftNs)))
    setWord(ground, words.IS_QUEUE_LONG + outbound, isLong ? 1 : 0);
}

/** Counts by how much the TTL of what travels in a direction was lowered on its way: inside TTL minus outside TTL. The pair is accounted for. */
export function countLowered(ground: usize, outbound: i32, lowered: i32): void {
  if (wordOf(ground, words.LOWERED + outbound) !== lowered) {
    setWord(ground, words.LOWERED + outbound, lowered);
    if (wordOf(ground, words.PAIRED + outbound) > 1) countOne(ground, words.LOWERED_ANEW + outbound);
  }
  if (outbound === 1 ? lowered <= 0 : lowered >= 0)
    setWord(ground, words.UNLOWERED + outbound, wordOf(ground, words.UNLOWERED + outbound) + 1);
}

/**
 * Accounts for what a pair of the flow in a slot says of its TCP stream, if it does; it is accounted for. `packet`: the record of one of both, with its TCP
 * numbers; `forward`: whether it is, or its twin would be, on the inside; `pairNs`: the inside stamp. Returns whether it is a TCP retransmission, and no copy that
 * captures show.
 */
export function accountSegment(ground: usize, slot: i32, forward: i32, packet: usize, pairNs: f64): bool {
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  if ((flags & HAS_TCP_NUMBERS) === 0) return false;
  const flow = accountOf(ground, slot);
  const payload = payloadLengthOf(packet);
  const tcpFlags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  const accounts = <usize>wordOf(ground, words.ACCOUNTS);
  const stream = streamOf(accounts, slot);
  // one that is decided behind others of its connection begins nothing
  const isLatest = pairNs >= load<f64>(flow, 8 * account.USED_NS);
  const isBeginning = (tcpFlags & SYN) !== 0 && isLatest;
  // what takes no numbers is never sent again
  const takesNumbers = payload > 0 || (tcpFlags & SYN) !== 0;
  const mayBeCopy = takesNumbers && noteShown(ground, (slot << 1) | forward, packet, pairNs);
  const isAgain =
    takesNumbers && noteSegment(accounts, slot, forward, load<i32>(packet, 4 * record.SEQ), payload, tcpFlags);
  if ((tcpFlags & ACK) !== 0) noteAck(flow, stream, forward, load<i32>(packet, 4 * record.ACK_SEQ), isBeginning);
  else if ((tcpFlags & SYN) !== 0) noteOpening(flow, stream, forward, isLatest);
  return isAgain && !mayBeCopy;
}

/**
 * Notes the frames of a pair, by its records, if it is the earliest of its flow so far: pairs of one that is just
 * learnt may be decided out of their order. Precondition: it is not accounted for yet.
 */
export function noteFirst(ground: usize, flow: usize, i: usize, o: usize): void {
  if (passedNs(i) >= load<f64>(flow, 8 * account.FIRST_NS)) return;
  store<i32>(flow, load<i32>(i, 4 * record.FRAME), 4 * account.FIRST_FRAMES);
  store<i32>(flow, load<i32>(o, 4 * record.FRAME), 4 * (account.FIRST_FRAMES + 1));
  const bits = load<i32>(flow, 4 * account.BITS) & ~account.IS_TAKEN_UP;
  if ((bits & account.IS_ONE_OF_SEVERAL) === 0) return;
  const iWay = wayOf(i);
  const isByA = (load<i32>(tupleOf(ground, iWay), 4 * tuple.FACTS) & tuple.IS_OPENED_BY_A) !== 0;
  const isTakenUp = isByA !== tuple.isFromA(iWay) && isPickedUp(i);
  store<i32>(flow, isTakenUp ? bits | account.IS_TAKEN_UP : bits, 4 * account.BITS);
}

/**
 * Whether the host tracks a conversation from a packet on that is not its first: no answer that belongs to what came before it (Linux:
 * nf_conntrack_proto_tcp.c, tcp_conntracks; nf_conntrack_proto_icmp.c).
 */
function isPickedUp(packet: usize): bool {
  const proto = record.protoIn(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL));
  if (proto !== TCP) return !isIcmp(proto);
  return (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) & (SYN | FIN | RST)) === 0;
}

/** Notes an acknowledgement that crossed. `isFirst`: of its stream, and with a SYN. */
function noteAck(flow: usize, stream: usize, forward: i32, ack: i32, isFirst: bool): void {
  const direction = stream + (forward << 2);
  const acked = load<i32>(direction, 4 * account.ACKED);
  if (!isFirst && acked !== 0 && ack - acked <= 0) return;
  store<i32>(direction, ack, 4 * account.ACKED);
  const bits = load<i32>(flow, 4 * account.BITS);
  const hasBegun = isFirst || (bits & (account.HAS_BEGUN << forward)) !== 0;
  const noted = bits | ((hasBegun ? account.HAS_BEGUN | account.HAS_PROGRESS : account.HAS_BEGUN) << forward);
  if (noted !== bits) store<i32>(flow, noted, 4 * account.BITS);
}

/**
 * Notes a SYN. Where one end's was acknowledged before, the ports are used again; else both ends may be opening the connection (RFC 9293 section 3.5), and either
 * SYN may be decided first. `isLatest`: nothing of the flow is known that is later.
 */
function noteOpening(flow: usize, stream: usize, forward: i32, isLatest: bool): void {
  let bits = load<i32>(flow, 4 * account.BITS);
  if (isLatest) {
    if (load<i64>(stream, 4 * account.ACKED) !== 0) bits &= ~(3 * (account.HAS_BEGUN | account.HAS_PROGRESS));
    bits &= ~account.IS_TAKEN_UP;
    store<i64>(stream, 0, 4 * account.ACKED);
  }
  store<i32>(flow, bits | (account.HAS_BEGUN << forward), 4 * account.BITS);
}

/** What the router changed of two packets with equal keys, but for their IP headers: ALTERED_… bits. */
export function alteredOf(packet: usize, other: usize): i32 {
  return areOtherOptions(packet, other) ? ALTERED_OPTIONS : 0;
}

/** Counts a pair whose keys are equal; `packet` is one of them. */
export function countIntact(ground: usize, outbound: i32, packet: usize): void {
  countOne(ground, words.INTACT + ((outbound << 2) | identityOf(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL))));
}

/** Counts a pair of a flow by what the router changed of it: ALTERED_… bits. */
export function countAltered(ground: usize, flow: usize, i: usize, o: usize, altered: i32): void {
  if (altered === 0) return;
  listPair(ground, words.ALTERED, i, o, flow);
  for (let bits = altered; bits !== 0; bits &= bits - 1) countOne(ground, words.ALTERED_IN + ctz(bits));
}

/** Adds a pair of a flow, by its records, to the list that begins at this word: see `kernel-words.ts`. */
export function listPair(ground: usize, list: i32, i: usize, o: usize, flow: usize): void {
  const count = wordOf(ground, list + words.LISTED_COUNT);
  setWord(ground, list + words.LISTED_COUNT, count + 1);
  if (count < MOST_LISTED) {
    const pair = listedAt(ground, list, count);
    store<i32>(pair, load<i32>(i, 4 * record.FRAME), 4 * (entries.LISTED_FRAME + INSIDE));
    store<i32>(pair, load<i32>(o, 4 * record.FRAME), 4 * (entries.LISTED_FRAME + OUTSIDE));
  }
  if (load<i32>(listedAt(ground, list, MOST_LISTED - 1), 4 * entries.LISTED_FLOW) !== 0) return;
  const id = load<i32>(flow, 4 * account.ID);
  for (let n = 0; ; n++) {
    const at = listedAt(ground, list, n) + 4 * entries.LISTED_FLOW;
    if (load<i32>(at) === 0) store<i32>(at, id);
    if (load<i32>(at) === id) return;
  }
}

function listedAt(ground: usize, list: i32, row: i32): usize {
  return rowAt(ground, list + words.LISTED_PAIRS, row, entries.LISTED_BITS);
}

function countOne(ground: usize, word: i32): void {
  setWord(ground, word, wordOf(ground, word) + 1);
}

/** What the slowest and the quickest packets of a direction took lately: raised, or lowered, at once, and forgotten over FORGET_NS. */
function notePace(ground: usize, outbound: i32, pairNs: f64, leftNs: f64, latencyNs: f64): void {
  const longest = words.LONGEST_NS + outbound;
  const shortest = words.SHORTEST_NS + outbound;
  setDouble(ground, longest, max<f64>(doubleOf(ground, longest), latencyNs));
  setDouble(ground, shortest, min<f64>(doubleOf(ground, shortest), latencyNs));
  setDouble(ground, words.TAKEN_NS + outbound, doubleOf(ground, words.TAKEN_NS + outbound) + latencyNs);
  if (latencyNs > limitOf(ground, outbound === 1)) noteHeld(ground, outbound, leftNs - latencyNs, leftNs);
  const slowestNs = doubleOf(ground, words.SLOWEST_NS + outbound);
  const quickestNs = doubleOf(ground, words.QUICKEST_NS + outbound);
  const passedNs = pairNs - doubleOf(ground, words.PACE_AT_NS + outbound);
  const kept = passedNs > 0 ? max<f64>(0, 1 - passedNs / FORGET_NS) : 1;
  // nothing takes less than no time, whatever the clocks say: limits are made of it
  const slowerNs = max<f64>(0, max<f64>(latencyNs, latencyNs + (slowestNs - latencyNs) * kept));
  const quickerNs = min<f64>(latencyNs, latencyNs + (quickestNs - latencyNs) * kept);
  setDouble(ground, words.SLOWEST_NS + outbound, slowerNs);
  setDouble(ground, words.QUICKEST_NS + outbound, quickerNs);
  if (passedNs > 0) setDouble(ground, words.PACE_AT_NS + outbound, pairNs);
}

/**
 * Notes what a pair took that passed outside then, or how far two are apart that would be one if the clocks told: where no packet tells how these stand,
 * they may be off by that, as nothing takes less than no time.
 */
export function noteUntold(ground: usize, outbound: i32, outsideNs: f64, latencyNs: f64): void {
  const isUntold =
    outsideNs > doubleOf(ground, words.UNTOLD_AFTER_NS) && outsideNs <= doubleOf(ground, words.UNTOLD_UNTIL_NS);
  const tookNs = isUntold ? abs<f64>(latencyNs) + doubleOf(ground, words.RESOLUTION_NS) : 0;
  const last = words.UNTOLD_TOOK_NS + 2 * outbound;
  const leastNs = min<f64>(tookNs, min<f64>(doubleOf(ground, last), doubleOf(ground, last + 1)));
  setDouble(ground, words.UNTOLD_MOST_NS, max<f64>(doubleOf(ground, words.UNTOLD_MOST_NS), leastNs));
  setDouble(ground, last + 1, doubleOf(ground, last));
  setDouble(ground, last, tookNs);
}

/** Adds a latency to those of the flow and of all pairs; what takes more than that is listed in LATENCIES for TypeScript to count. */
function countLatency(ground: usize, slot: i32, outbound: i32, flow: usize, latencyNs: f64): void {
  const bucket = bucketOf(latencyNs);
  const bits = load<i32>(flow, 4 * account.BITS);
  const known = pairsOf(flow, 0) + pairsOf(flow, 1);
  let uncounted = tuple.NONE;
  if ((bits & account.HAS_DIGESTS) !== 0) {
    const digest = load<i32>(flow + 4 * outbound, 4 * account.LATENCIES);
    if (!addIn(digest, latencyNs, bucket)) uncounted = slot;
  } else if ((bits & account.IS_FULL) === 0 && pairsOf(flow, outbound) < EXACT_SAMPLES && isSample(latencyNs))
    keepLatency(ground, flow, known, account.sampleOf(<i32>latencyNs, outbound));
  else {
    store<i32>(flow, bits | account.IS_FULL, 4 * account.BITS);
    uncounted = slot;
  }
  const isCounted = addIn(wordOf(ground, words.DIGESTS + outbound), latencyNs, bucket);
  if (isCounted && uncounted === tuple.NONE) return;
  const count = wordOf(ground, words.LATENCY_COUNT);
  const entry = rowAt(ground, words.LATENCIES, count, entries.LATENCY_BITS);
  store<f64>(entry, latencyNs, 8 * entries.LATENCY_NS);
  store<i32>(entry, uncounted, 4 * entries.LATENCY_SLOT);
  store<i32>(
    entry,
    (outbound ? entries.IS_OUTBOUND : 0) | (isCounted ? entries.IS_COUNTED : 0) | (known << entries.KNOWN_SHIFT),
    4 * entries.LATENCY_FACTS,
  );
  setWord(ground, words.LATENCY_COUNT, count + 1);
}

/** Keeps a flow's next latency, behind `known` others: in its record, or where that has no room, in the list of those that it has no room for. */
function keepLatency(ground: usize, flow: usize, known: i32, sample: i32): void {
  if (known < account.FEW_LATENCIES) {
    store<i32>(flow + 4 * known, sample, 4 * account.LATENCIES);
    return;
  }
  const list = <usize>wordOf(wordOf(ground, words.ACCOUNTS), SAMPLES);
  const last = flow + 4 * (account.LATENCIES + account.FEW_LATENCIES - 1);
  let newest = load<i32>(last);
  // the one whose word says where the others are is the first of them
  if (known === account.FEW_LATENCIES) newest = samples.add(list, tuple.NONE, newest);
  store<i32>(last, samples.add(list, newest, sample));
}

/** Whether a latency is one that samples have room for: whole nanoseconds of 30 bits, so that all of a list are numbers of 32. */
export function isSample(latencyNs: f64): bool {
  return <f64>(((<i32>latencyNs) << 2) >> 2) === latencyNs;
}
