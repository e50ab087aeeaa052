/** No path in the Internet is longer than so many routers: what differs by more was set by one. */
const MOST_HOPS = 32;

/** Whether a packet may arrive with this TTL: senders begin with 64, 128 or 255, and hardly a path is longer than 40 routers. */
export function mayArrive(ttl: number): boolean {
  return ttl <= 64 || (ttl >= 88 && ttl <= 128) || ttl >= 215;
}

/** Whether a router set the TTL of a packet to what it left with, and did not lower it for each hop. */
export function isTtlSet(entered: number, left: number): boolean {
  return left > entered || entered - left > MOST_HOPS;
}

/** Which way a packet went by its TTL on both sides: 1 outbound, -1 inbound, 0 where that does not tell. Forwarding lowers it. */
export function wayByTtl(inside: number, outside: number): number {
  return isTtlSet(inside, outside) && isTtlSet(outside, inside)
    ? 0
    : mayArrive(inside) === mayArrive(outside)
      ? inside > outside
        ? 1
        : inside < outside
          ? -1
          : 0
      : mayArrive(inside)
        ? 1
        : -1;
}
