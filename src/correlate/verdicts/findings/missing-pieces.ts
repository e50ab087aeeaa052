import { type Finding, Gathered } from "../../../packets/findings.js";
import type { Missing } from "../../../packets/results.js";
import { otherSide, type Side, SIDE_NAMES } from "../../../packets/sides.js";
import { type Finder, ofSides } from "./finder.js";

/** Segments that lost pieces on their way from one side. */
class Missed extends Gathered {
  bytes = 0;
  /** How many stretches of them were lost, and what those came to that anything is known of. */
  stretches = 0;
  resent = 0;
  covered = 0;
}

/** `missing-pieces`: segments of which pieces entered on one side and never left on the other, and what that came to. */
export class MissingPieces implements Finder {
  readonly #missed = [new Missed(), new Missed()] as const;

  missing(side: Side, frame: number, flow: number, missing: readonly Missing[]): void {
    const missed = this.#missed[side];
    missed.add(side, frame, flow);
    for (const { length, impact } of missing) {
      missed.bytes += length;
      missed.stretches++;
      if (impact === "resent" || impact === "covered") missed[impact]++;
    }
  }

  close(): Finding[] {
    return ofSides("missing-pieces", this.#missed, ({ bytes, stretches, resent, covered }, side) => {
      const open = stretches - resent - covered;
      const told = [`${resent} resent`, `${covered} covered`, `nothing tells of ${open}`].filter(
        (_, at) => [resent, covered, open][at] > 0,
      );
      return `segments entered on ${SIDE_NAMES[side]}, and pieces of them never left on ${SIDE_NAMES[otherSide(side)]}, ${bytes} bytes: ${told.join(", ")}`;
    });
  }
}
