/** Byte offsets in the header, RFC 791 section 3.1. */
export const TOTAL_LENGTH = 2;
export const IDENTIFICATION = 4;
/** DF, MF and the offset in units of 8 bytes. */
export const FRAGMENT = 6;
export const TTL = 8;
export const PROTOCOL = 9;
export const SOURCE = 12;
export const DESTINATION = 16;
export const HEADER_BYTES = 20;

export const DF = 0x4000;
export const MF = 0x2000;
export const OFFSET_MASK = 0x1fff;

/** No link has a smaller MTU in practice (RFC 791: every host must take 576 bytes): a shorter datagram is not cut. */
export const NEVER_CUT_BYTES = 576;
