import type { Finding } from "../../../packets/results/findings.js";
import { Gathered } from "../../../packets/results/gathered.js";
import type { Missing } from "../../../packets/results/results.js";
import { otherSide, type Side, SIDE_NAMES, SIDES } from "../../../packets/sides.js";
import { type Context, type Finder, ofSides } from "./finder.js";

/** So many segments are remembered one by one, at the most, for what a capture may yet tell of its losses: of older ones, only how many they are. */
const REMEMBERED = 4096;

/** What it looks at. */
type About = Pick<Context, "cover"> & { readonly timeline: Pick<Context["timeline"], "frame" | "sideOf" | "timeNs"> };

/** A segment that lost pieces on its way. */
interface Pieces {
  readonly timeNs: number;
  readonly frame: number;
  readonly flow: number;
  readonly missing: readonly Missing[];
}

/** Segments that lost pieces on their way from one side. */
class Missed extends Gathered {
  bytes = 0;
  /** How many stretches of them were lost, and what those came to that anything is known of. */
  stretches = 0;
  resent = 0;
  covered = 0;
  /** When the first and the last of them entered, nanoseconds on the timeline. */
  firstNs = Number.POSITIVE_INFINITY;
  lastNs = Number.NEGATIVE_INFINITY;

  take(side: Side, { timeNs, frame, flow, missing }: Pieces): void {
    this.add(side, frame, flow);
    this.firstNs = Math.min(this.firstNs, timeNs);
    this.lastNs = Math.max(this.lastNs, timeNs);
    for (const { length, impact } of missing) {
      this.bytes += length;
      this.stretches++;
      if (impact === "resent" || impact === "covered") this[impact]++;
    }
  }
}

/**
 * `missing-pieces`: segments of which pieces entered on one side and never left on the other, and what that came to. Where the other capture says that
 * it lost frames about then, nothing shows that they did not leave.
 */
export class MissingPieces implements Finder {
  readonly #about: About;
  /** By the side where they entered: those that are remembered, in the order they were told of, and all before. */
  readonly #recent: readonly [Pieces[], Pieces[]] = [[], []];
  readonly #missed: [Missed, Missed] = [new Missed(), new Missed()];

  constructor(about: About) {
    this.#about = about;
  }

  missing(row: number, flow: number, missing: readonly Missing[]): void {
    const { timeline, cover } = this.#about;
    const side = timeline.sideOf(row);
    const timeNs = timeline.timeNs(row);
    if (cover[otherSide(side)].of(row).some(({ gaps }) => gaps.mayHold(timeNs))) return;
    const recent = this.#recent[side];
    recent.push({ timeNs, frame: timeline.frame(row), flow, missing });
    if (recent.length > REMEMBERED) this.#missed[side].take(side, recent.shift()!);
  }

  lost(lostBy: Side, fromNs: number, toNs: number): void {
    const side = otherSide(lostBy);
    const recent = this.#recent[side];
    const left = recent.filter(({ timeNs }) => timeNs < fromNs || timeNs > toNs);
    recent.splice(0, recent.length, ...left);
    const { firstNs, lastNs } = this.#missed[side];
    if (firstNs <= toNs && lastNs >= fromNs) this.#missed[side] = new Missed();
  }

  close(): Finding[] {
    for (const side of SIDES) for (const pieces of this.#recent[side]) this.#missed[side].take(side, pieces);
    return ofSides("missing-pieces", this.#missed, ({ bytes, stretches, resent, covered }, side) => {
      const pieces = stretches === 1 ? "one piece" : `${stretches} pieces`;
      const open = stretches - resent - covered;
      const told = [`${resent} resent`, `${covered} covered`, `nothing tells of ${open}`].filter(
        (_, at) => [resent, covered, open][at] > 0,
      );
      return `segments entered on ${SIDE_NAMES[side]}, and ${bytes} bytes of them never left on ${SIDE_NAMES[otherSide(side)]}, in ${pieces}: ${told.join(", ")}`;
    });
  }
}
