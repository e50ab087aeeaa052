import type { Impact, Summary } from "../../packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../packets/sides.js";

/** How many packets never arrived, what that comes to, and how many others have no twin, by the words that `--only` takes. */
export function sumUp(summary: Summary, isOfSome: boolean): string {
  const { verdicts, impacts, inside, outside } = summary;
  const impact = (name: Impact): number => countIn(impacts, name);
  const lost = countsOf([
    [impact("lost"), "lost (no later copy seen)"],
    [impact("unknown"), "dropped, maybe sent again"],
    [impact("resent") + impact("covered"), "dropped and made up for"],
    [countIn(verdicts, "refused"), "refused"],
  ]);
  const others = [
    ["elsewhere", countIn(verdicts, "elsewhere"), "by an interface that is not captured"],
    ["no-overlap", countIn(verdicts, "no-overlap"), "the other capture was not running"],
    ["capture-loss", countIn(verdicts, "capture-loss"), `the other capture lost frames then${mostLost(summary)}`],
    ["unknown", countIn(verdicts, "unknown"), "nothing tells what happened"],
    ["ambiguous", inside.ambiguous + outside.ambiguous, "nothing tells whose twin is whose"],
  ] as const;
  const seen = others.filter(([, count]) => count > 0);
  const told =
    lost.length === 0
      ? "No packet was seen to be dropped or refused."
      : `Packets that never arrived${isOfSome ? ", selected or not" : ""}: ${lost.join("; ")}.`;
  if (seen.length === 0) return told;
  const also = seen.map(([word, count, what]) => `${count} ${word} (${what})`);
  return `${told} Also: ${also.join("; ")}. --only ${seen.map(([word]) => word).join(",")} shows them.`;
}

/** How many of the packets the captures can have lost that they may have lost, where that is not all of them. */
function mostLost({ verdicts, inside, outside }: Summary): string {
  const counts = verdicts.map((each) => each.get("capture-loss") ?? 0);
  const most = Math.min(counts[INSIDE], outside.captureDropped) + Math.min(counts[OUTSIDE], inside.captureDropped);
  return most < counts[INSIDE] + counts[OUTSIDE] ? `, at most ${most} of these` : "";
}

function countsOf(parts: readonly (readonly [count: number, what: string])[]): string[] {
  return parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
}

/** How many there are of both sides. */
export function countIn<T>(sides: readonly ReadonlyMap<T, number>[], what: T): number {
  return sides.reduce((sum, counts) => sum + (counts.get(what) ?? 0), 0);
}
