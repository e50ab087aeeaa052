import type { Timeline } from "../../../packets/timeline.js";

/** TTLs that hosts begin with: Linux, macOS and BSD; Windows; routers. A packet with another one was lowered on its way, or sent so. */
const FULL_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);

/** Whether no router lies between the capture and who sent this packet, as far as its TTL tells. */
export function isFromNear(t: Timeline, row: number): boolean {
  return FULL_TTLS.has(t.ttl(row));
}

/** Whether there is one router at the most between the capture and who sent this packet. */
export function isFromNextHop(t: Timeline, row: number): boolean {
  return isFromNear(t, row) || FULL_TTLS.has(t.ttl(row) + 1);
}

/** Whether a router discards a packet instead of forwarding it, as its TTL runs out there (RFC 1812 section 5.3.1, RFC 8200 section 3). */
export function isTtlSpent(t: Timeline, row: number): boolean {
  return t.ttl(row) <= 1;
}

/** Hardly any path has more routers; traceroute tries no more. */
const MOST_HOPS = 30;
const LEAST_TTL = Math.min(...FULL_TTLS) - MOST_HOPS;

/** Whether a TTL is lower than any path leaves: who sent the packet chose it, and it does not tell how far away that is. */
export function isTtlChosen(t: Timeline, row: number): boolean {
  return t.ttl(row) < LEAST_TTL;
}

/** Whether there are several routers between the capture and who sent this packet, as far as its TTL tells. */
export function isFromAfar(t: Timeline, row: number): boolean {
  return !isFromNextHop(t, row) && !isTtlChosen(t, row);
}
