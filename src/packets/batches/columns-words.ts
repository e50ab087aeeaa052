import { bytes } from "../memory/layout.js";

/**
 * How a `PacketBatch` is laid out: a column begins at so many bytes a row. Words of four bytes and more come first, so that
 * all are aligned whatever the number of rows.
 */
/** Doubles and words of `records.ts`: RECORD_BYTES. */
export const RECORD = bytes(64);
/** Of IPv6 packets. */
export const ADDRESS_BYTES = 16;
export const SRC6 = bytes(ADDRESS_BYTES);
export const DST6 = bytes(ADDRESS_BYTES);
export const TUPLE_HASH = bytes(4);
/** `macHash` of who sent the frame, and of whom it goes to. */
export const MAC_FROM = bytes(4);
export const MAC_TO = bytes(4);
/** Of the frames that have no row: the frame's number. */
export const ROWLESS_FRAME = bytes(4);
/** Of the packets that errors quote. */
export const QUOTE_SRC = bytes(ADDRESS_BYTES);
export const QUOTE_DST = bytes(ADDRESS_BYTES);
export const QUOTE_IP_ID = bytes(4);
export const QUOTE_LENGTH = bytes(4);
export const QUOTE_SEQ = bytes(4);
/** Of the packets that carried others through a tunnel: a record, and what is beside it above; then the tunnel's number. */
export const OUTER_RECORD = bytes(64);
export const OUTER_SRC6 = bytes(ADDRESS_BYTES);
export const OUTER_DST6 = bytes(ADDRESS_BYTES);
export const OUTER_TUPLE_HASH = bytes(4);
export const OUTER_ID = bytes(4);
export const QUOTE_HEAD = bytes(4);
/** Two bytes each. */
export const QUOTE_SRC_PORT = bytes(2);
export const QUOTE_DST_PORT = bytes(2);
/** Of a row that is CARRIED, the row of its outer packet. */
export const OUTER = bytes(2);
/** One byte. */
export const QUOTE_PROTO = bytes(1);
export const OUTER_KIND = bytes(1);
/** Of a frame that has no row, 1 where it is undecodable; else it is not IP. */
export const ROWLESS_IS_UNDECODABLE = bytes(1);
/** Bytes of a row. */
export const ROW_BYTES = bytes(0);
