/** IP protocols, which are the next headers of IPv6, too. https://www.iana.org/assignments/protocol-numbers */
export const ICMP = 1;
/** IP within IP (RFC 2003) … */
export const IP_IN_IP = 4;
export const TCP = 6;
export const UDP = 17;
export const DCCP = 33;
/** … and IPv6 (RFC 4213, RFC 2473). */
export const IPV6_IN_IP = 41;
export const GRE = 47;
export const ESP = 50;
export const AH = 51;
export const ICMPV6 = 58;
export const SCTP = 132;
export const UDPLITE = 136;

/** Extension headers of IPv6 beside AH, https://www.iana.org/assignments/ipv6-parameters */
export const HOP_BY_HOP = 0;
export const ROUTING = 43;
export const FRAGMENT = 44;
export const NO_NEXT_HEADER = 59;
export const DESTINATION_OPTIONS = 60;
export const MOBILITY = 135;

/** What two ports take. */
export const PORTS_BYTES = 4;

/**
 * Of a protocol whose header is two ports, a field that a NAT leaves as it is, and a checksum as wide as that: how wide, bytes; 0 for others. A tag (RFC 9260
 * section 3.1), offset and coverage (RFC 4340 section 5.1), coverage (RFC 3828 section 3.1).
 */
export function fieldBehindPorts(proto: number): number {
  return proto === SCTP ? 4 : proto === DCCP || proto === UDPLITE ? 2 : 0;
}

/** Whether a protocol's header begins with the source's port and the destination's, two bytes each. */
export function hasPorts(proto: number): boolean {
  return proto === TCP || proto === UDP || fieldBehindPorts(proto) !== 0;
}

/** Whether a protocol is ICMP, of either IP version. */
export function isIcmp(proto: number): boolean {
  return proto === ICMP || proto === ICMPV6;
}

/** Those that results call by a name; all others by their number. */
const NAMES = { [ICMP]: "icmp", [TCP]: "tcp", [UDP]: "udp", [ICMPV6]: "icmpv6" } as const;
type Name = (typeof NAMES)[keyof typeof NAMES];
export type Protocol = Name | `ip-${number}`;

export const PROTOCOL_NAMES: readonly Name[] = Object.values(NAMES);

const NAME_OF: Readonly<Record<number, Protocol>> = NAMES;

/** How results name an IP protocol. */
export function protocolName(proto: number): Protocol {
  return NAME_OF[proto] ?? `ip-${proto}`;
}
