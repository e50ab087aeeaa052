import { keepNewest } from "../../../packets/memory/keep-newest.js";
import { otherSide } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import type { Notes } from "../../matchers/contract.js";
import { keyOf } from "../impacts/drop.js";

/** As many are remembered as possible twins: a capture of which a part stands elsewhere has any number. */
const MOST_REMEMBERED = 4096;

/**
 * Packets whose stamps do not tell when they passed, as they leap away from those around them. No latency can be told of one, and so
 * none is paired; and nothing that one may be the twin of is said to be lost.
 */
export class Mistimed implements Notes {
  /** How far the stamp is ahead of when the packet came, nanoseconds, by row on the timeline. */
  readonly #leapsNs = new Map<number, number>();
  /** Of each side: frames by match key. */
  readonly #frames = [new Map<string, number>(), new Map<string, number>()] as const;
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get size(): number {
    return this.#leapsNs.size;
  }

  admit(row: number, leapNs: number): void {
    this.#leapsNs.set(row, leapNs);
    const t = this.#timeline;
    const frames = this.#frames[t.sideOf(row)];
    frames.set(keyOf(t, row), t.frame(row));
    keepNewest(frames, MOST_REMEMBERED);
  }

  /** How far the packet's stamp leaps, or undefined where it does not. */
  leapNs(row: number): number | undefined {
    return this.#leapsNs.get(row);
  }

  /** The number of such a frame of the other side that may be the packet's twin, or undefined. */
  twinOf(row: number): number | undefined {
    const frames = this.#frames[otherSide(this.#timeline.sideOf(row))];
    return frames.size === 0 ? undefined : frames.get(keyOf(this.#timeline, row));
  }

  forget(row: number): void {
    this.#leapsNs.delete(row);
  }
}
