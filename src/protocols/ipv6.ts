/** Byte offsets in the header, RFC 8200 section 3. */
export const PAYLOAD_LENGTH = 4;
export const NEXT_HEADER = 6;
export const HOP_LIMIT = 7;
export const SOURCE = 8;
export const DESTINATION = 24;
export const HEADER_BYTES = 40;

/** RFC 8200 section 5. */
export const LEAST_IPV6_MTU = 1280;
