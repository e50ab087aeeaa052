import type { FindingCode } from "../../packets/results/finding-codes.js";
import type { Summary } from "../../packets/results/results.js";
import type { Impact, Verdict } from "../../packets/results/verdicts.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";

/** How many packets never arrived, and what that comes to. `telling`: the findings that say what may have dropped others, which were not seen to be dropped. */
export function sumUp(summary: Summary, isOfSome: boolean, telling: readonly FindingCode[]): string {
  const impact = (name: Impact): number => sumOf(summary.impacts, name);
  const lost = (
    [
      [impact("lost"), "lost (no later copy got through)"],
      [impact("unknown"), "dropped, maybe sent again"],
      [impact("resent") + impact("covered"), "dropped and made up for"],
      [countIn(summary, "refused"), "refused"],
    ] as const
  ).filter(([count]) => count > 0);
  const see =
    telling.length === 0
      ? ""
      : `see ${telling.join(", ")} for what may have dropped ${lost.length === 0 ? "some" : "others"}`;
  if (lost.length === 0) {
    const crossed = summary.inside.paired + summary.outside.paired > 0 ? "" : "to cross, and none ";
    return `No packet was seen ${crossed}to be dropped or refused${see && `, but ${see}`}.`;
  }
  const told = lost.map(([count, what]) => `${count} ${what}`);
  return `Packets that never arrived${isOfSome ? ", selected or not" : ""}: ${told.join("; ")}${see && `; and ${see}`}.`;
}

/** How many others have no twin, by the words that `--only` takes. */
export function alsoSeen(summary: Summary): string {
  const others = [
    ["elsewhere", "by an interface that is not captured"],
    ["no-overlap", "before the other capture begins, or behind its end"],
    ["capture-loss", `the other capture lost frames then${mostLost(summary)}`],
    ["unknown", "the captures do not tell what happened"],
    ["ambiguous", "which of them are twins is not certain"],
  ] as const;
  const seen = others.filter(([word]) => countIn(summary, word) > 0);
  if (seen.length === 0) return "";
  const told = seen.map(([word, what]) => `${countIn(summary, word)} ${word} (${what})`);
  // a line is rather broken where there are two spaces
  return `Also: ${told.join(";  ")}.  --only ${seen.map(([word]) => word).join(",")} shows them.\n`;
}

/** How many of the packets the captures can have lost that they may have lost, where that is not all of them. */
function mostLost({ verdicts, inside, outside }: Summary): string {
  const counts = verdicts.map((each) => each.get("capture-loss") ?? 0);
  const most = Math.min(counts[INSIDE], outside.captureDropped) + Math.min(counts[OUTSIDE], inside.captureDropped);
  return most < counts[INSIDE] + counts[OUTSIDE] ? `, at most ${most} of these` : "";
}

/** How many frames of both sides are said to be something. */
export function countIn({ verdicts, inside, outside }: Summary, what: Verdict | "ambiguous"): number {
  if (what === "ambiguous") return inside.ambiguous + outside.ambiguous;
  return sumOf(verdicts, what);
}

/** How many there are of both sides. */
function sumOf<T>(sides: readonly ReadonlyMap<T, number>[], what: T): number {
  return sides.reduce((sum, counts) => sum + (counts.get(what) ?? 0), 0);
}
