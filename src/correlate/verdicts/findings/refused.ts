import { Few } from "../../../packets/few.js";
import { type Finding, findingOf, Gathered } from "../../../packets/findings.js";
import type { Judgement, Update } from "../../../packets/results.js";
import { INSIDE, OUTSIDE, type Side, SIDE_NAMES } from "../../../packets/sides.js";
import type { Context, Finder } from "./finder.js";

/** Most reasons of a side that are told apart. */
const MOST_REASONS = 100;

/** What was refused on its way from one side: all of it, and the frames by reason. */
class Refusals extends Gathered {
  readonly reasons = new Map<string, Few<number>>();
}

/** `refused`: what the host did not pass on, and said so: by an ICMP error, or by a reset. */
export class Refused implements Finder {
  readonly verdicts = ["refused"] as const;
  readonly #context: Context;
  readonly #sides = [new Refusals(), new Refusals()] as const;

  constructor(context: Context) {
    this.#context = context;
  }

  alone(row: number, { byFrame }: Judgement, flow: number | undefined): void {
    const { timeline, refusals } = this.#context;
    const answer = refusals.answerTo(row);
    const reason = answer?.byFrame === byFrame ? `${answer?.reason}, says ${answer?.from}` : "reset by the host itself";
    this.#add(timeline.sideOf(row), timeline.frame(row), flow, reason);
  }

  update({ side, frame, flow, verdict, why, before }: Update): void {
    if (verdict === "refused") this.#add(side, frame, flow, why);
    else if (before.verdict === "refused") {
      const { frames, reasons } = this.#sides[side];
      frames[side].remove(frame);
      for (const some of reasons.values()) if (some.listed.includes(frame)) some.remove(frame);
    }
  }

  close(): Finding[] {
    return ([INSIDE, OUTSIDE] as const).flatMap((side) => {
      const refused = this.#sides[side];
      if (refused.count === 0) return [];
      const reasons = [...refused.reasons].map(([reason, { text }]) => `${reason} (${text})`);
      const text = `entered on ${SIDE_NAMES[side]} and refused by the host, by frame: ${reasons.join("; ")}`;
      return [findingOf("refused", refused.count, text, refused)];
    });
  }

  #add(side: Side, frame: number, flow: number | undefined, reason: string): void {
    const refused = this.#sides[side];
    refused.add(side, frame, flow);
    const frames = refused.reasons.get(reason) ?? new Few<number>();
    if (refused.reasons.size < MOST_REASONS) refused.reasons.set(reason, frames);
    frames.add(frame);
  }
}
