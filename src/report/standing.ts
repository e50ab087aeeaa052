import type { FlowSummary, Summary } from "../packets/results.js";
import type { Paint } from "./paint.js";
import { totals } from "./totals.js";
import { TranslationTable } from "./translations.js";

/** Most lines that `standingText` takes beside two a translation, the one behind it included. */
export const STANDING_LINES = 11;

/** The totals of a run that goes on. */
export function totalsSoFar(summary: Summary, names: readonly [string, string], paint: Paint): string {
  return totals(summary, names, [new Map(), new Map()], paint, Number.POSITIVE_INFINITY);
}

/** The busiest translations and the totals of a run that goes on. */
export function standingText(
  { flows, summary }: { readonly flows: readonly FlowSummary[]; readonly summary: Summary },
  names: readonly [string, string],
  paint: Paint,
): string {
  const table = new TranslationTable({ sort: "pairs", isVerbose: false, utcOffset: () => 0 });
  for (const flow of flows) table.add(flow);
  return `${table.text(paint, summary.flows, Number.POSITIVE_INFINITY)}\n${totalsSoFar(summary, names, paint)}`;
}
