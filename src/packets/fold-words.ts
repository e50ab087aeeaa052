import { double, size, word } from "./memory/layout.js";

/** What is kept of a pair that waits to be shown, in a cache line: what its packets share, once, and what each has of its own. */
export const WORDS = size();

/** Doubles, at half the word: when each capture stamped its packet. On the timeline, the inside one came just then … */
export const INSIDE_STAMP_NS = double();
export const OUTSIDE_STAMP_NS = double();
/** … and the outside one so many nanoseconds later. */
export const GAP_NS = word();
export const INSIDE_FRAME = word();
export const OUTSIDE_FRAME = word();
/** As the inside record has them: FLAGS_PROTO_TTL; LENGTH and PAYLOAD_LENGTH_CLASS; SEQ and ACK … */
export const FLAGS_PROTO_TTL = word();
export const LENGTHS = word(2);
export const NUMBERS = word(2);
/** … and as the fate has them. In a fold that was given back, TWIN is the one that was before it, or NONE. */
export const TWIN = word();
export const FLOW = word();
export const BY_EVIDENCE_OUTBOUND = word();
/** 16 bits of the IP ID, then the TCP flags, then the outside TTL. */
export const ID_TCP_FLAGS_TTL = word();
export const ID_MASK = 0xffff;
export const TCP_FLAGS_SHIFT = 16;
