import type { Summary } from "../../packets/results/results.js";
import { foldedLines } from "./fold.js";
import type { SideNames } from "../../packets/sides.js";
import type { Paint } from "./paint.js";
import { totals } from "./totals.js";
import type { Screen } from "../reporter.js";
import type { TranslationTable } from "./translations.js";

/** Of the lines beside the totals, problems take so many at the most. */
const PROBLEM_SHARE = 1 / 2;
/** Lines that a translation takes at the least. */
const LINES_EACH = 2;

/** The totals of a run that goes on. */
export function totalsSoFar(summary: Summary, names: SideNames, paint: Paint): string {
  return standingTotals(summary, names, paint, Number.POSITIVE_INFINITY);
}

function standingTotals(summary: Summary, names: SideNames, paint: Paint, width: number): string {
  return foldedLines(
    totals(summary, names, [new Map(), new Map()], paint, width, () => 0),
    width,
  );
}

/**
 * What stands on a terminal while a run goes on: what never arrived (`problems`), the first of its translations, and the
 * totals, each as it is shown in the end. It takes a row less, as the cursor has the last one; where there is room for the totals alone, those stand.
 */
export function standingText(
  { table, summary }: { readonly table: TranslationTable; readonly summary: Summary },
  problems: string,
  names: SideNames,
  paint: Paint,
  { rows, columns: width }: Screen,
): string {
  const totals = standingTotals(summary, names, paint, width);
  const room = rows - 1 - linesOf(totals).length;
  const all = foldedLines(problems, width);
  const told = firstLines(all, Math.floor(room * PROBLEM_SHARE));
  const left = room - linesOf(told).length;
  for (let most = Math.min(Math.max(1, table.size), Math.floor(left / LINES_EACH)); most > 0; most--) {
    const text = `${table.text(paint, summary.flows, width, most)}\n`;
    if (linesOf(text).length <= left) return `${told}${text}${totals}`;
  }
  return `${firstLines(all, room)}${totals}`;
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
