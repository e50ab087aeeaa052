import { INSIDE, type Side } from "../packets/sides.js";
import { PAIRED, type Timeline } from "../packets/timeline.js";
import type { TupleTable } from "../packets/tuples.js";

/**
 * Which conversations the packets on the timeline still belong to. Found out at one look over them, when somebody asks: to
 * count along with every packet would touch a tuple and a flow long out of the cache each time one leaves.
 */
export class Held {
  readonly #tuples: readonly [Uint8Array, Uint8Array];
  readonly #flows = new Set<number>();

  constructor(timeline: Timeline, [inside, outside]: readonly [TupleTable, TupleTable]) {
    const tuples = [new Uint8Array(inside.end), new Uint8Array(outside.end)] as const;
    for (let row = timeline.first; row !== timeline.end; row = timeline.after(row)) {
      const at = row & timeline.mask;
      tuples[timeline.sideOf(row)][timeline.tuple[at]] = 1;
      if (timeline.state[at] === PAIRED && timeline.side[at] === INSIDE) this.#flows.add(timeline.flow[at]);
    }
    this.#tuples = tuples;
  }

  /** Whether a packet on the timeline has this tuple. */
  hasTuple(side: Side, tuple: number): boolean {
    return this.#tuples[side][tuple] === 1;
  }

  /** Whether a pair of the flow in this slot waits to be shown. */
  hasFlow(slot: number): boolean {
    return this.#flows.has(slot);
  }
}
