import type { Tables } from "../packets/results/results.js";

/** The frames that a row stands for: mostly its own. */
export function framesOfRow(tables: Pick<Tables, "framesOf" | "timeline">, row: number): readonly number[] {
  return tables.framesOf(row) ?? [tables.timeline.frame(row)];
}
