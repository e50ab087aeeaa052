import { fields, flag, same } from "./memory/layout.js";
import { ID_MASK } from "./records.js";

/** Bits of `RecordRows.flags`: what a packet is, and what its key is made of. */
fields();
export const IS_IPV6 = flag();
/** A piece of a fragmented datagram, the first one included. */
export const IS_FRAGMENT = flag();
/** A fragment without the transport header: its ports are unknown and stored as 0. */
export const IS_LATER_FRAGMENT = flag();
/** An ICMP error: `quote` tells which packet it quotes. */
export const IS_ERROR = flag();
/** The transport header was cut off or malformed: addresses and IP ID only, ports stored as 0. */
export const IS_HEADLESS = flag();
/** `seq` and `ack` carry TCP numbers that cannot repeat by chance (not both zero). */
export const HAS_TCP_NUMBERS = flag();
/**
 * `ipId` tells the packet from its sender's others: it is not zero, which RFC 6864 lets a sender leave it on packets that may not be fragmented,
 * nor what the one before had.
 */
export const HAS_IP_ID = flag();
/** The key covers at least one byte of payload. */
export const HAS_PAYLOAD = flag();
/** ICMP or ICMPv6 echo request or reply: `srcPort` and `dstPort` both carry the ICMP id. */
export const IS_ECHO = flag();
/** May not be fragmented (IPv4 DF). */
export const IS_DF = flag();
/** A fragment that is not the last of its datagram. */
export const HAS_MORE_FRAGMENTS = flag();
/**
 * Less was captured of it than of others, and the key would have taken some of what is missing: it is made of what is left, and is
 * that of a twin cut at the same byte, and of no other.
 */
export const IS_CUT = flag();
/** Not the decoder's: the stamp is not when the packet passed, as it leaps away from those of the frames around it. */
export const IS_MISTIMED = flag();
/** The pcap filter that says what is shown selects the frame. Nothing is paired or judged by it. */
export const IS_SELECTED = flag();
/** An ICMP echo that carries when it was sent, to the microsecond: no two that a host sends are alike, and the answer repeats it. */
export const HAS_SENDING_TIME = flag();
/**
 * The same bit of what is no echo, not the decoder's: some bytes of a TCP segment have entered on its side before, or a datagram like it has passed on
 * its way within the last minute. `tellsSendingTime` and `isAgain` read the bit as what it is.
 */
export const IS_AGAIN = same(HAS_SENDING_TIME);
/** Not the decoder's: the capture shows it once more: see `Copies`. */
export const IS_COPY = flag();

/** Whether a packet with these flags is an echo that carries when it was sent. */
export function tellsSendingTime(flags: number): boolean {
  return (flags & (IS_ECHO | HAS_SENDING_TIME)) === (IS_ECHO | HAS_SENDING_TIME);
}

/** Whether two hashes of packets are equal, as far as there are both: 0 is none. */
export function areAlike(hash: number, other: number): boolean {
  return hash === other || hash === 0 || other === 0;
}

/** Whether a packet with these flags is one that was sent again, or like one before it. */
export function isAgain(flags: number): boolean {
  return (flags & (IS_ECHO | IS_AGAIN)) === IS_AGAIN;
}

/** The identification, of the word that has it and a packet's flags. */
export function idOf(flags: number, word: number): number {
  return hasWideId(flags) ? word >>> 0 : word & ID_MASK;
}

/** Whether a packet has an IP ID (2), and which version it is of (1 for IPv6), by its flags. */
export function identityOf(flags: number): number {
  return ((flags & HAS_IP_ID) === 0 ? 0 : 2) | ((flags & IS_IPV6) === 0 ? 0 : 1);
}

/** Whether the identification takes all of its word, that of an IPv6 fragment. */
export function hasWideId(flags: number): boolean {
  return (flags & (IS_IPV6 | HAS_IP_ID)) === (IS_IPV6 | HAS_IP_ID);
}
