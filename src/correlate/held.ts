import { INSIDE } from "../packets/sides.js";
import { GONE, type Timeline } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";

/**
 * Which conversations the packets on the timeline still belong to. Found out at one look over them, when somebody asks: to
 * count along with every packet would touch a tuple and a flow long out of the cache each time one leaves.
 */
export class Held {
  readonly #tuples: Uint8Array;
  readonly #flows: Uint8Array;

  /** `flows`: how many slots for flows there are. */
  constructor(timeline: Timeline, tuples: TupleTable, flows: number) {
    this.#tuples = new Uint8Array(tuples.end);
    this.#flows = new Uint8Array(flows);
    for (let row = timeline.first; row !== timeline.end; row = timeline.after(row)) {
      if (timeline.state(row) === GONE) continue;
      this.#tuples[timeline.tuple(row)] = 1;
      if (timeline.isPaired(row) && timeline.side(row) === INSIDE) this.#flows[timeline.flow(row)] = 1;
    }
  }

  /** Whether a packet on the timeline has this tuple. */
  hasTuple(tuple: number): boolean {
    return this.#tuples[tuple] === 1;
  }

  /** Whether a pair of the flow in this slot is on the timeline. */
  hasFlow(slot: number): boolean {
    return this.#flows[slot] === 1;
  }
}
