import { type Packet, TCP } from "./packet.js";

/** Some bytes of a datagram or of a TCP stream. */
interface Span {
  readonly at: number;
  /** Bytes on the wire. */
  readonly length: number;
  /** Those of them that were captured. */
  readonly bytes: Uint8Array;
}

/** What a NAT leaves alone and yet differs between two packets; nothing for twins. */
export function differences(a: Packet, b: Packet): string[] {
  const found: string[] = [];
  const compare = (name: string, one: unknown, other: unknown) => {
    if (one !== other) found.push(`${name} ${String(one)} is ${String(other)}`);
  };
  compare("protocol", a.tuple.proto, b.tuple.proto);
  compare("length", a.length, b.length);
  compare("IP ID", a.ipId, b.ipId);
  compare("fragment offset", a.fragment?.offset, b.fragment?.offset);
  compare("more fragments", a.fragment?.hasMore, b.fragment?.hasMore);
  compare("TCP seq", a.tcp?.seq, b.tcp?.seq);
  compare("TCP ack", a.tcp?.ack, b.tcp?.ack);
  compare("TCP flags", a.tcp?.flags, b.tcp?.flags);
  compare("TCP window", a.tcp?.window, b.tcp?.window);
  compare("ICMP type", a.icmp?.type, b.icmp?.type);
  compare("ICMP code", a.icmp?.code, b.icmp?.code);
  compare("ICMP seq", a.icmp?.seq, b.icmp?.seq);
  if (a.quote && b.quote) found.push(...differences(a.quote, b.quote).map((difference) => `quoted ${difference}`));
  else found.push(...differentBytes([datagramSpan(a)], [datagramSpan(b)]));
  return found;
}

/** Whether there is none of that: most packets differ before anybody has to put into words how. */
export function areSame(a: Packet, b: Packet): boolean {
  return a.length === b.length && a.ipId === b.ipId && differences(a, b).length === 0;
}

/** What keeps several frames of one side and several of the other, with what is missing of a segment there, from being one packet cut differently. */
export function differencesInParts(
  a: readonly Packet[],
  b: readonly Packet[],
  missing: readonly { readonly seq: number; readonly length: number }[] = [],
): string[] {
  const isTcp = [...a, ...b].every((packet) => packet.tcp !== undefined);
  if (!isTcp) return differencesOfFragments(a, b);
  const start = a[0].tcp?.seq ?? 0;
  const spans = (packets: readonly Packet[]) => packets.map((packet) => streamSpan(packet, start));
  const none = new Uint8Array();
  const lost = missing.map(({ seq, length }): Span => ({ at: (seq - start) | 0, length, bytes: none }));
  return [...differentCover(spans(a), [...spans(b), ...lost]), ...differentBytes(spans(a), spans(b))];
}

// An IPv6 fragment identification is chosen anew where a host puts fragments together and cuts them again (measured: Linux 6.18).
function differencesOfFragments(a: readonly Packet[], b: readonly Packet[]): string[] {
  const ids = new Set([...a, ...b].filter((packet) => !packet.isIpv6).map((packet) => packet.ipId));
  const spansA = a.map(datagramSpan);
  const spansB = b.map(datagramSpan);
  return [
    ...(ids.size > 1 ? [`IP IDs ${[...ids].join(", ")}`] : []),
    ...(isWhole(a) && isWhole(b) ? [] : ["a piece of the datagram is missing"]),
    ...differentCover(spansA, spansB),
    ...differentBytes(spansA, spansB),
  ];
}

/** Whether packets are all of one datagram: one unfragmented packet, or all its fragments. */
export function isWhole(packets: readonly Packet[]): boolean {
  const [range, ...rest] = ranges(packets.map(datagramSpan));
  const hasFirst = packets.some((packet) => (packet.fragment?.offset ?? 0) === 0);
  const hasLast = packets.some((packet) => !packet.fragment?.hasMore);
  return range !== undefined && rest.length === 0 && hasFirst && hasLast;
}

/** Whether two TCP segments have bytes of the stream in common. */
export function overlap(a: Packet, b: Packet): boolean {
  if (!a.tcp || !b.tcp) return false;
  const gap = (b.tcp.seq - a.tcp.seq) | 0;
  return gap >= 0 ? gap < a.payloadLength : -gap < b.payloadLength;
}

export function isTcp(packet: Packet): boolean {
  return packet.tuple.proto === TCP;
}

function datagramSpan({ payload, payloadLength, payloadOffset }: Packet): Span {
  return { at: payloadOffset, length: payloadLength, bytes: payload };
}

// Sequence numbers wrap: they count from the first one, either way.
function streamSpan({ tcp, payload, payloadLength }: Packet, start: number): Span {
  return { at: ((tcp?.seq ?? 0) - start) | 0, length: payloadLength, bytes: payload };
}

function differentCover(a: readonly Span[], b: readonly Span[]): string[] {
  const [one, other] = [a, b].map((spans) =>
    ranges(spans)
      .map(([from, to]) => `${from}–${to}`)
      .join(", "),
  );
  return one === other ? [] : [`bytes ${one} are ${other}`];
}

/** What spans cover together: from, and up to but not including, in order. */
function ranges(spans: readonly Span[]): [number, number][] {
  const result: [number, number][] = [];
  for (const { at, length } of [...spans].sort((a, b) => a.at - b.at)) {
    const last = result.at(-1);
    if (last && at <= last[1]) last[1] = Math.max(last[1], at + length);
    else result.push([at, at + length]);
  }
  return result;
}

function differentBytes(a: readonly Span[], b: readonly Span[]): string[] {
  const known = new Map<number, number>();
  for (const { at, bytes } of a) bytes.forEach((byte, index) => known.set(at + index, byte));
  for (const { at, bytes } of b) {
    const index = bytes.findIndex((byte, index) => (known.get(at + index) ?? byte) !== byte);
    if (index >= 0) return [`payload differs at ${at + index}`];
  }
  return [];
}
