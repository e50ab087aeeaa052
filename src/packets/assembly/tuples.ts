/** What happens to rows of the `TupleTable` whose block is at `table`: see `tuples-words.ts`. */
import * as column from "../batches/columns-words.js";
import { BATCH_FRAMES } from "../batches/frames.js";
import { IS_ERROR, IS_IPV6 } from "../packets.js";
import * as record from "../records.js";
import * as tuple from "../tuples.js";
import * as words from "../tuples-words.js";
import { NO_MAC } from "../../protocols/mac.js";
import { giveNumber, takeNumber } from "../memory/assembly/free-list.js";
import { rowAt, setWord, wordOf } from "../memory/assembly/words.js";

/** Cells that are in a cache of a megabyte, and how many packets' are looked at ahead where they are not. */
const NEAR_CELLS = 1 << 18;
const TOUCHED = 64;

/** Where the tuple of a way is … */
export function tupleOf(table: usize, way: i32): usize {
  return rowAt(table, words.RECORDS, tuple.tupleIn(way), tuple.TUPLE_BITS);
}

/** … its addresses, over IPv6 … */
function wideOf(table: usize, way: i32): usize {
  return rowAt(table, words.WIDE, tuple.tupleIn(way), tuple.WIDE_BITS);
}

/** … and the word of it that has the way's flow. */
export function wayAt(table: usize, way: i32): usize {
  return tupleOf(table, way) + (tuple.forwardIn(way) << 2) + 4 * tuple.BOUND;
}

/** Notes a packet of this way, its time, and `macHash` of who sent it. Returns whether it is its tuple's first. */
export function saw(table: usize, way: i32, timeNs: f64, mac: i32): bool {
  const at = tupleOf(table, way);
  const isFirst = load<f32>(at, 4 * tuple.LAST_NS) === -Infinity;
  store<f32>(at, <f32>timeNs, 4 * tuple.LAST_NS);
  const facts = load<i32>(at, 4 * tuple.FACTS);
  const isFirstAnswer = !tuple.isFromA(way) && (facts & tuple.IS_ANSWERED) === 0;
  if (isFirst) store<i32>(rowAt(table, words.MACS, way ^ 1, 0), NO_MAC);
  if (isFirst || isFirstAnswer) store<i32>(rowAt(table, words.MACS, way, 0), mac);
  if (isFirstAnswer) store<i32>(at, facts | tuple.IS_ANSWERED, 4 * tuple.FACTS);
  if (isFirst) setWord(table, words.SEEN, wordOf(table, words.SEEN) + 1);
  return isFirst;
}

/** The ports of packets that go a way of a tuple, the source's in the upper half. */
export function portsOf(at: usize, way: i32): i32 {
  const ports = load<i32>(at, 4 * tuple.PORTS);
  return tuple.isFromA(way) ? ports : record.swapped(ports);
}

/** Where a way's source address is, or its destination: of one word over IPv4, else of four. */
export function endOf(table: usize, way: i32, isSource: bool): usize {
  const known = tupleOf(table, way);
  const isA = tuple.isFromA(way) === isSource;
  if (isIpv6(known)) return wideOf(table, way) + (isA ? 0 : 4 * tuple.WIDE_B);
  return known + 4 * (isA ? tuple.ADDRESS_A : tuple.ADDRESS_B);
}

/** Whether two ways have the same source address, or destination. */
export function isSameEnd(table: usize, way: i32, other: i32, isSource: bool): bool {
  const isWide = isIpv6(tupleOf(table, way));
  if (isWide !== isIpv6(tupleOf(table, other))) return false;
  const one = endOf(table, way, isSource);
  const two = endOf(table, other, isSource);
  return isWide ? isSameAddress(one, two) : load<i32>(one) === load<i32>(two);
}

function isIpv6(known: usize): bool {
  return tuple.isOfIpv6(load<i32>(known, 4 * tuple.KIND));
}

/** Whether neither direction of a tuple, which is there, has a translation. */
export function isUntranslated(at: usize): bool {
  return load<i32>(at, 4 * tuple.BOUND) === tuple.UNBOUND && load<i32>(at, 4 * (tuple.BOUND + 1)) === tuple.UNBOUND;
}

/** Finds the ways that rows `from` … `count`-1 of a side's batch go, and makes the tuples that are new. Precondition: there is room for them. */
export function findWays(table: usize, side: i32, batch: usize, from: i32, count: i32, ways: usize): void {
  const isFar = wordOf(table, words.CELL_COUNT) > NEAR_CELLS;
  for (let row = from; row < count; ) {
    const end = min(row + TOUCHED, count);
    if (isFar) touch(table, batch, row, end);
    for (; row < end; row++) store<i32>(ways + (row << 2), find(table, batch, row, side));
  }
}

