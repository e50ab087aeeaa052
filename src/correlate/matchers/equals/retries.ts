import { Sweep } from "../../../packets/memory/sweep.js";
import type { Timeline } from "../../../packets/timeline.js";
import { NONE } from "../../../packets/tuples.js";

/** What is noted of packets is cleared of those that are no longer held when it reaches this size, or twice what was left of it then. */
const CROWDED = 4096;

/** A try in vain. */
interface Try {
  /** What contended with the packet, or NONE. */
  readonly rival: number;
  /** Until when the packet is not tried again while that is open, nanoseconds on the timeline. */
  readonly untilNs: number;
}

/**
 * Says when a packet is tried again that waits and was tried in vain: once its rival is no longer open, or it has waited for twice as long. Many packets
 * of its conversation may ask for it, and to look at all that are equal to it each time would be quadratic.
 */
export class Retries {
  readonly #timeline: Pick<Timeline, "isHeld" | "isOpen" | "timeNs">;
  readonly #tries = new Map<number, Try>();
  readonly #sweep = new Sweep(CROWDED);

  constructor(timeline: Pick<Timeline, "isHeld" | "isOpen" | "timeNs">) {
    this.#timeline = timeline;
  }

  /** Notes that a packet was tried in vain. */
  note(row: number, rival: number, nowNs: number): void {
    this.#sweep.run(this.#tries, (each) => this.#timeline.isHeld(each));
    this.#tries.set(row, { rival, untilNs: 2 * nowNs - this.#timeline.timeNs(row) });
  }

  /** Whether a packet is to be tried. At the end of the captures, when `nowNs` is Infinity, only what a rival does brings another try. */
  isDue(row: number, nowNs: number): boolean {
    const last = this.#tries.get(row);
    if (last === undefined || nowNs > last.untilNs) return true;
    return last.rival !== NONE && !(this.#timeline.isHeld(last.rival) && this.#timeline.isOpen(last.rival));
  }
}
