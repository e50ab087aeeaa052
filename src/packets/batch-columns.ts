/**
 * How a `PacketBatch` is laid out: a column begins at so many bytes a row. Words of four bytes and more come first, so that
 * all are aligned whatever the number of rows.
 */
/** Doubles and words of `records.ts`. */
export const RECORD = 0;
/** Four words each. */
export const SRC = 64;
export const DST = 80;
export const TUPLE_HASH = 96;
export const CONVERSATION = 100;
/** Of the packets that errors quote; an address has four words. */
export const QUOTE_SRC = 104;
export const QUOTE_DST = 120;
export const QUOTE_IP_ID = 136;
export const QUOTE_LENGTH = 140;
export const QUOTE_SEQ = 144;
/** Two bytes each. */
export const SRC_PORT = 148;
export const DST_PORT = 150;
export const QUOTE_SRC_PORT = 152;
export const QUOTE_DST_PORT = 154;
/** One byte. */
export const QUOTE_PROTO = 156;
/** Bytes of a row. */
export const ROW_BYTES = 157;
