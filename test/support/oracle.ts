/**
 * An independent judge of pairs: every packet of one side is compared with every one of the other, by what the RFCs say a NAT
 * leaves alone, read from the bytes. It shares no code with natcorr, and has no table and no key.
 *
 * It is told how many hops lie between the two captures (one router), and that the NAT neither forgets nor changes a translation.
 */

/** A packet as a capture has it. */
export interface Frame {
  readonly ns: number;
  /** An IP packet, whole. */
  readonly packet: Uint8Array;
}

export interface Terms {
  readonly windowNs: number;
  /** How much earlier than it entered a packet may seem to leave. */
  readonly toleranceNs: number;
  /** Whether what left the router was captured where it entered, all of it. Then what has one possible twin has that one. */
  readonly isEnteringComplete: boolean;
}

interface End {
  readonly address: string;
  /** A port, or the id of an ICMP echo; 0 where there is none. */
  readonly port: number;
}

/** What is read of a packet. */
interface Read {
  readonly ns: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly from: End;
  readonly to: End;
  /** All that a NAT and a router leave alone, as text: equal for twins. */
  readonly invariants: string;
}

const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58];
const HOPS = 1;
/** Unreachable, source quench, time exceeded, parameter problem (RFC 792); of ICMPv6, all below this (RFC 4443 section 2.1). */
const ERRORS = new Set([3, 4, 11, 12]);
const FIRST_INFORMATIONAL = 128;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

export function read({ ns, packet }: Frame): Read {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const isIpv6 = packet[0] >>> 4 === 6;
  const headerBytes = isIpv6 ? 40 : 4 * (packet[0] & 15);
  // RFC 8200 section 3, RFC 791 section 3.1; checksum, TTL and type of service are a router's to change
  const [ttl, protocol] = isIpv6 ? [packet[7], packet[6]] : [packet[8], packet[9]];
  const ip = isIpv6 ? [6, view.getUint16(4)] : [4, view.getUint16(2), view.getUint16(4), view.getUint16(6)];
  const [src, dst] = isIpv6
    ? [packet.subarray(8, 24), packet.subarray(24, 40)]
    : [packet.subarray(12, 16), packet.subarray(16, 20)];
  const carried = packet.subarray(headerBytes);
  const isError =
    (protocol === ICMP && ERRORS.has(carried[0])) || (protocol === ICMPV6 && carried[0] < FIRST_INFORMATIONAL);
  if (isError) {
    // it belongs to the conversation of what it quotes, which is translated with it (RFC 5508 section 4.2)
    const quoted = read({ ns, packet: carried.subarray(8) });
    const invariants = JSON.stringify([protocol, ...ip, text(carried.subarray(0, 2)), quoted.invariants]);
    return { ns, ttl, protocol: quoted.protocol, from: quoted.to, to: quoted.from, invariants };
  }
  const { ports, kept } = transport(protocol, carried);
  return {
    ns,
    ttl,
    protocol,
    from: { address: text(src), port: ports[0] },
    to: { address: text(dst), port: ports[1] },
    invariants: JSON.stringify([protocol, ...ip, ...kept]),
  };
}

