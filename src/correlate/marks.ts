import { DECIDED, type Timeline } from "../packets/timeline.js";

/** How far a run is: three marks that move along the timeline, whose third is its `first`, the oldest row that anything needs. */
export class Marks {
  /** The latest time of a packet so far, nanoseconds. */
  nowNs = Number.NEGATIVE_INFINITY;
  /** Packets before it are decided about, but for some that `findDue` has to pass over. */
  due = 0;
  /** The results of packets before it were given to the sink. */
  shown = 0;
  readonly #timeline: Timeline;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** The first packet that has to be decided about once its window is over, or the timeline's end. */
  findDue(): number {
    this.due = this.#timeline.firstBelow(this.due, this.#timeline.end, DECIDED);
    return this.due;
  }
}
