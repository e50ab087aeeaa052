export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

export const FIN = 0x01;
export const SYN = 0x02;
export const PSH = 0x08;
export const ACK = 0x10;

/** One piece of a datagram over the MTU. */
export interface Fragment {
  /** Where its bytes begin in the datagram, its IP header left out; a multiple of 8. */
  readonly at: number;
  readonly bytes: number;
  readonly isLast: boolean;
  /** IPv6 only, 32 bits; IPv4 has `ipId`. */
  readonly id: number;
}

/** What an ICMP error says, and of which packet. */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** The MTU it names; 0 where it is not about that. */
  readonly mtu: number;
  /** Of what protocol and length it likes; it is cut to what an error may quote. */
  readonly quoted: Packet;
}

/** One packet, as the side that sees it next shall see it. There is one such object in a run: it is filled, written, refilled. */
export class Packet {
  isArp = false;
  isIpv6 = false;
  /** ICMP stands for ICMPv6 where the packet is IPv6. */
  proto = UDP;
  src = 0;
  dst = 0;
  ttl = 64;
  /** IPv4 only. */
  ipId = 0;
  df = true;
  /** The sender left the transport checksum to its network card: only the pseudo-header is in it. */
  isPartial = false;

  /** TCP and UDP ports; the id of an ICMP echo in both. */
  srcPort = 0;
  dstPort = 0;

  seq = 0;
  ack = 0;
  tcpFlags = 0;
  window = 0;
  /** TCP timestamps, milliseconds; no option where -1. */
  tsVal = -1;
  tsEcr = 0;

  /** Makes an ICMP packet an error instead of an echo. */
  error: IcmpError | null = null;
  isEchoReply = false;
  echoSeq = 0;

  /** Payload bytes on the wire: `leadWords` words of `lead`, then the pool from `poolAt`, which is even. */
  payloadLength = 0;
  leadWords = 0;
  readonly lead = new Uint32Array(4);
  poolAt = 0;
  /** Which piece of it is meant; null for all of it. */
  fragment: Fragment | null = null;

  /** Makes it a packet of this protocol with no payload; addresses, ports and TTL stay for the network to set. */
  reset(proto: number, isIpv6: boolean, ipId: number): this {
    this.isArp = false;
    this.isIpv6 = isIpv6;
    this.proto = proto;
    this.ipId = ipId;
    this.df = true;
    this.payloadLength = 0;
    this.leadWords = 0;
    this.poolAt = 0;
    this.error = null;
    this.fragment = null;
    return this;
  }
}
