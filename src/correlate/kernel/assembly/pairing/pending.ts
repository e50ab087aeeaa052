/**
 * Pairs that wait. An equal packet may come right behind one, and nothing would tell the two apart: what was seen to enter may be the second. Such
 * a pair is made once no equal packet that came can be meant.
 */
import { payloadLengthOf } from "../../../../packets/assembly/headers.js";
import * as timeline from "../../../../packets/assembly/timeline.js";
import { doubleOf, rowAt, setWord, wordOf } from "../../../../packets/memory/assembly/words.js";
import * as record from "../../../../packets/records.js";
import { BY_EXACT, BY_FLOW, EVIDENCE_FLOW, EVIDENCE_TIME, decidedBy } from "../../../../packets/results/evidence.js";
import { INSIDE } from "../../../../packets/sides.js";
import { WAITING } from "../../../../packets/fates.js";
import { NONE } from "../../../../packets/tuples.js";
import { TCP } from "../../../../protocols/ip-protocols.js";
import { ACK, SYN } from "../../../../protocols/tcp.js";
import * as entries from "../../entries.js";
import * as words from "../../kernel-words.js";
import { UNVOUCHED_SLACK_NS } from "../../relations.js";
import * as buckets from "../filing/buckets.js";
import { haveClones, isNovel } from "../weighing/alike.js";
import { twinInCrowd, usesTime } from "../filing/crowd.js";
import { overtakes } from "../timing/held.js";
import { isNew } from "../timing/pace.js";
import { accountPair, decided, flowOf, isInDoubt, isShowing, markAgain, putAway } from "./pairing.js";
import { lineOf, packetOf, passedNs } from "../places.js";
import * as relation from "../weighing/relation.js";
import * as timing from "../timing/timing.js";

/**
 * Whether an equal packet may come right behind this one, which nothing would tell from it: acknowledgements, answers to SYNs that came together, and
 * datagrams without an IP ID. A segment with data, or one that opens a connection, comes again only when it was waited for in vain. By stamps that are
 * less certain than those of one computer, that may be at once; so may what was sent twice; and where what left took longer than all did lately, the next one may be meant. So may that of another
 * host, where several begin conversations with the same numbers.
 * Precondition: it was related last.
 */
export function mayComeAgain(ground: usize, packet: usize): bool {
  if (timing.mayBeTwo) return true;
  const mayBeOfClones = relation.slot === NONE && isNovel(packet) && haveClones(ground, passedNs(packet));
  if (!timing.isRepeatable)
    return mayBeOfClones && record.protoIn(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL)) === TCP;
  if (record.protoIn(load<i32>(packet, 4 * record.FLAGS_PROTO_TTL)) !== TCP) return true;
  if (max<f64>(doubleOf(ground, words.SLACK_NS), doubleOf(ground, words.RESOLUTION_NS)) > UNVOUCHED_SLACK_NS)
    return true;
  if (timing.isSlowest || mayBeOfClones) return true;
  if (payloadLengthOf(packet) > 0) return false;
  const flags = load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE);
  return (flags & SYN) === 0 || ((flags & ACK) !== 0 && relation.slot !== NONE);
}

/** When the oldest pair that waits for an equal packet is to be looked at, nanoseconds on the timeline; Infinity where there is none. */
export function pendingUntil(ground: usize): f64 {
  const over = wordOf(ground, words.PENDING_OVER);
  return over === wordOf(ground, words.PENDING_COUNT)
    ? Infinity
    : load<f64>(pendingAt(ground, over), 8 * entries.PENDING_UNTIL_NS);
}

function pendingAt(ground: usize, number: i32): usize {
  return rowAt(ground, words.PENDING_PAIRS, number & (entries.PENDING_ENTRIES - 1), entries.PENDING_BITS);
}

/**
 * Has the pair of the two related last wait; `row` is the one that came last, at `timeNs`. Where there is no room for one more, the oldest waits for the end
 * of its window instead: all others are behind it, and most of them have far less to wait for.
 */
