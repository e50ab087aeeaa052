import type { Finding } from "../packets/findings.js";
import { printable } from "../packets/printable.js";
import { SIDE_NAMES } from "../packets/sides.js";
import type { Paint } from "./paint.js";

/** Most flows, and most frames of a side, that are named of one finding: what can be read. NDJSON has more of them. */
const MOST_NAMED = 5;

/** A finding for people: what was seen, then where, then what to do next where somebody has to do something about it. */
export function findingText({ severity, code, count, text, hint, ...concerned }: Finding, paint: Paint): string {
  const isWarning = severity === "warning";
  const name = isWarning ? paint.bad(`! ${code}`) : `- ${code}`;
  const where = whereText(concerned);
  const times = count > 1 ? ` (${count} times)` : "";
  const next = isWarning && hint !== "" ? `  next: ${hint}\n` : "";
  return `${name}${times}: ${printable(text)}\n${where === "" ? "" : `  ${where}\n`}${next}`;
}

/** `flows 3, 7  inside #12 #15  outside #11 …`; empty where a finding is about none of them. */
function whereText({ flows, frames }: Pick<Finding, "flows" | "frames">): string {
  const named = flows.slice(0, MOST_NAMED).join(", ") + (flows.length > MOST_NAMED ? " …" : "");
  const parts = flows.length === 0 ? [] : [`flow${flows.length === 1 ? "" : "s"} ${named}`];
  for (const side of SIDE_NAMES) if (frames[side].length > 0) parts.push(`${side} ${framesText(frames[side])}`);
  return parts.join("  ");
}

/** `#12 #15 …`: the first of some frames. */
function framesText(frames: readonly number[]): string {
  const more = frames.length > MOST_NAMED ? " …" : "";
  return (
    frames
      .slice(0, MOST_NAMED)
      .map((frame) => `#${frame}`)
      .join(" ") + more
  );
}
