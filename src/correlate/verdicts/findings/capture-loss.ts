import type { Finding } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import type { Judgement, Moved, Update } from "../../../packets/results/results.js";
import { INSIDE, otherSide, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { type Context, type End, type Finder, ofSides } from "./finder.js";

/** `capture-loss`: packets that the other capture lacks, and may have lost, as it counts frames that it lost about then. */
export class CaptureLoss implements Finder {
  readonly verdicts = ["capture-loss"] as const;
  readonly #timeline: Timeline;
  /** By their own side. */
  readonly #lost = [new Gathered(), new Gathered()] as const;
  /** How many of these turned out to be so too late to be told of one by one. */
  readonly #moved: [number, number] = [0, 0];

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number, _: Judgement, flow: number | undefined): void {
    const side = this.#timeline.sideOf(row);
    this.#lost[side].add(side, this.#timeline.frame(row), flow);
  }

  update({ side, frame, flow, verdict }: Update): void {
    if (verdict === "capture-loss") this.#lost[side].add(side, frame, flow);
  }

  moved({ side, verdict, count }: Moved): void {
    if (verdict !== "capture-loss") return;
    this.#lost[side].frames[side].count += count;
    this.#moved[side] += count;
  }

  close({ summary }: End): Finding[] {
    return ofSides("capture-loss", this.#lost, ({ count }, side) => {
      const other = otherSide(side);
      const { captureDropped } = other === INSIDE ? summary.inside : summary.outside;
      const moved = this.#moved[side];
      const late = moved === 0 ? "" : `; of ${moved} of them something else was said before, and no update tells it`;
      const rest = count - captureDropped;
      const others = rest > 0 ? `, not of all: ${rest} or more never passed it` : "";
      return `${SIDE_NAMES[other]} lost ${frames(captureDropped)} by its own count, and may have lost the twins of ${frames(count)}${others}${late}`;
    });
  }
}

function frames(count: number): string {
  return `${count} frame${count === 1 ? "" : "s"}`;
}