/** What was touched, so that it is not left out. */
let touched = 0;

/**
 * Looks at the cells and the tuples of some rows of a batch that are likely the right ones: where there are so many that they are out of the caches, they
 * are fetched all at once, and not each when it is asked for.
 */
function touch(table: usize, batch: usize, from: i32, end: i32): void {
  const hashes = batch + BATCH_FRAMES * column.TUPLE_HASH;
  for (let row = from; row < end; row++) touched ^= filedIn(table, homeOf(table, load<i32>(hashes + (row << 2))));
  for (let row = from; row < end; row++) {
    const number = numberOf(filedIn(table, homeOf(table, load<i32>(hashes + (row << 2)))));
    touched ^= load<i32>(tupleOf(table, max(0, number) << 1));
  }
}

/** The way that a packet goes; an ICMP error goes against the packet it quotes. */
function find(table: usize, batch: usize, row: i32, side: i32): i32 {
  const packet = batch + row * record.RECORD_BYTES;
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const hash = load<i32>(batch + (row << 2), BATCH_FRAMES * column.TUPLE_HASH);
  const tunnel = load<i32>(packet, 4 * record.LENGTH) >>> record.TUNNEL_SHIFT;
  const isTunneled = (i32(tunnel !== 0) & i32(tunnel !== record.CARRIER)) !== 0;
  const isOfIpv6 = (flags & IS_IPV6) !== 0;
  if ((flags & IS_ERROR) === 0)
    return intern(
      table,
      hash,
      tuple.kindOf(record.protoIn(flags), isOfIpv6, side, isTunneled),
      load<i32>(packet, 4 * record.PORTS),
      load<i32>(packet, 4 * record.SRC),
      load<i32>(packet, 4 * record.DST),
      batch + BATCH_FRAMES * column.SRC6 + row * column.ADDRESS_BYTES,
      batch + BATCH_FRAMES * column.DST6 + row * column.ADDRESS_BYTES,
    );
  const quote = ((load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) >>> record.QUOTE_SHIFT) & record.QUOTE_MASK) - 1;
  const src = batch + BATCH_FRAMES * column.QUOTE_SRC + quote * column.ADDRESS_BYTES;
  const dst = batch + BATCH_FRAMES * column.QUOTE_DST + quote * column.ADDRESS_BYTES;
  const srcPort = <i32>load<u16>(batch + (quote << 1), BATCH_FRAMES * column.QUOTE_SRC_PORT);
  const quoted = intern(
    table,
    hash,
    tuple.kindOf(load<u8>(batch + quote, BATCH_FRAMES * column.QUOTE_PROTO), isOfIpv6, side, isTunneled),
    record.portsFromTo(srcPort, load<u16>(batch + (quote << 1), BATCH_FRAMES * column.QUOTE_DST_PORT)),
    load<i32>(src),
    load<i32>(dst),
    src,
    dst,
  );
  return quoted ^ 1;
}

/**
 * The way from one end to the other; its tuple is made where it is new. `from`, `to`: the addresses over IPv4, over IPv6 their first
 * words; `src6`, `dst6`: where all four words of those are.
 */
