import type { FlowSummary, Summary } from "../../packets/results/results.js";
import type { Paint } from "./paint.js";
import { totals } from "./totals.js";
import { TranslationTable } from "./translations.js";

/** Of the lines beside the totals, problems take so many at the most. */
const PROBLEM_SHARE = 1 / 2;
/** Lines of the table beside two a translation: its headings, that there are more, and one between it and what is below. */
const TABLE_LINES = 4;

/** The totals of a run that goes on. */
export function totalsSoFar(summary: Summary, names: readonly [string, string], paint: Paint): string {
  return totals(summary, names, [new Map(), new Map()], paint, Number.POSITIVE_INFINITY, () => 0);
}

/**
 * What stands on a terminal of so many rows while a run goes on: what never arrived (`problems`), the busiest of its translations, and the
 * totals. It takes a row less, as the cursor has the last one; where there is room for the totals alone, those stand.
 */
export function standingText(
  { flows, summary }: { readonly flows: readonly FlowSummary[]; readonly summary: Summary },
  problems: string,
  names: readonly [string, string],
  paint: Paint,
  rows: number,
): string {
  const totals = totalsSoFar(summary, names, paint);
  const room = rows - 1 - linesOf(totals).length;
  const told = firstLines(problems, Math.floor(room * PROBLEM_SHARE));
  const most = Math.floor((room - linesOf(told).length - TABLE_LINES) / 2);
  if (most < 1) return `${firstLines(told, room)}${totals}`;
  const table = new TranslationTable({ most, sort: "pairs", isVerbose: false, utcOffset: () => 0 });
  for (const flow of flows.slice(0, most)) table.add(flow);
  return `${told}${table.text(paint, summary.flows, Number.POSITIVE_INFINITY)}\n${totals}`;
}

/** The first lines of a text, at most so many; the last of them says how many more there are. */
function firstLines(text: string, most: number): string {
  const lines = linesOf(text);
  if (lines.length <= most) return text;
  if (most < 1) return "";
  return `${lines.slice(0, most - 1).join("")}… and ${lines.length - most + 1} more lines at the end\n`;
}

function linesOf(text: string): readonly string[] {
  return text.match(/.*\n/g) ?? [];
}
