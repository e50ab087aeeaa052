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
/** Two words: how many frames of its capture before it have no row, as they are not IP, and as they are undecodable. */
export const ROWLESS = 100;
/** Of the packets that errors quote; an address has four words. */
export const QUOTE_SRC = 108;
export const QUOTE_DST = 124;
export const QUOTE_IP_ID = 140;
export const QUOTE_LENGTH = 144;
export const QUOTE_SEQ = 148;
/** Of the packets that carried others through a tunnel: a record, and what is beside it above; then the tunnel's number. */
export const OUTER_RECORD = 152;
export const OUTER_SRC6 = 216;
export const OUTER_DST6 = 232;
export const OUTER_TUPLE_HASH = 248;
export const OUTER_ID = 252;
export const QUOTE_HEAD = 256;
/** Two bytes each. */
export const QUOTE_SRC_PORT = 260;
export const QUOTE_DST_PORT = 262;
/** Of a row that is CARRIED, the row of its outer packet. */
export const OUTER = 264;
/** One byte. */
export const QUOTE_PROTO = 266;
export const OUTER_KIND = 267;
/** Bytes of a row. */
export const ROW_BYTES = 268;