export function expect(ground: usize, row: i32, timeNs: f64): void {
  // no longer than the window, when others decide: those behind it wait for it
  const untilNs = timeNs + min<f64>(timing.soonNs, doubleOf(ground, words.WINDOW_NS));
  const count = wordOf(ground, words.PENDING_COUNT);
  const over = wordOf(ground, words.PENDING_OVER);
  if (count - over === entries.PENDING_ENTRIES) setWord(ground, words.PENDING_OVER, over + 1);
  const entry = pendingAt(ground, count);
  store<f64>(entry, untilNs, 8 * entries.PENDING_UNTIL_NS);
  store<i32>(entry, row, 4 * entries.PENDING_ROW);
  setWord(ground, words.PENDING_COUNT, count + 1);
}

/** Whether two rows that would be paired are to wait, as an equal packet may come; `row` is the one that came last. Then they are looked at again. */
export function awaitEqual(ground: usize, row: i32, inside: i32, outside: i32): bool {
  relation.relateRows(ground, inside, outside);
  const packet = packetOf(ground, row);
  if (!mayComeAgain(ground, packet)) return false;
  expect(ground, row, passedNs(packet));
  return true;
}

/**
 * Has a row of a crowd that just came wait for an equal one, with the only one of its flow that may be its twin. Returns false where there is none,
 * or more than one: then its window decides.
 */
export function awaitInCrowd(ground: usize, row: i32): bool {
  if (twinInCrowd(ground, row) === NONE || !mayComeAgain(ground, packetOf(ground, row))) return false;
  expect(ground, row, passedNs(packetOf(ground, row)));
  return true;
}

/** Pairs those for which no equal packet came by `nowNs`, up to the first that somebody else has to decide about. Returns that row, or NONE. */
export function confirm(ground: usize, nowNs: f64): i32 {
  while (nowNs > pendingUntil(ground) && wordOf(ground, words.LATENCY_COUNT) < entries.MOST_LATENCIES) {
    const over = wordOf(ground, words.PENDING_OVER);
    const row = load<i32>(pendingAt(ground, over), 4 * entries.PENDING_ROW);
    if (!isConfirmed(ground, row)) return row;
    setWord(ground, words.PENDING_OVER, over + 1);
  }
  return NONE;
}

/** Pairs a row with the one that it waits with. Returns false where that is for somebody else to do. */
function isConfirmed(ground: usize, row: i32): bool {
  const at = lineOf(ground);
  const waiting = <usize>wordOf(ground, words.BUCKETS);
  // it may have been decided about, and given back
  if (!timeline.isHeld(at, row) || timeline.stateOf(at, row) !== WAITING) return true;
  const isPending = buckets.isPending(waiting, row);
  const otherRow = isPending ? buckets.pendingWith(waiting, row) : twinInCrowd(ground, row);
  // another matcher may have left its twin undecided meanwhile
  if (otherRow === NONE || timeline.stateOf(at, otherRow) !== WAITING) return false;
  const isInside = timeline.sideOf(at, row) === INSIDE;
  const inside = isInside ? row : otherRow;
  const outside = isInside ? otherRow : row;
  if (isShowing(ground) && timeline.isBefore(at, inside, wordOf(ground, words.SHOWN))) return false;
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  const found = relation.relate(ground, i, o);
  if (isInDoubt(found)) return false;
  const slot = flowOf(ground, found, i, o);
  if (slot === NONE) return false;
  const outbound = relation.isOutbound ? 1 : 0;
  const isAmongOthers = !isPending && buckets.countOf(waiting, buckets.bucketOf(waiting, row)) > 2;
  // what is late may be so because all is
  if (!isPending && usesTime && isNew(ground, relation.isOutbound)) return false;
  const entered = outbound === 1 ? i : o;
  const left = outbound === 1 ? o : i;
  if (!isPending && overtakes(ground, outbound, passedNs(entered), passedNs(left))) return false;
  if (isPending) buckets.removeBoth(waiting, row);
  else {
    buckets.remove(waiting, row);
    buckets.remove(waiting, otherRow);
  }
  const timed = usesTime ? EVIDENCE_TIME : 0;
  const how = isAmongOthers
    ? decidedBy(BY_FLOW, EVIDENCE_FLOW | timed, outbound, 0)
    : decidedBy(BY_EXACT, 0, outbound, 0);
  timeline.pair(at, inside, outside, slot, decided(i, o, how));
  if (accountPair(ground, slot, outbound, inside, i, o)) markAgain(ground, inside);
  putAway(ground, inside, outside, slot);
  return true;
}
