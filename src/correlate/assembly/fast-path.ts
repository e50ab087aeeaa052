/**
 * `FastPath`'s loop, in AssemblyScript. It names fields as the tables in packets/ do: a word of a record is four bytes.
 *
 * It goes over the same rows as `Run`, `Matcher`, `Translations` and `FlowAccounts`, and says what they say in general for
 * the packets it takes: test/correlate/fast-path.test.ts holds them together.
 */
import { clearCell } from "../../packets/assembly/cells.js";
import { noteSegment, openAccount } from "../../packets/assembly/flow-accounts.js";
import { bucketOf, tally } from "../../packets/assembly/latency.js";
import { doubleOf, setDouble, setWord, wordOf } from "../../packets/assembly/words.js";
import * as account from "../../packets/flow-accounts.js";
import { EXACT_SAMPLES } from "../../packets/latency.js";
import { FIN, HAS_IP_ID, IS_DF, IS_ERROR, IS_FRAGMENT, IS_IPV6, RST, SYN, TCP } from "../../packets/packets.js";
import * as record from "../../packets/records.js";
import { BY_EXACT } from "../../packets/results.js";
import { BEFORE, CHUNK_BITS, CHUNK_SAMPLES } from "../../packets/samples.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";
import * as line from "../../packets/timeline.js";
import * as tuple from "../../packets/tuples.js";
import { ALONE } from "../buckets.js";
import { LEAST_IPV6_MTU, NEVER_CUT_BYTES } from "../datagrams.js";
import * as words from "../fast-path-words.js";
import { EARLY_PAIRS, LATE_NS } from "../matcher.js";
import { TIDY_EVERY } from "../flow-book.js";
import { ORDINARY_BYTES } from "../segments.js";
import { IDENTITY, INTACT_BITS, LEARN_BITS, LEARN_BITS_RELATED, RELATED_PAIRS } from "../translations.js";
import { evidenceOf } from "./evidence.js";
import * as learnt from "./learning.js";
import { bind, isNews, weigh } from "./learning.js";
import { note } from "./openings.js";
import { firstUndecided, placeOf, recordOf, timeNsOf, tupleOf, wayAt } from "./places.js";
import { settle, strangersLeft } from "./settling.js";

export { settle } from "./settling.js";

/** `Clock`'s methods, which are asked where the clock is an estimated one. */
declare function observe(timeNs: f64, gapNs: f64, isOutbound: bool): void;
declare function correctionNs(timeNs: f64): f64;
/** A flow was learnt that others have to know of. */
declare function learn(slot: i32): void;

/** Bytes of a record, and of others that are half or twice as long as they say. */
const RECORD_BYTES_BITS = record.RECORD_BITS + 2;
const FATE_BYTES_BITS = line.FATE_BITS + 2;
const ACCOUNT_BYTES_BITS = account.RECORD_BITS + 2;
const CELL_BYTES_BITS = 3;
const CHUNK_BYTES_BITS = CHUNK_BITS + 2;
const LATENCY_BYTES_BITS = words.LATENCY_BITS + 2;

/**
 * Takes packets as long as they are ordinary, and says in `ground` how far it came. For each: who waits under its key, whether
 * it is ordinary (nothing has been changed where not: the loop is left), then what becomes of it, alone or as a pair. One long
 * function, as its locals are registers and a call takes as long as most of what could be put into one.
 */
