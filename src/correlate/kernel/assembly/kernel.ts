/** The kernel: what happens to every packet, in AssemblyScript. It names fields as the tables in packets/ do: a word is four bytes. */
import { clearCell } from "../../../packets/assembly/cells.js";
import { doubleOf, setDouble, setWord, wordOf } from "../../../packets/assembly/words.js";
import * as account from "../../../packets/flow-accounts.js";
import { IS_COPY, IS_ERROR, IS_FRAGMENT, IS_MISTIMED } from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import { INSIDE, OUTSIDE } from "../../../packets/sides.js";
import * as line from "../../../packets/timeline.js";
import * as tuple from "../../../packets/tuples.js";
import { TCP } from "../../../protocols/ip-protocols.js";
import { ALONE, PENDING } from "../buckets.js";
import * as words from "../kernel-words.js";
import { IS_CLOSE, IS_LATE, IS_RELATED_OUTBOUND, IS_REPEATABLE, IS_USUAL, KNOWN, MAY_HIDE } from "../relations.js";
import { WANTS_LEAVER } from "../wants.js";
import { alteredOf, isSample } from "./accounting.js";
import { isNovel, remember, sinceNs } from "./alike.js";
import { noteCrossing, noteEntry } from "./crossings.js";
import { noteHeld, overtakes } from "./held.js";
import { headerBits, learn, newsBits, timingBits } from "./learning.js";
import { note } from "./openings.js";
import * as pace from "./pace.js";
import { accountPair, bindTwins, flowOf, hasLearnt, isInDoubt, noteAgain, noteHow, prove } from "./pairing.js";
import { confirm, expect, isFull, mayComeAgain, pendingUntil, setPending } from "./pending.js";
import {
  accountOf,
  fateOf,
  firstUndecided,
  packetOf,
  passedNs,
  placeOf,
  recordOf,
  timeNsOf,
  tupleOf,
  wayAt,
  wayOf,
} from "./places.js";
import * as relation from "./relation.js";
import { settle, wantedLeft } from "./settling.js";
import { IN_STRETCH, LATER, wantsOf } from "./wants.js";

export { evidenceOf } from "./evidence.js";
export { accountForRows } from "./pairing.js";
export { awaitEqual, confirm } from "./pending.js";
export { settle } from "./settling.js";

/** `Clock`'s method, which is asked where there may be anything to correct. */
declare function correctionNs(timeNs: f64, frame: f64): f64;
/** Bytes of a record, and of others that are half or twice as long as they say. */
const RECORD_BYTES_BITS = record.RECORD_BITS + 2;
const CELL_BYTES_BITS = 3;

/** The relation of two rows with equal keys, with the bits of relations.ts that are so of them. */
export function relate(ground: usize, inside: i32, outside: i32, mayBeAltered: bool): i32 {
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  const found = relation.relate(ground, i, wayOf(i), o, wayOf(o), passedNs(o) - passedNs(i), mayBeAltered);
  return (
    found |
    (relation.isLate ? IS_LATE : 0) |
    (relation.isRepeatable ? IS_REPEATABLE : 0) |
    (relation.isClose ? IS_CLOSE : 0) |
    (relation.mayHide ? MAY_HIDE : 0) |
    (relation.isOutbound ? IS_RELATED_OUTBOUND : 0) |
    (relation.isUsual(ground, i, o) ? IS_USUAL : 0)
  );
}

/** REWRITE_… bits between two ways of the kind that a row's packet goes. */
export function rewriteOf(ground: usize, row: i32, way: i32, otherWay: i32): i32 {
  const packet = packetOf(ground, row);
  return relation.rewrite(<usize>wordOf(ground, words.TUPLES), packet, wayOf(packet), way, otherWay);
}

/** Notes that a row that entered may have been held up until another one left. */
export function noteHeldRow(ground: usize, entered: i32, left: i32, outbound: i32): void {
  noteHeld(ground, outbound, passedNs(packetOf(ground, entered)), passedNs(packetOf(ground, left)));
}

