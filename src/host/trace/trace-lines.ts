import type { Arrival, Stop } from "../../packets/results/traces.js";

/** What a line of a trace says of the packet that has this id. */
export interface TraceLine {
  /** The kernel's number of the packet: another one may get it later. */
  readonly id: string;
  /** The packet, as it came to the host as far as the chain shows that which the line is about … */
  readonly arrival?: Arrival;
  /** … and whether it was routed before: its destination may be rewritten by then. */
  readonly isRouted?: boolean;
  /** The rule that stopped it, where one did. */
  readonly stop?: TracedStop;
}

/** The rule that stopped a packet, and where it stands, if the trace does not tell what it says. */
export interface TracedStop extends Stop {
  readonly place?: { readonly table: string; readonly chain: string; readonly handle: string };
}

/** Whether a line is empty, or what a tool says of itself. */
export function isTraceChatter(line: string): boolean {
  return /^\s*$/.test(line);
}

/**
 * A line that shows a packet between two interfaces, undefined where it has none. What goes from one to another was routed, and its TTL lowered
 * (net/ipv4/ip_forward.c); what goes out where it came in may be bridged.
 */
export function lineOf(
  id: string,
  shown: Arrival | undefined,
  from: string | undefined,
  to: string | undefined,
): TraceLine {
  if (shown === undefined) return { id };
  const isRouted = from !== undefined && to !== undefined && from !== to;
  return { id, arrival: isRouted ? { ...shown, ttl: shown.ttl + 1 } : shown, isRouted };
}
