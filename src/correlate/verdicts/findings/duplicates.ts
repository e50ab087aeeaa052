import type { Finding } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import { SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { type Context, type Finder, ofSides } from "./finder.js";

/** `duplicates`: a capture shows packets twice. */
export class Duplicates implements Finder {
  readonly verdicts = ["copy"] as const;
  readonly #timeline: Timeline;
  readonly #copies = [new Gathered(), new Gathered()] as const;

  constructor({ timeline }: Context) {
    this.#timeline = timeline;
  }

  alone(row: number): void {
    const side = this.#timeline.sideOf(row);
    this.#copies[side].add(side, this.#timeline.frame(row), undefined);
  }

  close(): Finding[] {
    const text =
      "shows packets twice, as a mirror port does, or an interface by which they come and are routed on; the second ones were set aside";
    return ofSides("duplicates", this.#copies, (_, side) => `${SIDE_NAMES[side]} ${text}`);
  }
}
