import { fields, flag } from "../../packets/memory/layout.js";

fields();
/** What there is in a packet that a matcher wants to see when it comes, a bit each: `assembly/wants.ts` finds them. It has a key: whoever waits under it may be its twin. All do but fragments of datagrams. */
export const WANTS_TWIN = flag();
/** Its capture kept less of it than there was. */
export const WANTS_CUT = flag();
/** It is a fragment of a datagram, or may be fragmented on the other side. */
export const WANTS_FRAGMENT = flag();
/** It is a TCP segment that may be cut on its way, or a piece of one. */
export const WANTS_SEGMENT = flag();
/** It is a TCP segment of a conversation that has no translation … */
export const WANTS_STRANGER = flag();
/** … or one with an IP ID that came out of the NAT by a known one. */
export const WANTS_LEAVER = flag();

/** A segment longer than an Ethernet MTU was cut, or is going to be: offload is at work on this flow. */
export const ORDINARY_BYTES = 1500;
