import type { Timeline } from "../../../packets/timeline.js";
import { IS_LATER_FRAGMENT } from "../../../packets/packets.js";
import { INSIDE } from "../../../packets/sides.js";
import type { TupleTable } from "../../../packets/tuple-table.js";
import { isFromA } from "../../../packets/tuples.js";
import { ESP, GRE, IP_IN_IP, IPV6_IN_IP, UDP } from "../../../protocols/ip-protocols.js";
import { GENEVE_PORT, LINUX_VXLAN_PORT, VXLAN_PORT } from "../../../protocols/tunnels.js";
import { type Claim, unknown } from "../claim.js";

const PROTOCOLS: ReadonlySet<number> = new Set([ESP, GRE, IP_IN_IP, IPV6_IN_IP]);
const PORTS: ReadonlySet<number> = new Set([GENEVE_PORT, LINUX_VXLAN_PORT, VXLAN_PORT]);

/**
 * What is said of an inside packet that by its addresses stays there: where it may carry others, and the host be who takes them out, these may have been forwarded. On the inside, no tunnel is
 * opened.
 */
export function unlessCarrying(claim: Claim, t: Timeline, tuples: TupleTable, row: number): Claim {
  if (t.side(row) !== INSIDE || claim.verdict !== "local" || !isByAddresses(claim) || !mayCarry(t, tuples, row))
    return claim;
  const why = `${claim.why}, but it is of a tunnel, which natcorr does not open on inside: what it carries may have been forwarded`;
  return unknown("in-tunnel", why);
}

function isByAddresses({ reason }: Claim): boolean {
  return reason === "same-link" || reason === "no-hop" || reason === "to-host" || reason === "from-host";
}

function mayCarry(t: Timeline, tuples: TupleTable, row: number): boolean {
  if (t.proto(row) !== UDP) return PROTOCOLS.has(t.proto(row));
  const isFirst = (t.flags(row) & IS_LATER_FRAGMENT) === 0;
  return isFirst && PORTS.has(tuples.port(t.tuple(row), !isFromA(t.way(row))));
}
