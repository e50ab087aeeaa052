/** Counts a pair in the `PairTimes` whose block is at `times`: see `pair-times-words.ts`. */
import { doubleOf, setDouble, setWord, wordOf } from "../../memory/assembly/words.js";
import * as words from "../pair-times-words.js";

/** The exponent of 1, how many bits of a double are its fraction, and these. */
const BIAS: i32 = 1023;
const FRACTION_BITS: u64 = 52;
const FRACTION_MASK: u64 = (1 << 52) - 1;
/** 2^(1/4), 2^(2/4) and 2^(3/4). */
const QUARTER: f64 = 1.189207115002721;
const HALF: f64 = Math.SQRT2;
const THREE_QUARTERS: f64 = 1.681792830507429;

/**
 * Counts a pair that entered at `timeNs`, outbound (1) or inbound (0). Returns false, and counts nothing, where that is behind the last bin that there can be: bins are to be
 * widened first.
 */
export function count(times: usize, timeNs: f64, outbound: i32, latencyNs: f64): bool {
  const bin = binOf(times, timeNs);
  if (bin >= words.MOST_BINS) return false;
  add(times, words.PAIRS + outbound, bin);
  add(times, words.LATENCIES + outbound, bin * words.BUCKETS + bucketOf(latencyNs));
  return true;
}

/** The bin of a time, MOST_BINS where it has none. What is earlier than the first counts as of its bin: packets come nearly in order. */
export function binOf(times: usize, timeNs: f64): i32 {
  if (isNaN(doubleOf(times, words.FROM_NS))) setDouble(times, words.FROM_NS, timeNs);
  const bins = (timeNs - doubleOf(times, words.FROM_NS)) / doubleOf(times, words.BIN_NS);
  if (bins >= words.MOST_BINS) return words.MOST_BINS;
  const bin = bins < 0 ? 0 : <i32>bins;
  if (bin >= wordOf(times, words.BINS)) setWord(times, words.BINS, bin + 1);
  return bin;
}

function add(times: usize, series: i32, at: i32): void {
  const counter = <usize>wordOf(times, series) + ((<usize>at) << 2);
  store<u32>(counter, load<u32>(counter) + 1);
}

/** Four times the logarithm to base 2, rounded down: the exponent of the double (IEEE 754), and which quarter its fraction is in. */
function bucketOf(latencyNs: f64): i32 {
  if (latencyNs <= 1) return 0;
  const bits = reinterpret<u64>(latencyNs);
  const octave = <i32>(bits >> FRACTION_BITS) - BIAS;
  const fraction = reinterpret<f64>((bits & FRACTION_MASK) | ((<u64>BIAS) << FRACTION_BITS));
  const quarter = i32(fraction >= QUARTER) + i32(fraction >= HALF) + i32(fraction >= THREE_QUARTERS);
  return min<i32>(words.BUCKETS_PER_OCTAVE * octave + quarter, words.BUCKETS - 1);
}
