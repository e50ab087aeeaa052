import { BUCKETS_PER_OCTAVE, OCTAVE_BITS } from "../latency.js";

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