function intern(table: usize, hash: i32, kind: i32, ports: i32, from: i32, to: i32, src6: usize, dst6: usize): i32 {
  const isWide = tuple.isOfIpv6(kind);
  const reversed = record.swapped(ports);
  let cell = homeOf(table, hash);
  for (; filedIn(table, cell) !== 0; cell = after(table, cell)) {
    const filed = filedIn(table, cell);
    if (((filed ^ hash) & ((1 << tuple.TAG_BITS) - 1)) !== 0) continue;
    const number = numberOf(filed);
    const known = tupleOf(table, 2 * number);
    const itsPorts = load<i32>(known, 4 * tuple.PORTS);
    const a = load<i32>(known, 4 * tuple.ADDRESS_A);
    const b = load<i32>(known, 4 * tuple.ADDRESS_B);
    const isSameKind = i32((load<i32>(known, 4 * tuple.KIND) & tuple.KIND_MASK) === kind);
    // both before either is asked about: nobody foresees which way a packet goes, and a wrong guess would wait for the load
    const isForward = isSameKind & i32(itsPorts === ports) & i32(a === from) & i32(b === to);
    const isBackward = isSameKind & i32(itsPorts === reversed) & i32(a === to) & i32(b === from);
    if ((isForward | isBackward) === 0) continue;
    if (!isWide) return 2 * number + isForward;
    const wide = wideOf(table, 2 * number);
    if (isForward !== 0 && isBetween(wide, src6, dst6)) return 2 * number + 1;
    if (isBackward !== 0 && isBetween(wide, dst6, src6)) return 2 * number;
  }
  const number = takeNumber(table, words.FREE, words.FREE_COUNT, words.END);
  fileIn(table, cell, number, hash);
  const entry = tupleOf(table, 2 * number);
  if (isWide) {
    const wide = wideOf(table, 2 * number);
    store<v128>(wide, load<v128>(src6));
    store<v128>(wide, load<v128>(dst6), 4 * tuple.WIDE_B);
  }
  store<i32>(entry, ports, 4 * tuple.PORTS);
  store<i32>(entry, kind | tuple.IS_ALIVE | tuple.IS_OPENED_BY_A, 4 * tuple.KIND);
  store<i32>(entry, from, 4 * tuple.ADDRESS_A);
  store<i32>(entry, to, 4 * tuple.ADDRESS_B);
  store<i32>(entry, tuple.UNBOUND, 4 * tuple.BOUND);
  store<i32>(entry, tuple.UNBOUND, 4 * (tuple.BOUND + 1));
  store<f32>(entry, -Infinity, 4 * tuple.LAST_NS);
  store<i32>(entry, hash, 4 * tuple.HASH);
  return 2 * number + 1;
}

/** The cell that a hash is filed in, where that is free: any number of cells has as many hashes each … */
function homeOf(table: usize, hash: i32): i32 {
  // masked, as the compiler takes the sign of a word along that it loads for a wider one, whatever it is cast to
  return <i32>(((<u64>hash & 0xffff_ffff) * <u64>wordOf(table, words.CELL_COUNT)) >>> 32);
}

/** … and the one that is looked at behind another. */
function after(table: usize, cell: i32): i32 {
  return cell + 1 === wordOf(table, words.CELL_COUNT) ? 0 : cell + 1;
}

function cellAt(table: usize, cell: i32): usize {
  return rowAt(table, words.CELLS, cell, 0);
}

/** What a cell holds, and the number of the tuple that is; -1 where it is empty. */
function filedIn(table: usize, cell: i32): i32 {
  return load<i32>(cellAt(table, cell));
}

function numberOf(filed: i32): i32 {
  return (filed >>> tuple.TAG_BITS) - 1;
}

function fileIn(table: usize, cell: i32, number: i32, hash: i32): void {
  const tag = hash & ((1 << tuple.TAG_BITS) - 1);
  store<i32>(cellAt(table, cell), ((number + 1) << tuple.TAG_BITS) | tag);
}

/** Files all tuples anew. */
export function file(table: usize): void {
  const end = wordOf(table, words.END);
  memory.fill(wordOf(table, words.CELLS), 0, (<usize>wordOf(table, words.CELL_COUNT)) << 2);
  for (let number = 0; number < end; number++) {
    const entry = tupleOf(table, 2 * number);
    if ((load<i32>(entry, 4 * tuple.FACTS) & tuple.IS_ALIVE) === 0) continue;
    const hash = load<i32>(entry, 4 * tuple.HASH);
    let cell = homeOf(table, hash);
    while (filedIn(table, cell) !== 0) cell = after(table, cell);
    fileIn(table, cell, number, hash);
  }
}

/** Gives back the tuples that are marked, so many that those which stay are filed anew. */
export function release(table: usize, marks: usize): void {
  const end = wordOf(table, words.END);
  for (let number = 0; number < end; number++) {
    if (load<u8>(marks + number) === 0) continue;
    const entry = tupleOf(table, 2 * number);
    if (load<f32>(entry, 4 * tuple.LAST_NS) !== -Infinity) setWord(table, words.SEEN, wordOf(table, words.SEEN) - 1);
    store<i32>(entry, 0, 4 * tuple.FACTS);
    store<i32>(entry, tuple.UNBOUND, 4 * tuple.BOUND);
    store<i32>(entry, tuple.UNBOUND, 4 * (tuple.BOUND + 1));
    giveNumber(table, words.FREE, words.FREE_COUNT, number);
  }
  file(table);
}

/** Whether these are the addresses of a tuple over IPv6. */
function isBetween(wide: usize, a: usize, b: usize): bool {
  return isSameAddress(wide, a) && isSameAddress(wide + 4 * tuple.WIDE_B, b);
}

/** Whether the four words of two addresses are the same. */
function isSameAddress(a: usize, b: usize): bool {
  return i32x4.all_true(i32x4.eq(load<v128>(a), load<v128>(b)));
}
