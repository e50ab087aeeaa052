import { isSameLink } from "../../../protocols/addresses.js";
import type { Latencies } from "../../../packets/flows/latency.js";
import { INSIDE, OUTSIDE, type Side } from "../../../packets/sides.js";
import type { TupleTable } from "../../../packets/tuple-table.js";

/** One of a proxy's two conversations: where it is seen, and who opened it. */
export interface ProxyEnd {
  readonly side: Side;
  readonly tuple: number;
  readonly openedByA: boolean;
}

/** A conversation of a proxied flow; it goes on. */
export interface Connection {
  readonly side: Side;
  readonly tuple: number;
  readonly openedFrame: number;
  readonly openedNs: number;
  readonly lastNs: number;
}

/** Two connections that carry one stream. */
export interface Proxied {
  readonly kind: "proxied";
  /** Side and tuple of the client's connection to the proxy, and of the proxy's to the container. */
  client: Connection;
  server: Connection;
  /** What the proxy takes to pass on what the client sends, and the server. */
  toServer: Latencies;
  toClient: Latencies;
}

/** Whether the host itself may have opened a conversation to a container: from an address next to it. */
function isByHost(tuples: TupleTable, { side, tuple }: ProxyEnd): boolean {
  const { words } = tuples;
  return (
    side === INSIDE &&
    isSameLink(tuples.isIpv6(tuple), words, tuples.address(tuple, true), words, tuples.address(tuple, false))
  );
}

/** Whether an outside address is known to be the NAT's own. */
export type IsNat = (address: string) => boolean;

/**
 * Whether the host itself may have opened a conversation to carry a client's on: the client came from elsewhere, or called the host. What
 * leaves from the NAT's own address calls nobody on the host.
 */
export function mayDial(tuples: TupleTable, client: ProxyEnd, server: ProxyEnd, isNat: IsNat): boolean {
  if (!isByHost(tuples, server)) return false;
  if (client.side === OUTSIDE && isNat(callerOf(tuples, client))) return false;
  return !isByHost(tuples, client) || meetAtHost(tuples, client, server);
}

/** Whether a client called the very address that another conversation comes from. */
function meetAtHost(tuples: TupleTable, client: ProxyEnd, server: ProxyEnd): boolean {
  return tuples.isSameAddress(client.tuple, !client.openedByA, server.tuple, server.openedByA);
}

/** Whether two conversations that a proxy opens come from the same address, and go to the same address and port. */
export function isSameDial(tuples: TupleTable, a: number, b: number): boolean {
  if (a === b) return true;
  const [isA, isB] = [tuples.isOpenedByA(a), tuples.isOpenedByA(b)];
  return (
    tuples.sideOf(a) === tuples.sideOf(b) &&
    tuples.isSameAddress(a, isA, b, isB) &&
    tuples.isSameAddress(a, !isA, b, !isB) &&
    tuples.port(a, !isA) === tuples.port(b, !isB)
  );
}

/** The address that a conversation comes from. */
export function callerOf(tuples: TupleTable, { tuple, openedByA }: ProxyEnd): string {
  return tuples.addressText(tuple, openedByA);
}

/** The address that a conversation goes to. */
export function calledBy(tuples: TupleTable, { tuple, openedByA }: ProxyEnd): string {
  return tuples.addressText(tuple, !openedByA);
}

/** Whether a conversation outside goes to the very address and port that a client inside called: a proxy took it on its way (TPROXY). */
export function isOnItsWay(tuples: TupleTable, client: ProxyEnd, server: ProxyEnd): boolean {
  if (client.side !== INSIDE || server.side !== OUTSIDE) return false;
  return (
    tuples.isSameAddress(client.tuple, !client.openedByA, server.tuple, !server.openedByA) &&
    tuples.port(client.tuple, !client.openedByA) === tuples.port(server.tuple, !server.openedByA)
  );
}
