import { type Finding, findingOf, Gathered } from "../../../packets/findings.js";
import { INSIDE, OUTSIDE, SIDE_NAMES } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { Context, Finder } from "./finder.js";

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
    return ([INSIDE, OUTSIDE] as const).flatMap((side) => {
      const copies = this.#copies[side];
      if (copies.count === 0) return [];
      const text = `${SIDE_NAMES[side]} shows packets twice, as a mirror port does; the copies were set aside`;
      return [findingOf("duplicates", copies.count, text, copies)];
    });
  }
}
