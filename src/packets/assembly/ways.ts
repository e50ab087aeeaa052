/** `TupleTable`'s loops: `findWays` and `release`. */
import * as column from "../batch-columns.js";
import { BATCH_FRAMES } from "../frames.js";
import { IS_ERROR, IS_IPV6 } from "../packets.js";
import * as record from "../records.js";
import * as tuple from "../tuples.js";
import * as words from "../ways-words.js";
import { unfile } from "./cells.js";
import { setWord, wordOf } from "./words.js";

const RECORD_BYTES_BITS = record.RECORD_BITS + 2;
const TUPLE_BYTES_BITS = tuple.TUPLE_BITS + 2;
const CELL_BYTES_BITS = 3;

/** The table: see `ways-words.ts`. */
let tuples: usize = 0;
let cells: usize = 0;
let mask = 0;
let free: usize = 0;
let freeCount = 0;
let end = 0;
let made = 0;

/** Finds the way of each packet, or makes its tuple. */
export function findWays(block: usize): void {
  const batch = <usize>wordOf(block, words.BATCH);
  const side = wordOf(block, words.SIDE);
  const count = wordOf(block, words.COUNT);
  const ways = <usize>wordOf(block, words.WAYS);
  tuples = wordOf(block, words.RECORDS);
  cells = wordOf(block, words.CELLS);
  mask = wordOf(block, words.CELLS_MASK);
  free = wordOf(block, words.FREE);
  freeCount = wordOf(block, words.FREE_COUNT);
  end = wordOf(block, words.END);
  made = 0;
  for (let row = wordOf(block, words.FROM); row < count; row++) store<i32>(ways + (row << 2), find(batch, row, side));
  setWord(block, words.FREE_COUNT, freeCount);
  setWord(block, words.END, end);
  setWord(block, words.MADE, made);
}