/** What a NAT may rewrite of what IP carries, and what it leaves alone. */
function transport(
  protocol: number,
  bytes: Uint8Array,
): { readonly ports: readonly [number, number]; readonly kept: readonly (number | string)[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (protocol === TCP && bytes.length >= 20) {
    // RFC 9293 section 3.1: all but the ports and the checksum
    const kept = [
      view.getUint32(4),
      view.getUint32(8),
      view.getUint32(12),
      view.getUint16(18),
      text(bytes.subarray(20)),
    ];
    return { ports: [view.getUint16(0), view.getUint16(2)], kept };
  }
  // RFC 768
  if (protocol === UDP && bytes.length >= 8)
    return { ports: [view.getUint16(0), view.getUint16(2)], kept: [view.getUint16(4), text(bytes.subarray(8))] };
  const isEcho =
    (protocol === ICMP && (bytes[0] === 0 || bytes[0] === 8)) ||
    (protocol === ICMPV6 && (bytes[0] === 128 || bytes[0] === 129));
  // RFC 792, RFC 4443 section 4: type, code, checksum, id, sequence number, data
  if (isEcho && bytes.length >= 8) {
    const id = view.getUint16(4);
    return { ports: [id, id], kept: [view.getUint16(0), view.getUint16(6), text(bytes.subarray(8))] };
  }
  return { ports: [0, 0], kept: [text(bytes)] };
}

/** A possible pair: places in the two captures, from 0. */
interface Candidate {
  readonly inside: number;
  readonly outside: number;
  readonly isOutbound: boolean;
  /** The conversation as each side has it: our end, theirs. */
  readonly here: string;
  readonly there: string;
}

function conversation({ protocol, from, to }: Read, isOutbound: boolean): string {
  const [own, peer] = isOutbound ? [from, to] : [to, from];
  return JSON.stringify([protocol, own, peer]);
}

/** The two as a pair, where nothing that either says is against it. */
function candidate(insides: readonly Read[], outsides: readonly Read[], inside: number, outside: number, terms: Terms) {
  const [i, o] = [insides[inside], outsides[outside]];
  if (i.invariants !== o.invariants || Math.abs(i.ttl - o.ttl) !== HOPS) return [];
  // who has seen the larger TTL has seen it first (RFC 1812 section 5.3.1)
  const isOutbound = i.ttl > o.ttl;
  const latencyNs = isOutbound ? o.ns - i.ns : i.ns - o.ns;
  if (latencyNs < -terms.toleranceNs || latencyNs > terms.windowNs) return [];
  const found: Candidate = {
    inside,
    outside,
    isOutbound,
    here: conversation(i, isOutbound),
    there: conversation(o, isOutbound),
  };
  return [found];
}

/** What can be said of the pairs of two captures. */
export class Judgement {
  /** Pairs that nothing speaks against, by `name`. */
  readonly possible: ReadonlySet<string>;
  /** Those of them that must be, as places of inside and outside. */
  readonly certain: readonly (readonly [number, number])[];

  constructor(possible: readonly Candidate[], certain: readonly Candidate[]) {
    this.possible = new Set(possible.map(({ inside, outside }) => `${inside} ${outside}`));
    this.certain = certain.map(({ inside, outside }) => [inside, outside]);
  }

  isPossible(inside: number, outside: number): boolean {
    return this.possible.has(`${inside} ${outside}`);
  }

  /** The certain pairs that have one end in common with this one, and not the other. */
  against(inside: number, outside: number): (readonly [number, number])[] {
    return this.certain.filter(([i, o]) => (i === inside) !== (o === outside));
  }
}

export function judge(inside: readonly Frame[], outside: readonly Frame[], terms: Terms): Judgement {
  const [insides, outsides] = [inside.map(read), outside.map(read)];
  let possible = insides.flatMap((_, i) => outsides.flatMap((_, o) => candidate(insides, outsides, i, o, terms)));
  for (;;) {
    const certain = possible.filter((one) => isOnly(one, possible, terms));
    const left = possible.filter((one) => !certain.some((sure) => excludes(sure, one, terms)));
    if (left.length === possible.length) return new Judgement(possible, certain);
    possible = left;
  }
}

/** Whether the packet that left has no other twin; where its own may not have been captured, nor that one any other. */
function isOnly(one: Candidate, possible: readonly Candidate[], { isEnteringComplete }: Terms): boolean {
  const [left, entered] = one.isOutbound ? (["outside", "inside"] as const) : (["inside", "outside"] as const);
  const others = possible.filter((other) => other !== one && other.isOutbound === one.isOutbound);
  const hasNoOther = (side: "inside" | "outside"): boolean => others.every((other) => other[side] !== one[side]);
  return hasNoOther(left) && (isEnteringComplete || hasNoOther(entered));
}

/** A packet has one twin, and a conversation one translation: but only what left and was seen to enter proves one. */
function excludes(sure: Candidate, one: Candidate, { isEnteringComplete }: Terms): boolean {
  if (sure === one) return false;
  if (sure.inside === one.inside || sure.outside === one.outside) return true;
  return isEnteringComplete && (sure.here === one.here) !== (sure.there === one.there);
}
