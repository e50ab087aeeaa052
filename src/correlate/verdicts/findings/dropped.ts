import { Few } from "../../../packets/results/few.js";
import type { Finding } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { FINDINGS } from "../../../packets/results/finding-codes.js";
import type { Judgement, Moved, Update } from "../../../packets/results/results.js";
import { IMPACTS } from "../../../packets/results/verdicts.js";
import { otherSide, SIDE_NAMES, type Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { HINT_TTL } from "./refused.js";
import { type Context, type End, type Finder, ofSides } from "./finder.js";

/** `dropped`: what entered on one side and never left on the other, and what that came to. */
export class Dropped implements Finder {
  readonly tellsSoFar = true;
  readonly verdicts = ["dropped"] as const;
  readonly #timeline: Timeline;
  /** By the side where they entered. */
  readonly #drops = [new Gathered(), new Gathered()] as const;
  /** Of these, the frames whose TTL ran out: no rule of the host did that. */
  readonly #spent = [new Few<number>(), new Few<number>()] as const;

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, { reason }: Judgement, flow: number | undefined): void {
    const side = this.#timeline.sideOf(row);
    const frame = this.#timeline.frame(row);
    this.#drops[side].add(side, frame, flow, this.#timeline.isIpv6(row));
    if (reason === "ttl-spent") this.#spent[side].add(frame);
  }

  update({ side, frame, flow, isIpv6, verdict, before }: Update): void {
    if (verdict === "dropped" && before.verdict !== "dropped") this.#drops[side].add(side, frame, flow, isIpv6);
    if (before.verdict !== "dropped" || verdict === "dropped") return;
    this.#drops[side].frames[side].remove(frame);
    if (this.#spent[side].listed.includes(frame)) this.#spent[side].remove(frame);
  }

  moved({ side, before, count }: Moved): void {
    if (before.verdict === "dropped") this.#drops[side].frames[side].forget(count);
  }

  close({ summary, unfollowed }: End): Finding[] {
    const textOf = (_: Gathered, side: Side): string => {
      const impacts = IMPACTS.flatMap((impact) => {
        const of = summary.impacts[side].get(impact);
        return of === undefined ? [] : [impact === "unknown" ? `nothing tells of ${of}` : `${of} ${impact}`];
      });
      const many = unfollowed === 0 ? "" : ` (${unfollowed} in all were too many to follow at once)`;
      return `entered on ${SIDE_NAMES[side]}, never left on ${SIDE_NAMES[otherSide(side)]}: ${impacts.join(", ")}${many}`;
    };
    return ofSides("dropped", this.#drops, textOf, ({ count }, side) => hintOf(count, this.#spent[side].count));
  }
}

/** What to look at next, where the TTL of some of the drops ran out. */
function hintOf(drops: number, spent: number): string {
  if (spent === 0) return FINDINGS.dropped.hint;
  return spent >= drops ? HINT_TTL : `${FINDINGS.dropped.hint}; ttl-spent: ${HINT_TTL}`;
}
