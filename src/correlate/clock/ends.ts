import type { PacketBatch } from "../../packets/batches/packet-batch.js";
import { IS_IPV6 } from "../../packets/packets.js";
import { DST, RECORD_BITS, SRC } from "../../packets/records.js";
import { wayByTtl } from "../../protocols/ttl.js";

/** From where to where a packet goes, each end in a word, and its TTL. */
export interface Ends {
  readonly from: number;
  readonly to: number;
  readonly ttl: number;
}

export function endsOf(batch: PacketBatch, row: number): Ends {
  return { from: endOf(batch, row, true), to: endOf(batch, row, false), ttl: batch.ttl(row) };
}

/**
 * Which way two packets went that are twins: 1 from inside to outside, -1 the other way, 0 where neither ends nor TTLs tell, or one contradicts the other,
 * unless the router sets TTLs.
 */
export function directionOf(inside: Ends, outside: Ends, areTtlsSet: boolean): number {
  const byEnds = directionByEnds(inside, outside);
  const byTtl = wayByTtl(inside.ttl, outside.ttl);
  if (byEnds === 0) return byTtl;
  return byTtl === -byEnds && !areTtlsSet ? 0 : byEnds;
}

/**
 * A NAT rewrites the address of the inside host: the source's of what leaves, the destination's of what comes in. But an inside host
 * may call a service whose address the NAT rewrites, too; 0 where both are rewritten, or none. Forwarding lowers the TTL, unless a router sets it to whatever it
 * likes: so neither tells anything where the two contradict each other.
 */
export function directionByEnds(inside: Ends, outside: Ends): number {
  return Number(inside.from !== outside.from) - Number(inside.to !== outside.to);
}

/** Whether one goes to where the other came from: an echo carries what it answers. */
export function isAnswer(inside: Ends, outside: Ends): boolean {
  return inside.from === outside.to || inside.to === outside.from;
}

/** An address in a word. */
export function endOf(batch: PacketBatch, row: number, isSource: boolean): number {
  if ((batch.flags(row) & IS_IPV6) === 0) return batch.records[(row << RECORD_BITS) + (isSource ? SRC : DST)];
  const words = isSource ? batch.src6 : batch.dst6;
  const w = 4 * row;
  return mixed(mixed(words[w], words[w + 1]), mixed(words[w + 2], words[w + 3]));
}

/** Two words in one, each bit of them in every bit of it. */
export function mixed(a: number, b: number): number {
  const word = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) ^ b;
  const again = Math.imul(word ^ (word >>> 12), 0x297a2d39);
  return again ^ (again >>> 15);
}
