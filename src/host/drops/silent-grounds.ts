import type { Dropped } from "../../packets/results/drops.js";
import type { Between } from "./between.js";
import { countedGrounds, type Ground, packetsIn, reasonsFor } from "./ground.js";
import { NO_ROUTE } from "./route-grounds.js";

/** The host tells each sender at the most once a second, behind the first few (net/ipv4/route.c, ip_error; `icmp/ratelimit` in ip-sysctl.rst, of IPv6). */
const TOLD_EACH_NS = 1_000_000_000n;

/**
 * What went to an address to which the host had no route for a while, as it said of others then: it counts all of these, and says so of some alone. `dropped`: those of
 * which no route tells. `counted`: all that were dropped or refused between the snapshots. `grounds`: what else is known.
 */
export function silentGrounds(
  dropped: readonly Dropped[],
  counted: readonly Dropped[],
  grounds: readonly Ground[],
  between: Between,
): Ground[] {
  return NO_ROUTE.flatMap((counter, at) => {
    const isOfVersion = ({ isIpv6 }: Dropped): boolean => isIpv6 === (at === 1);
    const refused = counted.filter((kind) => isOfVersion(kind) && kind.refusal === "no-route");
    const reasons = reasonsFor(dropped.filter(isOfVersion), (kind) => {
      if (!refused.some((other) => isWith(kind, other))) return undefined;
      return `the host says of others to ${kind.ends.dst}, at the same time, that it has no route: it says so of some only, once a second`;
    });
    const told = grounds.filter(({ cause }) => cause.counter === counter).flatMap(({ kinds }) => kinds);
    const others = packetsIn([...refused, ...told]);
    const packets = packetsIn([...reasons.values()].flat());
    const hasCounted = (between.moved(counter) ?? 0) >= packets + others;
    return hasCounted ? countedGrounds("drop-no-route", reasons, counter, between, false) : [];
  });
}

/** Whether packets went to an address while others to it were refused. */
function isWith(kind: Dropped, other: Dropped): boolean {
  const isThen = other.firstNs <= kind.firstNs && kind.lastNs <= other.lastNs + TOLD_EACH_NS;
  return isThen && kind.side === other.side && kind.ends.dst === other.ends.dst;
}
