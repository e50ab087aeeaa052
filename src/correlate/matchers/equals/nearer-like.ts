import { HAS_IP_ID, HAS_TCP_NUMBERS } from "../../../packets/packets.js";
import { INSIDE } from "../../../packets/sides.js";
import { AMBIGUOUS } from "../../../packets/fates.js";
import { NONE } from "../../../packets/tuples.js";
import { firstBehind } from "../behind.js";
import type { About } from "../contract.js";

/**
 * Whether, between two packets, others passed that carry the same as they do but have another key: then the router numbers packets
 * itself, and an equal IP ID is chance.
 */
export function hasNearerLike({ timeline: t, kernel }: About, inside: number, outside: number): boolean {
  if (
    (t.flags(inside) & (HAS_IP_ID | HAS_TCP_NUMBERS)) !== HAS_IP_ID ||
    t.head(inside) === 0 ||
    kernel.areNovel(inside, outside)
  )
    return false;
  const [from, to] = t.isBefore(inside, outside) ? [inside, outside] : [outside, inside];
  const isLike = (row: number): boolean => {
    if (t.head(row) !== t.head(inside)) return false;
    const own = t.side(row) === INSIDE ? inside : outside;
    return (
      t.way(row) === t.way(own) &&
      t.payloadLength(row) === t.payloadLength(own) &&
      t.seq(row) === t.seq(own) &&
      t.ack(row) === t.ack(own)
    );
  };
  const found = firstBehind(t, from, AMBIGUOUS, (row) => row === to || isLike(row));
  return found !== NONE && found !== to;
}
