import type { PacketSource } from "../../packets/source.js";
import type { Impact, Judgement, SideSummary, Update, Verdict } from "../../packets/results.js";

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

  /**
   * What became of the frames of a source. Where not all of them are decided about (`isComplete`), as in a run stopped early, those
   * that are not are left out.
   */
  summary(source: PacketSource, isComplete: boolean): SideSummary {
    const { frames, notIp, undecodable } = source.tally;
    const { paired, ambiguous } = this;
    const unmatched = this.#unmatched;
    return {
      frames: isComplete ? frames : paired + unmatched + ambiguous + notIp + undecodable,
      paired,
      unmatched,
      ambiguous,
      notIp,
      undecodable,
      captureDropped: source.captureDropped,
      hasCounters: source.hasCounters,
    };
  }
}

/** Counts some more, or fewer; what there is none of is not there. */
function add<T>(counts: Map<T, number>, what: T, more: number): void {
  const count = (counts.get(what) ?? 0) + more;
  if (count === 0) counts.delete(what);
  else counts.set(what, count);
}
