import { type Finding, Gathered } from "../../../packets/results/findings.js";
import { IMPACTS, type Judgement, type Moved, type Update } from "../../../packets/results/results.js";
import { otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { type Context, type End, type Finder, isIpv6, ofSides } from "./finder.js";

/** `dropped`: what entered on one side and never left on the other, and what that came to. */
export class Dropped implements Finder {
  readonly verdicts = ["dropped"] as const;
  readonly #timeline: Timeline;
  /** By the side where they entered. */
  readonly #drops = [new Gathered(), new Gathered()] as const;

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, _: Judgement, flow: number | undefined): void {
    const side = this.#timeline.sideOf(row);
    this.#drops[side].add(side, this.#timeline.frame(row), flow, isIpv6(this.#timeline, row));
  }

  update({ side, frame, verdict, before }: Update): void {
    if (before.verdict === "dropped" && verdict !== "dropped") this.#drops[side].frames[side].remove(frame);
  }

  moved({ side, before, count }: Moved): void {
    if (before.verdict === "dropped") this.#drops[side].frames[side].forget(count);
  }

  close({ summary, unfollowed }: End): Finding[] {
    return ofSides("dropped", this.#drops, (_, side) => {
      const impacts = IMPACTS.flatMap((impact) => {
        const of = summary.impacts[side].get(impact);
        return of === undefined ? [] : [impact === "unknown" ? `nothing tells of ${of}` : `${of} ${impact}`];
      });
      const many = unfollowed === 0 ? "" : ` (${unfollowed} in all were too many to follow at once)`;
      return `entered on ${SIDE_NAMES[side]}, never left on ${SIDE_NAMES[otherSide(side)]}: ${impacts.join(", ")}${many}`;
    });
  }
}
