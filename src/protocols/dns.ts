/** Where messages come from that answer, and go to that ask. */
export const PORT = 53;

/** Byte offsets in the header, RFC 1035 section 4.1.1: the transaction's id, the flags, how many questions. */
export const ID = 0;
export const FLAGS = 2;
export const QUESTIONS = 4;
export const HEADER_BYTES = 12;

/** Of the flags, that it is a response. */
export const IS_RESPONSE = 0x8000;
