/**
 * How a `PacketBatch` is laid out: a column begins at so many bytes a row. Words of four bytes and more come first, so that
 * all are aligned whatever the number of rows.
 */
/** Doubles and words of `records.ts`. */
export const RECORD = 0;
/** Four words each, of IPv6 packets. */
export const SRC6 = 64;
export const DST6 = 80;
export const TUPLE_HASH = 96;
/** Of the frames that have no row: the frame's number. */
export const ROWLESS_FRAME = 100;
/** Of the packets that errors quote; an address has four words. */
export const QUOTE_SRC = 104;
export const QUOTE_DST = 120;
export const QUOTE_IP_ID = 136;
export const QUOTE_LENGTH = 140;
export const QUOTE_SEQ = 144;
/** Of the packets that carried others through a tunnel: a record, and what is beside it above; then the tunnel's number. */
export const OUTER_RECORD = 148;
export const OUTER_SRC6 = 212;
export const OUTER_DST6 = 228;
export const OUTER_TUPLE_HASH = 244;
export const OUTER_ID = 248;
export const QUOTE_HEAD = 252;
/** Two bytes each. */
export const QUOTE_SRC_PORT = 256;
export const QUOTE_DST_PORT = 258;
/** Of a row that is CARRIED, the row of its outer packet. */
export const OUTER = 260;
/** One byte. */
export const QUOTE_PROTO = 262;
export const OUTER_KIND = 263;
/** Of a frame that has no row, 1 where it is undecodable; else it is not IP. */
export const ROWLESS_IS_UNDECODABLE = 264;
/** Bytes of a row. */
export const ROW_BYTES = 265;
