import type { Dropped, Drops } from "../../packets/results/drops.js";
import { type Ground, reasonsFor } from "./ground.js";

/**
 * What went to an address that nobody answers at: while the host asks for its MAC address (ARP, neighbour discovery), it keeps a few packets, and drops the others
 * (`unres_qlen_bytes` in ip-sysctl.rst). Of those that it kept, it says that the address is unreachable.
 */
export function neighbourGrounds(dropped: readonly Dropped[], unreachable: Drops["unreachable"]): Ground[] {
  const reasons = reasonsFor(dropped, ({ ends }) => {
    if (!unreachable.has(ends.dst)) return undefined;
    return `the host says of others to ${ends.dst} that it is unreachable: it keeps few packets while its next hop does not answer`;
  });
  return Array.from(reasons, ([text, kinds]) => ({
    code: "drop-unreachable",
    kinds,
    isCertain: false,
    text,
    cause: {},
  }));
}
