/** IP protocol numbers. */
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const IPV6_FRAGMENT = 44;
export const GRE = 47;
export const ESP = 50;
export const AH = 51;
export const ICMPV6 = 58;
export const SCTP = 132;

export const FIN = 0x01;
export const SYN = 0x02;
export const PSH = 0x08;
export const ACK = 0x10;

/** An address in the text of its family, with a port, an ICMP id, or 0 where the protocol has none. */
export interface End {
  readonly address: string;
  readonly port: number;
}

export interface Tcp {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  /** A multiple of four bytes. */
  readonly options: Buffer;
}

export interface Icmp {
  /** Of ICMPv4; `frame.ts` says it in ICMPv6 where the addresses are IPv6. */
  readonly type: number;
  readonly code: number;
  /** The sequence number of an echo, the MTU that an error names. */
  readonly value: number;
  /** The packet that an error quotes, with its ends on each side. */
  readonly quote?: Quote;
}

/** A packet that was sent, as an ICMP error quotes it. */
export interface Quote {
  readonly packet: Packet;
  readonly ends: { readonly inside: readonly [End, End]; readonly outside: readonly [End, End] };
}

/** All of a packet but its ends, which the two sides see differently. */
export interface Packet {
  readonly proto: number;
  readonly ttl: number;
  /** IPv4 alone. */
  readonly ipId: number;
  readonly df: boolean;
  readonly tos: number;
  /** IPv6 alone. */
  readonly label: number;
  /** IPv6's own of a datagram that is cut; IPv4 takes `ipId`. */
  readonly fragmentId: number;
  /** Whether IPv6 says so of one that is whole, too, in an "atomic" fragment (RFC 6946). */
  readonly isAtomic: boolean;
  readonly tcp?: Tcp;
  readonly icmp?: Icmp;
  /** What follows the header of TCP, UDP or ICMP; of SCTP the verification tag and the chunks; of others all. */
  readonly payload: Buffer;
}

const PLAIN: Packet = {
  proto: UDP,
  ttl: 64,
  ipId: 0,
  df: true,
  tos: 0,
  label: 0,
  fragmentId: 0,
  isAtomic: false,
  payload: Buffer.alloc(0),
};

/** A packet that differs from a UDP datagram without ID and payload in what is said. */
export function packet(changes: Partial<Packet>): Packet {
  return { ...PLAIN, ...changes };
}

/** A TCP segment. */
export function segment(tcp: Partial<Tcp>, changes: Partial<Packet> = {}): Packet {
  const all = { seq: 0, ack: 0, flags: ACK, window: 502, options: NO_OPTIONS, ...tcp };
  return packet({ proto: TCP, tcp: all, ...changes });
}

const NO_OPTIONS = Buffer.alloc(0);

/** TCP option MSS, RFC 9293. */
export function mssOption(bytes: number): Buffer {
  return Buffer.from([2, 4, bytes >> 8, bytes & 0xff]);
}

/** TCP option timestamps with its padding, RFC 7323 appendix A. */
export function timestamps(value: number, echo: number): Buffer {
  const option = Buffer.from([1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0]);
  option.writeUInt32BE(value >>> 0, 4);
  option.writeUInt32BE(echo >>> 0, 8);
  return option;
}
