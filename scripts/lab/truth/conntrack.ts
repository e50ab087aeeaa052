import { parseAddress } from "./address.js";
import { ICMP, ICMPV6, TCP, type Tuple, UDP } from "./packet.js";

/** A connection as conntrack tells of it, from its first event to its last. */
export interface Entry {
  readonly id: string;
  readonly proto: number;
  /** What the initiator sent, before any translation. */
  readonly original: Tuple;
  /** What an answer looks like where it comes in, before any translation. */
  readonly reply: Tuple;
  readonly bornNs: bigint;
  /** When conntrack forgot it; `undefined` where it outlived the recording. */
  readonly diedNs: bigint | undefined;
  /** Whether a helper (helper=ftp) may write into its TCP payload, and shift its numbers. */
  readonly isHelped: boolean;
}

const PROTOCOLS: Record<string, number> = { icmp: ICMP, tcp: TCP, udp: UDP, icmpv6: ICMPV6 };

/** Reads the output of `conntrack -E -o timestamp,id` and puts together what it says of each connection. A later one may have the id of one that ended. */
export function readConntrack(text: string): Entry[] {
  const ended: Entry[] = [];
  const entries = new Map<string, Entry>();
  for (const line of text.split("\n")) {
    const event = /^\[(\d+)\.(\d{6})\]\s+\[(NEW|UPDATE|DESTROY)\]\s+(\w+)\s/.exec(line);
    if (!event) continue;
    const [, seconds, micros, kind, protocol] = event;
    const proto = PROTOCOLS[protocol];
    if (proto === undefined) continue;
    const timeNs = BigInt(seconds) * 1_000_000_000n + BigInt(micros) * 1000n;
    const { original, reply, id } = readTuples(line, proto);
    const last = entries.get(id);
    const known = kind === "NEW" ? undefined : last;
    if (last !== undefined && known === undefined) ended.push(last);
    entries.set(id, {
      id,
      proto,
      original,
      reply,
      bornNs: known?.bornNs ?? timeNs,
      diedNs: kind === "DESTROY" ? timeNs : undefined,
      isHelped: /\bhelper=\w/.test(line),
    });
  }
  return untilNext([...ended, ...entries.values()]);
}

/** Entries that end where the next one begins that has one of their tuples: no two may have that at once, and not every end is told. */
function untilNext(entries: readonly Entry[]): Entry[] {
  const nextNs = new Map<string, bigint>();
  const ended: Entry[] = [];
  for (const entry of entries.toSorted((a, b) => Number(b.bornNs - a.bornNs))) {
    let { diedNs } = entry;
    for (const key of [`original ${tupleKey(entry.original)}`, `reply ${tupleKey(entry.reply)}`]) {
      const next = nextNs.get(key);
      if (next !== undefined && (diedNs === undefined || next < diedNs)) diedNs = next;
      nextNs.set(key, entry.bornNs);
    }
    ended.push({ ...entry, diedNs });
  }
  return ended.toReversed();
}

// src= … of the original direction come first, those of the reply after it; the last id= is the entry's, any before it ICMP's.
function readTuples(line: string, proto: number): { original: Tuple; reply: Tuple; id: string } {
  const all = (name: string) => [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, "g"))].map((match) => match[1]);
  const [src, dst, ids] = [all("src"), all("dst"), all("id")];
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const sport = isIcmp ? ids : all("sport");
  const dport = isIcmp ? ids : all("dport");
  const tuple = (at: number): Tuple => ({
    proto,
    src: parseAddress(src[at]),
    srcPort: Number(sport[at]),
    dst: parseAddress(dst[at]),
    dstPort: Number(dport[at]),
  });
  return { original: tuple(0), reply: tuple(1), id: ids[ids.length - 1] };
}

export function isTranslated({ original, reply }: Entry): boolean {
  return tupleKey(original) !== tupleKey(reversed(reply));
}

export function reversed({ proto, src, srcPort, dst, dstPort }: Tuple): Tuple {
  return { proto, src: dst, srcPort: dstPort, dst: src, dstPort: srcPort };
}

export function tupleKey({ proto, src, srcPort, dst, dstPort }: Tuple): string {
  return `${proto} ${src} ${srcPort} ${dst} ${dstPort}`;
}

/**
 * What a connection's packets look like on their way through the host, in the initiator's direction or in the other:
 * as they come in, with the destination rewritten (after PREROUTING), and as they go out (after POSTROUTING).
 */
export function stages({ proto, original, reply }: Entry, isForward: boolean): readonly [Tuple, Tuple, Tuple] {
  const entering = isForward ? original : reply;
  const leaving = reversed(isForward ? reply : original);
  return [entering, between(proto, entering, leaving), leaving];
}

// An ICMP id is rewritten together with whichever address is rewritten first (net/netfilter/nf_nat_proto.c, icmp_manip_pkt).
function between(proto: number, entering: Tuple, leaving: Tuple): Tuple {
  const isIcmp = proto === ICMP || proto === ICMPV6;
  const srcPort = isIcmp && entering.dst !== leaving.dst ? leaving.srcPort : entering.srcPort;
  const dstPort = isIcmp ? srcPort : leaving.dstPort;
  return { proto, src: entering.src, srcPort, dst: leaving.dst, dstPort };
}
