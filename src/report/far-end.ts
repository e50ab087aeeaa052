import type { ContainerName } from "../packets/results/container-name.js";
import type { Containers } from "../packets/results/containers.js";
import type { Ends, FlowSummary, Tables } from "../packets/results/results.js";
import { OUTSIDE } from "../packets/sides.js";
import { NO_MAC } from "../protocols/mac.js";

/**
 * The end that is beyond the outside, whose address says nothing of this host's containers: other hosts of Docker give theirs the same ones. Null where neither is known to be.
 */
export type FarEnd = "src" | "dst" | null;

/** That of a pair: of what leaves, where it goes to; of what enters, where it is from. What was turned round on its own side has none. */
export function farEndOfPair({ timeline }: Tables, inside: number, outside: number, isOutbound: boolean): FarEnd {
  if (timeline.side(inside) === timeline.side(outside)) return null;
  return isOutbound ? "dst" : "src";
}

/** That of a packet without a twin: what was seen outside may have entered there. */
export function farEndOfRow({ timeline }: Tables, row: number): FarEnd {
  return timeline.side(row) === OUTSIDE ? "src" : null;
}

/** That of a flow's two ends, which stand in its initiator's direction. */
export function farEndOfFlow({ sides: [first, second], initiator }: Pick<FlowSummary, "sides" | "initiator">): FarEnd {
  if (first === second) return null;
  return initiator === "outside" ? "src" : "dst";
}

/**
 * The container that an end is, where one had its address from one time through another, epoch nanoseconds: beyond the outside, one of a network that is
 * captured there. Who sends by another MAC address than the container's forges its address, but for the host, which forwards what the container sent elsewhere.
 */
export function containerAt(
  containers: Containers,
  ends: Ends,
  end: "src" | "dst",
  far: FarEnd,
  fromNs: bigint,
  throughNs = fromNs,
): ContainerName | undefined {
  const having = containers.having(ends[end], fromNs, throughNs);
  if (having === undefined || (end === far && having.isOutside !== true)) return undefined;
  const mac = (end === "src" ? ends.srcMac : ends.dstMac) ?? NO_MAC;
  const isAnothers = mac !== NO_MAC && (having.mac ?? NO_MAC) !== NO_MAC && mac !== having.mac;
  return isAnothers && containers.isOwnMac(mac) === false ? undefined : having;
}
