import { timesText } from "../../packets/results/sentence.js";
import type { SideSummary, Summary, VerdictCounts } from "../../packets/results/results.js";
import { SIDE_NAMES, type SideNames } from "../../packets/sides.js";
import { latencyText } from "./latency.js";
import { MOST_NAMED } from "./frames-text.js";
import { LocalTimes, type UtcOffset } from "./local-time.js";
import type { Paint } from "./paint.js";
import { printable } from "../../packets/printable.js";
import { table, type TableColumn, widthOf } from "./table.js";

const COLUMNS: readonly TableColumn[] = [
  { heading: "", align: "left" },
  { heading: "frames", align: "right" },
  { heading: "", align: "left" },
  { heading: "paired", align: "right" },
  { heading: "unmatched", align: "right" },
  { heading: "ambiguous", align: "right" },
  { heading: "not IP", align: "right" },
  { heading: "undecodable", align: "right" },
];

/** What became of every frame on both sides, why some found no twin, and how the clocks compare. */
export function totals(
  summary: Summary,
  names: SideNames,
  verdicts: Summary["verdicts"],
  paint: Paint,
  width: number,
  utcOffset: UtcOffset,
): string {
  const sides: readonly [SideSummary, SideSummary] = [summary.inside, summary.outside];
  const rows = sides.map((side, at) => accountRow(SIDE_NAMES[at], side));
  const called = names.map((captures, at) => `${SIDE_NAMES[at]} ${printable(namesText(captures))}`);
  const wide = table(COLUMNS, rows);
  const unmatched = sides
    .map((_, at) => `${SIDE_NAMES[at]} ${verdictCounts(verdicts[at])}`)
    .filter((_, at) => verdicts[at].size > 0);
  return [
    `${paint.heading("Totals")}: ${called.join(", ")}\n${widthOf(wide) <= width ? wide : rows.map(inWords).join("")}`,
    unmatched.length === 0 ? "" : `unmatched: ${unmatched.join("; ")}\n`,
    lost(sides),
    uncounted(sides, verdicts),
    // there is nothing to say of a clock that stamped nothing
    sides.some(({ frames }) => frames === 0) ? "" : `clocks: ${clocks(summary.clock, utcOffset)}\n`,
  ].join("");
}

/** The captures of a side by name, the first of many. */
function namesText(captures: readonly string[]): string {
  const more = captures.length - MOST_NAMED;
  return `${captures.slice(0, MOST_NAMED).join(" + ")}${more > 0 ? ` + ${more} more` : ""}`;
}

/** The sum is checked as it is shown: every frame is in exactly one of the columns. */
function accountRow(side: string, counts: SideSummary): string[] {
  const { frames, paired, unmatched, ambiguous, notIp, undecodable } = counts;
  const isComplete = frames === paired + unmatched + ambiguous + notIp + undecodable;
  const parts = [unmatched, ambiguous, notIp, undecodable].map((count) => `+ ${count}`);
  return [side, String(frames), isComplete ? "=" : "≠", String(paired), ...parts];
}

/** A row where there are few columns. */
function inWords([side, frames, sign, paired, ...others]: readonly string[]): string {
  const headings = COLUMNS.slice(-others.length).map(({ heading }) => heading);
  const parts = others.map((part, at) => `${part} ${headings[at]}`);
  return `${side}: ${frames} frames ${sign} ${paired} paired ${parts.join(" ")}\n`;
}

function verdictCounts(verdicts: VerdictCounts): string {
  const counts = [...verdicts].toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return counts.map(([verdict, count]) => `${count} ${verdict}`).join(", ");
}

function lost(sides: readonly [SideSummary, SideSummary]): string {
  if (sides.every((side) => side.captureDropped === 0)) return "";
  const counts = sides.map((side, at) => `${SIDE_NAMES[at]} ${side.captureDropped}`);
  return `lost by the captures themselves: ${counts.join(", ")}\n`;
}

/** Where packets were dropped, as far as a capture without drop counters tells. */
function uncounted(sides: readonly [SideSummary, SideSummary], verdicts: Summary["verdicts"]): string {
  const doubtful = SIDE_NAMES.filter((_, at) => !sides[at].hasCounters && verdicts[1 - at].has("dropped"));
  if (doubtful.length === 0) return "";
  const have = doubtful.length === 1 ? "has" : "have";
  return `${doubtful.join(" and ")} ${have} no drop counters: a packet that the capture missed looks like one that was dropped\n`;
}

/** So many steps of a clock are told of. */
const MOST_STEPS = 3;

function clocks(
  { offsetNs, driftPpm, uncertaintyNs, source, steps, moreSteps }: Summary["clock"],
  utcOffset: UtcOffset,
): string {
  const confirmed = uncertaintyNs === null ? "nothing tells how exactly" : `to within ${latencyText(uncertaintyNs)}`;
  if (source === "none") return `taken as one, ${confirmed}`;
  const drift = driftPpm === 0 ? "" : `, drifting by ${driftPpm} ppm`;
  const first = steps.length === 0 ? "" : " at first";
  const told = steps.slice(0, MOST_STEPS).map(({ timeNs, byNs }) => {
    const time = new LocalTimes(timeNs, utcOffset, 6).of(0).slice(0, "HH:MM:SS".length);
    return `; one was set about ${time}: since then, outside is ${latencyText(Math.abs(byNs))} further ${byNs < 0 ? "behind" : "ahead"}`;
  });
  const more = steps.length + moreSteps - told.length;
  const others = more === 0 ? "" : `; and ${timesText(more)} more`;
  const apart = `is ${latencyText(Math.abs(offsetNs))} ${offsetNs < 0 ? "behind" : "ahead of"}`;
  return `outside ${offsetNs === 0 ? "agrees with" : apart} inside${first} (${source}${drift}, ${confirmed})${told.join("")}${others}`;
}
