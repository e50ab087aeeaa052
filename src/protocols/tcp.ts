/** Byte offsets in the header, RFC 9293 section 3.1. */
export const SEQUENCE = 4;
export const ACKNOWLEDGEMENT = 8;
/** Data offset in words (4 bits), reserved bits, flags (8 bits), window (16 bits). */
export const OFFSET_FLAGS_WINDOW = 12;
export const HEADER_BYTES = 20;
/** Up to the flags, and not the window: enough to tell segments apart. */
export const LEAST_BYTES = 14;

/** Flags; ECE and CWR are those of explicit congestion notification (RFC 3168). */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

/** Whether a segment with these flags opens a connection: the first of its handshake. */
export function isOpening(flags: number): boolean {
  return (flags & (SYN | ACK)) === SYN;
}

/**
 * Whether conntrack makes no entry for a segment with these flags, if it has none: it calls INVALID what resets or ends a connection, or answers one
 * (net/netfilter/nf_conntrack_proto_tcp.c, tcp_conntracks, sNO).
 */
export function beginsNone(flags: number): boolean {
  return (flags & (RST | FIN)) !== 0 || ((flags & SYN) !== 0) === ((flags & ACK) !== 0);
}

/** Whether a segment with these flags may refuse a connection: a reset to a SYN acknowledges that (RFC 9293 section 3.10.7.1). */
export function isRefusing(flags: number): boolean {
  return (flags & (SYN | RST | ACK)) === (RST | ACK);
}

/** RFC 7323 section 2.3: no window is larger. Numbers that are farther apart are of other streams, or of an earlier wrap. */
export const MOST_WINDOW = 1 << 30;
