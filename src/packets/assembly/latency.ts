import { BUCKETS, BUCKETS_PER_OCTAVE, COUNT, COUNTS, LOWEST, MAX_NS, MIN_NS, OCTAVE_BITS } from "../latency.js";

/** As `bucketOf` of latency.ts, of a latency below 2^52 nanoseconds: 52 days. */
export function bucketOf(latencyNs: f64): i32 {
  const whole = abs<f64>(floor<f64>(latencyNs + 0.5));
  // beyond 32 bits, the lowest 16 do not count
  const isLong = whole > 0x7fff_ffff;
  const size = <i32>(<i64>(isLong ? floor<f64>(whole / 0x1_0000) : whole));
  const octave = max<i32>(0, 31 - OCTAVE_BITS - clz<i32>(size));
  const bucket = (octave + (isLong ? 16 : 0)) * BUCKETS_PER_OCTAVE + (size >>> octave);
  return latencyNs < 0 ? -bucket : bucket;
}

/** Adds a latency, which is in that bucket, to a digest that counts it already; returns false where that does not. */
export function tally(digest: usize, latencyNs: f64, bucket: i32): bool {
  const at = bucket - load<i32>(digest, 4 * LOWEST);
  // as unsigned numbers, what is below the first bucket is above the last
  if (<u32>at >= <u32>load<i32>(digest, 4 * BUCKETS)) return false;
  const counted = <usize>load<i32>(digest, 4 * COUNTS) + (at << 2);
  store<i32>(counted, load<i32>(counted) + 1);
  store<i32>(digest, load<i32>(digest, 4 * COUNT) + 1, 4 * COUNT);
  if (latencyNs < load<f64>(digest, 8 * MIN_NS)) store<f64>(digest, latencyNs, 8 * MIN_NS);
  if (latencyNs > load<f64>(digest, 8 * MAX_NS)) store<f64>(digest, latencyNs, 8 * MAX_NS);
  return true;
}
