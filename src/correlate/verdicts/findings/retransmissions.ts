import { type Finding, findingOf } from "../../../packets/results/findings.js";
import { INSIDE } from "../../../packets/sides.js";
import type { End, Finder } from "./finder.js";

/** `retransmissions`: TCP segments all of whose bytes had crossed before. */
export class Retransmissions implements Finder {
  readonly tellsSoFar = true;
  close({ retransmissions }: End): Finding[] {
    const { count } = retransmissions.frames[INSIDE];
    if (count === 0) return [];
    return [findingOf("retransmissions", count, "TCP segments that crossed the NAT more than once", retransmissions)];
  }
}
