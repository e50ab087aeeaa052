import { PROBLEMS, type Verdict } from "../../packets/results/verdicts.js";
import type { Paint } from "./paint.js";

/** What stands before a verdict: of what never arrived, of what the host refused, of what nothing tells, and of what was not to come out here. */
const MARKS: Readonly<Record<Verdict, string>> = {
  dropped: "✗",
  refused: "⊘",
  unknown: "?",
  "capture-loss": "?",
  "no-overlap": "?",
  elsewhere: "·",
  local: "·",
  proxied: "·",
  copy: "·",
};
/** Of no concern to whoever looks for what is wrong. */
export const FAINT: ReadonlySet<Verdict> = new Set(["local", "elsewhere", "no-overlap", "proxied", "copy"]);

/** A verdict behind its mark, and what is told beside it. */
export function verdictText(verdict: Verdict, told: string, paint: Paint): string {
  const text = `${MARKS[verdict]} ${verdict}${told}`;
  if (PROBLEMS.has(verdict)) return paint.bad(text);
  return FAINT.has(verdict) ? paint.faint(text) : paint.doubtful(text);
}
