import { hasAllFrames } from "../../packets/results/explains.js";
import type { Finding } from "../../packets/results/findings.js";
import type { FindingCode } from "../../packets/results/finding-codes.js";
import type { FramePlaces } from "../../packets/frame-places.js";
import { printable } from "../../packets/printable.js";
import type { Reason } from "../../packets/results/reasons.js";
import { SIDE_NAMES, SIDES } from "../../packets/sides.js";
import { framesText, MOST_NAMED } from "./frames-text.js";
import type { Paint } from "./paint.js";

/** By side: where frames are. */
type Places = readonly [FramePlaces, FramePlaces];

/** Findings that come to no more than the packets at the head of the summary: what to do about those is left to be said. */
const TOLD_ABOVE: ReadonlySet<FindingCode> = new Set(["dropped", "refused", "host-reset"]);

/** Findings that put in doubt what is said of packets, so that they come before that, and the reasons of single packets that they tell. */
const TOLD_FIRST: ReadonlyMap<FindingCode, readonly Reason[]> = new Map<FindingCode, readonly Reason[]>([
  ["swapped-sides", []],
  ["nothing-paired", ["nothing-paired", "not-begun", "ended"]],
]);

/** What has to be known before anything that is said of packets. */
export function firstText(warnings: readonly Finding[], paint: Paint, places: Places): string {
  const first = warnings.filter(({ code }) => TOLD_FIRST.has(code));
  return first.map((each) => findingText(each, paint, places) + nextText(each, 0, [each])).join("");
}

/** Reasons of single packets that stand there. */
export function toldFirst(warnings: readonly Finding[]): ReadonlySet<Reason> {
  return new Set(warnings.flatMap(({ code }) => TOLD_FIRST.get(code) ?? []));
}

/** Those of some warnings that come to no more than the packets at the head of the summary, and those that are to be told. `isTold`: whether its packets' lines tell one. */
export function sorted(
  warnings: readonly Finding[],
  isTold: (finding: Finding) => boolean,
): Record<"told" | "others", readonly Finding[]> {
  const isAbove = (each: Finding): boolean => TOLD_ABOVE.has(each.code) || isTold(each);
  const rest = warnings.filter(({ code }) => !TOLD_FIRST.has(code));
  const others = rest.filter((each) => !isAbove(each));
  // where others tell why, they say what to look at, too
  return { told: rest.filter((each) => isAbove(each) && !hasAllFrames(others, each)), others };
}

/** What else somebody has to do something about, behind the packets that never arrived; what to do next is said once of findings of one kind. */
export function warningsText(
  told: readonly Finding[],
  others: readonly Finding[],
  paint: Paint,
  places: Places,
): string {
  return [...told, ...others]
    .map((each, at, all) => (at < told.length ? "" : findingText(each, paint, places)) + nextText(each, at, all))
    .join("");
}

/** What to do next, behind the last finding of which that is so, and where no other one says that and more. */
function nextText({ hint }: Finding, at: number, all: readonly Finding[]): string {
  const isSaid = all.some(
    (other, where) => where !== at && other.hint.includes(hint) && (where > at || other.hint !== hint),
  );
  return isSaid ? "" : `  next: ${hint}\n`;
}

/** A finding for people: what was seen, then where. */
export function findingText(
  { severity, code, count, text, ...concerned }: Finding,
  paint: Paint,
  places: Places,
): string {
  const name = severity === "warning" ? paint.bad(`! ${code}`) : `- ${code}`;
  const where = whereText(concerned, places);
  const times = count > 1 ? ` (${count} times)` : "";
  return `${name}${times}: ${printable(text)}\n${where === "" ? "" : `  ${where}\n`}`;
}

/** `flows 3, 7  inside #12 #15  outside #11 …`; empty where a finding is about none of them. */
function whereText({ flows, frames }: Pick<Finding, "flows" | "frames">, places: Places): string {
  const named = flows.slice(0, MOST_NAMED).join(", ") + (flows.length > MOST_NAMED ? " …" : "");
  const parts = flows.length === 0 ? [] : [`flow${flows.length === 1 ? "" : "s"} ${named}`];
  for (const side of SIDES) {
    const some = frames[SIDE_NAMES[side]];
    const more = some.length > MOST_NAMED ? " …" : "";
    if (some.length > 0) parts.push(`${SIDE_NAMES[side]} ${framesText(some, places[side])}${more}`);
  }
  return parts.join("  ");
}
