/** Byte offsets in the header, RFC 768. */
export const LENGTH = 4;
export const HEADER_BYTES = 8;
