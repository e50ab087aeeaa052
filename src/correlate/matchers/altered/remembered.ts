import type { Heap } from "../../../packets/memory/heap.js";
import type { Side } from "../../../packets/sides.js";
import type { Timeline } from "../../../packets/timeline.js";
import { mayBeOneFlow } from "../../kernel/translations.js";

/** Packets of a side that are remembered: of those that have one place, the newest. */
const ENTRIES = 2 ** 14;

export interface Passed {
  readonly frame: number;
  /** Its IP ID, 0 for none. */
  readonly ipId: number;
  readonly timeNs: number;
  /** Its flow; NONE where that is not known. */
  readonly slot: number;
}

export function passedOf(t: Timeline, row: number, slot: number): Passed {
  return { frame: t.frame(row), ipId: t.ipId(row), timeNs: t.timeNs(row), slot };
}

/** Packets that were decided about without a twin, by a hash of what they have in common with those that may be it. */
export class Remembered {
  readonly #sides: readonly [Table, Table];

  constructor(heap: Heap) {
    this.#sides = [new Table(heap), new Table(heap)];
  }

  note(side: Side, hash: number, { frame, ipId, timeNs, slot }: Passed): void {
    const { hashes, frames, ipIds, timesNs, slots } = this.#sides[side];
    const at = hash & (ENTRIES - 1);
    hashes[at] = hash;
    frames[at] = frame;
    ipIds[at] = ipId;
    timesNs[at] = timeNs;
    slots[at] = slot;
  }

  /** The newest of a side that has a hash; undefined where none is remembered. */
  of(side: Side, hash: number): Passed | undefined {
    const { hashes, frames, ipIds, timesNs, slots } = this.#sides[side];
    const at = hash & (ENTRIES - 1);
    if (hash === 0 || hashes[at] !== hash) return undefined;
    return { frame: frames[at], ipId: ipIds[at], timeNs: timesNs[at], slot: slots[at] };
  }

  /** The newest of a side that has a hash, if it passed within so long of another packet, and may be of its flow. */
  like(side: Side, hash: number, { timeNs, slot }: Passed, withinNs: number): Passed | undefined {
    const like = this.of(side, hash);
    const isLike = like !== undefined && Math.abs(like.timeNs - timeNs) <= withinNs && mayBeOneFlow(like.slot, slot);
    return isLike ? like : undefined;
  }
}

/** In a heap, entries that nothing is written to are no memory. */
class Table {
  readonly hashes: Int32Array;
  readonly frames: Float64Array;
  readonly ipIds: Uint16Array;
  readonly timesNs: Float64Array;
  readonly slots: Int32Array;

  constructor(heap: Heap) {
    this.hashes = heap.take(Int32Array, ENTRIES);
    this.frames = heap.take(Float64Array, ENTRIES);
    this.ipIds = heap.take(Uint16Array, ENTRIES);
    this.timesNs = heap.take(Float64Array, ENTRIES);
    this.slots = heap.take(Int32Array, ENTRIES);
  }
}
