import { REWRITE_DST, REWRITE_DST_PORT, REWRITE_SRC, REWRITE_SRC_PORT } from "../packets/flows/flows.js";
import { IS_ECHO, IS_HEADLESS, IS_LATER_FRAGMENT } from "../packets/packets.js";
import type { Ends, Tables } from "../packets/results/results.js";
import { isFromA, tupleIn } from "../packets/tuples.js";
import { hasPorts } from "../protocols/ip-protocols.js";

/** Which ends a packet shows, and so which text may be shared with another of its tuple and direction. */
const NO_PORTS = 0;
export const BOTH_PORTS = 1;
export const ECHO_ID = 2;
export type EndsKind = typeof NO_PORTS | typeof BOTH_PORTS | typeof ECHO_ID;

export function endsKind(proto: number, flags: number): EndsKind {
  if ((flags & (IS_HEADLESS | IS_LATER_FRAGMENT)) !== 0) return NO_PORTS;
  if ((flags & IS_ECHO) !== 0) return ECHO_ID;
  return hasPorts(proto) ? BOTH_PORTS : NO_PORTS;
}

/** The two ends of a row's packet; for an ICMP error the outer ones, not those of the packet it quotes. */
export function endsOf(tables: Tables, row: number): Ends {
  const quote = tables.quoteOf(row);
  if (quote) return { src: quote.src, dst: quote.dst };
  return endsOfWay(tables, row, tables.timeline.way(row));
}

/** What a row's packet has for ends where it goes this way: on its own side, or as its twin. */
export function endsOfWay({ timeline, tuples }: Tables, row: number, way: number): Ends {
  const tuple = tupleIn(way);
  const a = tuples.addressText(tuple, true);
  const b = tuples.addressText(tuple, false);
  const isForward = isFromA(way);
  const ends: Ends = isForward ? { src: a, dst: b } : { src: b, dst: a };
  ends.srcMac = tuples.mac(way);
  ends.dstMac = tuples.mac(way ^ 1);
  switch (endsKind(timeline.proto(row), timeline.flags(row))) {
    case BOTH_PORTS:
      ends.srcPort = tuples.port(tuple, isForward);
      ends.dstPort = tuples.port(tuple, !isForward);
      break;
    case ECHO_ID:
      ends.icmpId = tuples.port(tuple, true);
      break;
    case NO_PORTS:
      break;
  }
  return ends;
}

/** REWRITE_… bits of what differs between two packets' ends. An echo's id counts as the source's port. */
export function rewriteOf(a: Ends, b: Ends): number {
  return (
    (a.src === b.src ? 0 : REWRITE_SRC) |
    (a.dst === b.dst ? 0 : REWRITE_DST) |
    (a.srcPort === b.srcPort && a.icmpId === b.icmpId ? 0 : REWRITE_SRC_PORT) |
    (a.dstPort === b.dstPort ? 0 : REWRITE_DST_PORT)
  );
}

/** The same by name. */
export function rewriteNames(rewrite: number, isEcho: boolean): string[] {
  const names: string[] = [];
  if (rewrite & REWRITE_SRC) names.push("src");
  if (rewrite & REWRITE_SRC_PORT && !isEcho) names.push("srcPort");
  if (rewrite & REWRITE_DST) names.push("dst");
  if (rewrite & REWRITE_DST_PORT && !isEcho) names.push("dstPort");
  if (rewrite & (REWRITE_SRC_PORT | REWRITE_DST_PORT) && isEcho) names.push("icmpId");
  return names;
}
