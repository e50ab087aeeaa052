/** `TupleTable.findWays`' loop. */
import * as column from "../batch-columns.js";
import { BATCH_FRAMES } from "../frames.js";
import { IS_IPV6 } from "../packets.js";
import * as record from "../records.js";
import * as tuple from "../tuples.js";
import * as words from "../ways-words.js";
import { setWord, wordOf } from "./words.js";

const RECORD_BYTES_BITS = record.RECORD_BITS + 2;
const TUPLE_BYTES_BITS = tuple.TUPLE_BITS + 2;
const STATE_BYTES_BITS = tuple.STATE_BITS + 2;
const CELL_BYTES_BITS = 3;

/** The table: see `ways-words.ts`. */
let tuples: usize = 0;
let states: usize = 0;
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
  states = wordOf(block, words.STATES);
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
  const isIpv6 = flags & IS_IPV6;
  const hash = load<i32>(batch + (row << 2), BATCH_FRAMES * column.TUPLE_HASH);
  const quote = (load<i32>(packet, 4 * record.TCP_FLAGS_QUOTE) >>> 8) - 1;
  if (quote < 0)
    return intern(
      hash,
      kindOf(side, isIpv6, (flags >>> 16) & 0xff),
      batch + BATCH_FRAMES * column.SRC + (row << 4),
      batch + BATCH_FRAMES * column.DST + (row << 4),
      load<u16>(batch + (row << 1), BATCH_FRAMES * column.SRC_PORT),
      load<u16>(batch + (row << 1), BATCH_FRAMES * column.DST_PORT),
    );
  const quoted = intern(
    hash,
    kindOf(side, isIpv6, load<u8>(batch + quote, BATCH_FRAMES * column.QUOTE_PROTO)),
    batch + BATCH_FRAMES * column.QUOTE_SRC + (quote << 4),
    batch + BATCH_FRAMES * column.QUOTE_DST + (quote << 4),
    load<u16>(batch + (quote << 1), BATCH_FRAMES * column.QUOTE_SRC_PORT),
    load<u16>(batch + (quote << 1), BATCH_FRAMES * column.QUOTE_DST_PORT),
  );
  return quoted ^ 1;
}

function kindOf(side: i32, isIpv6: i32, proto: i32): i32 {
  return (side << tuple.SIDE_SHIFT) | (isIpv6 << tuple.IPV6_SHIFT) | proto;
}

/** The way from one end to the other; its tuple is made where it is new. `src`, `dst`: where the four words of each address are. */
function intern(hash: i32, kind: i32, src: usize, dst: usize, srcPort: i32, dstPort: i32): i32 {
  const from = load<v128>(src);
  const to = load<v128>(dst);
  const ports = (srcPort << 16) | dstPort;
  const reversed = (dstPort << 16) | srcPort;
  let cell = hash & mask;
  for (;;) {
    const at = cells + (cell << CELL_BYTES_BITS);
    const number = load<i32>(at, 4) - 1;
    if (number < 0) break;
    if (load<i32>(at) === hash) {
      const known = tuples + (number << TUPLE_BYTES_BITS);
      if (load<i32>(known, 4 * tuple.KIND) === kind) {
        const a = load<v128>(known, 4 * tuple.ADDRESS_A);
        const b = load<v128>(known, 4 * tuple.ADDRESS_B);
        const itsPorts = load<i32>(known, 4 * tuple.PORTS);
        // both before either is asked about: nobody foresees which way a packet goes, and a wrong guess would wait for the load
        const isForward = i32(itsPorts === ports) & i32(isSame(a, from)) & i32(isSame(b, to));
        const isBackward = i32(itsPorts === reversed) & i32(isSame(a, to)) & i32(isSame(b, from));
        if ((isForward | isBackward) !== 0) return 2 * number + isForward;
      }
    }
    cell = (cell + 1) & mask;
  }
  const number = freeCount > 0 ? load<i32>(free + (--freeCount << 2)) : end++;
  made++;
  store<i32>(cells + (cell << CELL_BYTES_BITS), hash);
  store<i32>(cells + (cell << CELL_BYTES_BITS), number + 1, 4);
  const entry = tuples + (number << TUPLE_BYTES_BITS);
  store<i32>(entry, ports, 4 * tuple.PORTS);
  store<i32>(entry, kind, 4 * tuple.KIND);
  store<i32>(entry, hash, 4 * tuple.HASH);
  store<v128>(entry, from, 4 * tuple.ADDRESS_A);
  store<v128>(entry, to, 4 * tuple.ADDRESS_B);
  store<i32>(entry, 0, 4 * tuple.UNMATCHED);
  store<i32>(entry, tuple.IS_ALIVE | tuple.IS_OPENED_BY_A, 4 * tuple.FACTS);
  const state = states + (number << STATE_BYTES_BITS);
  store<i32>(state, tuple.UNBOUND, 4 * tuple.FLOW);
  store<i32>(state, tuple.UNBOUND, 4 * (tuple.FLOW + 1));
  store<f64>(state, -Infinity, 8 * tuple.LAST_NS);
  return 2 * number + 1;
}

function isSame(a: v128, b: v128): bool {
  return i32x4.all_true(i32x4.eq(a, b));
}
