import type { Judgement, SideSummary, Update } from "../../packets/results/results.js";
import type { Impact, Verdict } from "../../packets/results/verdicts.js";

/** What a capture says of its frames before any is paired, and of those that it lost. */
export type Captured = Pick<SideSummary, "notIp" | "undecodable" | "captureDropped" | "hasCounters">;

/** What became of a side's frames. */
export class SideTally {
  paired = 0;
  ambiguous = 0;
  /** Of those that are unmatched, how many got which verdict. */
  readonly verdicts = new Map<Verdict, number>();
  /** Of those that were dropped, how many came to what. */
  readonly impacts = new Map<Impact, number>();
  #unmatched = 0;

  /** Counts a packet without a twin that was judged. */
  judged({ verdict, impact }: Judgement): void {
    this.#unmatched++;
    add(this.verdicts, verdict, 1);
    if (impact !== undefined) add(this.impacts, impact, 1);
  }

  /** Counts packets as what they turned out to be. */
  updated({ verdict, impact, before }: Pick<Update, "verdict" | "impact" | "before">, count = 1): void {
    add(this.verdicts, before.verdict, -count);
    if (before.impact !== undefined) add(this.impacts, before.impact, -count);
    add(this.verdicts, verdict, count);
    if (verdict === "dropped" && impact !== undefined) add(this.impacts, impact, count);
  }

  /** What became of them. `frames`: how many there are, where all of them are decided about; else those that are not are left out. */
  summary(captured: Captured, frames?: number): SideSummary {
    const { paired, ambiguous } = this;
    const unmatched = this.#unmatched;
    const decided = paired + unmatched + ambiguous + captured.notIp + captured.undecodable;
    return { frames: frames ?? decided, paired, unmatched, ambiguous, ...captured };
  }
}

/** Counts some more, or fewer; what there is none of is not there. */
function add<T>(counts: Map<T, number>, what: T, more: number): void {
  const count = (counts.get(what) ?? 0) + more;
  if (count === 0) counts.delete(what);
  else counts.set(what, count);
}
