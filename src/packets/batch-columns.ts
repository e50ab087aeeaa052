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
/** Of the packets that errors quote; an address has four words. */
export const QUOTE_SRC = 100;
export const QUOTE_DST = 116;
export const QUOTE_IP_ID = 132;
export const QUOTE_LENGTH = 136;
export const QUOTE_SEQ = 140;
/** Of the packets that carried others through a tunnel: a record, and what is beside it above; then the tunnel's number. */
export const OUTER_RECORD = 144;
export const OUTER_SRC6 = 208;
export const OUTER_DST6 = 224;
export const OUTER_TUPLE_HASH = 240;
export const OUTER_ID = 244;
export const QUOTE_HEAD = 248;
/** Two bytes each. */
export const QUOTE_SRC_PORT = 252;
export const QUOTE_DST_PORT = 254;
/** Of a row that is CARRIED, the row of its outer packet. */
export const OUTER = 256;
/** One byte. */
export const QUOTE_PROTO = 258;
export const OUTER_KIND = 259;
/** Bytes of a row. */
export const ROW_BYTES = 260;
