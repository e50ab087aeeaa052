import { AH, DCCP, ESP, GRE, ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP, UDPLITE } from "../protocols/ip-protocols.js";

/** Names that rules call protocols by, with their numbers: those of /etc/protocols that have anything to do with NAT. */
const NUMBERS: Readonly<Record<string, number>> = {
  icmp: ICMP,
  tcp: TCP,
  udp: UDP,
  dccp: DCCP,
  gre: GRE,
  esp: ESP,
  ah: AH,
  icmpv6: ICMPV6,
  "ipv6-icmp": ICMPV6,
  sctp: SCTP,
  udplite: UDPLITE,
};

/** The number of a protocol by its name in rules, or by its number; null where neither is known. */
export function protocolNumber(text: string): number | null {
  if (Object.hasOwn(NUMBERS, text)) return NUMBERS[text];
  return /^\d{1,3}$/.test(text) && Number(text) < 256 ? Number(text) : null;
}

/** The number of a flow's protocol. */
export function flowProtocolNumber(proto: Protocol): number {
  return protocolNumber(proto.replace(/^ip-/, "")) ?? 0;
}
