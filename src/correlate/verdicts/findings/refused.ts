import { Few } from "../../../packets/few.js";
import { type Finding, Gathered } from "../../../packets/findings.js";
import type { Reason } from "../../../packets/reasons.js";
import type { Judgement, Update } from "../../../packets/results.js";
import { type Side, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { type Context, type Finder, ofSides } from "./finder.js";

/** What was refused on its way from one side: all of it, and the frames by reason. */
class Refusals extends Gathered {
  readonly reasons = new Map<Reason, Few<number>>();
}

/** `refused`: what the host did not pass on, and said so: by an ICMP error, or by a reset. */
export class Refused implements Finder {
  readonly verdicts = ["refused"] as const;
  readonly #timeline: Timeline;
  readonly #sides = [new Refusals(), new Refusals()] as const;

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, { reason }: Judgement, flow: number | undefined): void {
    this.#add(this.#timeline.sideOf(row), this.#timeline.frame(row), flow, reason);
  }

  update({ side, frame, flow, verdict, reason, before }: Update): void {
    if (verdict === "refused") this.#add(side, frame, flow, reason);
    else if (before.verdict === "refused") {
      const { frames, reasons } = this.#sides[side];
      frames[side].remove(frame);
      for (const some of reasons.values()) if (some.listed.includes(frame)) some.remove(frame);
    }
  }

  close(): Finding[] {
    return ofSides("refused", this.#sides, ({ reasons }, side) => {
      const told = [...reasons].map(([reason, { text }]) => `${reason} (${text})`);
      return `entered on ${SIDE_NAMES[side]} and refused by the host, by frame: ${told.join("; ")}`;
    });
  }

  #add(side: Side, frame: number, flow: number | undefined, reason: Reason): void {
    const refused = this.#sides[side];
    refused.add(side, frame, flow);
    const frames = refused.reasons.get(reason) ?? new Few<number>();
    refused.reasons.set(reason, frames);
    frames.add(frame);
  }
}
