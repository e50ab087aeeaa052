/** The two numbers of 64 bits that ping begins an echo's payload with, a `struct timeval`, where the host's own order is little endian. */
const SENDING_TIME_BYTES = 16;
const LEAST_SECONDS: u64 = 1_000_000_000;
const MOST_SECONDS: u64 = 0xffff_ffff;
const MICROSECONDS: u64 = 1_000_000;

/** Whether an echo's payload, of which `kept` is the end in the capture, begins with a time of day since 2001 (iputils, ping/ping.c). */
export function hasSendingTime(payload: i32, kept: i32): bool {
  if (payload + SENDING_TIME_BYTES > kept) return false;
  const seconds = load<u64>(payload);
  return seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS && load<u64>(payload, 8) < MICROSECONDS;
}