/** Whether a row that entered, if it was the one that left, overtook one that was held up. */
export function overtakesRow(ground: usize, entered: i32, left: i32, outbound: i32): i32 {
  return overtakes(ground, outbound, passedNs(packetOf(ground, entered)), passedNs(packetOf(ground, left))) ? 1 : 0;
}

/** Whether a row that left may be an equal one of the row that entered, sent again since the capture of that had ended. */
export function isUnwatched(ground: usize, entered: i32, left: i32): i32 {
  const leftNs = passedNs(packetOf(ground, left));
  const latencyNs = leftNs - passedNs(packetOf(ground, entered));
  const side = load<u8>(<usize>wordOf(ground, words.SIDES) + (entered & wordOf(ground, words.ROWS_MASK)));
  return relation.isUnwatched(ground, side, leftNs, latencyNs) ? 1 : 0;
}

/** The flow that the rows related last are KNOWN by, or NONE. */
export function knownSlot(): i32 {
  return relation.slot;
}

/** What a packet of a direction takes at the most, by those that crossed lately, nanoseconds. */
export function limitNs(ground: usize, outbound: i32): f64 {
  return pace.limitOf(ground, outbound === 1);
}

/** Whether so few packets of a direction have crossed that it is not known what they take. */
export function isNew(ground: usize, outbound: i32): i32 {
  return pace.isNew(ground, outbound === 1) ? 1 : 0;
}

/** Whether nothing that carries the same passed on either side within the window before these rows. */
export function areNovel(ground: usize, inside: i32, outside: i32): i32 {
  return isNovel(packetOf(ground, inside)) && isNovel(packetOf(ground, outside)) ? 1 : 0;
}

/** What there is in a row that a matcher wants to see when it comes: WANTS_… bits. */
export function wantsOfRow(ground: usize, row: i32): i32 {
  const packet = packetOf(ground, row);
  const side = load<u8>(<usize>wordOf(ground, words.SIDES) + (row & wordOf(ground, words.ROWS_MASK)));
  return wantsOf(ground, packet, wayOf(packet), side);
}

/** How long before a row an equal packet of its way passed, nanoseconds; 0 where none did within the window. */
export function sinceNsOf(ground: usize, row: i32): f64 {
  return sinceNs(packetOf(ground, row));
}

/** What speaks for the rows related last being twins, in bits: all of it, or what is news where a pair of their way has spoken before. */
export function weigh(ground: usize, inside: i32, outside: i32, hasSpoken: i32): f64 {
  const i = packetOf(ground, inside);
  const o = packetOf(ground, outside);
  const bits = timingBits(ground, passedNs(o) - passedNs(i));
  return bits + (hasSpoken === 1 ? newsBits(i, o) : headerBits(ground, i, wayOf(i), o, wayOf(o)));
}

/** Believes in the translation of the rows related last. Returns the slot of its flow. */
export function believe(ground: usize, inside: i32, outside: i32): i32 {
  const i = packetOf(ground, inside);
  return learn(ground, i, wayOf(i), wayOf(packetOf(ground, outside)));
}

/** Notes what a row that was just appended says of its conversation, and whether others are like it. The packet is no ICMP error. */
export function noteRow(ground: usize, row: i32, side: i32, isFirst: i32): void {
  const packet = packetOf(ground, row);
  const way = wayOf(packet);
  note(ground, packet, way, isFirst === 1);
  noteEntry(ground, packet, way, side);
  remember(ground, packet, way, side, passedNs(packet));
}

