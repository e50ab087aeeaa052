import {
  BUCKETS,
  BUCKETS_PER_OCTAVE,
  COUNT,
  COUNTS,
  LOWEST,
  MAX_NS,
  MIN_NS,
  EXACT_SAMPLES,
  OCTAVE_BITS,
} from "../latency-words.js";

/**
 * The bucket of a latency: its octave and the five bits behind the first, as an HdrHistogram has it, so that integer arithmetic finds
 * it. Numbers mirror around 0, so that negative latencies order as they should.
 */
export function bucketOf(latencyNs: f64): i32 {
  const whole = <u64>abs<f64>(floor<f64>(latencyNs + 0.5));
  const octave = max<i32>(0, 63 - OCTAVE_BITS - <i32>clz<u64>(whole));
  const bucket = octave * BUCKETS_PER_OCTAVE + <i32>(whole >>> octave);
  return latencyNs < 0 ? -bucket : bucket;
}

/** Adds a latency to a digest. Returns false where that has no room for it: `LatencyDigest.add` makes some. */
export function add(digest: usize, latencyNs: f64): bool {
  return addIn(digest, latencyNs, bucketOf(latencyNs));
}

/** The same of a latency that is in that bucket. */
export function addIn(digest: usize, latencyNs: f64, bucket: i32): bool {
  const count = load<i32>(digest, 4 * COUNT);
  const buckets = load<i32>(digest, 4 * BUCKETS);
  const counts = <usize>load<i32>(digest, 4 * COUNTS);
  if (buckets === 0) {
    if (count === EXACT_SAMPLES) return false;
    store<f64>(counts + ((<usize>count) << 3), latencyNs);
  } else {
    const at = bucket - load<i32>(digest, 4 * LOWEST);
    // as unsigned numbers, what is below the first bucket is above the last
    if (<u32>at >= <u32>buckets) return false;
    const counted = counts + ((<usize>at) << 2);
    store<i32>(counted, load<i32>(counted) + 1);
  }
  store<i32>(digest, count + 1, 4 * COUNT);
  if (latencyNs < load<f64>(digest, 8 * MIN_NS)) store<f64>(digest, latencyNs, 8 * MIN_NS);
  if (latencyNs > load<f64>(digest, 8 * MAX_NS)) store<f64>(digest, latencyNs, 8 * MAX_NS);
  return true;
}