/** The way that a packet goes; an ICMP error goes against the packet it quotes. */
function find(batch: usize, row: i32, side: i32): i32 {
  const packet = batch + (row << RECORD_BYTES_BITS);
  const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
  const hash = load<i32>(batch + (row << 2), BATCH_FRAMES * column.TUPLE_HASH);
  const tunnel = load<i32>(packet, 4 * record.LENGTH) >>> record.TUNNEL_SHIFT;
  const isTunneled = i32(tunnel !== 0) & i32(tunnel !== record.CARRIER);
  const kind =
    (side << tuple.SIDE_SHIFT) | ((flags & IS_IPV6) << tuple.IPV6_SHIFT) | (isTunneled << tuple.TUNNEL_SHIFT);
  if ((flags & IS_ERROR) === 0)
    return intern(
      hash,
      kind | ((flags >>> 16) & 0xff),
      load<i32>(packet, 4 * record.PORTS),
      load<i32>(packet, 4 * record.SRC),
      load<i32>(packet, 4 * record.DST),
      batch + BATCH_FRAMES * column.SRC6 + (row << 4),
      batch + BATCH_FRAMES * column.DST6 + (row << 4),
    );
  const quote = ((load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) >>> record.QUOTE_SHIFT) & record.QUOTE_MASK) - 1;
  const src = batch + BATCH_FRAMES * column.QUOTE_SRC + (quote << 4);
  const dst = batch + BATCH_FRAMES * column.QUOTE_DST + (quote << 4);
  const srcPort = <i32>load<u16>(batch + (quote << 1), BATCH_FRAMES * column.QUOTE_SRC_PORT);
  const quoted = intern(
    hash,
    kind | <i32>load<u8>(batch + quote, BATCH_FRAMES * column.QUOTE_PROTO),
    (srcPort << 16) | <i32>load<u16>(batch + (quote << 1), BATCH_FRAMES * column.QUOTE_DST_PORT),
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
function intern(hash: i32, kind: i32, ports: i32, from: i32, to: i32, src6: usize, dst6: usize): i32 {
  const isIpv6 = (kind & (1 << tuple.IPV6_SHIFT)) !== 0;
  const reversed = rotl(ports, 16);
  let cell = hash & mask;
  for (;;) {
    const at = cells + (cell << CELL_BYTES_BITS);
    const number = load<i32>(at, 4) - 1;
    if (number < 0) break;
    if (load<i32>(at) === hash) {
      const known = tuples + (number << TUPLE_BYTES_BITS);
      const itsPorts = load<i32>(known, 4 * tuple.PORTS);
      const a = load<i32>(known, 4 * tuple.ADDRESS_A);
      const b = load<i32>(known, 4 * tuple.ADDRESS_B);
      const isSameKind = i32((load<i32>(known, 4 * tuple.KIND) & tuple.KIND_MASK) === kind);
      // both before either is asked about: nobody foresees which way a packet goes, and a wrong guess would wait for the load
      const isForward = isSameKind & i32(itsPorts === ports) & i32(a === from) & i32(b === to);
      const isBackward = isSameKind & i32(itsPorts === reversed) & i32(a === to) & i32(b === from);
      if ((isForward | isBackward) !== 0) {
        if (!isIpv6) return 2 * number + isForward;
        if (isForward !== 0 && isBetween(known, src6, dst6)) return 2 * number + 1;
        if (isBackward !== 0 && isBetween(known, dst6, src6)) return 2 * number;
      }
    }
    cell = (cell + 1) & mask;
  }
  const number = freeCount > 0 ? load<i32>(free + (--freeCount << 2)) : end++;
  made++;
  store<i32>(cells + (cell << CELL_BYTES_BITS), hash);
  store<i32>(cells + (cell << CELL_BYTES_BITS), number + 1, 4);
  const entry = tuples + (number << TUPLE_BYTES_BITS);
  memory.fill(entry, 0, 1 << TUPLE_BYTES_BITS);
  store<i32>(entry, ports, 4 * tuple.PORTS);
  store<i32>(entry, kind | tuple.IS_ALIVE | tuple.IS_OPENED_BY_A, 4 * tuple.KIND);
  store<i32>(entry, hash, 4 * tuple.HASH);
  if (isIpv6) {
    store<v128>(entry, load<v128>(src6), 4 * tuple.ADDRESS_A);
    store<v128>(entry, load<v128>(dst6), 4 * tuple.ADDRESS_B);
  } else {
    store<i32>(entry, from, 4 * tuple.ADDRESS_A);
    store<i32>(entry, to, 4 * tuple.ADDRESS_B);
  }
  store<i32>(entry, tuple.UNBOUND, 4 * tuple.FLOW);
  store<i32>(entry, tuple.UNBOUND, 4 * (tuple.FLOW + 1));
  store<f64>(entry, -Infinity, 8 * tuple.LAST_NS);
  return 2 * number + 1;
}

/** Gives back `count` tuples, listed by their numbers. Returns how many of them have had a packet. */
export function release(block: usize, list: usize, count: i32): i32 {
  const table = <usize>wordOf(block, words.RECORDS);
  const index = <usize>wordOf(block, words.CELLS);
  const indexMask = wordOf(block, words.CELLS_MASK);
  const given = <usize>wordOf(block, words.FREE) + (wordOf(block, words.FREE_COUNT) << 2);
  let seen = 0;
  for (let at = 0; at < count; at++) {
    const number = load<i32>(list + (at << 2));
    const entry = table + (number << TUPLE_BYTES_BITS);
    unfile(index, indexMask, load<i32>(entry, 4 * tuple.HASH), number);
    if (load<f64>(entry, 8 * tuple.LAST_NS) !== -Infinity) seen++;
    store<i32>(entry, 0, 4 * tuple.FACTS);
    store<i32>(entry, tuple.UNBOUND, 4 * tuple.FLOW);
    store<i32>(entry, tuple.UNBOUND, 4 * (tuple.FLOW + 1));
    store<i32>(given + (at << 2), number);
  }
  return seen;
}

/** Whether these are the addresses of a tuple over IPv6. */
function isBetween(known: usize, a: usize, b: usize): bool {
  return (
    isSame(load<v128>(known, 4 * tuple.ADDRESS_A), load<v128>(a)) &&
    isSame(load<v128>(known, 4 * tuple.ADDRESS_B), load<v128>(b))
  );
}

function isSame(a: v128, b: v128): bool {
  return i32x4.all_true(i32x4.eq(a, b));
}
