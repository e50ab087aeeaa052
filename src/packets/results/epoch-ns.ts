import type { Tables } from "./results.js";

/** When a row's packet passed, epoch nanoseconds by its own side's clock. */
export function epochNsOf({ timeline, epochsNs }: Pick<Tables, "timeline" | "epochsNs">, row: number): bigint {
  return epochsNs[timeline.sideOf(row)] + BigInt(Math.floor(timeline.stampNs(row)));
}
