import { field, fields, flag } from "../../packets/memory/layout.js";

/** Hidden addresses that are known to have been told of, and so much of what is answered at those that stand for them: a power of two. */
export const SEEN = 1024;

/** A flow's word in `Requests`: how many bytes its initiator sent that nothing answered, whether its SYN crossed, and the TTL that its SYN-ACK had. */
fields();
export const [, BYTES_MASK] = field(23);
export const IS_OPENED = flag();
export const [TTL_SHIFT] = field(8);
