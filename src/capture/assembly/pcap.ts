/** `Pcap.scan`'s loop: from one record's header to the next. */
import { doubleOf, setWord, wordOf } from "../../packets/memory/assembly/words.js";
import { MOST_SNAPLEN } from "../../protocols/link-types.js";
import * as words from "../pcap-words.js";

let isLittle = true;

/** Puts the complete frames at the beginning of the bytes into rows 0 …, and says in `block` how many, how far it came, and why no further. */
export function scan(block: usize): void {
  const data = wordOf(block, words.DATA);
  const end = wordOf(block, words.END);
  const headerBytes = wordOf(block, words.HEADER_BYTES);
  const rows = wordOf(block, words.ROWS);
  const starts = wordOf(block, words.START);
  const captureds = wordOf(block, words.CAPTURED);
  const originals = wordOf(block, words.ORIGINAL);
  const stamps = wordOf(block, words.TIME_NS);
  const epochSeconds = doubleOf(block, words.EPOCH_SECONDS);
  const epochTicks = doubleOf(block, words.EPOCH_TICKS);
  const nsPerTick = doubleOf(block, words.NS_PER_TICK);
  isLittle = wordOf(block, words.IS_LITTLE) !== 0;
  let at = wordOf(block, words.AT);
  let row = 0;
  let stop = words.FULL;
  while (row < rows) {
    const header = data + at;
    const frame = at + headerBytes;
    if (frame > end) {
      stop = words.MORE;
      break;
    }
    const captured = numberAt(header + words.CAPTURED_LENGTH);
    if (captured > <u32>MOST_SNAPLEN) {
      stop = words.OVERSIZED;
      break;
    }
    if (frame + <i32>captured > end) {
      stop = words.MORE;
      break;
    }
    store<i32>(starts + (row << 2), frame);
    store<u32>(captureds + (row << 2), captured);
    store<u32>(originals + (row << 2), max<u32>(captured, numberAt(header + words.ORIGINAL_LENGTH)));
    const seconds = <f64>numberAt(header) - epochSeconds;
    const ticks = <f64>numberAt(header + words.TICKS) - epochTicks;
    store<f64>(stamps + (row << 3), seconds * 1e9 + ticks * nsPerTick);
    row++;
    at = frame + <i32>captured;
  }
  setWord(block, words.AT, at);
  setWord(block, words.COUNT, row);
  setWord(block, words.STOP, stop);
}

function numberAt(at: i32): u32 {
  const word = load<u32>(at);
  return isLittle ? word : bswap<u32>(word);
}
