/** Byte offsets in the header of ICMP (RFC 792) and ICMPv6 (RFC 4443) alike, behind the type; id and sequence are an echo's. */
export const CODE = 1;
export const ID = 4;
export const SEQUENCE = 6;
export const HEADER_BYTES = 8;

/** Types of ICMP, https://www.iana.org/assignments/icmp-parameters */
export const ECHO_REPLY = 0;
export const UNREACHABLE = 3;
const SOURCE_QUENCH = 4;
const REDIRECT = 5;
export const ECHO_REQUEST = 8;
export const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;

/** The code of an ICMP UNREACHABLE that asks for smaller packets, RFC 1191. */
export const FRAGMENTATION_NEEDED = 4;

/** The code of a TIME_EXCEEDED about fragments, of ICMPv6 as well: the others did not come. */
const REASSEMBLY_TIME = 1;

/** Types of ICMPv6, https://www.iana.org/assignments/icmpv6-parameters */
export const UNREACHABLE_6 = 1;
export const PACKET_TOO_BIG_6 = 2;
export const TIME_EXCEEDED_6 = 3;
const PARAMETER_PROBLEM_6 = 4;
export const ECHO_REQUEST_6 = 128;
export const ECHO_REPLY_6 = 129;

/** Whether a message of this type is an echo request or reply, which a NAT tells apart by their id. */
export function isEcho(type: number, isIpv6: boolean): boolean {
  return isIpv6 ? type === ECHO_REQUEST_6 || type === ECHO_REPLY_6 : type === ECHO_REQUEST || type === ECHO_REPLY;
}

/** Whether a message of this type is an error, which quotes the packet that it is about; a redirect is one, too. */
export function isError(type: number, isIpv6: boolean): boolean {
  return isIpv6
    ? type >= UNREACHABLE_6 && type <= PARAMETER_PROBLEM_6
    : type === UNREACHABLE ||
        type === SOURCE_QUENCH ||
        type === REDIRECT ||
        type === TIME_EXCEEDED ||
        type === PARAMETER_PROBLEM;
}

/** Whether an error says that a packet would be better sent by another way. The router that says so has sent it on. RFC 792. */
export function isRedirect(type: number, isIpv6: boolean): boolean {
  return !isIpv6 && type === REDIRECT;
}

/** Whether an error says that a packet is too long for a link; the last two bytes before what it quotes are the link's MTU. RFC 1191, RFC 4443. */
export function isTooBig(type: number, code: number, isIpv6: boolean): boolean {
  return isIpv6 ? type === PACKET_TOO_BIG_6 : type === UNREACHABLE && code === FRAGMENTATION_NEEDED;
}

/** Whether an error says that nobody gets a packet where it goes, or not all of its fragments; not that it is too long for a link. */
export function isUnreachable(type: number, code: number, isIpv6: boolean): boolean {
  if (type === (isIpv6 ? TIME_EXCEEDED_6 : TIME_EXCEEDED)) return code === REASSEMBLY_TIME;
  return type === (isIpv6 ? UNREACHABLE_6 : UNREACHABLE) && !isTooBig(type, code, isIpv6);
}

/** Whether an error is one that routers alone send, and never whom a packet is for: it is too long, or its TTL ran out in transit. RFC 1122 section 3.2.2. */
export function isByRouter(type: number, code: number, isIpv6: boolean): boolean {
  const isInTransit = code === 0 && type === (isIpv6 ? TIME_EXCEEDED_6 : TIME_EXCEEDED);
  return isInTransit || isTooBig(type, code, isIpv6);
}
