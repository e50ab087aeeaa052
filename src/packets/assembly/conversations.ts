/** `Conversations`' loop. */
import * as column from "../batch-columns.js";
import { HEAD_BYTES_BITS, TAIL_BYTES_BITS } from "../conversation-records.js";
import { BATCH_FRAMES } from "../frames.js";
import { IS_IPV6 } from "../packets.js";
import { CONVERSATION, FLAGS_PROTO_TTL, RECORD_BITS, TCP_FLAGS_QUOTE } from "../records.js";

/**
 * A cell of the index is a word, so that it stays in the cache: the upper half of the hash, made odd so that it is not 0, as an empty
 * cell is, and the number.
 */
const CELL_BYTES_BITS = 2;
const TAG = 0xffff_0000;
const ODD_TAG = 0x1_0000;

/** The conversations that have numbers, how many there are, and the index of them by hash. */
let heads = 0;
let tails = 0;
let known = 0;
let cells = 0;
let mask = 0;

/**
 * Numbers the first `rows` packets of a batch, `count` conversations being known by now. The index must have twice as many cells as
 * there may be then. Returns how many there are.
 */
export function number(batch: i32, rows: i32, headsAt: i32, tailsAt: i32, count: i32, index: i32, indexMask: i32): i32 {
  heads = headsAt;
  tails = tailsAt;
  known = count;
  cells = index;
  mask = indexMask;
  for (let row = 0; row < rows; row++) {
    const record = batch + (row << (RECORD_BITS + 2));
    const flags = load<i32>(record, 4 * FLAGS_PROTO_TTL);
    const version = (flags & IS_IPV6) << 8;
    const hash = load<i32>(batch + (row << 2), BATCH_FRAMES * column.TUPLE_HASH);
    const quoted = (load<i32>(record, 4 * TCP_FLAGS_QUOTE) >>> 8) - 1;
    const conversation =
      quoted < 0
        ? find(
            hash,
            version | ((flags >>> 16) & 0xff),
            batch + BATCH_FRAMES * column.SRC + (row << 4),
            batch + BATCH_FRAMES * column.DST + (row << 4),
            load<u16>(batch + (row << 1), BATCH_FRAMES * column.SRC_PORT),
            load<u16>(batch + (row << 1), BATCH_FRAMES * column.DST_PORT),
          )
        : // it goes against the packet it quotes
          1 ^
          find(
            hash,
            version | <i32>load<u8>(batch + quoted, BATCH_FRAMES * column.QUOTE_PROTO),
            batch + BATCH_FRAMES * column.QUOTE_SRC + (quoted << 4),
            batch + BATCH_FRAMES * column.QUOTE_DST + (quoted << 4),
            load<u16>(batch + (quoted << 1), BATCH_FRAMES * column.QUOTE_SRC_PORT),
            load<u16>(batch + (quoted << 1), BATCH_FRAMES * column.QUOTE_DST_PORT),
          );
    store<i32>(record, conversation, 4 * CONVERSATION);
  }
  return known;
}

/** Twice the number, and 1 more if the packet goes the way the first one went. `src`, `dst`: where its addresses are. */
function find(hash: i32, kind: i32, src: i32, dst: i32, srcPort: i32, dstPort: i32): i32 {
  const from = load<i32>(src);
  const to = load<i32>(dst);
  const forward = head((srcPort << 16) | dstPort, kind, from, to);
  const backward = head((dstPort << 16) | srcPort, kind, to, from);
  const isIpv4 = kind < 0x100;
  const tag = (hash | ODD_TAG) & TAG;
  let cell = hash & mask;
  for (;;) {
    const stored = load<i32>(cells + (cell << CELL_BYTES_BITS));
    if (stored === 0) break;
    if ((stored & TAG) === tag) {
      const number = stored & ~TAG;
      const found = load<v128>(heads + (number << HEAD_BYTES_BITS));
      // both before either is asked about: nobody foresees which way a packet goes, and a wrong guess would wait for the load
      const isForward = i32(isSame(found, forward));
      const isBackward = i32(isSame(found, backward));
      if ((isForward | isBackward) !== 0) {
        if (isIpv4) return 2 * number + isForward;
        if (isForward !== 0 && isBetween(number, src, dst)) return 2 * number + 1;
        if (isBackward !== 0 && isBetween(number, dst, src)) return 2 * number;
      }
    }
    cell = (cell + 1) & mask;
  }
  const number = known++;
  store<v128>(heads + (number << HEAD_BYTES_BITS), forward);
  if (!isIpv4) {
    const tail = tails + (number << TAIL_BYTES_BITS);
    store<v128>(tail, load<v128>(src));
    store<v128>(tail, load<v128>(dst), 16);
  }
  store<i32>(cells + (cell << CELL_BYTES_BITS), tag | number);
  return 2 * number + 1;
}

/** What is compared of any conversation: its ports, protocol and version, and the first words of its addresses. */
function head(ports: i32, kind: i32, from: i32, to: i32): v128 {
  const three = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(ports), 1, kind), 2, from);
  return i32x4.replace_lane(three, 3, to);
}

/** Whether these are the addresses of a conversation over IPv6. */
function isBetween(number: i32, a: i32, b: i32): bool {
  const tail = tails + (number << TAIL_BYTES_BITS);
  return isSame(load<v128>(tail), load<v128>(a)) && isSame(load<v128>(tail, 16), load<v128>(b));
}

function isSame(a: v128, b: v128): bool {
  return i32x4.all_true(i32x4.eq(a, b));
}
