import { double, size, word } from "../memory/layout.js";

/**
 * What a DNS answer came to, then each address that it gave, as the decoder hears them and `Answers` and `Resolvers` keep them, one behind the other: so many words, then
 * the name that was asked for, as it is sent (RFC 1035 section 3.1), in lower case and without its last byte; of an answer that tells of no error, what it came to has none.
 */
export const HEADER_WORDS = size();
/** Doubles: when the answer passed, nanoseconds since its source's epoch, and what is `Answers`' own. */
export const STAMP_NS = double();
export const BEFORE = double();
/** Bytes of all that, a multiple of 8, and of the name. */
export const ENTRY_BYTES = word();
export const NAME_BYTES = word();
/** The address of whoever was answered, and the one that it was given, or of who answered, as columns have them, and whether they are of IPv6. */
export const CLIENT = word(4);
export const ADDRESS = word(4);
export const IS_CLIENT_IPV6 = word();
export const IS_IPV6 = word();
/** Which side's capture has it, as `Answers` knows. */
export const SIDE = word();
/** What the answer came to, as `OUTCOME_OF` has it of its RCODE, and its id; 0 of an address. */
export const OUTCOME = word();
export const ID = word();

/** What an outcome is more than the RCODE. */
export const OUTCOME_OF = 1;

/** No more of an answer's are taken: who is given so many is spread over servers of one name. */
export const MOST_ADDRESSES = 8;
/** Bytes of the longest name, and of what an answer comes to at the most. */
export const MOST_NAME_BYTES = 256;
export const MOST_BYTES = (1 + MOST_ADDRESSES) * (4 * HEADER_WORDS + MOST_NAME_BYTES);
