/** `Conversations`' loop. */
import * as column from "../batch-columns.js";
import { CONVERSATION_BITS, FROM, KIND, PORTS, TO } from "../conversation-records.js";
import { BATCH_FRAMES } from "../frames.js";
import { IS_IPV6 } from "../packets.js";
import { FLAGS_PROTO_TTL, RECORD_BITS, TCP_FLAGS_QUOTE } from "../records.js";

const CONVERSATION_BYTES_BITS = CONVERSATION_BITS + 2;
const CELL_BYTES_BITS = 3;

/** The records of the conversations that have numbers, how many there are, and the index of them by hash. */
let records = 0;
let known = 0;
let cells = 0;
let mask = 0;

/**
 * Numbers the first `rows` packets of a batch, `count` conversations being known by now. The index must have room for one
 * more of each packet. Returns how many are known then.
 */
export function number(batch: i32, rows: i32, to: i32, count: i32, index: i32, indexMask: i32): i32 {
  records = to;
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
    store<i32>(batch + (row << 2), conversation, BATCH_FRAMES * column.CONVERSATION);
  }
  return known;
}

/** Twice the number, and 1 more if the packet goes the way the first one went. `src`, `dst`: where its addresses are. */
function find(hash: i32, kind: i32, src: i32, dst: i32, srcPort: i32, dstPort: i32): i32 {
  const ports = (srcPort << 16) | dstPort;
  const reversed = (dstPort << 16) | srcPort;
  const from = load<v128>(src);
  const to = load<v128>(dst);
  let cell = hash & mask;
  for (;;) {
    const id = load<i32>(cells + (cell << CELL_BYTES_BITS), 4);
    if (id === 0) break;
    if (load<i32>(cells + (cell << CELL_BYTES_BITS)) === hash) {
      const record = records + ((id - 1) << CONVERSATION_BYTES_BITS);
      if (load<i32>(record, 4 * KIND) === kind) {
        const a = load<v128>(record, 4 * FROM);
        const b = load<v128>(record, 4 * TO);
        if (load<i32>(record, 4 * PORTS) === ports && isSame(a, from) && isSame(b, to)) return 2 * id - 1;
        if (load<i32>(record, 4 * PORTS) === reversed && isSame(a, to) && isSame(b, from)) return 2 * id - 2;
      }
    }
    cell = (cell + 1) & mask;
  }
  const record = records + (known << CONVERSATION_BYTES_BITS);
  store<i32>(record, ports, 4 * PORTS);
  store<i32>(record, kind, 4 * KIND);
  store<v128>(record, from, 4 * FROM);
  store<v128>(record, to, 4 * TO);
  known++;
  store<i32>(cells + (cell << CELL_BYTES_BITS), hash);
  store<i32>(cells + (cell << CELL_BYTES_BITS), known, 4);
  return 2 * known - 1;
}

function isSame(a: v128, b: v128): bool {
  return i32x4.all_true(i32x4.eq(a, b));
}
