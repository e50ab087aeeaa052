/** Where messages come from that answer, and go to that ask. */
export const PORT = 53;

/** Byte offsets in the header, RFC 1035 section 4.1.1: the transaction's id, the flags, how many questions, and how many records answer them. */
export const ID = 0;
export const FLAGS = 2;
export const QUESTIONS = 4;
export const ANSWERS = 6;
export const HEADER_BYTES = 12;

/** Of the flags, that it is a response … */
export const IS_RESPONSE = 0x8000;
/** … and where all of these are 0, one to an ordinary query that was not cut, and tells of no error (OPCODE, TC, RCODE). */
export const NO_ANSWER = 0x7a0f;
/** What was asked for, 0 of an ordinary query, and what came of it (RCODE), as bits of the flags … */
export const OPCODE_MASK = 0x7800;
export const RCODE_MASK = 0x000f;
/** … which mean that the resolver failed, that there is no such name, and that it answers no such client. */
export const SERVFAIL = 2;
export const NXDOMAIN = 3;
export const REFUSED = 5;

/** Byte offsets behind a name, RFC 1035 sections 4.1.2 and 4.1.3: of a question, … */
export const TYPE = 0;
export const CLASS = 2;
export const QUESTION_BYTES = 4;
/** … and of a record, which has so many bytes of data behind these. */
export const DATA_LENGTH = 8;
export const RECORD_BYTES = 10;

/** Types, and the class of all that is in use. */
export const A = 1;
export const CNAME = 5;
export const AAAA = 28;
export const IN = 1;

/** Bytes of a name as it is sent, and of a label, at the most (RFC 1035 section 2.3.4); a label's length with these bits is a pointer (section 4.1.4). */
export const MOST_NAME_BYTES = 255;
export const MOST_LABEL_BYTES = 63;
export const IS_POINTER = 0xc0;
export const POINTER_MASK = 0x3fff;
