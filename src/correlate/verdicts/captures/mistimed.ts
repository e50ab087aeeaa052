import type { Timeline } from "../../../packets/timeline.js";
import type { Rewriting } from "../../matchers/altered/survivors.js";
import type { Notes } from "../../kernel/base.js";
import { Alike, type Traits, traitsOf } from "../traits.js";

/** Such a packet, by where it stands in its capture. */
interface Leaping {
  readonly frame: number;
  readonly timeNs: number;
  readonly leapNs: number;
  readonly traits: Traits;
}

/**
 * Packets whose stamps do not tell when they passed, as they leap away from those around them. No latency can be told of one, and so
 * none is paired; and nothing that one may be the twin of is said to be lost.
 */
export class Mistimed implements Notes {
  /** How far the stamp is ahead of when the packet came, nanoseconds, by row on the timeline. */
  readonly #leapsNs = new Map<number, number>();
  readonly #known: Alike<Leaping>;
  readonly #timeline: Timeline;
  readonly #windowNs: number;

  constructor(timeline: Timeline, windowNs: number) {
    this.#timeline = timeline;
    this.#windowNs = windowNs;
    this.#known = new Alike(timeline);
  }

  admit(row: number, leapNs: number): void {
    this.#leapsNs.set(row, leapNs);
    const t = this.#timeline;
    t.note(row);
    this.#known.note(row, { frame: t.frame(row), timeNs: t.timeNs(row), leapNs, traits: traitsOf(t, row) });
  }

  /** How far the packet's stamp leaps, or undefined where it does not. */
  leapNs(row: number): number | undefined {
    return this.#leapsNs.get(row);
  }

  /** The number of such a frame of the other side that may be the packet's twin, or undefined. `router`: what may have altered it. */
  twinOf(row: number, router: Rewriting): number | undefined {
    const timeNs = this.#timeline.timeNs(row);
    // what carries the same need not be what it was: it passed somewhere about where it stands, and where its stamp says
    const isNear = (leaping: Leaping): boolean =>
      Math.abs(leaping.timeNs - timeNs) <= Math.max(this.#windowNs, Math.abs(leaping.leapNs));
    return this.#known.of(row, router, isNear)?.frame;
  }

  forget(row: number): void {
    this.#leapsNs.delete(row);
  }
}
