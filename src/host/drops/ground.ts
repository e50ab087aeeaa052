import type { Dropped } from "../../packets/results/drops.js";
import type { Cause, FindingCode } from "../../packets/results/findings.js";

/** What could have dropped some packets, by what the host's tables and counters say. */
export interface Ground {
  readonly code: FindingCode;
  readonly kinds: readonly Dropped[];
  readonly text: string;
  readonly cause: Cause;
}

/** How many packets there are of some kinds. */
export function packetsIn(kinds: readonly Dropped[]): number {
  return kinds.reduce((sum, { gathered }) => sum + gathered.count, 0);
}
