/** `Twins`' loop: most packets of a busy capture are passed over, as a part of them is enough. */
import { doubleOf, rowIn, setDouble, setWord, wordOf } from "../../../packets/memory/assembly/words.js";
import {
  HAS_PAYLOAD,
  HAS_TCP_NUMBERS,
  IS_ERROR,
  IS_FRAGMENT,
  IS_HEADLESS,
  IS_MISTIMED,
} from "../../../packets/packets.js";
import * as record from "../../../packets/records.js";
import * as words from "../twins-words.js";

/** So many packets a second are enough, measured over so many or for so long, whichever is less. */
const ENOUGH_PER_S = 1024;
const MEASURED_ROWS = 1024;
const MEASURED_NS = 1_000_000_000;
/** Of the most packets, one in 2^12 is looked at. */
const MOST_BITS = 12;

/**
 * Goes over the packets of a side, rows `from` … `to`-1, up to one that is to be looked at: of those that carry something to tell them
 * by, one of the sample, or any (`isAll`). Returns its row, or `to`.
 */
export function next(side: usize, records: usize, from: i32, to: i32, isAll: i32): i32 {
  for (let row = from; row < to; row++) {
    const packet = rowIn(records, row, record.RECORD_BITS);
    pass(side, load<f64>(packet, 8 * record.STAMP_NS));
    const drawn =
      load<i32>(packet, 4 * record.SEQ) ^ load<i32>(packet, 4 * record.ACK_SEQ) ^ load<i32>(packet, 4 * record.HEAD);
    if (isAll === 0 && ((drawn * 0x2c1b3c6d) & wordOf(side, words.SAMPLE_MASK)) !== 0) continue;
    const flags = load<i32>(packet, 4 * record.FLAGS_PROTO_TTL);
    if ((flags & (IS_FRAGMENT | IS_ERROR | IS_HEADLESS | IS_MISTIMED)) !== 0) continue;
    if ((flags & (HAS_TCP_NUMBERS | HAS_PAYLOAD)) !== 0) return row;
  }
  return to;
}

/** Takes the next stamp into account: the busier a capture is, the smaller a part of it is enough. */
function pass(side: usize, stampNs: f64): void {
  setDouble(side, words.PACKETS, doubleOf(side, words.PACKETS) + 1);
  if (stampNs > doubleOf(side, words.REACHED_NS)) setDouble(side, words.REACHED_NS, stampNs);
  const rows = wordOf(side, words.ROWS) + 1;
  setWord(side, words.ROWS, rows);
  if (rows === 1) setDouble(side, words.SINCE_NS, stampNs);
  const spanNs = abs<f64>(stampNs - doubleOf(side, words.SINCE_NS));
  if (rows < MEASURED_ROWS && spanNs < MEASURED_NS) return;
  const perS = (<f64>rows * 1e9) / max<f64>(1, spanNs);
  setWord(side, words.ROWS, 0);
  let bits = 0;
  while (bits < MOST_BITS && perS > <f64>(ENOUGH_PER_S << bits)) bits++;
  setWord(side, words.SAMPLE_MASK, bits === 0 ? 0 : -1 << (32 - bits));
}
