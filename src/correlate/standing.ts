import type { FlowSummary, Summary } from "../packets/results/results.js";

/** Where a run stands while it goes on. */
export interface Standing {
  /** The busiest flows that are alive. */
  readonly flows: readonly FlowSummary[];
  /** What is decided so far; frames that still wait for their twin are left out. */
  readonly summary: Summary;
}

/** Looks at a run as it is now. `mostFlows`: how many flows are wanted at the most. */
export type Look = (mostFlows: number) => Standing;
