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
export const QUOTE_HEAD = 144;
/** Two bytes each. */
export const QUOTE_SRC_PORT = 148;
export const QUOTE_DST_PORT = 150;
/** One byte. */
export const QUOTE_PROTO = 152;
/** Bytes of a row. */
export const ROW_BYTES = 153;
