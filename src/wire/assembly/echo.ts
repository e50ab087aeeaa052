/** Byte offsets in the header of ICMP (RFC 792) and ICMPv6 (RFC 4443) alike, behind type, code and checksum. */
export const ID = 4;
export const SEQUENCE = 6;
export const HEADER_BYTES = 8;

/** Whether an ICMP message of this type is an echo request or reply, which a NAT tells apart by their id. */
export function isEcho(type: i32, isIpv6: bool): bool {
  return isIpv6 ? type === 128 || type === 129 : type === 8 || type === 0;
}

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