/** Notes that a row crossed, the one that entered, of a pair of the flow in a slot; `inside`: the pair's inside row. */
export function noteRowCrossing(ground: usize, row: i32, slot: i32, outbound: i32, inside: i32): void {
  const packet = packetOf(ground, row);
  noteCrossing(ground, packet, wayOf(packet), passedNs(packet), slot, outbound, inside);
}

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
  const isShowing = wordOf(ground, words.IS_SHOWING) !== 0;
  const isEstimated = wordOf(ground, words.IS_ESTIMATED) !== 0;
  const windowNs = doubleOf(ground, words.WINDOW_NS);
  const shiftNs = doubleOf(ground, words.SHIFT_NS);
  const first = wordOf(ground, words.FIRST);
  const notYetShown = (wordOf(ground, words.SHOWN) - first) & line.ROW_MASK;
  const room = wordOf(ground, words.ROOM);
  const stopRow = wordOf(ground, words.STOP_ROW);

  let insideAt = wordOf(ground, words.AT + INSIDE);
  let outsideAt = wordOf(ground, words.AT + OUTSIDE);
  const insideEnd = wordOf(ground, words.END + INSIDE);
  const outsideEnd = wordOf(ground, words.END + OUTSIDE);
  let insideNs = doubleOf(ground, words.NEXT_NS + INSIDE);
  let outsideNs = doubleOf(ground, words.NEXT_NS + OUTSIDE);
  let latestNs = doubleOf(ground, words.NOW_NS);
  let row = wordOf(ground, words.ROW);
  let due = wordOf(ground, words.DUE);
  let freePlaceCount = wordOf(ground, words.FREE_PLACE_COUNT);
  let placesEnd = wordOf(ground, words.PLACES_END);
  let pairs = 0;
  let firsts = 0;
  let filed = 0;
  // when the first row came that is to be decided about
  let dueNs: f64 = due === row ? Infinity : timeNsOf(records, placeOf(places, due & mask));
  let pendingNs = pendingUntil(ground);
  let isAtOther = true;
  setWord(ground, words.LATENCY_COUNT, 0);

  for (;;) {
    const side = insideNs <= outsideNs ? INSIDE : OUTSIDE;
    const from = side === INSIDE ? insideAt : outsideAt;
    const timeNs = side === INSIDE ? insideNs : outsideNs;
    if (
      from === (side === INSIDE ? insideEnd : outsideEnd) ||
      row === stopRow ||
      wordOf(ground, words.LATENCY_COUNT) === words.MOST_LATENCIES
    ) {
      isAtOther = false;
      break;
    }
    // tidying may be due
    if ((row & (words.TIDY_EVERY - 1)) === 0 && firsts + 1 >= room) break;
    const packet = (side === INSIDE ? insidePackets : outsidePackets) + (from << RECORD_BYTES_BITS);
    const flagsProtoTtl = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
    const nowNs = max<f64>(timeNs, latestNs);
    if (nowNs > pendingNs || nowNs - dueNs > windowNs) {
      // an ICMP error may tell what became of those that are due, and is taken before
      const isError = (flagsProtoTtl & IS_ERROR) !== 0;
      if (!isError) {
        setWord(ground, words.ROW, row);
        setWord(ground, words.FILED, filed);
        setWord(ground, words.FREE_PLACE_COUNT, freePlaceCount);
        setWord(ground, words.PAIRS, pairs);
        confirm(ground, nowNs);
        setWord(ground, words.DUE, firstUndecided(states, mask, due, row));
        pendingNs = pendingUntil(ground);
        if (nowNs <= pendingNs) settle(ground, nowNs);
        due = wordOf(ground, words.DUE);
        filed = wordOf(ground, words.FILED);
        freePlaceCount = wordOf(ground, words.FREE_PLACE_COUNT);
        pairs = wordOf(ground, words.PAIRS);
        dueNs = due === row ? Infinity : timeNsOf(records, placeOf(places, due & mask));
      }
      if (nowNs - dueNs > windowNs || (nowNs > pendingNs && !isError)) {
        isAtOther = false;
        break;
      }
    }
    // one that comes so late in its capture may be decided about as it comes
    if (latestNs - timeNs > windowNs) break;
    if ((flagsProtoTtl & (IS_FRAGMENT | IS_ERROR | IS_COPY | IS_MISTIMED)) !== 0) break;
    // which packet of two it is may not be decided
    if (load<i32>(packet, 4 * record.LENGTH) >>> record.TUNNEL_SHIFT >= record.CARRIER) break;

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
    const way = load<i32>((side === INSIDE ? insideWays : outsideWays) + (from << 2));
    const conversation = tupleOf(tuples, way);
    const proto = (flagsProtoTtl >>> 16) & 0xff;
    const w = waiting & mask;
    const otherPlace = placeOf(places, w);
    const other = recordOf(records, otherPlace);
    let slot = load<i32>(wayAt(tuples, way)) >> tuple.FLOW_SHIFT;
    let gapNs: f64 = 0;
    let isPending = false;
    let isLearnt = false;
    let wants = 0;
    if (isAlone) {
      wants = wantsOf(ground, packet, way, side);
      if ((wants & ~IN_STRETCH) !== 0) break;
      remember(ground, packet, way, side, timeNs);
    } else {
      if (waiting < 0) break;
      if (load<u8>(sides + w) === side || load<u8>(states + w) === line.AMBIGUOUS) break;
      // what two wait for that are taken for a pair has come
      if (load<i32>(fateOf(fates, otherPlace), 4 * line.BUCKET) === PENDING) break;
      if (isShowing && side === OUTSIDE && ((waiting - first) & line.ROW_MASK) < notYetShown) break;
      remember(ground, packet, way, side, timeNs);
      const otherNs = passedNs(other);
      gapNs = side === INSIDE ? otherNs - timeNs : timeNs - otherNs;
      if (!isSample(gapNs)) break;
      setWord(ground, words.FILED, filed);
      const found =
        side === INSIDE
          ? relation.relate(ground, packet, way, other, wayOf(other), gapNs)
          : relation.relate(ground, other, wayOf(other), packet, way, gapNs);
      if (isInDoubt(found)) break;
      isPending = mayComeAgain(packet);
      if (isPending) {
        // of a segment that nothing is known of, others have to know
        if ((found !== KNOWN && proto === TCP) || isFull(ground)) break;
        pendingNs = min<f64>(pendingNs, expect(ground, row, timeNs));
        slot = relation.slot;
      } else {
        slot =
          side === INSIDE
            ? flowOf(ground, found, packet, way, other, wayOf(other), gapNs)
            : flowOf(ground, found, other, wayOf(other), packet, way, gapNs);
        if (slot === tuple.NONE) break;
        isLearnt = hasLearnt;
      }
    }
    const flow = accountOf(flows, slot);

    // the packet
    if (timeNs > latestNs) latestNs = timeNs;
    const isFirst = load<f64>(conversation, 8 * tuple.LAST_NS) === -Infinity;
    store<f64>(conversation, timeNs, 8 * tuple.LAST_NS);
    if (isFirst) firsts++;
    note(ground, packet, way, isFirst);
    if (!isLearnt) noteEntry(ground, packet, way, side);
    const at = row & mask;
    store<u8>(sides + at, side);
    // of a pair that is done with, no record is needed any more
    const isKept = isAlone || isPending || isShowing || (load<i32>(flow, 4 * account.BITS) & account.IS_WATCHED) !== 0;
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
    const fate = fateOf(fates, place);
    if (isAlone) {
      store<i32>(cells + (cell << CELL_BYTES_BITS), key);
      store<i32>(cells + (cell << CELL_BYTES_BITS), row + 1, 4);
      filed++;
      store<u8>(states + at, line.WAITING);
      store<i32>(fate, ALONE, 4 * line.BUCKET);
      store<i32>(fate, tuple.NONE, 4 * line.TWIN);
      if (due === row) dueNs = timeNs;
      if ((wants & LATER) !== 0) wantLater(ground, row, wants & LATER, slot);
    } else if (isPending) {
      store<u8>(states + at, line.WAITING);
      setPending(fate, waiting);
      setPending(fateOf(fates, otherPlace), row);
      if (due === row) dueNs = timeNs;
    } else {
      clearCell(cells, cellsMask, cell);
      filed--;
      pairs++;
      const outbound = relation.isOutbound ? 1 : 0;
      const altered = alteredOf(packet, other);
      const pairedState = isShowing ? line.PAIRED : isKept ? line.SHOWN : line.GONE;
      store<u8>(states + at, pairedState);
      store<u8>(states + w, pairedState);
      prove(wayAt(tuples, way));
      prove(wayAt(tuples, wayOf(other)));
      const insideFate = side === INSIDE ? fate : fateOf(fates, otherPlace);
      if (isKept) {
        bindTwins(fate, row, fateOf(fates, otherPlace), waiting);
        noteHow(insideFate, slot, packet, outbound, altered);
      } else {
        store<i32>(freePlaces + (freePlaceCount++ << 2), otherPlace);
        store<i32>(places + (at << 2), line.goneOf(waiting, outbound));
        store<i32>(places + (w << 2), line.goneOf(row, outbound));
      }
      const otherNs = passedNs(other);
      const isAgain =
        side === INSIDE
          ? accountPair(ground, slot, outbound, row, packet, way, timeNs, other, wayOf(other), otherNs)
          : accountPair(ground, slot, outbound, waiting, other, wayOf(other), otherNs, packet, way, timeNs);
      if (isAgain && isKept) noteAgain(insideFate);
    }
    // the next one
    row = (row + 1) & line.ROW_MASK;
    if (!isAlone && !isPending && <i32>load<u8>(states + (due & mask)) >= line.DECIDED) {
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
      if (isEstimated && isFinite(outsideNs)) {
        const next = outsidePackets + (outsideAt << RECORD_BYTES_BITS);
        const frame = outsideAt === outsideEnd ? 0 : load<u32>(next, 4 * record.FRAME);
        outsideNs -= correctionNs(outsideNs, frame);
      }
    }
  }

  setWord(ground, words.AT + INSIDE, insideAt);
  setWord(ground, words.AT + OUTSIDE, outsideAt);
  setDouble(ground, words.NEXT_NS + OUTSIDE, outsideNs);
  setDouble(ground, words.NOW_NS, latestNs);
  setWord(ground, words.ROW, row);
  setWord(ground, words.DUE, due);
  setWord(ground, words.PAIRS, pairs);
  setWord(ground, words.WANTED_COUNT, wantedLeft(ground));
  setWord(ground, words.FIRSTS, firsts);
  setWord(ground, words.FILED, filed);
  setWord(ground, words.FREE_PLACE_COUNT, freePlaceCount);
  setWord(ground, words.PLACES_END, placesEnd);
  setWord(ground, words.IS_AT_OTHER, isAtOther ? 1 : 0);
}

/** Lists a packet that waits with those that matchers are to see later. `slot`: its flow's, or NONE. */
function wantLater(ground: usize, row: i32, wants: i32, slot: i32): void {
  const count = wordOf(ground, words.WANTED_COUNT);
  const entry = <usize>wordOf(ground, words.WANTED) + (count << (words.WANTED_BITS + 2));
  store<i32>(entry, row);
  store<i32>(entry, wants, 4);
  setWord(ground, words.WANTED_COUNT, count + 1);
  if ((wants & WANTS_LEAVER) === 0) return;
  // whether it was changed on its way, the packets behind it tell: their records are kept from now on
  const flow = accountOf(<usize>wordOf(ground, words.FLOWS), slot);
  store<i32>(flow, load<i32>(flow, 4 * account.BITS) | account.IS_WATCHED, 4 * account.BITS);
}

function stampNsOf(packets: usize, at: i32): f64 {
  return load<f64>(packets + (at << RECORD_BYTES_BITS), 8 * record.STAMP_NS);
}
