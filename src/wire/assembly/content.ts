/**
 * A hash of what a datagram carries that is the same however the datagram is cut: each fragment has a hash of its own, and they add up
 * to that of the whole. Fragments are cut at multiples of eight bytes (RFC 791 section 3.2, RFC 8200 section 4.5): each eight bytes are
 * hashed with their place in the datagram, and the hashes are added up.
 */
import { ICMP, ICMPV6, UDP } from "../../packets/packets.js";

const SCTP = 132;

/**
 * Hash of the bytes `from` … `end`-1, which are `offset` bytes into what a datagram of this protocol carries. Precondition: the eight
 * bytes before `end` may be read.
 */
export function contentOf(from: i32, end: i32, offset: i32, proto: i32): i32 {
  let sum = 0;
  let at = from;
  let place = offset >>> 3;
  for (; at + 8 <= end; at += 8) sum += hashOf(load<u64>(at) & kept(place, proto), place++);
  if (at < end) sum += hashOf((load<u64>(end - 8) >>> ((<u64>(8 - (end - at))) << 3)) & kept(place, proto), place);
  return sum;
}

/** Which bits of eight bytes a NAT leaves alone, those of the first byte lowest: not ports, ICMP id or checksum. */
function kept(place: i32, proto: i32): u64 {
  if (place > 1) return u64.MAX_VALUE;
  if (place === 0) {
    if (proto === UDP) return 0;
    if (proto === ICMP || proto === ICMPV6) return 0xffff_0000_0000_ffff;
  }
  // RFC 9260 section 3.1: ports and verification tag, then the checksum
  return proto === SCTP ? 0xffff_ffff_0000_0000 : u64.MAX_VALUE;
}

function hashOf(word: u64, place: i32): i32 {
  const placed = word + <u64>(place + 1) * <u64>0x9e3779b97f4a7c15;
  const product = (placed ^ (placed >>> 32)) * <u64>0xd6e8feb86659fd93;
  return <i32>(product ^ (product >>> 32));
}