export function run(ground: usize): void {
  const insidePackets = wordOf(ground, words.PACKETS + INSIDE);
  const outsidePackets = wordOf(ground, words.PACKETS + OUTSIDE);
  const insideWays = wordOf(ground, words.WAYS + INSIDE);
  const outsideWays = wordOf(ground, words.WAYS + OUTSIDE);
  const states = wordOf(ground, words.STATES);
  const sides = wordOf(ground, words.SIDES);
  const places = wordOf(ground, words.PLACES);
  const mask = wordOf(ground, words.ROWS_MASK);
  const records = wordOf(ground, words.RECORDS);
  const fates = wordOf(ground, words.FATES);
  const freePlaces = wordOf(ground, words.FREE_PLACES);
  const cells = wordOf(ground, words.CELLS);
  const cellsMask = wordOf(ground, words.CELLS_MASK);
  const tuples = wordOf(ground, words.TUPLES);
  const flows = wordOf(ground, words.FLOWS);
  const chunks = wordOf(ground, words.CHUNKS);
  const isShowing = wordOf(ground, words.IS_SHOWING) !== 0;
  const isUncut = wordOf(ground, words.IS_UNCUT) !== 0;
  const isEstimated = wordOf(ground, words.IS_ESTIMATED) !== 0;
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const shiftNs = doubleOf(ground, words.SHIFT_NS);
  const surelyInTimeNs = doubleOf(ground, words.SURELY_IN_TIME_NS);
  const first = wordOf(ground, words.FIRST);
  const notYetShown = (wordOf(ground, words.SHOWN) - first) & line.ROW_MASK;
  const room = wordOf(ground, words.ROOM);

  let insideAt = wordOf(ground, words.AT + INSIDE);
  let outsideAt = wordOf(ground, words.AT + OUTSIDE);
  const insideEnd = wordOf(ground, words.END + INSIDE);
  const outsideEnd = wordOf(ground, words.END + OUTSIDE);
  let insideNs = doubleOf(ground, words.NEXT_NS + INSIDE);
  let outsideNs = doubleOf(ground, words.NEXT_NS + OUTSIDE);
  let latestNs = doubleOf(ground, words.NOW_NS);
  let row = wordOf(ground, words.ROW);
  let due = wordOf(ground, words.DUE);
  const dropped = wordOf(ground, words.DROPPED);
  let droppedCount = wordOf(ground, words.DROPPED_COUNT);
  let rest = wordOf(ground, words.REST);
  let chunksEnd = wordOf(ground, words.CHUNKS_END);
  let latencies = wordOf(ground, words.LATENCIES);
  const latenciesEnd = latencies + (words.MOST_LATENCIES << LATENCY_BYTES_BITS);
  const freeSlots = wordOf(ground, words.FREE_SLOTS);
  let freeSlotCount = wordOf(ground, words.FREE_SLOT_COUNT);
  let flowsEnd = wordOf(ground, words.FLOWS_END);
  let flowsLearnt = wordOf(ground, words.FLOWS_LEARNT);
  const pairsBefore = wordOf(ground, words.PAIRS_BEFORE);
  let freePlaceCount = wordOf(ground, words.FREE_PLACE_COUNT);
  let placesEnd = wordOf(ground, words.PLACES_END);
  let pairs = 0;
  let firsts = 0;
  let filed = 0;
  // when the first row came that is to be decided about
  let dueNs: f64 = due === row ? Infinity : timeNsOf(records, placeOf(places, due & mask));
  let isAtOther = true;

  for (;;) {
    const side = insideNs <= outsideNs ? INSIDE : OUTSIDE;
    const from = side === INSIDE ? insideAt : outsideAt;
    const timeNs = side === INSIDE ? insideNs : outsideNs;
    if (from === (side === INSIDE ? insideEnd : outsideEnd) || latencies === latenciesEnd) {
      isAtOther = false;
      break;
    }
    // tidying may be due
    if ((row & (TIDY_EVERY - 1)) === 0 && firsts + 1 >= room) break;
    const packet = (side === INSIDE ? insidePackets : outsidePackets) + (from << RECORD_BYTES_BITS);
    if (max<f64>(timeNs, latestNs) - dueNs > windowNs) {
      // an ICMP error may tell what became of those that are due, and is taken before
      const isError = (load<i32>(packet, 4 * record.FLAGS_PROTO_TTL) & IS_ERROR) !== 0;
      if (!isError) {
        setWord(ground, words.ROW, row);
        setWord(ground, words.DUE, due);
        setWord(ground, words.FILED, filed);
        setWord(ground, words.FLOWS_LEARNT, flowsLearnt);
        setWord(ground, words.FREE_PLACE_COUNT, freePlaceCount);
        settle(ground, max<f64>(timeNs, latestNs));
        due = wordOf(ground, words.DUE);
        filed = wordOf(ground, words.FILED);
        flowsLearnt = wordOf(ground, words.FLOWS_LEARNT);
        freePlaceCount = wordOf(ground, words.FREE_PLACE_COUNT);
        dueNs = due === row ? Infinity : timeNsOf(records, placeOf(places, due & mask));
      }
      if (isError || max<f64>(timeNs, latestNs) - dueNs > windowNs) {
        isAtOther = false;
        break;
      }
    }
    // one that comes so late in its capture may be decided about as it comes
    if (latestNs - timeNs > windowNs) break;
    const way = load<i32>((side === INSIDE ? insideWays : outsideWays) + (from << 2));
    const conversation = tupleOf(tuples, way);
    const wayState = wayAt(tuples, way);
    const ofWay = load<i32>(wayState);
    let slot = ofWay >> tuple.FLOW_SHIFT;
    const flagsProtoTtl = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
    const isKnown = slot !== tuple.NONE;
    if ((flagsProtoTtl & (IS_FRAGMENT | IS_ERROR)) !== 0) break;
    let flow = flows + (slot << ACCOUNT_BYTES_BITS);
    let bits = (ofWay >> tuple.FLOW_BITS_SHIFT) & 3;
    // 1 if the packet is, or its twin will be, forward on the inside
    let forward = (way ^ (bits & side)) & 1;
    let outbound = forward ^ ((bits >> account.BACKWARD_OUTBOUND_BIT) & 1);

    // who waits under its key
    const key = load<i32>(packet, 4 * record.KEY);
    const key2 = load<i32>(packet, 4 * record.KEY2);
    let cell = key & cellsMask;
    let waiting = tuple.NONE;
    let isAlone = true;
    for (;;) {
      const id = load<i32>(cells + (cell << CELL_BYTES_BITS), 4);
      if (id === 0) break;
      if (load<i32>(cells + (cell << CELL_BYTES_BITS)) === key) {
        waiting = id - 1;
        isAlone =
          waiting >= 0 && load<i32>(recordOf(records, placeOf(places, waiting & mask)), 4 * record.KEY2) !== key2;
        if (!isAlone) break;
      }
      cell = (cell + 1) & cellsMask;
    }
    // whether it is ordinary
    const proto = (flagsProtoTtl >>> 16) & 0xff;
    const length = load<i32>(packet, 4 * record.LENGTH);
    const payloadLength = load<i32>(packet, 4 * record.PAYLOAD_LENGTH);
    const hasIpId = (flagsProtoTtl & HAS_IP_ID) !== 0;
    const w = waiting & mask;
    const otherPlace = placeOf(places, w);
    const other = recordOf(records, otherPlace);
    let latencyNs: f64 = 0;
    let isLearnt = false;
    if (isAlone) {
      if (proto !== TCP) {
        // a datagram that may be cut on its way
        const mayBeCut =
          (flagsProtoTtl & IS_IPV6) !== 0
            ? length > LEAST_IPV6_MTU
            : hasIpId && (flagsProtoTtl & IS_DF) === 0 && length > NEVER_CUT_BYTES;
        if (mayBeCut) break;
      } else if (payloadLength > 0 && (length > ORDINARY_BYTES || (isKnown && !isUncut))) break;
    } else {
      if (waiting < 0) break;
      if (load<u8>(sides + w) === side || load<u8>(states + w) === line.AMBIGUOUS) break;
      if (isShowing && side === OUTSIDE && ((waiting - first) & line.ROW_MASK) < notYetShown) break;
      const otherWay = load<i32>(other, 4 * record.WAY);
      const otherNs = load<f64>(other, 8 * record.TIME_NS);
      if (!isKnown) {
        const gapNs = side === INSIDE ? otherNs - timeNs : timeNs - otherNs;
        if (gapNs > windowNs || gapNs < -windowNs || !isSample(gapNs)) break;
        if (hasIpId && abs<f64>(gapNs) > LATE_NS && intactWithId(ground) < EARLY_PAIRS) break;
        const learnBits = pairsBefore + pairs >= RELATED_PAIRS ? LEARN_BITS_RELATED : LEARN_BITS;
        const isCertain =
          side === INSIDE
            ? weigh(ground, packet, way, other, otherWay, gapNs, learnBits)
            : weigh(ground, other, otherWay, packet, way, gapNs, learnBits);
        if (!isCertain) break;
        slot = freeSlotCount > 0 ? load<i32>(freeSlots + (--freeSlotCount << 2)) : flowsEnd++;
        flow = flows + (slot << ACCOUNT_BYTES_BITS);
        bits = learnt.bits;
        forward = (way ^ (bits & side)) & 1;
        outbound = forward ^ ((bits >> account.BACKWARD_OUTBOUND_BIT) & 1);
        latencyNs = outbound === 1 ? gapNs : 0 - gapNs;
        openAccount(
          flow,
          bits,
          ++flowsLearnt,
          (side === INSIDE ? way : otherWay) >> 1,
          (side === INSIDE ? otherWay : way) >> 1,
          learnt.rewriteForward,
          learnt.rewriteBackward,
        );
        bind(conversation, slot, bits);
        bind(tupleOf(tuples, otherWay), slot, bits);
        isLearnt = true;
      } else {
        if (load<i32>(wayAt(tuples, otherWay)) >> tuple.FLOW_SHIFT !== slot) break;
        if (((way ^ otherWay ^ bits) & account.IS_FLIPPED) !== 0) break;
        latencyNs = outbound === side ? timeNs - otherNs : otherNs - timeNs;
        if (latencyNs > windowNs || latencyNs < -windowNs || !isSample(latencyNs)) break;
        if (hasIpId && abs<f64>(latencyNs) > LATE_NS && intactWithId(ground) < EARLY_PAIRS) break;
        if (!hasIpId && !(latencyNs >= 0 && latencyNs <= surelyInTimeNs)) break;
        // a flow's first pair tells of more than itself; what has been proved had a pair, which is known without its account
        const isProved = (ofWay & tuple.PROVED) !== 0;
        if (!isProved && (load<i32>(flow, 4 * account.PAIRS) | load<i32>(flow, 4 * (account.PAIRS + 1))) === 0) break;
      }
    }

    // the packet
    if (timeNs > latestNs) latestNs = timeNs;
    const isFirst = load<f64>(conversation, 8 * tuple.LAST_NS) === -Infinity;
    store<f64>(conversation, timeNs, 8 * tuple.LAST_NS);
    if (isFirst) firsts++;
    if (isFirst || (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) & (SYN | FIN | RST)) !== 0)
      note(ground, packet, way, isFirst);
    const at = row & mask;
    store<u8>(sides + at, side);
    // of a pair that is done with, no record is needed any more
    const isKept = isAlone || isShowing || (load<i32>(flow, 4 * account.BITS) & account.IS_WATCHED) !== 0;
    let place = tuple.NONE;
    if (isKept) {
      place = freePlaceCount > 0 ? load<i32>(freePlaces + (--freePlaceCount << 2)) : placesEnd++;
      const entry = recordOf(records, place);
      v128.store(entry, v128.load(packet));
      v128.store(entry, v128.load(packet, 16), 16);
      v128.store(entry, v128.load(packet, 32), 32);
      v128.store(entry, v128.load(packet, 48), 48);
      store<f64>(entry, timeNs, 8 * record.TIME_NS);
      store<i32>(entry, way, 4 * record.WAY);
    }
    store<i32>(places + (at << 2), place);
    const fate = fates + (place << FATE_BYTES_BITS);
    if (isAlone) {
      store<i32>(cells + (cell << CELL_BYTES_BITS), key);
      store<i32>(cells + (cell << CELL_BYTES_BITS), row + 1, 4);
      filed++;
      store<u8>(states + at, line.WAITING);
      store<i32>(fate, ALONE, 4 * line.BUCKET);
      store<i32>(fate, tuple.NONE, 4 * line.TWIN);
      if (due === row) dueNs = timeNs;
      if (!isKnown && proto === TCP) {
        list(ground, words.STRANGERS, words.STRANGER_COUNT, row);
        // as `Proxies` will, once it is told of it
        if (payloadLength > 0) {
          const facts = load<i32>(conversation, 4 * tuple.FACTS);
          store<i32>(conversation, facts | tuple.MAY_BE_PROXIED, 4 * tuple.FACTS);
        }
      }
      // one that came out of the NAT before it went in may have been changed on its way: what `ShiftedSegments` will do, once it is told
      if (isKnown && proto === TCP && hasIpId && outbound === side) {
        list(ground, words.LEAVERS, words.LEAVER_COUNT, row);
        store<i32>(flow, load<i32>(flow, 4 * account.BITS) | account.IS_WATCHED, 4 * account.BITS);
      }
    } else {
      clearCell(cells, cellsMask, cell);
      filed--;
      pairs++;
      const pairedState = isShowing ? line.PAIRED : isKept ? line.SHOWN : line.GONE;
      store<u8>(states + at, pairedState);
      store<u8>(states + w, pairedState);
      prove(wayState);
      const intact = wordOf(ground, words.INTACT) + (((outbound << INTACT_BITS) | (flagsProtoTtl & IDENTITY)) << 2);
      store<i32>(intact, load<i32>(intact) + 1);
      prove(wayAt(tuples, load<i32>(other, 4 * record.WAY)));
      if (isKept) {
        const otherFate = fates + (otherPlace << FATE_BYTES_BITS);
        store<i32>(fate, tuple.NONE, 4 * line.BUCKET);
        store<i32>(otherFate, tuple.NONE, 4 * line.BUCKET);
        store<i32>(fate, waiting, 4 * line.TWIN);
        store<i32>(otherFate, row, 4 * line.TWIN);
        const insideFate = side === INSIDE ? fate : otherFate;
        store<i32>(insideFate, slot, 4 * line.FLOW);
        const by = BY_EXACT | (evidenceOf(proto, flagsProtoTtl) << 8) | (outbound << 24);
        store<i32>(insideFate, by, 4 * line.BY_EVIDENCE_OUTBOUND);
      } else store<i32>(freePlaces + (freePlaceCount++ << 2), otherPlace);
      if (isLearnt && isNews(ground, conversation, tupleOf(tuples, load<i32>(other, 4 * record.WAY)), side))
        learn(slot);

      // what the pair adds to its flow
      const pairNs = side === INSIDE ? timeNs : load<f64>(other, 8 * record.TIME_NS);
      if (pairNs < load<f64>(flow, 8 * account.FIRST_NS)) store<f64>(flow, pairNs, 8 * account.FIRST_NS);
      if (pairNs > load<f64>(flow, 8 * account.LAST_NS)) store<f64>(flow, pairNs, 8 * account.LAST_NS);
      const known = load<i32>(flow + (outbound << 2), 4 * account.PAIRS);
      store<i32>(flow + (outbound << 2), known + 1, 4 * account.PAIRS);
      const bucket = bucketOf(latencyNs);
      let digest = -1;
      let chunk = load<i32>(flow + (outbound << 2), 4 * account.LATENCIES);
      if (known < EXACT_SAMPLES && chunk > account.IN_DIGEST) {
        const place = known % CHUNK_SAMPLES;
        if (place === 0) {
          const before = chunk;
          if (rest === tuple.NONE && droppedCount > 0) rest = load<i32>(dropped + (--droppedCount << 2));
          if (rest === tuple.NONE) chunk = chunksEnd++;
          else {
            chunk = rest;
            rest = load<i32>(chunks + (chunk << CHUNK_BYTES_BITS), 4 * BEFORE);
          }
          store<i32>(chunks + (chunk << CHUNK_BYTES_BITS), before, 4 * BEFORE);
          store<i32>(flow + (outbound << 2), chunk, 4 * account.LATENCIES);
        }
        store<i32>(chunks + (chunk << CHUNK_BYTES_BITS) + (place << 2), <i32>latencyNs);
      } else if (
        chunk > account.IN_DIGEST ||
        !tally((account.IN_DIGEST - chunk) << account.DIGEST_BITS, latencyNs, bucket)
      )
        digest = 2 * slot + outbound;
      const isCounted = tally(wordOf(ground, words.DIGESTS + outbound), latencyNs, bucket);
      if (!isCounted || digest >= 0) {
        store<f64>(latencies, latencyNs);
        store<i32>(latencies, digest, 4 * words.DIGEST);
        store<i32>(latencies, outbound | (isCounted ? words.IS_COUNTED : 0), 4 * words.OUTBOUND);
        latencies += 1 << LATENCY_BYTES_BITS;
      }
      if (isEstimated) observe(pairNs, outbound === 1 ? latencyNs : -latencyNs, outbound === 1);
      if (proto === TCP && payloadLength > 0)
        noteSegment(flow, forward, load<i32>(packet, 4 * record.SEQ), payloadLength);
    }
    // the next one
    row = (row + 1) & line.ROW_MASK;
    if (!isAlone && <i32>load<u8>(states + (due & mask)) >= line.DECIDED) {
      due = firstUndecided(states, mask, due, row);
      dueNs = due === row ? Infinity : timeNsOf(records, placeOf(places, due & mask));
    }
    if (side === INSIDE) {
      insideAt = from + 1;
      insideNs =
        insideAt === insideEnd ? doubleOf(ground, words.REACHED_NS + INSIDE) : stampNsOf(insidePackets, insideAt);
    } else {
      outsideAt = from + 1;
      outsideNs =
        shiftNs +
        (outsideAt === outsideEnd
          ? doubleOf(ground, words.REACHED_NS + OUTSIDE)
          : stampNsOf(outsidePackets, outsideAt));
      if (isEstimated && isFinite(outsideNs)) outsideNs -= correctionNs(outsideNs);
    }
  }

  setWord(ground, words.AT + INSIDE, insideAt);
  setWord(ground, words.AT + OUTSIDE, outsideAt);
  setDouble(ground, words.NEXT_NS + OUTSIDE, outsideNs);
  setDouble(ground, words.NOW_NS, latestNs);
  setWord(ground, words.ROW, row);
  setWord(ground, words.DUE, due);
  setWord(ground, words.DROPPED_COUNT, droppedCount);
  setWord(ground, words.REST, rest);
  setWord(ground, words.CHUNKS_END, chunksEnd);
  setWord(ground, words.PAIRS, pairs);
  setWord(ground, words.LATENCY_COUNT, (latencies - wordOf(ground, words.LATENCIES)) >> LATENCY_BYTES_BITS);
  setWord(ground, words.STRANGER_COUNT, strangersLeft(ground));
  setWord(ground, words.FIRSTS, firsts);
  setWord(ground, words.FILED, filed);
  setWord(ground, words.FREE_SLOT_COUNT, freeSlotCount);
  setWord(ground, words.FLOWS_END, flowsEnd);
  setWord(ground, words.FLOWS_LEARNT, flowsLearnt);
  setWord(ground, words.FREE_PLACE_COUNT, freePlaceCount);
  setWord(ground, words.PLACES_END, placesEnd);
  setWord(ground, words.IS_AT_OTHER, isAtOther ? 1 : 0);
}

function stampNsOf(packets: usize, at: i32): f64 {
  return load<f64>(packets + (at << RECORD_BYTES_BITS), 8 * record.STAMP_NS);
}

/** Whether `Samples` have room for a latency. */
function isSample(latencyNs: f64): bool {
  return <f64>(<i32>latencyNs) === latencyNs;
}

/** As `Translations` has it. */
function intactWithId(ground: usize): i32 {
  const intact = <usize>wordOf(ground, words.INTACT);
  return load<i32>(intact, 4 * HAS_IP_ID) + load<i32>(intact + (4 << INTACT_BITS), 4 * HAS_IP_ID);
}

/** Adds a row to a list of those that somebody else has to see: `rows` says where that is, `count` how many there are. */
function list(ground: usize, rows: i32, count: i32, row: i32): void {
  store<i32>(<usize>wordOf(ground, rows) + (wordOf(ground, count) << 2), row);
  setWord(ground, count, wordOf(ground, count) + 1);
}

function prove(at: usize): void {
  store<i32>(at, load<i32>(at) | tuple.PROVED);
}
