/** Bits of `RecordRows.flags`: what a packet is, and what its key is made of. */
export const IS_IPV6 = 1 << 0;
/** A piece of a fragmented datagram, the first one included. */
export const IS_FRAGMENT = 1 << 1;
/** A fragment without the transport header: its ports are unknown and stored as 0. */
export const IS_LATER_FRAGMENT = 1 << 2;
/** An ICMP error: `quote` tells which packet it quotes. */
export const IS_ERROR = 1 << 3;
/** The transport header was cut off or malformed: addresses and IP ID only, ports stored as 0. */
export const IS_HEADLESS = 1 << 4;
/** `seq` and `ack` carry TCP numbers that cannot repeat by chance (not both zero). */
export const HAS_TCP_NUMBERS = 1 << 5;
/**
 * `ipId` tells the packet from its sender's others: it is not zero, which RFC 6864 lets a sender leave it on packets that may not be fragmented,
 * nor what the one before had.
 */
export const HAS_IP_ID = 1 << 6;
/** The key covers at least one byte of payload. */
export const HAS_PAYLOAD = 1 << 7;
/** ICMP or ICMPv6 echo request or reply: `srcPort` and `dstPort` both carry the ICMP id. */
export const IS_ECHO = 1 << 8;
/** May not be fragmented (IPv4 DF). */
export const IS_DF = 1 << 9;
/** A fragment that is not the last of its datagram. */
export const HAS_MORE_FRAGMENTS = 1 << 10;
/**
 * Less was captured of it than of others, and the key would have taken some of what is missing: it is made of what is left, and is
 * that of a twin cut at the same byte, and of no other.
 */
export const IS_CUT = 1 << 11;
/** Not the decoder's: the stamp is not when the packet passed, as it leaps away from those of the frames around it. */
export const IS_MISTIMED = 1 << 12;
/** The pcap filter that says what is shown selects the frame. Nothing is paired or judged by it. */
export const IS_SELECTED = 1 << 13;
/** An ICMP echo that carries when it was sent, to the microsecond: no two that a host sends are alike, and the answer repeats it. */
export const HAS_SENDING_TIME = 1 << 14;
/**
 * The same bit of what is no echo, not the decoder's: some bytes of a TCP segment have entered on its side before, or a datagram like it has passed on
 * its way within the last minute. `tellsSendingTime` and `isAgain` read the bit as what it is.
 */
export const IS_AGAIN = 1 << 14;
/** Not the decoder's: the capture shows it once more: see `Copies`. */
export const IS_COPY = 1 << 15;

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
  return hasWideId(flags) ? word >>> 0 : word & 0xffff;
}

/** Whether a packet has an IP ID (2), and which version it is of (1 for IPv6), by its flags. */
export function identityOf(flags: number): number {
  return ((flags & HAS_IP_ID) === 0 ? 0 : 2) | ((flags & IS_IPV6) === 0 ? 0 : 1);
}

/** Whether the identification takes all of its word, that of an IPv6 fragment. */
export function hasWideId(flags: number): boolean {
  return (flags & (IS_IPV6 | HAS_IP_ID)) === (IS_IPV6 | HAS_IP_ID);
}
